"""What suggestions, insights and findings are called on screen, in the reader's language and zone. No queries.

Every number in a sentence is one of the facts; nobody is called he or she.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.lists import format_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lxp.web import jinja
from recommendations.insights import MORE_DAYS, Action
from recommendations.journey_finding import Stage, fraction
from recommendations.models import Insight
from recommendations.queries import CohortLine, Picture
from recommendations.route import CLEARLY


@dataclass(frozen=True)
class Said:
    """An insight in words: the point, what else there is to know, and what the button says."""

    lead: str
    detail: str
    action: str


def said(insight: Insight, at: datetime) -> Said:
    """The sentences about an insight, as seen from `at`."""
    # A rule that is gone may have left rows behind until the next refresh.
    lead, detail = _SENTENCES.get(insight.kind, _gone)(insight, insight.facts, at)
    return Said(lead, detail, action_label(insight))


def action_label(insight: Insight) -> str:
    """What the suggested action is called on its button."""
    value = insight.action_value
    if insight.action == Action.MORE_TIME:
        days = value.get("days", MORE_DAYS)
        return ngettext("Give %(n)d more day", "Give %(n)d more days", days) % {"n": days}
    if insight.action == Action.ADD_ITEM:
        return _("Add it, %(minutes)s") % {"minutes": jinja.minutes(value["minutes"])}
    return {Action.NUDGE: _("Nudge"), Action.TALK: _("I’ll talk to them")}[insight.action]


def done_text(insight: Insight) -> str:
    """What a toast says once the suggested action is done."""
    name = insight.enrolment.learner.get_short_name()
    texts = {
        Action.MORE_TIME: _("%(name)s has more time now"),
        Action.ADD_ITEM: _("Added to %(name)s’s journey"),
        Action.NUDGE: _("A nudge to %(name)s is on its way"),
        Action.TALK: _("Noted: you’ll talk to %(name)s"),
    }
    return texts[insight.action] % {"name": name}


def settled_text(insight: Insight) -> str:
    """What somebody did about an insight, for the person it is about; "" while it is open."""
    name = insight.decided_by.name if insight.decided_by else ""
    if insight.state == Insight.State.DISMISSED:
        return _("Left alone by %(name)s. %(note)s") % {"name": name, "note": insight.note}
    if insight.state != Insight.State.ACCEPTED:
        return ""
    texts = {
        Action.MORE_TIME: _("%(name)s gave you more time"),
        Action.ADD_ITEM: _("%(name)s added something for you"),
        Action.NUDGE: _("%(name)s sent you a nudge"),
        Action.TALK: _("%(name)s wants to talk to you"),
    }
    return texts[insight.action] % {"name": name}


def _not_ready(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    when = jinja.when(_moment(facts["starts_at"]), at)
    lead = _("“%(step)s” is on %(when)s, and the preparation isn’t finished.") % {"step": facts["step"], "when": when}
    steps = format_list([f"“{title}”" for title in facts["waiting"]], locale=jinja.locale())
    return lead, _("Still to do: %(steps)s.") % {"steps": steps}


def _not_booked(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    when = jinja.when(_moment(facts["starts_at"]), at)
    return _("No seat yet in “%(step)s”.") % facts, _("It starts on %(when)s.") % {"when": when}


def _missed_live(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    lead = _("Missed “%(step)s” on %(day)s.") % {"step": facts["step"], "day": jinja.day(_moment(facts["at"]), at)}
    return lead, _("This journey has no way to catch up on it by itself.")


def _failed_twice(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    tries = facts["tries"]
    lead = ngettext(
        "%(tries)d try at “%(step)s”, not passed yet.", "%(tries)d tries at “%(step)s”, not passed yet.", tries
    ) % {"tries": tries, "step": facts["step"]}
    if insight.action == Action.ADD_ITEM:
        title = insight.action_value["title"]
        return lead, _("“%(title)s” teaches the same in another way.") % {"title": title}
    return lead, _("Nothing else here teaches the same.")


def _quiet(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    lead = _("Nothing has happened since %(day)s.") % {"day": jinja.day(_moment(facts["active_at"]), at)}
    return lead, _late(facts, at)


def _overdue(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    return _late(facts, at), _("More time was given before.") if facts.get("extended") else ""


def _gone(insight: Insight, facts: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    return _("Have a look at how it goes."), ""


_SENTENCES = {
    "not_ready": _not_ready,
    "not_booked": _not_booked,
    "missed_live": _missed_live,
    "failed_twice": _failed_twice,
    "quiet": _quiet,
    "overdue": _overdue,
}


def _late(facts: Mapping[str, Any], at: datetime) -> str:
    known = {"step": facts["step"], "late": jinja.late(_moment(facts["due_at"]), at), "n": facts["count"]}
    if facts["count"] == 1:
        return _("“%(step)s” is %(late)s.") % known
    return (
        ngettext(
            "%(n)d step is late, “%(step)s” the longest: %(late)s.",
            "%(n)d steps are late, “%(step)s” the longest: %(late)s.",
            facts["count"],
        )
        % known
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# ---------------------------------------------------------------- headlines


def people_need_you(number: int) -> str:
    """The answer to "who needs me this week?"."""
    words = {
        0: _("Nobody needs you this week"),
        1: _("One person needs you this week"),
        2: _("Two people need you this week"),
        3: _("Three people need you this week"),
        4: _("Four people need you this week"),
        5: _("Five people need you this week"),
    }
    return words.get(number) or ngettext(
        "%(n)d person needs you this week", "%(n)d people need you this week", number
    ) % {"n": number}


def overview_headline(pictures: Sequence[Picture]) -> str:
    """The answer to "which programme loses most people?"; they come with the worst first."""
    if not any(picture.heads.people for picture in pictures):
        return _("Nobody is in a programme yet")
    if pictures[0].drop is None:
        return _("People stay on board everywhere")
    return _("“%(journey)s” loses most people") % {"journey": pictures[0].journey.title}


def finding(picture: Picture) -> str:
    """Where a journey loses people, as a sentence that is true of the numbers below it."""
    if picture.heads.people == 0:
        return _("Nobody is in this programme yet")
    if picture.few:
        return _("Too few people to say anything yet")
    if not any(stage.turn for stage in picture.stages):
        return _("Nobody’s turn has come yet")
    if picture.drop is None:
        lost = any(stage.required and stage.lost for stage in picture.stages)
        return _("No step loses more people than the others") if lost else _("Everybody is still on board")
    return loss(picture.drop)


def loss(stage: Stage) -> str:
    """How many of those whose turn it was did not do a step."""
    known = {"step": stage.title, "n": stage.lost, "all": stage.turn}
    part = fraction(stage.lost, stage.turn)
    if stage.kind == "live":
        texts = {
            "quarter": _("A quarter of the people missed “%(step)s”"),
            "third": _("A third of the people missed “%(step)s”"),
            "half": _("Half of the people missed “%(step)s”"),
            "two_thirds": _("Two thirds of the people missed “%(step)s”"),
            "three_quarters": _("Three quarters of the people missed “%(step)s”"),
            "": _("%(n)d of %(all)d people missed “%(step)s”"),
        }
    else:
        texts = {
            "quarter": _("A quarter of the people haven’t done “%(step)s”"),
            "third": _("A third of the people haven’t done “%(step)s”"),
            "half": _("Half of the people haven’t done “%(step)s”"),
            "two_thirds": _("Two thirds of the people haven’t done “%(step)s”"),
            "three_quarters": _("Three quarters of the people haven’t done “%(step)s”"),
            "": _("%(n)d of %(all)d people haven’t done “%(step)s”"),
        }
    return texts[part] % known


def why_here(stage: Stage, cohorts: Sequence[CohortLine]) -> str:
    """What is known about the biggest drop: who can still do it, and where it went better. Facts, not guesses."""
    parts = []
    if stage.late:
        parts.append(
            ngettext("%(n)d of them can still do it.", "%(n)d of them can still do it.", stage.late) % {"n": stage.late}
        )
    known = sorted(
        ((share, line.title) for line in cohorts if (share := line.share(stage.key)) is not None), reverse=True
    )
    if len(known) > 1 and known[0][0] - known[-1][0] >= CLEARLY:
        facts = {"best": known[0][1], "worst": known[-1][1]}
        facts |= {"high": jinja.percent(round(known[0][0])), "low": jinja.percent(round(known[-1][0]))}
        parts.append(_("In “%(best)s” %(high)s did it, in “%(worst)s” %(low)s.") % facts)
    if not parts:
        facts = {"before": jinja.percent(round(stage.before)), "after": jinja.percent(round(stage.share or 0))}
        parts.append(_("Before this step %(before)s were on board, after it %(after)s.") % facts)
    return " ".join(parts)
