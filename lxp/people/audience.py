"""Audience rules: a tree of conditions, checked, put into words, and compiled to one database condition.

Nothing here asks the database. What exists in the organisation (teams, job roles, skills) comes in as `Known`; the
result is a Q over Membership, so that ten thousand people are matched by one statement.

A rule is a node:

    {"all": [node, …]}   everybody whom each of them fits; an empty list is everybody
    {"any": [node, …]}   everybody whom at least one of them fits
    {"not": node}        everybody else
    {"field": "job_role", "is": ["team_lead", "sales_lead"]}   a leaf: one of these values

Leaves take `is` (one value or a list: any of them), `in` (the same, always a list) or `is_not`. Two of them are
counted from a day and take a number: `hired_within_days` and `hired_before_days`. `skill_below` takes
{"skill": code, "level": number}. `attributes.<name>` reads what else HR knows. See docs/audiences.md.
"""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from lxp.people import zones
from lxp.people.models import Role, User

EVERYBODY: dict[str, Any] = {"all": []}

MAX_DEPTH = 6
MAX_LEAVES = 200
MAX_VALUES = 1000
LONGEST_TEXT = 300
LONGEST_AGO = 36500
"""Days; a century."""

OPERATORS = ("is", "is_not", "in")
ATTRIBUTE = "attributes."


@dataclass(frozen=True)
class Known:
    """What rules may refer to in one organisation. `names` by code or slug; `parents`: team slug → its parent's."""

    job_roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str | None] = field(default_factory=dict)
    skills: Mapping[str, str] = field(default_factory=dict)

    def below(self, slugs: Iterable[str]) -> set[str]:
        """These teams and all teams under them."""
        children: dict[str | None, list[str]] = {}
        for slug, parent in self.parents.items():
            children.setdefault(parent, []).append(slug)
        found: set[str] = set()
        waiting = list(slugs)
        while waiting:
            slug = waiting.pop()
            if slug not in found:
                found.add(slug)
                waiting += children.get(slug, [])
        return found


