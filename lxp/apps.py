from django.apps import AppConfig


class LxpConfig(AppConfig):
    name = "lxp"
    label = "lxp"
    verbose_name = "Ground floor"

    def ready(self) -> None:
        from lxp import subscribers  # noqa: F401  registers the handlers of domain events
