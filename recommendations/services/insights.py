"""Insights: found by the rules, settled by people, gone by themselves when they no longer hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from content.models import ContentItem
from journeys import services as journeys
from journeys.models import Override
from journeys.plan import working_days_later
from lxp.events import record
from lxp.messaging.times import person_times
from lxp.people.models import User
from recommendations.events import InsightSettled
from recommendations.insights import AGAIN_AFTER, MORE_DAYS, Action, Finding, find
from recommendations.models import Insight
from recommendations.queries import standings
from recommendations.services.nudging import nudge, take_back_nudge

State = Insight.State


@dataclass(frozen=True)
class Refreshed:
    """What a refresh changed: insights that came up, whose facts changed, and that no longer hold."""

    opened: int = 0
    changed: int = 0
    resolved: int = 0


@transaction.atomic
def refresh_insights(*, at: datetime, learner_ids: Collection[int] | None = None) -> Refreshed:
    """Make the open insights about these people (None: everybody here) say what holds now. Twice changes nothing.

    At most sixteen queries, however many people.
    """
    ours = Insight.objects.all()
    if learner_ids is not None:
        ours = ours.filter(enrolment__learner_id__in=list(learner_ids))
    standing = standings(at=at, learner_ids=learner_ids)
    settled = _settled(ours.filter(enrolment_id__in=[one.enrolment_id for one in standing]), at)
    findings = {
        one.enrolment_id: finding
        for one in standing
        if (finding := find(one, at=at, settled=settled.get(one.enrolment_id, ())))
    }
    open_now = list(ours.select_for_update(of=("self",)).filter(state=State.OPEN).order_by("pk"))
    kept = {row.enrolment_id for row in open_now if _still(row, findings.get(row.enrolment_id))}
    resolved = [row.pk for row in open_now if row.enrolment_id not in kept]
    changed = [row for row in open_now if row.enrolment_id in kept and _update(row, findings[row.enrolment_id], at)]
    Insight.objects.filter(pk__in=resolved).update(state=State.RESOLVED, updated_at=at)
    Insight.objects.bulk_update(changed, ["about", "facts", "action", "action_value", "updated_at"], batch_size=500)
    new = [_new(pk, finding, at) for pk, finding in sorted(findings.items()) if pk not in kept]
    Insight.objects.bulk_create(new, ignore_conflicts=True)  # another refresh may have opened it a moment ago
    return Refreshed(len(new), len(changed), len(resolved))


def _settled(rows: QuerySet[Insight], at: datetime) -> dict[int, set[tuple[str, str]]]:
    """What people have settled, by enrolment: what was left alone for good, what was acted on for a week."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    answered = rows.filter(state__in=(State.ACCEPTED, State.DISMISSED))
    for enrolment, kind, about, state, when in answered.values_list(
        "enrolment_id", "kind", "about", "state", "updated_at"
    ):
        if state == State.DISMISSED or at - when < AGAIN_AFTER:
            found[enrolment].add((kind, about))
    return found


def _still(row: Insight, finding: Finding | None) -> bool:
    return finding is not None and finding.kind == row.kind


def _update(row: Insight, finding: Finding, at: datetime) -> bool:
    fresh = {
        "about": finding.about,
        "facts": dict(finding.facts),
        "action": finding.action,
        "action_value": dict(finding.value),
    }
    if all(getattr(row, name) == value for name, value in fresh.items()):
        return False
    for name, value in fresh.items():
        setattr(row, name, value)
    row.updated_at = at
    return True


def _new(enrolment_id: int, finding: Finding, at: datetime) -> Insight:
    row = Insight(enrolment_id=enrolment_id, kind=finding.kind, created_at=at, updated_at=at)
    _update(row, finding, at)
    return row


# ---------------------------------------------------------------- what people do about them