@dataclass(frozen=True)
class Problem:
    """What is wrong with one node. `path` leads to it ("all 2 › not"), `text` says what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


# ---------------------------------------------------------------- checking


def problems(rule: Any, known: Known) -> list[Problem]:
    """Everything that is wrong with `rule`; an empty list means that it can be compiled."""
    found: list[Problem] = []
    leaves = _check(rule, known, (), found)
    if leaves > MAX_LEAVES:
        found.append(Problem("", _("At most %(most)d conditions; this has %(n)d.") % {"most": MAX_LEAVES, "n": leaves}))
    return found


def clean(rule: Any, known: Known) -> dict[str, Any]:
    """The rule itself when nothing is wrong with it. Raises ValidationError on `rule` with one message per problem."""
    if found := problems(rule, known):
        raise ValidationError({"rule": [str(problem) for problem in found]})
    checked: dict[str, Any] = rule
    return checked


def _check(node: Any, known: Known, path: tuple[str, ...], found: list[Problem]) -> int:
    """Collect problems below `node`; returns how many leaves it has."""

    def wrong(text: str) -> int:
        found.append(Problem(" › ".join(path), text))
        return 1

    if len(path) > MAX_DEPTH:
        return wrong(_("Groups inside groups: at most %(most)d deep.") % {"most": MAX_DEPTH})
    if not isinstance(node, dict) or not node:
        return wrong(_('Give a condition, such as {"field": "role", "is": "learner"}; {"all": []} is everybody.'))
    if "field" in node:
        for text in _leaf_problems(node, known):
            found.append(Problem(" › ".join(path), text))
        return 1
    key, value = next(iter(node.items()))
    if len(node) != 1 or key not in ("all", "any", "not"):
        return wrong(_("A group is one of all, any, not; a condition has a field. This has: %(keys)s.")
                     % {"keys": ", ".join(map(str, node))[:100]})  # fmt: skip
    if key == "not":
        return _check(value, known, (*path, "not"), found)
    if not isinstance(value, list):
        return wrong(_('"%(key)s" takes a list of conditions.') % {"key": key})
    if key == "any" and not value:
        return wrong(_('"any" without conditions fits nobody. Add one, or use "all".'))
    return sum(_check(child, known, (*path, f"{key} {number}"), found) for number, child in enumerate(value, 1))


def _leaf_problems(leaf: dict[str, Any], known: Known) -> list[str]:
    name = leaf["field"]
    kind = _kind(name) if isinstance(name, str) else None
    if kind is None:
        return [_unknown(_("field"), str(name), [*_LEAVES, "attributes.…"])]
    operators = [key for key in leaf if key != "field"]
    if len(operators) != 1 or operators[0] not in kind.operators:
        return [_("%(field)s takes one of: %(operators)s.") % {"field": name, "operators": ", ".join(kind.operators)}]
    value = leaf[operators[0]]
    if operators[0] == "in" and not isinstance(value, list):
        return [_('"in" takes a list of values.')]
    return kind.problems(value, known)


def _unknown(what: str, value: str, choices: Sequence[str]) -> str:
    close = difflib.get_close_matches(value, choices, n=1, cutoff=0.6)
    if close:
        return _("There is no %(what)s “%(value)s”. Did you mean “%(close)s”?") % {
            "what": what, "value": value[:60], "close": close[0],
        }  # fmt: skip
    shown = ", ".join(sorted(choices)[:12]) or "–"
    return _("There is no %(what)s “%(value)s”. There is: %(choices)s.") % {
        "what": what, "value": value[:60], "choices": shown,
    }  # fmt: skip


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts_problem(value: Any) -> str | None:
    values = _values(value)
    if not values:
        return _("Name at least one value.")
    if len(values) > MAX_VALUES:
        return _("At most %(most)d values.") % {"most": MAX_VALUES}
    if not all(isinstance(one, str) and _is_text(one) for one in values):
        return _("Values are texts of 1 to %(most)d characters.") % {"most": LONGEST_TEXT}
    return None


def _is_text(value: str) -> bool:
    # PostgreSQL has no NUL in texts.
    return bool(value.strip()) and len(value) <= LONGEST_TEXT and "\x00" not in value


# ---------------------------------------------------------------- the leaves


@dataclass(frozen=True)
class Leaf:
    """One kind of condition: what it may say, as a database condition, and in words (for and against)."""

    problems: Callable[[Any, Known], list[str]]
    where: Callable[[Any, Known, date], Q]
    words: Callable[[Any, Known], tuple[str, str]]
    operators: tuple[str, ...] = OPERATORS


def _choice(what: str, options: Callable[[Known], Iterable[str]]) -> Callable[[Any, Known], list[str]]:
    """Texts that must be among what the organisation has."""

    def check(value: Any, known: Known) -> list[str]:
        if text := _texts_problem(value):
            return [text]
        choices = list(options(known))
        return [_unknown(what, one, choices) for one in _values(value) if one not in choices]

    return check


def _free(value: Any, known: Known) -> list[str]:
    text = _texts_problem(value)
    return [text] if text else []


def _emails(value: Any, known: Known) -> list[str]:
    if text := _texts_problem(value):
        return [text]
    bad = []
    for one in _values(value):
        try:
            validate_email(one)
        except ValidationError:
            bad.append(_("“%(value)s” is no e-mail address.") % {"value": one[:100]})
    return bad


def _zones(value: Any, known: Known) -> list[str]:
    if text := _texts_problem(value):
        return [text]
    return [_unknown(_("time zone"), one, zones.listed()) for one in _values(value) if not zones.is_zone(one)]


def _days(value: Any, known: Known) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_AGO:
        return [_("Give a number of days, 0 to %(most)d.") % {"most": LONGEST_AGO}]
    return []


def _below(value: Any, known: Known) -> list[str]:
    if not isinstance(value, dict) or set(value) != {"skill", "level"}:
        return [_('Give {"skill": code, "level": number}.')]
    found = []
    if value["skill"] not in known.skills:
        found.append(_unknown(_("skill"), str(value["skill"]), list(known.skills)))
    level = value["level"]
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level <= 5:
        found.append(_("A level is a number above 0, up to 5."))
    return found


def _scalars(value: Any, known: Known) -> list[str]:
    values = _values(value)
    if not values or len(values) > MAX_VALUES:
        return [_("Name at least one value.")]
    for one in values:
        if not (_is_text(one) if isinstance(one, str) else isinstance(one, int | float) and math.isfinite(one)):
            return [_("Values are texts, numbers, true or false.")]
    return []


def _email_is(path: str) -> Callable[[Any, Known, date], Q]:
    def where(value: Any, known: Known, on: date) -> Q:
        wanted = [one.strip().lower() for one in _values(value)]
        return Q(**{f"{path}__in": User.objects.alias(lowered=Lower("email")).filter(lowered__in=wanted).values("pk")})

    return where


def _lacks_skill(value: Any, known: Known, on: date) -> Q:
    # By name: skills stand above people, which must not know them.
    estimates = apps.get_model("lxp", "LearnerSkill")._base_manager
    has_it = estimates.filter(
        organisation_id=OuterRef("organisation_id"), learner_id=OuterRef("user_id"),
        skill__code=value["skill"], level__gte=value["level"],
    )  # fmt: skip
    return Q(~Exists(has_it))


def _in_field(path: str) -> Callable[[Any, Known, date], Q]:
    return lambda value, known, on: Q(**{f"{path}__in": _values(value)})


def _in_teams(value: Any, known: Known, on: date) -> Q:
    return Q(team__slug__in=sorted(known.below(_values(value))))


def _has_role(value: Any, known: Known, on: date) -> Q:
    return Q(roles__overlap=_values(value))


def _hired_within(value: Any, known: Known, on: date) -> Q:
    return Q(hired_on__gte=on - timedelta(days=value), hired_on__lte=on)


def _hired_before(value: Any, known: Known, on: date) -> Q:
    return Q(hired_on__lt=on - timedelta(days=value))


def _attribute(name: str) -> Leaf:
    """A condition on one of HR's further fields; containment, because that is what the index answers."""

    def where(value: Any, known: Known, on: date) -> Q:
        condition = Q()
        for one in _values(value):
            condition |= Q(attributes__contains={name: one})
        return condition

    def words(value: Any, known: Known) -> tuple[str, str]:
        said = {"name": name, "values": _listed(map(str, _values(value)))}
        return _("whose %(name)s is %(values)s") % said, _("whose %(name)s is not %(values)s") % said

    return Leaf(_scalars, where, words)


