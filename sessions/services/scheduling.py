"""Live sessions on the calendar: schedule, start, move, cancel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people import queries as people
from lxp.people.models import User
from sessions import rules
from sessions.events import SessionCancelled, SessionRescheduled
from sessions.models import AgendaBlock, LiveSession, SessionStaff, SessionTemplate
from sessions.queries import MAY_RUN
from sessions.scheduling import NoSuchTime, TwoSuchTimes, UnknownZone, resolve_local
from sessions.services.booking import change_capacity
from sessions.services.locks import locked
from sessions.services.templates import LONGEST


@transaction.atomic
def schedule_session(
    *,
    template: SessionTemplate,
    start_local: datetime,
    zone: str,
    fold: int | None = None,
    facilitators: Sequence[User] = (),
    co_facilitators: Sequence[User] = (),
    minutes: int | None = None,
    capacity: int | None = None,
    title: str = "",
    provider: str = LiveSession.Provider.NONE,
    provider_url: str = "",
    place: str = "",
    by: User | None,
    at: datetime,
) -> LiveSession:
    """One occurrence of `template` at wall time `start_local` (naive) in `zone`, with a copy of its agenda.

    What isn't given comes from the template; facilitators can be named later (`set_facilitators`).
    Raises ValidationError for a time that doesn't exist, happens twice (pass `fold`) or is past, for somebody
    who may not run sessions, and for a facilitator who runs another session then (naming it).
    """
    session = LiveSession(
        template=template, title=title.strip() or template.title, capacity=capacity or template.capacity,
        provider=provider, provider_url=provider_url, place=place.strip(), created_at=at,
    )  # fmt: skip
    _set_time(session, start_local, zone, fold, minutes or template.minutes)
    _check_meeting(session)
    if session.ends_at <= at:
        raise ValidationError({"start_local": _("This time has passed. Choose one in the future.")})
    staff = _staff(facilitators, co_facilitators)
    session.save()
    AgendaBlock.objects.bulk_create(
        AgendaBlock(
            session=session, position=block.position, title=block.title, kind=block.kind, minutes=block.minutes,
            core=block.core, config=block.config,
        )
        for block in template.blocks.all()
    )  # fmt: skip
    _write_staff(session, staff)
    return session


@transaction.atomic
def set_facilitators(
    *,
    session: LiveSession,
    facilitators: Sequence[User],
    co_facilitators: Sequence[User] = (),
    by: User | None,
    at: datetime,
) -> LiveSession:
    """Say anew who runs a session that isn't over. Raises ValidationError as `schedule_session` does."""
    (session,) = locked(session.pk)
    if session.state not in LiveSession.OPEN:
        raise ValidationError(_("This session is over or was cancelled."))
    staff = _staff(facilitators, co_facilitators)
    SessionStaff.objects.filter(session=session).delete()
    _write_staff(session, staff)
    return session


@transaction.atomic
def reschedule_session(
    *,
    session: LiveSession,
    start_local: datetime | None = None,
    zone: str | None = None,
    fold: int | None = None,
    minutes: int | None = None,
    place: str | None = None,
    provider: str | None = None,
    provider_url: str | None = None,
    by: User | None,
    at: datetime,
) -> LiveSession:
    """Move a session that hasn't started, in time, place or both; what is None stays.

    Raises `sequence` and announces SessionRescheduled once; a change that changes nothing does neither.
    Raises ValidationError as `schedule_session` does, and for a session that has started or was cancelled.
    """
    (session,) = locked(session.pk)
    if not rules.may_move(session):
        raise ValidationError(_("This session has started, is over or was cancelled: it can’t be moved any more."))
    before = (session.starts_at, session.minutes, session.zone)
    where = (session.place, session.provider, session.provider_url)
    _set_time(
        session,
        start_local if start_local is not None else session.start_local.replace(tzinfo=None),
        zone or session.zone,
        fold if start_local is not None else _fold_of(session),
        minutes or session.minutes,
    )
    session.place = session.place if place is None else place.strip()
    session.provider = provider or session.provider
    session.provider_url = session.provider_url if provider_url is None else provider_url
    _check_meeting(session)
    moved = (session.starts_at, session.minutes, session.zone) != before
    if not moved and (session.place, session.provider, session.provider_url) == where:
        return session
    if moved and session.starts_at <= at:
        raise ValidationError({"start_local": _("This time has passed. Choose one in the future.")})
    session.sequence += 1
    session.changed_at = at
    session.save()
    staff = SessionStaff.objects.filter(session=session, active=True)
    with _clash_named(session, list(staff.values_list("user_id", flat=True))):
        staff.update(span=session.span)
    record(
        SessionRescheduled(
            session_id=session.pk, sequence=session.sequence, old_starts_at=before[0].isoformat(),
            new_starts_at=session.starts_at.isoformat(), moved_at=at.isoformat(), old_place=where[0],
            old_minutes=before[1],
        ),
        by=by, at=at,
    )  # fmt: skip
    return session


@transaction.atomic
def change_session(
    *,
    session: LiveSession,
    capacity: int | None = None,
    facilitators: Sequence[User] | None = None,
    by: User | None,
    at: datetime,
    **move: Any,
) -> LiveSession:
    """Several changes as one: `move` is what `reschedule_session` takes. All of it happens, or nothing."""
    if move:
        session = reschedule_session(session=session, **move, by=by, at=at)
    if facilitators is not None:
        session = set_facilitators(session=session, facilitators=facilitators, by=by, at=at)
    if capacity is not None:
        session = change_capacity(session=session, capacity=capacity, by=by, at=at)
    return session


