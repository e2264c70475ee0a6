"""What Celery runs: one line per beat entry."""
