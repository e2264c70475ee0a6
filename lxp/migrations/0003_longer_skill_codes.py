from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lxp', '0002_people_files'),
    ]

    operations = [
        migrations.AlterField(
            model_name='skill',
            name='code',
            field=models.CharField(max_length=120),
        ),
    ]
