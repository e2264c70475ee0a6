import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lxp.clock
import lxp.tenancy


class Migration(migrations.Migration):
    """People files, and when a membership last changed."""

    dependencies = [("lxp", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PeopleImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                # Here and not in an AddField of its own: adding it later would ask for a default, which needs a scope.
                ("organisation", models.ForeignKey(default=lxp.tenancy.current_id_or_none, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="lxp.organisation")),
                ("name", models.CharField(max_length=200)),
                ("text", models.TextField(blank=True)),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("created_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("effect", models.JSONField(blank=True, default=dict)),
            ],
            options={"indexes": [models.Index(fields=["organisation", "-created_at"], name="people_import_latest")]},
        ),
        migrations.AddField(
            model_name="membership",
            name="updated_at",
            field=models.DateTimeField(default=lxp.clock.now, help_text="Last change of what HR knows; for delta reads."),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["organisation", "updated_at"], name="membership_updated"),
        ),
    ]
