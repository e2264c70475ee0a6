"""The permission matrix: for each named page who gets in. An address without an entry fails the test.

Pages of the REST API have one rule (see `test_permissions`); everything else stands here by its URL name.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lxp.messaging.unsubscribe import unsubscribe_path
from lxp.people import services as people_services
from lxp.people.models import PeopleImport
from tests.factories import content, journeys, live, messaging, people, recommendations
from tests.world import World

NOBODY: frozenset[str] = frozenset()
ALL = frozenset({"asha", "ben", "chen", "dana", "adi"})
L_AND_D = frozenset({"dana", "adi"})
ADMINISTRATORS = frozenset({"adi"})
FACILITATORS = frozenset({"ben", "dana", "adi"})
LEADS = frozenset({"ben", "dana", "adi"})
"""Who runs the live session: Ben leads it, the learning team may."""
AROUND = frozenset({"ben", "chen", "dana", "adi"})
"""Who stands by a learner: their facilitator, their manager, the learning team."""
ASHA = frozenset({"asha"})


@dataclass(frozen=True)
class Page:
    """Who gets in. `args`: the address's arguments out of the things of the world. `signed_out`: status without a
    session (302 is the way to sign in). `ours` False: the arguments name nothing of an organisation's."""

    allowed: frozenset[str]
    args: Callable[[SimpleNamespace], dict[str, Any]] = field(default=lambda things: {})
    post: bool = False
    signed_out: int = 302
    ours: bool = True
    data: Callable[[SimpleNamespace], dict[str, Any]] = field(default=lambda things: {})


def things_of(world: World) -> SimpleNamespace:
    """One of everything that addresses speak of, in Fernhill: what Asha learns, Ben runs and Dana made."""
    with world.scope():
        item = content.item("Pause")
        version = journeys.version(journeys.journey("Leading", slug="leading"))
        template = live.template("Practise", blocks=1)
        read, meet = journeys.step(version, "read", item=item), journeys.step(version, "meet", template=template)
        session = live.session("2026-03-05 15:00", template=template, lead=world.ben)
        other = live.session("2026-03-06 15:00", template=template)
        cohort = journeys.cohort(version, title="Spring", self_enrol=True)
        journeys.offer(cohort, "meet", session), journeys.offer(cohort, "meet", other)
        live.booking(session, world.asha)
        enrolment = journeys.enrolment(cohort, world.asha, source="self")
        assignment = journeys.assignment(
            enrolment, read, state="open", opens_at=world.now, due_at=world.at("2026-03-04 17:00"), opened_at=world.now
        )
        world.at("2026-03-02 09:00")
        journeys.assignment(enrolment, meet, session=session)
        draft = journeys.version(version.journey, published=False)
        journeys.step(draft, "read", item=item), journeys.step(draft, "meet", template=template)
        token, _key = people_services.issue_token(
            name="HR", scopes=["people:read"], expires_at=None, by=world.adi, at=world.now
        )
        return SimpleNamespace(
            world=world,
            item=item,
            draft=content.item("Unfinished", published=False),
            attempt=content.attempt(world.asha, item, registration=enrolment.uuid),
            note=content.bookmark(world.asha, item),
            template=template,
            session=session,
            other=other,
            cohort=cohort,
            enrolment=enrolment,
            override=journeys.override(enrolment, key="read", value={"due_at": "2026-03-05T17:00:00+00:00"}),
            act=journeys.bulk_act(cohort),
            assignment=assignment,
            message=messaging.message(world.asha, state="sent"),
            suggestion=recommendations.recommendation(world.asha, content.item("Ask")),
            insight=recommendations.insight(enrolment),
            audience=people.audience(),
            holiday=people.holiday("2026-04-25"),
            entry=PeopleImport.objects.create(name="x.csv", text="email,name\nx@y.example,X\n", created_at=world.now),
            token=token,
        )


def _session(things: SimpleNamespace) -> dict[str, Any]:
    return {"uuid": things.session.uuid}


