from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "journeys"
    label = "journeys"
    verbose_name = "Journeys"

    def ready(self) -> None:
        from journeys import (
            on_person,  # noqa: F401  its part of the page about a person
            subscribers,  # noqa: F401  registers the handlers of domain events
        )
