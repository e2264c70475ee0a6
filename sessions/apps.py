from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "live"  # "sessions" is taken by django.contrib.sessions
    verbose_name = "Live sessions"

    def ready(self) -> None:
        from sessions import subscribers  # noqa: F401  registers the handlers of domain events