def _slug(name: str) -> Callable[[SimpleNamespace], dict[str, Any]]:
    return lambda things: {"slug": getattr(things, name).slug}


def _pk(name: str, key: str = "pk") -> Callable[[SimpleNamespace], dict[str, Any]]:
    return lambda things: {key: getattr(things, name).pk}


def _asha(things: SimpleNamespace) -> dict[str, Any]:
    return {"pk": things.world.asha.pk}


def _unsubscribe(things: SimpleNamespace) -> dict[str, Any]:
    return {"token": unsubscribe_path(things.message).rstrip("/").rpartition("/")[2]}


HOUSE = {
    "healthz": Page(ALL, signed_out=200),
    "readyz": Page(ALL, signed_out=200),
    "metrics": Page(ALL, signed_out=200),
    "lxp:home": Page(ALL),
    "lxp:workspace": Page(ALL, lambda things: {"key": "learn"}, ours=False),
    "lxp:sign-in": Page(ALL, signed_out=200),
    "lxp:sign-out": Page(ALL, post=True),
    "lxp:password-reset": Page(ALL, signed_out=200),
    "lxp:password-reset-sent": Page(ALL, signed_out=200),
    "lxp:password-reset-confirm": Page(ALL, lambda things: {"uidb64": "x", "token": "y"}, signed_out=200, ours=False),
    "lxp:password-reset-complete": Page(ALL, signed_out=200),
    "lxp:organisation": Page(ALL, post=True, data=lambda things: {"organisation": things.world.fernhill.pk}),
}

PEOPLE = {
    "people:list": Page(L_AND_D),
    "people:new": Page(ADMINISTRATORS),
    "people:reports": Page(frozenset({"chen"})),
    "people:settings": Page(ALL),
    "people:theme": Page(ALL, post=True, data=lambda things: {"theme": "dark"}),
    "people:person": Page(frozenset({"asha", "chen", "dana", "adi"}), _asha),
    "people:edit": Page(ADMINISTRATORS, _asha),
    "people:leave": Page(ADMINISTRATORS, _asha, post=True),
    "people:return": Page(ADMINISTRATORS, _asha, post=True),
    "people:audiences": Page(L_AND_D),
    "people:audience-new": Page(L_AND_D),
    "people:audience-reach": Page(L_AND_D, post=True),
    "people:audience": Page(L_AND_D, _slug("audience")),
    "people:imports": Page(ADMINISTRATORS),
    "people:import": Page(ADMINISTRATORS, _pk("entry")),
    "people:import-undo": Page(ADMINISTRATORS, _pk("entry"), post=True),
    "people:organisation": Page(ADMINISTRATORS),
    "people:holiday-add": Page(ADMINISTRATORS, post=True),
    "people:holiday-remove": Page(ADMINISTRATORS, _pk("holiday"), post=True),
    "people:structure": Page(ADMINISTRATORS),
    "people:tokens": Page(ADMINISTRATORS),
    "people:token-revoke": Page(ADMINISTRATORS, lambda things: {"prefix": things.token.prefix}, post=True),
}

MESSAGES = {
    "messages:inbox": Page(ALL),
    "messages:bell": Page(ALL),
    "messages:read-all": Page(ALL, post=True),
    "messages:preferences": Page(ALL),
    "messages:unsubscribe": Page(ALL, _unsubscribe, signed_out=200, ours=False),
    "messages:ledger": Page(L_AND_D),
    "messages:ledger-list": Page(L_AND_D),
    "messages:trouble": Page(L_AND_D),
    "messages:retry-all": Page(L_AND_D, post=True),
    "messages:message": Page(frozenset({"asha", "dana", "adi"}), _pk("message", "message_id")),
    "messages:open": Page(frozenset({"asha", "dana", "adi"}), _pk("message", "message_id")),
    "messages:retry": Page(L_AND_D, _pk("message", "message_id"), post=True),
    "messages:resend": Page(L_AND_D, _pk("message", "message_id"), post=True),
}

