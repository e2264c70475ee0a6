from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('live', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='promoted',
            field=models.BooleanField(default=False, help_text='The seat came from the waiting list.'),
        ),
        migrations.AddField(
            model_name='livesession',
            name='cancel_reason',
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
