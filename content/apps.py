from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "content"
    label = "content"
    verbose_name = "Self-paced content"

    def ready(self) -> None:
        from content import subscribers  # noqa: F401  registers the handlers of domain events