CONTENT = {
    "content:library": Page(ALL),
    "content:play": Page(ALL, _slug("item")),
    "content:notes": Page(ALL, _slug("item"), post=True, data=lambda things: {"text": "Try it"}),
    "content:note-delete": Page(ASHA, _pk("note", "note_id"), post=True),
    "content:save": Page(ASHA, _pk("attempt", "attempt_id"), post=True),
    "content:answer": Page(ASHA, _pk("attempt", "attempt_id"), post=True),
    "content:again": Page(ASHA, _pk("attempt", "attempt_id"), post=True),
    "content:media": Page(NOBODY, lambda things: {"key": uuid.UUID(int=0)}),  # nobody uses this file
    "content:note-restore": Page(NOBODY, post=True),  # without the signed note there is nothing to restore
    "content:manage": Page(L_AND_D),
    "content:new": Page(L_AND_D),
    "content:new-kind": Page(L_AND_D, lambda things: {"kind": "article"}, ours=False),
    "content:edit": Page(L_AND_D, _slug("item")),
    "content:preview": Page(L_AND_D, _slug("draft")),
    "content:publish": Page(L_AND_D, _slug("draft")),
    "content:retire": Page(L_AND_D, _slug("item"), post=True),
    "content:restore": Page(L_AND_D, _slug("item"), post=True),
    "content:discard": Page(L_AND_D, _slug("draft"), post=True),
}

SESSION_SEEN = frozenset({"asha", "ben", "dana", "adi"})

LIVE = {
    "live:calendar": Page(ALL),
    "live:session": Page(SESSION_SEEN, _session),
    "live:book": Page(SESSION_SEEN, _session, post=True),
    "live:give-up": Page(SESSION_SEEN, _session),
    "live:switch": Page(
        frozenset({"asha", "dana", "adi"}),
        lambda things: {"uuid": things.session.uuid, "to": things.other.uuid},
        post=True,
    ),
    "live:ics": Page(SESSION_SEEN, _session),
    "live:join": Page(SESSION_SEEN, _session),
    "live:here": Page(SESSION_SEEN, _session, post=True),
    "live:sessions": Page(FACILITATORS),
    "live:run": Page(LEADS, _session),
    "live:start": Page(LEADS, _session, post=True),
    "live:end": Page(LEADS, _session, post=True),
    "live:mark-all": Page(LEADS, _session, post=True),
    "live:mark": Page(LEADS, lambda things: {**_session(things), "learner": things.world.asha.pk}, post=True),
    "live:unmark": Page(LEADS, lambda things: {**_session(things), "learner": things.world.asha.pk}, post=True),
    "live:walk-in": Page(LEADS, _session, post=True),
    "live:move": Page(LEADS, _session),
    "live:cancel": Page(LEADS, _session),
    "live:seats": Page(LEADS, _session, post=True),
    "live:staff": Page(L_AND_D, _session),
    "live:templates": Page(L_AND_D),
    "live:template-new": Page(L_AND_D),
    "live:template": Page(L_AND_D, _pk("template")),
}

JOURNEYS = {
    "journeys:list": Page(ALL),
    "journeys:journey": Page(ALL, lambda things: {"slug": "leading"}),
    "journeys:leave": Page(ASHA, lambda things: {"slug": "leading"}),
    # Asha is in it already.
    "journeys:join": Page(ALL - ASHA, lambda things: {"cohort": things.cohort.slug}, post=True),
    "journeys:why": Page(frozenset({"asha", *AROUND}), _pk("assignment", "assignment_id")),
    "journeys:remind": Page(ASHA, _pk("assignment", "assignment_id"), post=True),
    "journeys:remind-undo": Page(ASHA, _pk("assignment", "assignment_id"), post=True),
    "journeys:progress": Page(frozenset({"asha", *AROUND}), _pk("enrolment", "enrolment_id")),
}

