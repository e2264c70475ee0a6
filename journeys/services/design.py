"""Designing journeys: drafts change, published versions never do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from content.kinds import KINDS
from content.models import ContentItem, ItemState
from journeys.events import JourneyPublished
from journeys.facts import spec_of
from journeys.lint import Finding, lint
from journeys.models import BulkAct, Journey, JourneyVersion, Step
from journeys.timing import RuleError, parse_condition, parse_rule
from lxp.events import record
from lxp.people import queries as people
from lxp.people.models import User
from sessions.models import SessionTemplate

STEP_FIELDS = (
    "part",
    "phase",
    "title",
    "why",
    "minutes",
    "required",
    "opens",
    "due",
    "condition",
    "complete",
    "item",
    "template",
)


@transaction.atomic
def create_journey(
    *,
    title: str,
    summary: str = "",
    outcome: str = "",
    need: str = "behaviour",
    code: str = "",
    slug: str = "",
    mandatory: bool = False,
    self_enrol: bool = False,
    by: User | None,
    at: datetime,
) -> Journey:
    """A new journey with an empty draft."""
    journey = Journey.objects.create(
        title=title,
        summary=summary,
        outcome=outcome,
        need=need,
        mandatory=mandatory,
        self_enrol=self_enrol,
        slug=_free_slug(slug or slugify(title) or "journey"),
        code=(code or _code_of(title)).upper(),
        owner=by,
        created_at=at,
    )
    JourneyVersion.objects.create(journey=journey, number=1, created_by=by, created_at=at, updated_at=at)
    return journey


def update_journey(*, journey: Journey, by: User | None, at: datetime, **changes: Any) -> Journey:
    """Change what is said about a journey (title, summary, outcome, need, code…); its steps are in versions."""
    allowed = {"title", "summary", "outcome", "need", "code", "mandatory", "self_enrol", "owner", "archived_at"}
    if unknown := set(changes) - allowed:
        raise ValidationError(f"These can't be changed here: {', '.join(sorted(unknown))}.")
    for name, value in changes.items():
        setattr(journey, name, value)
    journey.save(update_fields=list(changes))
    return journey


@transaction.atomic
def start_draft(*, journey: Journey, by: User | None, at: datetime) -> JourneyVersion:
    """The journey's draft: the open one, or a copy of the newest version."""
    Journey.objects.select_for_update().get(pk=journey.pk)  # two designers start the same one
    draft = journey.versions.filter(published_at=None).first()
    if draft:
        return draft
    newest = journey.versions.order_by("-number").first()
    number = newest.number + 1 if newest else 1
    # A copy says what the newest says, since when that said it: only a change makes it differ.
    draft = JourneyVersion.objects.create(
        journey=journey, number=number, created_by=by, created_at=at, updated_at=newest.updated_at if newest else at
    )
    if newest:
        steps = list(newest.steps.order_by("position"))
        for step in steps:
            step.pk, step.version, step.content_version = None, draft, None
        Step.objects.bulk_create(steps)
    return draft


@transaction.atomic
def add_step(
    *,
    version: JourneyVersion,
    kind: str,
    title: str,
    by: User | None,
    at: datetime,
    key: str = "",
    after: Step | None = None,
    **fields: Any,
) -> Step:
    """A new step at the end of a draft, or behind `after`. Raises ValidationError per field."""
    _require_draft(version)
    values = _checked(kind, fields)
    position = after.position + 1 if after else (version.steps.aggregate(last=Max("position"))["last"] or 0) + 1
    version.steps.filter(position__gte=position).update(position=F("position") + 1)
    step = Step.objects.create(
        version=version,
        kind=kind,
        title=title,
        key=_free_key(version, key or slugify(title)[:50] or kind),
        position=position,
        **values,
    )
    _touch(version, at)
    return step


@transaction.atomic
def change_step(*, step: Step, by: User | None, at: datetime, **fields: Any) -> Step:
    """Change a draft's step. Raises ValidationError per field."""
    _require_draft(step.version)
    merged = {name: getattr(step, name) for name in STEP_FIELDS} | fields
    for name, value in _checked(step.kind, merged).items():
        setattr(step, name, value)
    step.save()
    _touch(step.version, at)
    return step


@transaction.atomic
def move_step(*, step: Step, position: int, by: User | None, at: datetime) -> Step:
    """Put a draft's step at `position` (from 1); the others close up."""
    _require_draft(step.version)
    keys = [s for s in step.version.steps.order_by("position") if s.pk != step.pk]
    keys.insert(max(0, min(position - 1, len(keys))), step)
    for number, other in enumerate(keys, start=1):
        other.position = number
    Step.objects.bulk_update(keys, ["position"])
    _touch(step.version, at)
    return step


