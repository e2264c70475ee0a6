"""The time machine: what will happen to a learner, when, where, by which channel and for which reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from journeys import design_queries as reads
from journeys import design_words as words
from journeys import queries, services
from journeys.design_views.programmes import sample_for
from journeys.design_views.refusals import designers
from journeys.facts import spec_of
from journeys.forms.plans import SimulateForm
from journeys.models import Cohort, JourneyVersion, Step
from journeys.sample import sample_of
from lxp.messaging.times import person_time_of
from lxp.web.page import invalid, page, refuse
from lxp.web.request import MemberRequest
from sessions import queries as live


@require_GET
@designers
def programme(request: MemberRequest, slug: str) -> HttpResponse:
    """A programme as a made-up learner would live through it: the draft where there is one."""
    journey = reads.programme_for(request.actor, slug)
    version = reads.editions_of(journey).shown
    steps = reads.steps_of(version)
    form = SimulateForm(request.GET, lives=_lives(steps))
    entries = None
    if form.is_valid():
        person = person_time_of(request.membership)
        if form.cleaned_data["zone"]:
            person = replace(person, zone=form.cleaned_data["zone"])
        sample = sample_of(
            [spec_of(step) for step in steps], person=person, at=request.at, starts_on=form.cleaned_data["starts_on"]
        )  # fmt: skip
        entries = _played(
            form,
            lambda asked: services.simulate_design(
                version=version, sample=sample, mandatory=journey.mandatory, **asked
            ),
        )
    context = {"journey": journey, "cohort": None, "version": version}
    return _answer(request, form, entries, context)


@require_GET
@designers
def cohort(request: MemberRequest, slug: str) -> HttpResponse:
    """A cohort as one of its learners, or a typical one, will live through it from now on."""
    found = queries.cohort_for(request.actor, slug, "change")
    steps = reads.steps_of(found.version)
    learners = reads.learners_of(found)
    form = SimulateForm(request.GET, lives=_lives(steps), learners=learners)
    entries = _played(form, lambda asked: _lived(request, found, steps, form, asked)) if form.is_valid() else None
    context = {"journey": found.journey, "cohort": found, "version": found.version}
    return _answer(request, form, entries, context)


def _lived(
    request: MemberRequest, found: Cohort, steps: list[Step], form: SimulateForm, asked: dict[str, Any]
) -> list[dict[str, Any]]:
    learner = form.cleaned_data["learner"]
    if learner:
        return services.simulate_cohort(cohort=found, learner_ids=[int(learner)], at=request.at, **asked)
    sample = replace(sample_for(request, steps, found), joins_at=request.at)
    version: JourneyVersion = found.version
    return services.simulate_design(version=version, sample=sample, mandatory=found.journey.mandatory, **asked)


def _played(form: SimulateForm, play: Any) -> list[dict[str, Any]] | None:
    try:
        entries: list[dict[str, Any]] = play(form.asked())
        return entries
    except ValidationError as error:
        refuse(form, error)
        return None


def _answer(
    request: MemberRequest, form: SimulateForm, entries: list[dict[str, Any]] | None, context: dict[str, Any]
) -> HttpResponse:
    shown = [entry | {"local_at": datetime.fromisoformat(entry["local"])} for entry in entries or ()]
    days = [(day, list(rows)) for day, rows in groupby(shown, key=lambda entry: entry["local_at"].date())]
    context |= {
        "form": form,
        "days": days,
        "entries": entries,
        "sent": sum(entry["kind"] == "message" for entry in entries or ()),
        "zones": live.zones_in_use(),
        "words": words,
    }
    answer = page if form.is_valid() else invalid
    return answer(request, "journeys/design/simulate.html", context)


def _lives(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.kind == Step.Kind.LIVE]