INSIGHTS = {
    "insights:overview": Page(L_AND_D),
    "insights:journey": Page(frozenset({"ben", "dana", "adi"}), lambda things: {"slug": "leading"}),
    "insights:team": Page(frozenset({"chen"})),
    "insights:accept": Page(AROUND, _pk("insight"), post=True),
    "insights:leave": Page(AROUND, _pk("insight"), post=True),
    "insights:undo": Page(AROUND, _pk("insight"), post=True),
    "insights:nudge": Page(AROUND, _pk("enrolment"), post=True),
    "insights:nudge-undo": Page(AROUND, _pk("enrolment"), post=True),
    "insights:skills": Page(ALL),
    "insights:why": Page(ASHA, _pk("suggestion")),
    "insights:dismiss": Page(ASHA, _pk("suggestion"), post=True),
    "insights:known": Page(ASHA, _pk("suggestion"), post=True),
    "insights:restore": Page(ASHA, _pk("suggestion"), post=True),
}


def _step(things: SimpleNamespace) -> dict[str, Any]:
    return {"slug": "leading", "key": "read"}


def _date(things: SimpleNamespace) -> dict[str, Any]:
    return {"slug": things.cohort.slug, "session_id": things.other.pk}


def _of_enrolment(things: SimpleNamespace) -> dict[str, Any]:
    return {"enrolment_id": things.enrolment.pk, "key": "read"}


def _leading(things: SimpleNamespace) -> dict[str, Any]:
    return {"slug": "leading"}


DESIGN = {
    "design:programmes": Page(L_AND_D),
    "design:programme-new": Page(L_AND_D),
    "design:programme": Page(L_AND_D, _leading),
    "design:details": Page(L_AND_D, _leading),
    "design:archive": Page(L_AND_D, _leading, post=True),
    "design:publish": Page(L_AND_D, _leading, post=True),
    "design:discard": Page(L_AND_D, _leading, post=True),
    "design:history": Page(L_AND_D, _leading),
    "design:simulate": Page(L_AND_D, _leading),
    "design:items": Page(L_AND_D, _leading),
    "design:step-add": Page(L_AND_D, _leading),
    "design:step": Page(L_AND_D, _step),
    "design:step-move": Page(L_AND_D, _step, post=True),
    "design:step-remove": Page(L_AND_D, _step, post=True),
    "design:cohort-new": Page(L_AND_D, _leading),
    "design:cohort": Page(LEADS, _slug("cohort")),
    "design:cohort-edit": Page(L_AND_D, _slug("cohort")),
    "design:cohort-simulate": Page(L_AND_D, _slug("cohort")),
    "design:cohort-state": Page(L_AND_D, lambda things: {"slug": things.cohort.slug, "to": "cancel"}),
    "design:date-add": Page(L_AND_D, lambda things: {"slug": things.cohort.slug, "key": "meet"}),
    "design:date-remove": Page(L_AND_D, _date, post=True),
    "design:date-default": Page(L_AND_D, _date, post=True),
    "design:enrol": Page(L_AND_D, _slug("cohort")),
    "design:audience": Page(L_AND_D, _slug("cohort")),
    "design:unfollow": Page(L_AND_D, _slug("cohort"), post=True),
    "design:self-enrol": Page(L_AND_D, _slug("cohort"), post=True),
    "design:withdraw": Page(L_AND_D, _slug("cohort"), post=True),
    # What others see of somebody's plan, they see as well.
    "design:enrolment": Page(frozenset({"asha", *AROUND}), _pk("enrolment", "enrolment_id")),
    "design:insert": Page(AROUND, _pk("enrolment", "enrolment_id")),
    "design:extend": Page(AROUND, _of_enrolment),
    "design:waive": Page(AROUND, _of_enrolment),
    "design:override-undo": Page(
        AROUND, lambda things: {"enrolment_id": things.enrolment.pk, "override_id": things.override.pk}, post=True
    ),
    "design:undo": Page(L_AND_D, _pk("act", "act_id"), post=True),
}

MATRIX: dict[str, Page] = {**HOUSE, **PEOPLE, **MESSAGES, **CONTENT, **LIVE, **JOURNEYS, **INSIGHTS, **DESIGN}
