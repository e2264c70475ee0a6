from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "live"  # "sessions" is taken by django.contrib.sessions
    verbose_name = "Live sessions"

    def ready(self) -> None:
        from sessions import messages, subscribers  # noqa: F401  register kinds of message and event handlers
