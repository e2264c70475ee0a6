from django.apps import AppConfig


class LxpConfig(AppConfig):
    name = "lxp"
    label = "lxp"
    verbose_name = "Ground floor"

    def ready(self) -> None:
        import lxp.celery  # noqa: F401  so that whoever calls a task finds our broker
        from lxp import subscribers  # noqa: F401  registers the handlers of domain events
        from lxp.events import on_commit_ring
        from lxp.messaging.registry import on_inbox_changed
        from lxp.skills import on_person  # noqa: F401  its part of the page about a person
        from lxp.tasks import ring_drain
        from lxp.web.bell import ring_inboxes

        on_commit_ring(ring_drain)
        on_inbox_changed(ring_inboxes)