@transaction.atomic
def cancel_session(*, session: LiveSession, reason: str, by: User | None, at: datetime) -> LiveSession:
    """Call a session off for everybody, with a reason they are told. Cancelling twice changes nothing.

    Bookings stay as they were, as history; the state of the session says that they are void.
    """
    (session,) = locked(session.pk)
    if session.state == LiveSession.State.CANCELLED:
        return session
    if not rules.may_move(session):
        raise ValidationError(_("This session has started or is over: end it instead of cancelling it."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why: everybody who has a seat is told.")})
    session.state = LiveSession.State.CANCELLED
    session.cancel_reason = reason.strip()[:300]
    session.sequence += 1
    session.changed_at = at
    session.save(update_fields=["state", "cancel_reason", "sequence", "changed_at"])
    SessionStaff.objects.filter(session=session).update(active=False)
    record(SessionCancelled(session_id=session.pk, reason=session.cancel_reason), by=by, at=at)
    return session


@transaction.atomic
def start_session(*, session: LiveSession, by: User | None, at: datetime) -> LiveSession:
    """Put a session on air. The actual start counts for attendance. Starting twice changes nothing."""
    (session,) = locked(session.pk)
    if session.state == LiveSession.State.LIVE:
        return session
    if session.state != LiveSession.State.SCHEDULED:
        raise ValidationError(_("This session is over or was cancelled."))
    if at < session.starts_at - rules.EARLIEST_START:
        raise ValidationError(_("It is too early: a session can be started an hour before its time, or moved."))
    session.state = LiveSession.State.LIVE
    session.actual_start = at
    session.save(update_fields=["state", "actual_start"])
    return session


def _set_time(session: LiveSession, start_local: datetime, zone: str, fold: int | None, minutes: int) -> None:
    """Derive the instants from the wall time. The message of a refusal says what to do."""
    if not 1 <= minutes <= LONGEST:
        raise ValidationError({"minutes": _("Between 1 minute and 24 hours.")})
    try:
        starts_at = resolve_local(start_local, zone, fold)
    except UnknownZone as error:
        raise ValidationError({"zone": str(error)}) from error
    except NoSuchTime as error:
        raise ValidationError(
            {
                "start_local": _(
                    "%(time)s doesn’t exist in %(zone)s on that day: the clocks go forward. The next valid time is %(next)s."
                )
                % {"time": f"{start_local:%H:%M}", "zone": zone, "next": f"{error.next_valid:%Y-%m-%d %H:%M}"}
            }
        ) from error
    except TwoSuchTimes as error:
        raise ValidationError({"fold": _(
            "%(time)s happens twice in %(zone)s on that day: the clocks go back. Choose the first or the second."
        ) % {"time": f"{start_local:%H:%M}", "zone": zone}}) from error  # fmt: skip
    session.start_local = start_local.replace(tzinfo=UTC, fold=0)
    session.zone, session.minutes = zone, minutes
    session.starts_at, session.ends_at = starts_at, starts_at + timedelta(minutes=minutes)
    session.span = DateTimeTZRange(session.starts_at, session.ends_at)


def _fold_of(session: LiveSession) -> int:
    """Which of two equal wall times the session has; 0 where there is only one."""
    wall = session.start_local.replace(tzinfo=None)
    return int(resolve_local(wall, session.zone, 0) != session.starts_at)


def _check_meeting(session: LiveSession) -> None:
    if session.provider != LiveSession.Provider.LINK:
        session.provider_url = ""
        return
    try:
        URLValidator(schemes=["https", "http"])(session.provider_url)
    except ValidationError as error:
        raise ValidationError({"provider_url": _("Give the full address of the meeting, with https://.")}) from error


def _staff(leads: Sequence[User], others: Sequence[User]) -> list[tuple[User, str]]:
    """Who runs it, each person once. Raises ValidationError for anybody who may not. One query."""
    parts = {user.pk: (user, SessionStaff.Part.CO) for user in others}
    parts |= {user.pk: (user, SessionStaff.Part.LEAD) for user in leads}
    able = set(
        people.members().filter(user_id__in=parts, roles__overlap=list(MAY_RUN)).values_list("user_id", flat=True)
    )
    unable = [user.name for pk, (user, _part) in parts.items() if pk not in able]
    if unable:
        raise ValidationError(
            {"facilitators": _("Not a facilitator here: %s. Give them the role first.") % ", ".join(unable)}
        )
    return list(parts.values())


def _write_staff(session: LiveSession, staff: Sequence[tuple[User, str]]) -> None:
    with _clash_named(session, [user.pk for user, _part in staff]):
        SessionStaff.objects.bulk_create(
            SessionStaff(session=session, user=user, part=part, span=session.span) for user, part in staff
        )


@contextmanager
def _clash_named(session: LiveSession, user_ids: list[int]) -> Iterator[None]:
    """Turn the database's refusal of two sessions at once into a message that names the other one.

    The constraint decides, also between two requests at the same moment; the query only finds the words.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "facilitator_not_twice_at_once" not in str(error):
            raise
        raise ValidationError({"facilitators": _clash(session, user_ids)}) from error


def _clash(session: LiveSession, user_ids: list[int]) -> str:
    clash: Any = (
        SessionStaff.objects.select_related("session", "user")
        .filter(user_id__in=user_ids, active=True, span__overlap=session.span)
        .exclude(session=session)
        .first()
    )
    if clash is None:
        # The constraint knows no organisations: the other session may be one that nobody here may see.
        return _("A facilitator is busy then. Choose another time or somebody else.")
    other = clash.session
    return _("%(name)s runs “%(title)s” then: %(start)s in %(zone)s, %(minutes)d minutes. "
             "Choose another time or somebody else.") % {
        "name": clash.user.name, "title": other.title, "start": f"{other.start_local:%Y-%m-%d %H:%M}",
        "zone": other.zone, "minutes": other.minutes,
    }  # fmt: skip
