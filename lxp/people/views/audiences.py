"""Audiences: who is meant, in words and in numbers, before it is used."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lxp.people import audience as rule_tree
from lxp.people import queries, services
from lxp.people.audience_forms import AudienceForm, RuleForm
from lxp.people.models import Audience, Role
from lxp.web.access import role
from lxp.web.page import done, invalid, page, refuse
from lxp.web.request import MemberRequest

designers = role(Role.DESIGNER, Role.ADMINISTRATOR)


@require_safe
@designers
def audiences(request: MemberRequest) -> HttpResponse:
    """Every audience, whom it means and how many that is today."""
    found = list(queries.audiences_for(request.actor))
    known = queries.known()
    sizes = queries.audience_sizes(found, at=request.at, known=known)
    rows = [_row(one, sizes[one.pk], known) for one in found]
    return page(request, "lxp/people/audiences.html", {"rows": rows, "empty": sum(not row["size"] for row in rows)})


@designers
def new(request: MemberRequest) -> HttpResponse:
    """A new audience; looked at with “preview”, kept otherwise."""
    return _edited(request, None)


@designers
def edit(request: MemberRequest, slug: str) -> HttpResponse:
    """Change whom an audience means."""
    return _edited(request, queries.audience_for(request.actor, slug))


@require_POST
@designers
def reach(request: MemberRequest) -> HttpResponse:
    """How many people the form as it stands would fit, as a fragment beside it."""
    known = queries.known()
    form = _form(request, None, known)
    return page(request, "lxp/people/_reach.html", _reach(request, form, None, known))


def _edited(request: MemberRequest, audience: Audience | None) -> HttpResponse:
    known = queries.known()
    form = _form(request, audience, known)
    kept = request.method == "POST" and "preview" not in request.POST
    if kept and form.is_valid():
        try:
            name, rule = form.cleaned_data["name"], form.rule()
            if audience is None:
                audience = services.create_audience(name=name, rule=rule, by=request.user, at=request.at)
            else:
                services.update_audience(audience=audience, name=name, rule=rule, by=request.user, at=request.at)
            return done(request, "people:audiences", _("“%(name)s” is saved.") % {"name": audience.name})
        except ValidationError as error:
            refuse(form, _at_the_text(error))
    context = {
        "form": form,
        "audience": audience,
        "as_text": isinstance(form, RuleForm),
        **_reach(request, form, audience, known),
    }
    answer = invalid if kept else page
    return answer(request, "lxp/people/audience.html", context)


def _form(request: MemberRequest, audience: Audience | None, known: rule_tree.Known) -> AudienceForm | RuleForm:
    """The fields where they can say what the rule says, text otherwise or when asked for."""
    rule = audience.rule if audience else rule_tree.EVERYBODY
    name = {"name": audience.name} if audience else {}
    fields = AudienceForm.initial_of(rule)
    data = request.POST or None
    if (data and "text" in data) or (not data and (request.GET.get("as") == "text" or fields is None)):
        return RuleForm(data, initial={**name, **RuleForm.initial_of(rule)})
    places, zones = queries.places(), queries.zones_in_use()
    return AudienceForm(data, initial={**name, **(fields or {})}, known=known, places=places, zones=zones)


def _reach(
    request: MemberRequest, form: AudienceForm | RuleForm, audience: Audience | None, known: rule_tree.Known
) -> dict[str, Any]:
    """How far a form's rule reaches: count, some names, the sentence; or what is wrong with it."""
    rule = audience.rule if audience else rule_tree.EVERYBODY
    if form.is_bound:
        form.is_valid()
        if set(form.errors) - {"name"}:
            return {"reach": None, "wrong": []}
        rule = form.rule()
    if wrong := rule_tree.problems(rule, known):
        return {"reach": None, "wrong": [str(problem) for problem in wrong]}
    people = queries.sample(rule, at=request.at, known=known)
    count = queries.matching_count(rule, at=request.at, known=known)
    return {"reach": {"count": count, "people": people, "sentence": rule_tree.describe(rule, known)}, "wrong": []}


def _row(audience: Audience, size: int, known: rule_tree.Known) -> dict[str, Any]:
    wrong = rule_tree.problems(audience.rule, known)
    sentence = "" if wrong else rule_tree.describe(audience.rule, known)
    return {"audience": audience, "size": size, "sentence": sentence, "wrong": [str(problem) for problem in wrong]}


def _at_the_text(error: ValidationError) -> ValidationError:
    """The service speaks of `rule`; the text form calls it `text`."""
    found = error.message_dict
    return ValidationError({("text" if name == "rule" else name): texts for name, texts in found.items()})