# ---------------------------------------------------------------- in words


def _listed(values: Iterable[str]) -> str:
    """As people list alternatives: "a", "a or b", "a, b or c"; from six on the rest is counted."""
    shown = list(values)
    if len(shown) > 5:
        shown = [*shown[:4], ngettext("%(n)d more", "%(n)d more", len(shown) - 4) % {"n": len(shown) - 4}]
    if len(shown) < 2:
        return "".join(shown)
    return _("%(first)s or %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}


def _named(
    names: Callable[[Known], Mapping[str, str]], yes: Promise, no: Promise
) -> Callable[[Any, Known], tuple[str, str]]:
    """Words that list values by their names. `yes` and `no` hold %(values)s."""

    def words(value: Any, known: Known) -> tuple[str, str]:
        known_names = names(known)
        listed = {"values": _listed(known_names.get(one, one) for one in _values(value))}
        return str(yes % listed), str(no % listed)

    return words


def _as_typed(known: Known) -> Mapping[str, str]:
    return {}


def _role_names(known: Known) -> Mapping[str, str]:
    return {value: str(label).lower() for value, label in Role.choices}


def _within_words(value: Any, known: Known) -> tuple[str, str]:
    said = {"n": value}
    return (
        ngettext("who came in the last %(n)d day", "who came in the last %(n)d days", value) % said,
        ngettext("who didn’t come in the last %(n)d day", "who didn’t come in the last %(n)d days", value) % said,
    )


def _before_words(value: Any, known: Known) -> tuple[str, str]:
    said = {"n": value}
    return (
        ngettext("who came more than %(n)d day ago", "who came more than %(n)d days ago", value) % said,
        ngettext("who didn’t come more than %(n)d day ago", "who didn’t come more than %(n)d days ago", value) % said,
    )


def _below_words(value: Any, known: Known) -> tuple[str, str]:
    said = {"skill": known.skills.get(value["skill"], value["skill"]), "level": f"{value['level']:g}"}
    return (
        _("who are below level %(level)s in %(skill)s") % said,
        _("who have reached level %(level)s in %(skill)s") % said,
    )


_LEAVES: dict[str, Leaf] = {
    "job_role": Leaf(
        _choice("job role", lambda known: known.job_roles), _in_field("job_role__code"),
        _named(lambda known: known.job_roles, later("whose job role is %(values)s"), later("whose job role is not %(values)s")),
    ),
    "team": Leaf(
        _choice("team", lambda known: known.teams), _in_teams,
        _named(lambda known: known.teams, later("who belong to %(values)s"), later("who don’t belong to %(values)s")),
    ),
    "role": Leaf(
        _choice("role", lambda known: Role.values), _has_role,
        _named(_role_names, later("whose part is %(values)s"), later("whose part is not %(values)s")),
    ),
    "place": Leaf(_free, _in_field("place"), _named(_as_typed, later("who work in %(values)s"), later("who don’t work in %(values)s"))),
    "zone": Leaf(
        _zones, _in_field("user__zone"),
        _named(_as_typed, later("whose time zone is %(values)s"), later("whose time zone is not %(values)s")),
    ),
    "manager": Leaf(
        _emails, _email_is("manager"),
        _named(_as_typed, later("who report to %(values)s"), later("who don’t report to %(values)s")),
    ),
    "email": Leaf(_emails, _email_is("user"), _named(_as_typed, later("who are %(values)s"), later("who aren’t %(values)s"))),
    "hired_within_days": Leaf(_days, _hired_within, _within_words, ("is",)),
    "hired_before_days": Leaf(_days, _hired_before, _before_words, ("is",)),
    "skill_below": Leaf(_below, _lacks_skill, _below_words, ("is",)),
}  # fmt: skip
"""Every kind of condition by its name; `attributes.<name>` comes on top."""


def _kind(name: str) -> Leaf | None:
    if name.startswith(ATTRIBUTE):
        attribute = name.removeprefix(ATTRIBUTE)
        return _attribute(attribute) if _is_text(attribute) and len(attribute) <= 100 else None
    return _LEAVES.get(name)


def _leaf(node: Mapping[str, Any]) -> tuple[Leaf, Any, bool]:
    """A checked leaf's kind, its value, and whether it is meant against."""
    kind = _kind(node["field"])
    verb = next(key for key in node if key != "field")
    assert kind is not None
    return kind, node[verb], verb == "is_not"


def compile_rule(rule: Mapping[str, Any], known: Known, *, on: date) -> Q:
    """A checked rule as a condition over Membership; `on` is the day from which "hired" is counted.

    Whether a membership is active is not part of a rule: the queries that use it add that.
    """
    if "field" in rule:
        kind, value, against = _leaf(rule)
        condition = kind.where(value, known, on)
        return ~condition if against else condition
    if "not" in rule:
        return ~compile_rule(rule["not"], known, on=on)
    if "any" in rule:
        return reduce(operator.or_, (compile_rule(child, known, on=on) for child in rule["any"]))
    # Not an empty Q: that would vanish inside "any" and "not", where everybody has to stay everybody.
    return reduce(operator.and_, (compile_rule(child, known, on=on) for child in rule["all"]), ~Q(pk__in=[]))


def fields_of(rule: Mapping[str, Any]) -> set[str]:
    """The names of all fields that a checked rule's leaves speak of."""
    if "field" in rule:
        return {rule["field"]}
    children = [rule["not"]] if "not" in rule else rule.get("all") or rule.get("any") or []
    return set().union(*(fields_of(child) for child in children))


def describe(rule: Mapping[str, Any], known: Known) -> str:
    """A checked rule as a sentence: "Everybody whose job role is Team lead and who came in the last 90 days"."""
    if rule == EVERYBODY:
        return _("Everybody")
    return _("Everybody %(who)s") % {"who": _clause(rule, known)}


def _clause(rule: Mapping[str, Any], known: Known, *, inside: bool = False, against: bool = False) -> str:
    if "field" in rule:
        kind, value, negative = _leaf(rule)
        return kind.words(value, known)[negative != against]
    if "not" in rule:
        if "field" in rule["not"]:
            return _clause(rule["not"], known, against=not against)
        return _("except (%(who)s)") % {"who": _clause(rule["not"], known)}
    children = rule.get("all", rule.get("any", []))
    if not children:
        return _("of the organisation")
    joined = (_(" and ") if "all" in rule else _(" or ")).join(_clause(child, known, inside=True) for child in children)
    return f"({joined})" if inside and len(children) > 1 else joined
