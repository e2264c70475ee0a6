"""Steps of a draft: add, change, move, take out. Everything that is typed stays until it is saved."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from content import queries as content
from content.models import ContentItem
from journeys import design_queries as reads
from journeys import design_words as words
from journeys import services
from journeys.design_views.refusals import back_to, designers
from journeys.forms.steps import StepForm
from journeys.models import Journey, Phase, Step
from lxp.people import queries as people
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest
from sessions import queries as live

OFFERED = 12
"""How many pieces of content are offered at once."""

PALETTE_PHASES = {"checklist": Phase.POSTWORK, "live": Phase.LIVE}
"""What a kind is mostly used for; everything else prepares."""


@require_http_methods(["GET", "POST"])
@designers
def add(request: MemberRequest, slug: str) -> HttpResponse:
    """A new step of one kind: its form, then the step at the end of the part or behind another one."""
    journey = reads.programme_for(request.actor, slug)
    desk = _Desk(request, journey, None)
    if request.method == "POST" and not desk.searching and desk.form.is_valid():
        try:
            after = desk.after
            act = services.put_step(
                journey=journey, kind=desk.kind, after=after, **desk.form.values(), by=request.user, at=request.at
            )
            return _saved(request, journey, act, _("“%(title)s” is added."), desk.form.cleaned_data["title"])
        except ValidationError as error:
            _refuse(desk.form, error)
    return desk.answer()


@require_http_methods(["GET", "POST"])
@designers
def step(request: MemberRequest, slug: str, key: str) -> HttpResponse:
    """One step: its form, and its place."""
    journey = reads.programme_for(request.actor, slug)
    desk = _Desk(request, journey, key)
    if request.method == "POST" and not desk.searching and desk.form.is_valid():
        try:
            act = services.edit_step(journey=journey, key=key, **desk.form.values(), by=request.user, at=request.at)
            return _saved(request, journey, act, _("“%(title)s” is saved."), desk.form.cleaned_data["title"])
        except ValidationError as error:
            _refuse(desk.form, error)
    return desk.answer()


@require_POST
@designers
@back_to("design:programme")
def move(request: MemberRequest, slug: str, key: str) -> HttpResponse:
    """One place up or down."""
    journey = reads.programme_for(request.actor, slug)
    places = -1 if request.POST.get("to") == "up" else 1
    act = services.shift_step(journey=journey, key=key, by_places=places, by=request.user, at=request.at)
    return _saved(request, journey, act, _("“%(title)s” is moved."), _title(journey, key))


@require_POST
@designers
@back_to("design:programme")
def remove(request: MemberRequest, slug: str, key: str) -> HttpResponse:
    """Take a step out; undo puts it back where it was."""
    journey = reads.programme_for(request.actor, slug)
    title = _title(journey, key)
    act = services.drop_step(journey=journey, key=key, by=request.user, at=request.at)
    return _saved(request, journey, act, _("“%(title)s” is taken out."), title)


@require_GET
@designers
def items(request: MemberRequest, slug: str) -> HttpResponse:
    """Content to choose from, as a fragment of the form."""
    reads.programme_for(request.actor, slug)
    picked = request.GET.get("item", "")
    chosen = _item(request, int(picked)) if picked.isdecimal() else None
    found = _offered(request, request.GET.get("find", ""), request.GET.get("sort", ""), chosen)
    context = {"items": found, "chosen": chosen.pk if chosen else None, "kinds": content.kinds()}
    return page(request, "journeys/design/_items.html", context)


class _Desk:
    """The form of one step with what it offers, however it was asked for: a page, a fragment, a search in between."""

    def __init__(self, request: MemberRequest, journey: Journey, key: str | None) -> None:
        self.request, self.journey, self.key = request, journey, key
        self.editions = reads.editions_of(journey)
        self.steps = reads.steps_of(self.editions.shown)
        self.step = next((one for one in self.steps if one.key == key), None)
        if key is not None and self.step is None:
            raise Http404("No such step in this edition.")
        self.searching = "look" in request.POST
        given = request.POST.get("kind") or request.GET.get("kind", "")
        self.sort = self.step.item.kind if self.step and self.step.item else given
        self.kind = self.step.kind if self.step else Step.Kind.LIVE if given == "live" else Step.Kind.CONTENT
        if self.kind == Step.Kind.CONTENT and self.sort not in content.kinds():
            self.sort = next(iter(content.kinds()))
        self.form = self._form()

    @property
    def after(self) -> str:
        """The step a new one stands behind: the last one of the part it is made for."""
        wanted = self.request.POST.get("after") or self.request.GET.get("after", "")
        return wanted if wanted in {one.key for one in self.steps} else ""

    def _form(self) -> StepForm:
        post = self.request.POST
        initial = StepForm.initial_of(self.step) if self.step else self._fresh()
        data: Any = None
        if self.request.method == "POST":
            if self.searching:  # an unbound form: nothing is complained about before it is finished
                several = ("for_attendance", "for_role")
                initial = {n: post.getlist(n) if n in several else post.get(n, "") for n in post}
                initial["required"] = "required" in post
                self.sort = str(initial.get("sort") or self.sort)
            else:
                data = post
        picked = str((post if data is not None or self.searching else initial).get("item") or "")
        self.chosen = _item(self.request, int(picked)) if picked.isdecimal() else None
        sort = post.get("sort", self.sort) if self.request.method == "POST" else self.sort
        self.items = (
            _offered(self.request, post.get("find", ""), sort, self.chosen) if self.kind == Step.Kind.CONTENT else []
        )
        return StepForm(
            data,
            initial=initial,
            kind=self.kind,
            others=[one for one in self.steps if one.key != self.key],
            templates=list(live.templates()) if self.kind == Step.Kind.LIVE else [],
            items={item.pk: item for item in self.items},
            sorts=[(key, kind.label) for key, kind in content.kinds().items()],
            roles=dict(people.job_roles().values_list("code", "name")),
        )

    def _fresh(self) -> dict[str, Any]:
        """What a new step starts with: the phase its kind is mostly used for, counted from the next live session."""
        phase = self.request.GET.get("phase") or PALETTE_PHASES.get(self.sort, Phase.PREWORK)
        lives = [one.key for one in self.steps if one.kind == Step.Kind.LIVE]
        before = phase == Phase.PREWORK
        part = next((one.part for one in self.steps if one.key == self.after), "")
        found = {"phase": phase, "sort": self.sort, "part": part, "required": True, "minutes": 10}
        if lives and self.kind == Step.Kind.CONTENT:
            counted = {"anchor": "live", "step": self._nearest(lives), "edge": "start" if before else "end"}
            found |= {f"opens_{name}": value for name, value in counted.items()}
            found |= {"opens_direction": "before" if before else "after", "opens_at": "09:00"}
            found |= {"opens_days": 7 if before else 1}
        return found

    def _nearest(self, lives: list[str]) -> str:
        """The live step of the part the new step is made for, else the first one."""
        mine = next((one.part for one in self.steps if one.key == self.after), "")
        return next((one.key for one in self.steps if one.key in lives and one.part == mine), lives[0])

    def answer(self) -> HttpResponse:
        step = self.step
        order = [one.key for one in self.steps]
        context = {
            "journey": self.journey,
            "editions": self.editions,
            "form": self.form,
            "step": step,
            "kind": self.kind,
            "sort": self.sort,
            "after": self.after,
            "items": self.items,
            "chosen": self.chosen.pk if self.chosen else None,
            "first": bool(step) and order[0] == self.key,
            "last": bool(step) and order[-1] == self.key,
            "parts": list(dict.fromkeys(one.part for one in self.steps if one.part)),
            "kinds": content.kinds(),
            "words": words,
        }
        template = "journeys/design/_step_form.html" if self.request.htmx else "journeys/design/step.html"
        return (invalid if self.form.is_bound else page)(self.request, template, context)


def _offered(request: MemberRequest, text: str, sort: str, chosen: ContentItem | None) -> list[ContentItem]:
    """Published content of a kind that fits the words, with what is chosen already in front."""
    kind = sort if sort in content.kinds() else ""
    found = content.library(request.actor, content.Filters(q=text[:100], kind=kind, limit=OFFERED)).items
    return [chosen, *(item for item in found if item.pk != chosen.pk)] if chosen else list(found)


def _item(request: MemberRequest, pk: int) -> ContentItem | None:
    try:
        return content.item_for(request.actor, pk)
    except Http404:
        return None


def _refuse(form: StepForm, error: ValidationError) -> None:
    """The services speak of whole rules; the page shows them at the rule's first field."""
    names = {"opens": "opens_anchor", "due": "due_anchor", "condition": "for_step", "complete": None}
    details = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
    moved = {names.get(name or "", name) or "__all__": texts for name, texts in details.items()}
    refuse(form, ValidationError(moved))


def _saved(request: MemberRequest, journey: Journey, act: Any, text: str, title: str) -> HttpResponse:
    """Back on the path, at the part of the step, with a way back."""
    part = request.POST.get("show", "")
    to = reverse("design:programme", args=[journey.slug]) + (f"?part={part}" if part.isdecimal() else "")
    return done(request, to, text % {"title": title}, undo=reverse("design:undo", args=[act.pk]))


def _title(journey: Journey, key: str) -> str:
    steps = reads.steps_of(reads.editions_of(journey).shown)
    return next((one.title for one in steps if one.key == key), key)
