"""Programmes: the list, the builder, publishing, and what changed between editions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from content import queries as content
from journeys import design_queries as reads
from journeys import design_words as words
from journeys import queries, services
from journeys.design_views.refusals import back_to, designers
from journeys.differences import differences
from journeys.facts import spec_of
from journeys.forms.programmes import ProgrammeFilterForm, ProgrammeForm
from journeys.lint import Finding
from journeys.models import BulkAct, Cohort, Journey, Step
from journeys.sample import Sample, sample_of
from journeys.track import draw, parts_of
from lxp.messaging.times import person_time_of
from lxp.people import queries as people
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest

PAGE = 50


@require_GET
@designers
def programmes(request: MemberRequest) -> HttpResponse:
    """Every programme, and what needs a hand."""
    form = ProgrammeFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {"q": "", "show": ""}
    found = reads.programmes(at=request.at, text=wanted["q"], archived=wanted["show"] == "archived")
    waiting = [row for row in found if row.needs_hand]
    rows = waiting if wanted["show"] == "hand" else found
    start = int(request.GET["from"]) if request.GET.get("from", "").isdecimal() else 0
    context = {
        "form": form,
        "wanted": wanted,
        "rows": rows[start : start + PAGE],
        "more": start + PAGE if len(rows) > start + PAGE else None,
        "answer": words.headline(sum(r.changed for r in waiting), sum(len(r.without_dates) for r in waiting)),
    }
    return page(request, "journeys/design/programmes.html", context)


@require_http_methods(["GET", "POST"])
@designers
def new(request: MemberRequest) -> HttpResponse:
    """A new programme with an empty draft."""
    form = ProgrammeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = services.create_journey(**form.values(), by=request.user, at=request.at)
        return done(request, "design:programme", _("It is here. Add its first step."), made.slug)
    answer = invalid if form.is_bound else page
    return answer(request, "journeys/design/details.html", {"form": form, "journey": None})


@require_http_methods(["GET", "POST"])
@designers
def details(request: MemberRequest, slug: str) -> HttpResponse:
    """Change what is said about a programme."""
    journey = reads.programme_for(request.actor, slug)
    form = ProgrammeForm(request.POST) if request.method == "POST" else ProgrammeForm.of(journey)
    if form.is_bound and form.is_valid():
        services.update_journey(journey=journey, **form.values(), by=request.user, at=request.at)
        return done(request, "design:programme", _("Saved."), slug)
    answer = invalid if form.is_bound else page
    return answer(request, "journeys/design/details.html", {"form": form, "journey": journey})


@require_POST
@designers
def archive(request: MemberRequest, slug: str) -> HttpResponse:
    """Put a programme away, or take it out again. Cohorts that run go on."""
    journey = reads.programme_for(request.actor, slug)
    away = None if journey.archived_at else request.at
    services.update_journey(journey=journey, archived_at=away, by=request.user, at=request.at)
    text = _("“%(title)s” is put away. Its cohorts go on.") if away else _("“%(title)s” is back.")
    undo = reverse("design:archive", args=[slug])
    return done(request, "design:programmes", text % {"title": journey.title}, undo=undo)


# ---------------------------------------------------------------- the builder


@require_GET
@designers
def programme(request: MemberRequest, slug: str) -> HttpResponse:
    """The builder: the path relative to its live session, what the check says, and when it runs."""
    journey = reads.programme_for(request.actor, slug)
    return page(request, "journeys/design/programme.html", builder(request, journey))


def builder(request: MemberRequest, journey: Journey) -> dict[str, Any]:
    """Everything the builder shows."""
    editions = reads.editions_of(journey)
    steps = reads.steps_of(editions.shown)
    specs = [spec_of(step) for step in steps]
    parts = parts_of(specs)
    number = _number(request.GET.get("part", ""), len(parts))
    schedule = reads.schedule_of(journey, at=request.at)
    cohort = next((run.cohort for run in schedule.runs if run.cohort.slug == request.GET.get("dates")), None)
    sample = sample_for(request, steps, cohort)
    shown = {spec.key for spec in parts[number - 1][1]} if parts else set()
    findings = services.findings_of(editions.shown)
    by_key = {step.key: step for step in steps}
    part_of = {spec.key: place for place, (_title, members) in enumerate(parts, 1) for spec in members}
    return {
        "journey": journey,
        "editions": editions,
        "steps": by_key,
        "order": list(by_key),
        "parts": parts,
        "number": number,
        "part_of": part_of,
        "track": draw(specs, shown, sample) if shown else None,
        "sample": sample,
        "advice": _by_step(findings),
        "errors": sum(finding.level == "error" for finding in findings),
        "wrong": {finding.key for finding in findings if finding.level == "error"},
        "schedule": schedule,
        "cohort": cohort,
        "kinds": content.kinds(),
        "titles": {step.key: step.title for step in steps},
        "words": words,
    }


def _by_step(findings: list[Finding]) -> list[tuple[str, str, list[str]]]:
    """Findings as (level, key of the step, texts): errors first, and one entry for all that is said of a step."""
    found: dict[tuple[str, str], list[str]] = {}
    for finding in sorted(findings, key=lambda one: one.level != "error"):
        found.setdefault((finding.level, finding.key), []).append(finding.text)
    return [(level, key, texts) for (level, key), texts in found.items()]


def sample_for(request: MemberRequest, steps: list[Step], cohort: Cohort | None) -> Sample:
    """A made-up learner with the viewer's hours: in a made-up run, or with a cohort's real dates."""
    person, specs = person_time_of(request.membership), [spec_of(step) for step in steps]
    if cohort is None:
        return sample_of(specs, person=person, at=request.at)
    offers = queries.offers_of(cohort)
    chosen = {key: next((o for o in rows if o.is_default), rows[0]).session for key, rows in offers.items()}
    known = {key: (session.starts_at, session.ends_at) for key, session in chosen.items()}
    return sample_of(specs, person=person, at=_joins(request.at, cohort), starts_on=cohort.starts_on, known=known)


def _joins(at: datetime, cohort: Cohort) -> datetime:
    """Now, or when the cohort was made: a run in the past is drawn as it was for who was there from the beginning."""
    return min(at, max(cohort.created_at, at - timedelta(days=300)))


def _number(text: str, most: int) -> int:
    return min(max(1, int(text)), max(1, most)) if text.isdecimal() else 1


# ---------------------------------------------------------------- publishing


@require_http_methods(["GET", "POST"])
@designers
def publish(request: MemberRequest, slug: str) -> HttpResponse:
    """Check the design and freeze it; what keeps learners from getting on is shown in place."""
    journey = reads.programme_for(request.actor, slug)
    if request.method == "GET":  # the address of a refusal that is loaded again
        return redirect("design:programme", slug)
    try:
        version = services.publish_journey(journey=journey, by=request.user, at=request.at)
    except ValidationError as error:
        context = builder(request, journey) | {"refused": error.messages}
        return invalid(request, "journeys/design/programme.html", context)
    text = _("Version %(number)d is published. New cohorts get it; those that run keep theirs.")
    return done(request, "design:programme", text % {"number": version.number}, slug)


@require_POST
@designers
@back_to("design:programme")
def discard(request: MemberRequest, slug: str) -> HttpResponse:
    """Go back to the published version."""
    journey = reads.programme_for(request.actor, slug)
    act = services.discard_draft(journey=journey, by=request.user, at=request.at)
    undo = reverse("design:undo", args=[act.pk])
    return done(request, "design:programme", _("The draft is gone."), slug, undo=undo)


@require_GET
@designers
def history(request: MemberRequest, slug: str) -> HttpResponse:
    """Every edition, and what changed from one to the next."""
    journey = reads.programme_for(request.actor, slug)
    editions = reads.editions_of(journey)
    shown = [*([editions.draft] if editions.draft and editions.changed else []), *editions.published]
    steps = reads.steps_of_versions(shown)
    roles = dict(people.job_roles().values_list("code", "name"))
    said = {}
    for version in shown:
        titles = {step.key: step.title for step in steps[version.pk]}
        said[version.pk] = [words.said(step, titles, roles) for step in steps[version.pk]]
    older = [*shown[1:], None]
    rows = [
        (version, differences(said[before.pk], said[version.pk]) if before else None, len(steps[version.pk]))
        for version, before in zip(shown, older, strict=True)
    ]
    context = {"journey": journey, "editions": editions, "rows": rows, "names": words.FIELD_NAMES}
    return page(request, "journeys/design/history.html", context)


@require_POST
@designers
def undo(request: MemberRequest, act_id: int) -> HttpResponse:
    """Take a change of a draft, or a bulk act on a cohort, back."""
    act = queries.act_for(request.actor, act_id)
    to = _home_of(act)
    try:
        services.undo_act(act=act, by=request.user, at=request.at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return done(request, to)
    return done(request, to, _("Undone."))


def _home_of(act: BulkAct) -> str:
    """The page of what an act changed."""
    if act.cohort:
        return reverse("design:cohort", args=[act.cohort.slug])
    return reverse("design:programme", args=[reads.programme_of(act).slug])
