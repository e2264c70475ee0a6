"""Why the platform cannot run here and now, in words that say what to do."""


class CannotRun(Exception):
    """Shown to the person at the terminal as it is, without a traceback."""
