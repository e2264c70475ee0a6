"""The end of a live session and what we hold to be true about who was there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from lxp.events import record
from lxp.people.models import User
from lxp.tenancy import scope
from sessions import rules
from sessions.attendance import LEASE, Decision, Interval, decide, presence
from sessions.events import AttendanceDecided, SessionEnded
from sessions.models import (
    Attendance,
    AttendanceStatus,
    Booking,
    LiveSession,
    PresenceInterval,
    SessionStaff,
    SessionTemplate,
)
from sessions.services.locks import locked

Seen = dict[str, list[Interval]]
"""What each source saw of one person."""


@transaction.atomic
def end_session(
    *, session: LiveSession, at: datetime, by: User | None, ended_at: datetime | None = None
) -> LiveSession:
    """End a session now (or as of `ended_at`) and settle attendance of all who had a seat or were there.

    What a facilitator marked stands; the rest is decided by the rule. Ending twice changes nothing. Raises
    ValidationError for a cancelled session and for one that hasn't begun.
    """
    (session,) = locked(session.pk)
    if session.is_over:
        return session
    if session.state == LiveSession.State.CANCELLED:
        raise ValidationError(_("This session was cancelled."))
    began = session.actual_start or session.starts_at
    ended = ended_at or at
    if ended <= began:
        raise ValidationError(_("This session hasn’t begun. Start it first, or cancel it."))
    session.state = LiveSession.State.ENDED
    session.actual_start, session.actual_end = began, ended
    session.save(update_fields=["state", "actual_start", "actual_end"])
    _settle(session, at)
    record(SessionEnded(session_id=session.pk, ended_at=ended.isoformat()), by=by, at=at)
    return session


@transaction.atomic
def set_attendance(
    *, session: LiveSession, learner_id: int, status: str, reason: str = "", by: User | None, at: datetime
) -> Attendance:
    """Somebody says how it was; that stands over what the rule finds. `status` is an AttendanceStatus.

    Before the end the mark waits for the settlement; afterwards it is a correction and announced at once.
    Raises ValidationError for an unknown status, too early, or a person who had no seat and wasn't there.
    """
    (session,) = locked(session.pk)
    _check_mark(session, status, at)
    if learner_id not in _concerned(session):
        raise ValidationError(_("They had no seat in this session. Add them as a walk-in."))
    known = Attendance.objects.filter(session=session, learner_id=learner_id).first()
    if known is not None and known.decided_by_id and known.status == status and (known.note == reason or not reason):
        return known
    row, _created = Attendance.objects.update_or_create(
        session=session, learner_id=learner_id,
        defaults={"status": status, "note": reason.strip()[:300], "decided_by": by, "decided_at": at},
    )  # fmt: skip
    _announce(session, row.learner_id, status, by=by, at=at)
    return row


@transaction.atomic
def set_attendance_of_all(*, session: LiveSession, status: str, by: User | None, at: datetime) -> list[int]:
    """Give everybody with a seat whom nobody has marked yet the same status. Returns whom it concerned.

    For rooms without a join page: "everybody was here", then correct the few who weren't.
    """
    (session,) = locked(session.pk)
    _check_mark(session, status, at)
    marked = set(
        Attendance.objects.filter(session=session, decided_by__isnull=False).values_list("learner_id", flat=True)
    )
    learners = sorted(_concerned(session) - marked)
    Attendance.objects.bulk_create(
        (Attendance(session=session, learner_id=pk, status=status, decided_by=by, decided_at=at) for pk in learners),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["session", "learner"],
        update_fields=["status", "decided_by", "decided_at"],
    )
    if learners and session.is_over and session.actual_end:
        # One fact for all of them: attendance of this session has been settled anew.
        record(SessionEnded(session_id=session.pk, ended_at=session.actual_end.isoformat()), by=by, at=at)
    return learners


@transaction.atomic
def clear_attendance(*, session: LiveSession, learner_id: int, by: User | None, at: datetime) -> None:
    """Take a mark back: the rule decides again (at once when the session is over, else at its end)."""
    (session,) = locked(session.pk)
    row = Attendance.objects.filter(session=session, learner_id=learner_id, decided_by__isnull=False).first()
    if row is None:
        return
    if not session.is_over:
        row.delete()
        return
    found = _by_rule(session, _seen(session, learner_id).get(learner_id, {}))
    row.status, row.minutes = found.status, found.minutes
    row.decided_by, row.note, row.decided_at = None, "", at
    row.save(update_fields=["status", "minutes", "decided_by", "note", "decided_at"])
    _announce(session, learner_id, row.status, by=by, at=at)


def settle_due(*, at: datetime) -> int:
    """End what nobody ended: a quarter of an hour after the planned end, unless people are still there.

    Each in its own transaction, so one that fails doesn't hold up the others and two workers share the work.
    The actual end is the planned one, or when the last person was seen after it. Returns how many were ended.
    """
    # Unscoped: a due scan over all organisations; each session is then settled in the scope of its own.
    due = list(
        LiveSession.unscoped.filter(state__in=LiveSession.OPEN, ends_at__lte=at - rules.SETTLE_AFTER)
        .order_by("ends_at")
        .values_list("pk", "organisation_id")
    )
    return sum(_settle_one(pk, organisation_id, at) for pk, organisation_id in due)


@transaction.atomic
def _settle_one(session_id: int, organisation_id: int, at: datetime) -> bool:
    with scope(organisation_id):
        session = (
            LiveSession.objects.select_for_update(skip_locked=True)
            .filter(pk=session_id, state__in=LiveSession.OPEN)
            .first()
        )
        if session is None:  # another worker has it, or somebody just ended or moved it
            return False
        limit = session.ends_at + rules.LONGEST_OVERRUN
        joined = PresenceInterval.objects.filter(session=session, source=PresenceInterval.Source.JOIN)
        seen = joined.aggregate(last=Max("seen_at"))["last"]
        if session.ends_at > at - rules.SETTLE_AFTER or (seen is not None and seen > at - LEASE and at < limit):
            return False
        ended = session.ends_at if seen is None else min(max(session.ends_at, seen), limit)
        if session.actual_start and ended <= session.actual_start:
            ended = at  # started after its planned end: the only end we know of is now
        end_session(session=session, at=at, by=None, ended_at=ended)
    return True


# ---------------------------------------------------------------- settling


def _settle(session: LiveSession, at: datetime) -> None:
    """Write the rule's decision for everybody who isn't marked. Five queries for any number of people."""
    seen = _seen(session)
    marked = set(Attendance.objects.filter(session=session).values_list("learner_id", flat=True))
    Attendance.objects.bulk_create(
        (_row(session, learner, seen.get(learner, {}), at) for learner in sorted(_concerned(session, seen) - marked)),
        batch_size=1000,
    )
    _note_minutes(session, {pk: seen[pk] for pk in marked & seen.keys()})


def _note_minutes(session: LiveSession, marked: dict[int, Seen]) -> None:
    """Those a facilitator marked keep their status and get the minutes that were seen."""
    rows = list(Attendance.objects.filter(session=session, learner_id__in=marked))
    for row in rows:
        row.minutes = _by_rule(session, marked[row.learner_id]).minutes
        row.evidence = _evidence(session, marked[row.learner_id])
    Attendance.objects.bulk_update(rows, ["minutes", "evidence"], batch_size=1000)


def _row(session: LiveSession, learner_id: int, seen: Seen, at: datetime) -> Attendance:
    found = _by_rule(session, seen)
    return Attendance(
        session=session, learner_id=learner_id, status=found.status, minutes=found.minutes,
        evidence=_evidence(session, seen), decided_at=at,
    )  # fmt: skip


def _by_rule(session: LiveSession, seen: Seen) -> Decision:
    template: Any = session.template or SessionTemplate()  # one without a template follows the usual shares
    began, ended = _bounds(session)
    return decide(
        (interval for intervals in seen.values() for interval in intervals),
        began=began,
        ended=ended,
        planned=timedelta(minutes=session.minutes),
        attended_share=template.attended_share,
        partial_share=template.partial_share,
    )


def _evidence(session: LiveSession, seen: Seen) -> list[dict[str, str]]:
    began, ended = _bounds(session)
    return [
        {"source": source, "from": interval.began.isoformat(), "to": interval.ended.isoformat()}
        for source, intervals in sorted(seen.items())
        for interval in presence(intervals, began, ended)
    ]


def _bounds(session: LiveSession) -> tuple[datetime, datetime]:
    if session.actual_start is None or session.actual_end is None:
        raise ValueError("Attendance is settled when a session has ended.")
    return session.actual_start, session.actual_end


def _seen(session: LiveSession, learner_id: int | None = None) -> dict[int, Seen]:
    """What each source saw of each person, by learner id. One query."""
    rows = PresenceInterval.objects.filter(session=session)
    if learner_id is not None:
        rows = rows.filter(learner_id=learner_id)
    found: dict[int, Seen] = defaultdict(lambda: defaultdict(list))
    for learner, source, began, ended in rows.values_list("learner_id", "source", "began_at", "seen_at"):
        found[learner][source].append(Interval(began, ended))
    return found


def _concerned(session: LiveSession, seen: Iterable[int] | None = None) -> set[int]:
    """Ids of all who had a seat or were there, without those who ran it. Two or three queries."""
    booked = Booking.objects.filter(session=session, state=Booking.State.BOOKED)
    if seen is None:
        seen = PresenceInterval.objects.filter(session=session).values_list("learner_id", flat=True).distinct()
    staff = SessionStaff.objects.filter(session=session).values_list("user_id", flat=True)
    return set(booked.values_list("learner_id", flat=True)).union(seen) - set(staff)


def _check_mark(session: LiveSession, status: str, at: datetime) -> None:
    if status not in AttendanceStatus.values:
        raise ValidationError({"status": _("Choose attended, part of it, or missed.")})
    if not rules.may_mark(session, at):
        raise ValidationError(_("Attendance can be marked from ten minutes before the start."))


def _announce(session: LiveSession, learner_id: int, status: str, *, by: User | None, at: datetime) -> None:
    """Corrections after the end only: before it, SessionEnded will speak for everybody."""
    if session.is_over:
        record(AttendanceDecided(session_id=session.pk, learner_id=learner_id, status=status), by=by, at=at)