@transaction.atomic
def remove_step(*, step: Step, by: User | None, at: datetime) -> dict[str, Any]:
    """Take a step out of a draft. Returns what it was, JSON-ready, from which undoing puts it back."""
    _require_draft(step.version)
    version = step.version
    kept = _kept(step)
    step.delete()
    version.steps.filter(position__gt=kept["position"]).update(position=F("position") - 1)
    _touch(version, at)
    return kept


@transaction.atomic
def publish_journey(*, journey: Journey, by: User | None, at: datetime) -> JourneyVersion:
    """Freeze the draft: check the design, pin every step's content version, announce it.

    Raises ValidationError with every reason why learners would get stuck.
    """
    draft = journey.versions.select_for_update().filter(published_at=None).first()
    if draft is None:
        raise ValidationError("There is nothing to publish: no draft has been changed since the last version.")
    errors = [f for f in findings_of(draft) if f.level == "error"]
    if errors:
        titles = {step.key: step.title for step in draft.steps.all()}
        raise ValidationError([f"{titles[f.key]}: {f.text}" if f.key else f.text for f in errors])
    _pin_content(draft)
    draft.published_at, draft.published_by, draft.updated_at = at, by, at
    draft.save(update_fields=["published_at", "published_by", "updated_at"])
    record(JourneyPublished(journey.pk, draft.pk), by=by, at=at)
    return draft


def findings_of(version: JourneyVersion) -> list[Finding]:
    """What the design check says about a version. Two queries."""
    steps = list(version.steps.select_related("item").order_by("position"))
    unscored = {s.key for s in steps if s.item and not (s.item.kind in KINDS and KINDS[s.item.kind].has_score)}
    found = lint(
        [spec_of(step) for step in steps],
        unscored=unscored,
        roles=set(people.job_roles().values_list("code", flat=True)),
    )
    unpublished = [s for s in steps if s.item and (s.item.state != ItemState.PUBLISHED or s.item.current_id is None)]
    return [
        *(
            Finding("error", s.key, f"“{s.item.title}” is not published yet. Publish it first.")
            for s in unpublished
            if s.item
        ),
        *found,
    ]


# ---------------------------------------------------------------- a journey's draft, step by step, with undo


@transaction.atomic
def put_step(
    *, journey: Journey, kind: str, title: str, by: User | None, at: datetime, after: str = "", **fields: Any
) -> BulkAct:
    """A new step in the journey's draft, behind the one called `after` or at the end; a draft is started if there is none.

    Returns the act that undoes it; its effect names the step's `key`. Raises ValidationError per field.
    """
    draft = start_draft(journey=journey, by=by, at=at)
    before = draft.steps.filter(key=after).first() if after else None
    step = add_step(version=draft, kind=kind, title=title, after=before, by=by, at=at, **fields)
    return _act("add_step", journey, step.key, None, by, at)


@transaction.atomic
def edit_step(*, journey: Journey, key: str, by: User | None, at: datetime, **fields: Any) -> BulkAct:
    """Change a step in the journey's draft; a draft is started if there is none. As `put_step` otherwise."""
    step = _step_of_draft(journey, key, by, at)
    kept = _kept(step)
    change_step(step=step, by=by, at=at, **fields)
    return _act("change_step", journey, key, kept, by, at)


@transaction.atomic
def shift_step(*, journey: Journey, key: str, by_places: int, by: User | None, at: datetime) -> BulkAct:
    """Move a step of the draft up (negative) or down by so many places. As `put_step` otherwise."""
    step = _step_of_draft(journey, key, by, at)
    kept = _kept(step)
    move_step(step=step, position=step.position + by_places, by=by, at=at)
    return _act("move_step", journey, key, kept, by, at)


@transaction.atomic
def drop_step(*, journey: Journey, key: str, by: User | None, at: datetime) -> BulkAct:
    """Take a step out of the draft. As `put_step` otherwise."""
    step = _step_of_draft(journey, key, by, at)
    return _act("remove_step", journey, key, remove_step(step=step, by=by, at=at), by, at)


@transaction.atomic
def discard_draft(*, journey: Journey, by: User | None, at: datetime) -> BulkAct:
    """Go back to the newest published version. Raises ValidationError where there is no draft, or nothing to go back to."""
    draft = journey.versions.select_for_update().filter(published_at=None).first()
    if draft is None or not journey.versions.filter(published_at__isnull=False).exists():
        raise ValidationError(_("There is no published version to go back to."))
    kept = [_kept(step) for step in draft.steps.order_by("position")]
    draft.delete()
    return BulkAct.objects.create(
        kind="discard_draft", by=by, at=at, effect={"journey": journey.pk, "key": "", "steps": kept}
    )


@transaction.atomic
def undo_design(*, act: BulkAct, by: User | None, at: datetime) -> None:
    """Undo one change of a draft; what was changed elsewhere in it since then stays.

    Raises ValidationError where other changes would be lost.
    """
    journey = Journey.objects.get(pk=act.effect["journey"])
    if act.kind == "discard_draft":
        _restore_draft(journey, act.effect["steps"], by, at)
    else:
        _put_back(start_draft(journey=journey, by=by, at=at), act.effect["key"], act.effect["before"], by, at)