@transaction.atomic
def accept_insight(*, insight: Insight, by: User, at: datetime) -> Insight:
    """Do what the insight suggests: more time and extra content through the same sync as everything, a nudge through
    the ledger, or only "I'll talk to them".

    Raises ValidationError when it is settled already, or when what it suggests can't be done any more.
    """
    row = _locked(insight)
    if row.state != State.OPEN:
        raise ValidationError(_("Somebody has settled this already."))
    overrides: list[Override] = []
    if row.action == Action.MORE_TIME:
        overrides = _give_time(row, by, at)
    elif row.action == Action.ADD_ITEM:
        overrides = [_add_item(row, by, at)]
    elif row.action == Action.NUDGE:
        nudge(enrolment=row.enrolment, by=by, at=at, live=row.kind == "not_booked")
    row.override = overrides[0] if overrides else None
    row.action_value = row.action_value | {"overrides": [one.pk for one in overrides]}
    return _settle(row, State.ACCEPTED, by, at)


@transaction.atomic
def dismiss_insight(*, insight: Insight, note: str, by: User, at: datetime) -> Insight:
    """Leave it alone, and say why. It doesn't come back for the same thing. Raises ValidationError without a reason."""
    if not note.strip():
        raise ValidationError({"note": _("Say in a few words why, so that nobody has to ask again.")})
    row = _locked(insight)
    if row.state != State.OPEN:
        raise ValidationError(_("Somebody has settled this already."))
    row.note = note.strip()[:300]
    return _settle(row, State.DISMISSED, by, at)


@transaction.atomic
def reopen_insight(*, insight: Insight, by: User, at: datetime) -> Insight:
    """Take a decision back, and with it what it did. What was finished meanwhile stays; a nudge that is out is out."""
    row = _locked(insight)
    if row.state not in (State.ACCEPTED, State.DISMISSED):
        return row
    for override in Override.objects.filter(pk__in=row.action_value.pop("overrides", [])).order_by("pk"):
        journeys.undo_override(override=override, by=by, at=at)
    if row.state == State.ACCEPTED and row.action == Action.NUDGE:
        take_back_nudge(enrolment=row.enrolment, at=at)
    again = Insight.objects.filter(enrolment=row.enrolment_id, state=State.OPEN).exists()
    row.override, row.note = None, ""
    return _settle(row, State.RESOLVED if again else State.OPEN, by, at)


def _locked(insight: Insight) -> Insight:
    rows = Insight.objects.select_for_update(of=("self",))
    return rows.select_related("enrolment__cohort__journey", "enrolment__learner").get(pk=insight.pk)


def _give_time(row: Insight, by: User, at: datetime) -> list[Override]:
    """Three working days from now on the person's own calendar, for everything that is late."""
    person = person_times([row.enrolment.learner_id])[row.enrolment.learner_id]
    due_at = working_days_later(at, row.action_value.get("days", MORE_DAYS), person)
    late = row.enrolment.assignments.filter(key__in=row.action_value["keys"], state="open").order_by("due_at", "pk")
    keys = list(late.values_list("key", flat=True))
    if not keys:
        raise ValidationError(_("Nothing is late here any more."))
    reason = _("More time to catch up")
    return [
        journeys.extend_due(enrolment=row.enrolment, key=key, due_at=due_at, reason=reason, by=by, at=at)
        for key in keys
    ]


def _add_item(row: Insight, by: User, at: datetime) -> Override:
    item = ContentItem.objects.defer("search").filter(pk=row.action_value["item_id"]).first()
    if item is None:
        raise ValidationError(_("The suggested item is gone."))
    reason = _("Another way to learn what “%(step)s” asks") % {"step": row.facts["step"]}
    return journeys.insert_step(enrolment=row.enrolment, item=item, reason=reason, by=by, at=at)


def _settle(row: Insight, state: str, by: User, at: datetime) -> Insight:
    row.state, row.decided_by, row.updated_at = state, by if state != State.OPEN else None, at
    row.save(update_fields=["state", "decided_by", "updated_at", "note", "override", "action_value"])
    record(InsightSettled(row.pk, row.enrolment_id, row.kind, state), by=by, at=at)
    return row
