"""Cohorts: scheduling, their page, dates, and who is in them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from journeys import design_queries as reads
from journeys import design_words as words
from journeys import queries, services
from journeys.design_views.refusals import back_to, designers
from journeys.forms.cohorts import CohortForm, EnrolForm, FollowForm, OfferForm, PeopleFilterForm
from journeys.models import BulkAct, Cohort, Enrolment, Step
from journeys.services import Offer, OfferRefused
from lxp.people import audience as rule_tree
from lxp.people import queries as people
from lxp.web.access import member
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest
from sessions import queries as live


@require_http_methods(["GET", "POST"])
@designers
def new(request: MemberRequest, slug: str) -> HttpResponse:
    """Schedule a cohort: when it starts, and a date for every live step."""
    journey = reads.programme_for(request.actor, slug)
    versions = list(reads.versions_with_cohorts(journey))
    if not versions:
        return page(request, "journeys/design/cohort_new.html", {"journey": journey, "form": None})
    desk = _Scheduling(request, versions)
    if request.method == "POST" and desk.is_valid():
        try:
            cohort = services.schedule_cohort(
                version=desk.version, offers=desk.offers(), draft="draft" in request.POST, **desk.form.values(),
                by=request.user, at=request.at,
            )  # fmt: skip
            text = _("“%(title)s” is scheduled. Now the people.") % {"title": cohort.title}
            return done(request, "design:cohort", text, cohort.slug)
        except ValidationError as error:
            desk.refuse(error)
    return desk.answer({"journey": journey})


class _Scheduling:
    """The form of a cohort and one for each live step of the version it is a run of."""

    def __init__(self, request: MemberRequest, versions: list[Any]) -> None:
        self.request = request
        given = request.POST if request.method == "POST" else None
        by_pk = {str(version.pk): version for version in versions}
        wanted = (given or request.GET).get("version", "")
        self.version = by_pk.get(wanted, versions[0])
        initial = {"zone": request.membership.organisation.zone, "version": str(self.version.pk)}
        self.form = CohortForm(given, versions=versions, initial=initial)
        self.lives = [step for step in reads.steps_of(self.version) if step.kind == Step.Kind.LIVE]
        runners = live.may_run() if self.lives else []
        self.dates = [OfferForm(given, step=step, people=runners) for step in self.lives]

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(form.is_valid() for form in self.dates)])

    def offers(self) -> list[Offer]:
        zone = self.form.cleaned_data["zone"]
        return [form.offer(zone) for form in self.dates if form.is_given]

    def refuse(self, error: ValidationError) -> None:
        """Show a refusal where it belongs: at the live step it is about, at a field, or above it all."""
        if isinstance(error, OfferRefused):
            next(form for form in self.dates if form.step.key == error.offer.step_key).refuse(error)
            return
        refuse(self.form, error)
        for form in self.dates:
            if not form.is_given and "draft" not in self.request.POST:
                form.add_error("start_local", _("Choose a date: learners could not attend it."))

    def answer(self, context: dict[str, Any]) -> HttpResponse:
        shown = {"form": self.form, "dates": self.dates, "version": self.version, "zones": live.zones_in_use()}
        answer = invalid if self.form.is_bound else page
        return answer(self.request, "journeys/design/cohort_new.html", context | shown)


# ---------------------------------------------------------------- its page


@require_GET
@member
def cohort(request: MemberRequest, slug: str) -> HttpResponse:
    """Who is in, how far they are, when they meet, what they are told next."""
    found = queries.cohort_for(request.actor, slug, "manage")
    form = PeopleFilterForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {"q": "", "show": ""}
    wanted = reads.CohortFilter(given["q"], given["show"], request.GET.get("after", ""))
    hours = reads.hours_of([found.pk])[found.pk]
    lives = reads.live_steps(found, hours)
    standing = reads.standing_of(found, at=request.at)
    counts = queries.funnel(journey=found.journey, cohort=found, at=request.at)
    context = {
        "cohort": found,
        "form": form,
        "wanted": wanted,
        "people": reads.people_of(found, wanted, at=request.at),
        "standing": standing,
        "lives": lives,
        "funnel": [one for one in counts if one.required and not one.aside],
        "promised": reads.promised_in(found, at=request.at),
        "acts": reads.acts_of(found, at=request.at),
        "reach": people.matching_count(found.audience.rule, at=request.at) if found.audience else None,
        "may_change": request.actor.is_designer,
        "words": words,
    }
    return page(request, "journeys/design/cohort.html", context)


@require_http_methods(["GET", "POST"])
@designers
def edit(request: MemberRequest, slug: str) -> HttpResponse:
    """Name, first day, zone, places, whether anybody may join. Plans follow."""
    found = queries.cohort_for(request.actor, slug, "change")
    form = CohortForm(request.POST) if request.method == "POST" else CohortForm.of(found)
    if form.is_bound and form.is_valid():
        try:
            services.update_cohort(cohort=found, by=request.user, at=request.at, **form.values())
            return done(request, "design:cohort", _("Saved. Plans and messages follow."), slug)
        except ValidationError as error:
            refuse(form, error)
    context = {"cohort": found, "form": form, "zones": live.zones_in_use()}
    return (invalid if form.is_bound else page)(request, "journeys/design/cohort_edit.html", context)


STATES = {
    "activate": (Cohort.State.ACTIVE, later("It runs now, and people can be enrolled.")),
    "finish": (Cohort.State.FINISHED, later("It is finished.")),
    "cancel": (Cohort.State.CANCELLED, later("It is called off.")),
}


@require_http_methods(["GET", "POST"])
@designers
@back_to("design:cohort")
def state(request: MemberRequest, slug: str, to: str) -> HttpResponse:
    """Start a prepared cohort, finish or call off one that runs; calling off asks first."""
    found = queries.cohort_for(request.actor, slug, "change")
    if to not in STATES:
        raise Http404("A cohort can be activated, finished or cancelled.")
    if request.method == "GET":
        template = "lxp/confirm_dialog.html" if request.htmx else "lxp/confirm.html"
        return page(request, template, _calling_off(found, reads.standing_of(found, at=request.at).people))
    target, text = STATES[to]
    services.set_cohort_state(cohort=found, state=target, by=request.user, at=request.at)
    return done(request, "design:cohort", str(text), slug)


def _calling_off(found: Cohort, count: int) -> dict[str, Any]:
    title = ngettext("Call off “%(title)s” for %(n)d person?", "Call off “%(title)s” for %(n)d people?", count)
    return {
        "title": title % {"title": found.title, "n": count},
        "effect": _("They leave the programme, their seats become free, and nothing that was promised is sent. "
                    "What they finished is kept."),
        "action_url": reverse("design:cohort-state", args=[found.slug, "cancel"]),
        "confirm_label": _("Call it off"),
        "cancel_url": reverse("design:cohort", args=[found.slug]),
        "alternative": {"label": _("Finish it instead"), "url": reverse("design:cohort", args=[found.slug]) + "#settings"},
    }  # fmt: skip


# ---------------------------------------------------------------- dates


@require_http_methods(["GET", "POST"])
@designers
def add_date(request: MemberRequest, slug: str, key: str) -> HttpResponse:
    """A session for a live step: its first date, or another one to choose from."""
    found = queries.cohort_for(request.actor, slug, "change")
    lives = reads.live_steps(found, reads.hours_of([found.pk])[found.pk])
    here = next((one for one in lives if one.step.key == key), None)
    if here is None:
        raise Http404("This cohort has no such live step.")
    form = OfferForm(request.POST or None, step=here.step, people=live.may_run())
    looked = None
    if form.is_bound and form.is_valid():
        try:
            if not form.is_given:
                form.add_error("start_local", _("Choose a day and a time."))
            elif "look" in request.POST:
                looked = services.look_at_offer(
                    cohort=found, offer=form.offer(found.zone), by=request.user, at=request.at
                )
            else:
                services.add_session(cohort=found, offer=form.offer(found.zone), by=request.user, at=request.at)
                return done(request, "design:cohort", _("The date is added."), slug)
        except ValidationError as error:
            form.refuse(error)
    context = {
        "cohort": found, "here": here, "form": form, "zones": live.zones_in_use(), "looked": looked,
        "clocks": reads.places(*looked, reads.hours_of([found.pk])[found.pk]) if looked else [],
    }  # fmt: skip
    answer = invalid if form.is_bound and form.errors else page
    return answer(request, "journeys/design/date_new.html", context)


@require_POST
@designers
@back_to("design:cohort")
def remove_date(request: MemberRequest, slug: str, session_id: int) -> HttpResponse:
    """Take a date away; who had a seat in it gets the one that is left, or chooses among the others."""
    found = queries.cohort_for(request.actor, slug, "change")
    session = reads.offered_session_for(found, session_id)
    act = services.remove_session(cohort=found, session=session, by=request.user, at=request.at)
    return _done(request, found, act, _("The date is taken away."))


@require_POST
@designers
@back_to("design:cohort")
def default_date(request: MemberRequest, slug: str, session_id: int) -> HttpResponse:
    """Make a date the one that counts for people who have not chosen."""
    found = queries.cohort_for(request.actor, slug, "change")
    session = reads.offered_session_for(found, session_id)
    services.set_default_session(cohort=found, session=session, by=request.user, at=request.at)
    return done(request, "design:cohort", _("It counts for everybody who has not chosen."), slug)


# ---------------------------------------------------------------- who is in


@require_http_methods(["GET", "POST"])
@designers
def enrol(request: MemberRequest, slug: str) -> HttpResponse:
    """People by hand: first who would join, then done."""
    found = queries.cohort_for(request.actor, slug, "change")
    text = (request.POST.get("find") if request.method == "POST" else request.GET.get("find")) or ""
    offered = reads.enrolment_choices(found, text=text)
    ticked = [int(pk) for pk in request.POST.getlist("picked") if pk.isdecimal()]
    choices = reads.memberships_of(ticked)
    form = EnrolForm(
        request.POST if request.method == "POST" and "find_people" not in request.POST else None,
        choices=[m.user_id for m in choices],
        initial={"emails": request.POST.get("emails", "")},
    )  # fmt: skip
    context: dict[str, Any] = {
        "cohort": found, "form": form, "ticked": ticked, "find": text, "preview": None,
        "offered": [*choices, *(m for m in offered if m.user_id not in ticked)],
    }  # fmt: skip
    if not form.is_bound:
        return page(request, "journeys/design/enrol.html", context)
    if form.is_valid():
        ids, unknown = people.resolve(ids=form.cleaned_data["picked"], emails=form.cleaned_data["emails"])
        try:
            if "do" in request.POST and ids:
                act = services.enrol(
                    cohort=found, learner_ids=ids, source=Enrolment.Source.HAND, by=request.user, at=request.at
                )
                return _done(request, found, act, _enrolled(act, unknown))
        except ValidationError as error:
            refuse(form, error)
        preview = services.preview_enrolment(cohort=found, learner_ids=ids)
        names = {m.user_id: m for m in reads.memberships_of(ids)}
        context |= {"preview": preview, "unknown": unknown, "names": names, "ids": ids}
    answer = invalid if form.errors else page
    return answer(request, "journeys/design/enrol.html", context)


def _enrolled(act: BulkAct, unknown: list[str]) -> str:
    count = len(act.effect["created"]) + len(act.effect["returned"])
    text = ngettext("%(n)d person is in.", "%(n)d people are in.", count) % {"n": count}
    if not unknown:
        return text
    left = ngettext("%(n)d address is nobody’s here.", "%(n)d addresses are nobody’s here.", len(unknown))
    return f"{text} {left % {'n': len(unknown)}}"


@require_http_methods(["GET", "POST"])
@designers
def audience(request: MemberRequest, slug: str) -> HttpResponse:
    """Enrol by rule: who would gain and who would lose the programme, then done once or kept up."""
    found = queries.cohort_for(request.actor, slug, "change")
    listed = list(people.audiences_for(request.actor))
    known = people.known()
    sizes = people.audience_sizes(listed, at=request.at, known=known)
    initial = {
        "audience": found.audience.slug if found.audience else "",
        "follow": found.follow_audience or not found.audience,
    }
    data = request.POST if request.method == "POST" else request.GET if "audience" in request.GET else None
    form = FollowForm(data, audiences=listed, sizes=sizes, initial=initial)
    chosen = form.cleaned_data["audience"] if form.is_bound and form.is_valid() else None
    if request.method == "POST" and chosen:
        try:
            acts = services.enrol_audience(
                cohort=found, audience=chosen, follow=form.cleaned_data["follow"], by=request.user, at=request.at
            )
            return _followed(request, found, acts)
        except ValidationError as error:
            refuse(form, error)
    looked_at = chosen or found.audience
    context = {
        "cohort": found,
        "form": form,
        "audiences": listed,
        "looked_at": looked_at,
        "sentence": rule_tree.describe(looked_at.rule, known) if looked_at and looked_at.rule else "",
        "preview": services.preview_audience(cohort=found, audience=looked_at, at=request.at) if looked_at else None,
    }
    answer = invalid if request.method == "POST" else page
    return answer(request, "journeys/design/audience.html", context)


def _followed(request: MemberRequest, found: Cohort, acts: list[BulkAct]) -> HttpResponse:
    joined = sum(len(a.effect.get("created", ())) + len(a.effect.get("returned", ())) for a in acts)
    left = sum(len(a.effect.get("withdrawn", ())) for a in acts)
    text = _("%(joined)d joined, %(left)d left.") % {"joined": joined, "left": left}
    undo = reverse("design:undo", args=[acts[0].pk]) if len(acts) == 1 else ""
    return done(request, "design:cohort", text, found.slug, undo=undo)


@require_POST
@designers
@back_to("design:cohort")
def unfollow(request: MemberRequest, slug: str) -> HttpResponse:
    """Stop following the audience; everybody stays as they are."""
    found = queries.cohort_for(request.actor, slug, "change")
    services.update_cohort(cohort=found, follow_audience=False, by=request.user, at=request.at)
    return done(request, "design:cohort", _("It follows the rule no longer. Everybody who is in stays."), slug)


@require_POST
@designers
@back_to("design:cohort")
def self_enrol(request: MemberRequest, slug: str) -> HttpResponse:
    """Let anybody join, or nobody any more."""
    found = queries.cohort_for(request.actor, slug, "change")
    is_open = request.POST.get("open") == "1"
    services.update_cohort(cohort=found, self_enrol=is_open, by=request.user, at=request.at)
    text = _("Anybody may join now.") if is_open else _("It is by invitation now.")
    return done(request, "design:cohort", text, slug)


@require_POST
@designers
@back_to("design:cohort")
def withdraw(request: MemberRequest, slug: str) -> HttpResponse:
    """Take people out: what they finished stays, their seats become free."""
    found = queries.cohort_for(request.actor, slug, "change")
    ids = [int(pk) for pk in request.POST.getlist("enrolment") if pk.isdecimal()]
    if not ids:
        return redirect("design:cohort", slug)
    act = services.withdraw(cohort=found, enrolment_ids=ids, by=request.user, at=request.at)
    count = len(act.effect["withdrawn"])
    return _done(request, found, act, ngettext("%(n)d person is out.", "%(n)d people are out.", count) % {"n": count})


def _done(request: MemberRequest, found: Cohort, act: BulkAct, text: str) -> HttpResponse:
    return done(request, "design:cohort", text, found.slug, undo=reverse("design:undo", args=[act.pk]))