def _restore_draft(journey: Journey, kept: Sequence[Mapping[str, Any]], by: User | None, at: datetime) -> None:
    if journey.versions.filter(published_at=None).exists():
        raise ValidationError(_("There is a newer draft, which would be lost. Discard it first."))
    draft = start_draft(journey=journey, by=by, at=at)
    draft.steps.all().delete()
    Step.objects.bulk_create(Step(version=draft, **one) for one in kept)
    _touch(draft, at)


def _put_back(draft: JourneyVersion, key: str, before: Mapping[str, Any] | None, by: User | None, at: datetime) -> None:
    """Make a step what it was before: gone, other fields, another place, or there again."""
    step = draft.steps.filter(key=key).first()
    if before is None:
        if step:
            remove_step(step=step, by=by, at=at)
        return
    if step is None:
        last = draft.steps.aggregate(last=Max("position"))["last"] or 0
        step = Step(version=draft, key=key)
        wanted = dict(before) | {"position": last + 1}
    else:
        wanted = dict(before) | {"position": step.position}
    for name, value in wanted.items():
        setattr(step, name, value)
    step.save()
    move_step(step=step, position=before["position"], by=by, at=at)


def _kept(step: Step) -> dict[str, Any]:
    """Everything a step says, JSON-ready."""
    names = ("kind", "title", "key", "position", "item_id", "template_id")
    return {n: getattr(step, n) for n in (*names, *(f for f in STEP_FIELDS if f not in ("item", "template", "title")))}


def _act(
    kind: str, journey: Journey, key: str, before: Mapping[str, Any] | None, by: User | None, at: datetime
) -> BulkAct:
    return BulkAct.objects.create(
        kind=kind, by=by, at=at, effect={"journey": journey.pk, "key": key, "before": before and dict(before)}
    )


def _step_of_draft(journey: Journey, key: str, by: User | None, at: datetime) -> Step:
    draft = start_draft(journey=journey, by=by, at=at)
    step = draft.steps.select_related("version", "item", "template").filter(key=key).first()
    if step is None:
        raise ValidationError(_("This step is not in the draft any more. Somebody took it out."))
    return step


def _pin_content(draft: JourneyVersion) -> None:
    steps = list(draft.steps.select_related("item").exclude(item=None))
    for step in steps:
        assert step.item is not None
        step.content_version_id = step.item.current_id
    Step.objects.bulk_update(steps, ["content_version"])


def _require_draft(version: JourneyVersion) -> None:
    if version.published_at is not None:
        raise ValidationError("A published version never changes. Start a new draft.")


def _checked(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in fields.items() if name in STEP_FIELDS}
    errors: dict[str, str] = {}
    for name in ("opens", "due"):
        try:
            parse_rule(values.get(name))
        except RuleError as error:
            errors[name] = str(error)
    try:
        parse_condition(values.get("condition"))
    except RuleError as error:
        errors["condition"] = str(error)
    if kind == Step.Kind.CONTENT and not isinstance(values.get("item"), ContentItem):
        errors["item"] = "Choose the content people get."
    if kind == Step.Kind.LIVE and not isinstance(values.get("template"), SessionTemplate):
        errors["template"] = "Choose the live session people come to."
    if complaint := _completion_refused(kind, values):
        errors["complete"] = complaint
    if errors:
        raise ValidationError(errors)
    values["item" if kind == Step.Kind.LIVE else "template"] = None
    return values


def _completion_refused(kind: str, values: Mapping[str, Any]) -> str:
    """Why the completion rule can't be; "" when it can."""
    rule, item = values.get("complete") or {}, values.get("item")
    if kind == Step.Kind.LIVE:
        fits = set(rule) <= {"attendance"} and rule.get("attendance", "partial") in ("attended", "partial")
        return "" if fits else _("A live session counts when it was attended, or partial is enough.")
    try:
        if rule and isinstance(item, ContentItem) and item.kind in KINDS:
            KINDS[item.kind].clean_rule(rule)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _touch(version: JourneyVersion, at: datetime) -> None:
    JourneyVersion.objects.filter(pk=version.pk).update(updated_at=at)


def _free_key(version: JourneyVersion, wanted: str) -> str:
    taken = set(version.steps.values_list("key", flat=True))
    return next(k for k in (wanted, *(f"{wanted}-{n}" for n in range(2, 500))) if k not in taken)


def _free_slug(wanted: str) -> str:
    taken = set(Journey.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(s for s in (wanted, *(f"{wanted}-{n}" for n in range(2, 500))) if s not in taken)


def _code_of(title: str) -> str:
    words = [word for word in title.split() if word[0].isalpha()]
    return "".join(word[0] for word in words[:2]) or "J"
