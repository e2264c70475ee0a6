"""The small world of the tests: two organisations, named people, one clock."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client
from rest_framework.test import APIClient

from lxp import clock, tenancy
from lxp.people.actor import Actor, actor_of
from lxp.people.models import ApiToken, Membership, Organisation, Role, Team, User
from lxp.people.services.tokens import RESOURCES
from tests.factories import people

MONDAY = "2026-03-02 09:00"
ALL_SCOPES = [f"{resource}:write" for resource in RESOURCES]


@dataclass
class World:
    """Asha learns, Ben facilitates, Chen manages, Dana designs, Adi administers; Eve belongs to Harbour."""

    fernhill: Organisation
    harbour: Organisation
    team: Team
    asha: User
    ben: User
    chen: User
    dana: User
    adi: User
    eve: User
    _moment: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def build(cls) -> World:
        fernhill = people.organisation("Fernhill", zone="Europe/Lisbon")
        harbour = people.organisation("Harbour Logistics", slug="harbour", zone="Europe/Oslo")
        with tenancy.scope(fernhill):
            team = people.team("Field operations", slug="field-operations")

            def person(name: str, *roles: str, **more: Any) -> User:
                return people.person(name, *roles, team=team, **more)

            chen = person("Chen Wei", Role.LEARNER, Role.MANAGER, zone="Asia/Singapore")
            asha = person("Asha Raman", Role.LEARNER, zone="Asia/Kolkata", manager=chen)
            ben = person("Ben Okafor", Role.LEARNER, Role.FACILITATOR, zone="Europe/London")
            dana = person("Dana Novák", Role.LEARNER, Role.DESIGNER, zone="Europe/Berlin")
            adi = person("Adi Mensah", Role.LEARNER, Role.ADMINISTRATOR, zone="Europe/Lisbon")
        with tenancy.scope(harbour):
            # Every role there, so that what stops her is the organisation and never a missing role.
            eve = people.person("Eve Strand", *Role.values, zone="Europe/Oslo", email="eve@harbour.example")
        return cls(fernhill, harbour, team, asha, ben, chen, dana, adi, eve)

    def __enter__(self) -> World:
        self.at(MONDAY)
        return self

    def __exit__(self, *_: object) -> None:
        self._moment.close()

    def at(self, moment: str | datetime, zone: str = "UTC") -> datetime:
        """Move the clock to `moment` ("2026-03-02 09:00" is wall time in `zone`; datetimes are aware). Returns it in UTC."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        self._moment.close()
        self._moment.enter_context(clock.at(moment))
        return moment.astimezone(UTC)

    @property
    def now(self) -> datetime:
        """The world's present moment, aware, in UTC."""
        return clock.now()

    def scope(self, organisation: Organisation | None = None) -> AbstractContextManager[int]:
        """Work inside Fernhill (or `organisation`)."""
        return tenancy.scope(organisation or self.fernhill)

    def membership(self, user: User) -> Membership:
        """The person's one membership, whatever the organisation."""
        return Membership.unscoped.select_related("user", "organisation", "team", "job_role").get(user=user)

    def actor(self, user: User) -> Actor:
        """Who the person is for permission rules."""
        return actor_of(self.membership(user))

    def client(self, user: User) -> Client:
        """A browser in which `user` is signed in."""
        client = Client()
        client.force_login(user)
        return client

    def api(self, *scopes: str, organisation: Organisation | None = None) -> APIClient:
        """A REST client with a token of Fernhill (or `organisation`) that holds `scopes`; all of them without any."""
        organisation = organisation or self.fernhill
        _, key = ApiToken.keys.create_key(
            name="HR system", organisation_id=organisation.pk, scopes=list(scopes) or ALL_SCOPES
        )
        return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")
