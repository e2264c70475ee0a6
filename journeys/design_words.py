"""What designers' pages say about designs, in the reader's language. No queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from journeys.models import Assignment, Phase, Step
from journeys.plan import Note
from journeys.timing import Condition, Rule, RuleError, parse_condition, parse_rule
from lxp.web import jinja

PHASES: dict[str, Promise] = {
    Phase.PREWORK: later("Before"),
    Phase.LIVE: later("Live"),
    Phase.POSTWORK: later("After"),
    Phase.REINFORCEMENT: later("Over time"),
}

OUTCOMES: dict[str, Promise] = {
    "attended": later("attended"),
    "partial": later("were there for a part"),
    "missed": later("missed it"),
}

MESSAGES: dict[str, Promise] = {
    "journeys.welcome": later("You’re in"),
    "journeys.opened": later("Here is your next step"),
    "journeys.refresher": later("Keep it fresh"),
    "journeys.reminder": later("Due tomorrow"),
    "journeys.overdue": later("Its date has passed"),
    "journeys.choose_session": later("Choose your date"),
    "journeys.not_ready": later("Not ready yet"),
    "journeys.apply": later("Try it at work"),
    "journeys.slipping": later("Still stuck?"),
    "journeys.completed": later("You finished"),
    "live.booked": later("Your seat"),
    "live.promoted": later("A seat became free"),
    "live.waitlisted": later("On the waiting list"),
    "live.reminder_day": later("Your session is coming up"),
    "live.reminder_hour": later("It starts in an hour"),
    "live.starting": later("Join now"),
    "live.moved": later("Your session moved"),
    "live.cancelled": later("Your session is cancelled"),
    "live.released": later("You gave up your seat"),
}

ACTS: dict[str, Promise] = {
    "enrol": later("Enrolled"),
    "withdraw": later("Taken out"),
    "remove_session": later("A date was taken away"),
}

HAPPENINGS: dict[str, Promise] = {
    "opens": later("Opens"),
    "message": later("Message"),
    "withheld": later("Not sent"),
    "no_seat": later("No seat"),
    "session_starts": later("Live session starts"),
    "session_ends": later("Live session ends"),
    "finishes": later("Finishes it"),
    "due": later("Due, not finished"),
}

CHANNELS: dict[str, Promise] = {"email": later("E-mail and in the app"), "inapp": later("In the app")}


def is_expected(a: Assignment) -> bool:
    """Whether a step concerns somebody as things stand: a catch-up does only once its session was missed."""
    undecided = a.note in (Note.AWAITS_ATTENDANCE, Note.AWAITS_SCORE)
    return not undecided or a.step is None or "attended" in a.step.condition.get("attendance", ())


def message(kind: str) -> str:
    """What a kind of message is called; one that is not known here by its own name."""
    return str(MESSAGES.get(kind) or kind.rpartition(".")[2].replace("_", " ").capitalize())


def offset(days: int | None) -> str:
    """A day of the track: "T−7 d", "T", "T+30 d"."""
    if days is None:
        return _("No day yet")
    if days == 0:
        return _("T")
    return _("T−%(days)d d") % {"days": -days} if days < 0 else _("T+%(days)d d") % {"days": days}


def rule(data: Mapping[str, Any] | None, titles: Mapping[str, str]) -> str:
    """A stored rule in words: "2 days before “Practise the pause” starts, 09:00 their time"; "" for none."""
    try:
        found = parse_rule(data)
    except RuleError as error:
        return str(error)
    if found is None:
        return ""
    text = _distance(found, titles)
    return _("%(rule)s, %(clock)s their time") % {"rule": text, "clock": f"{found.at:%H:%M}"} if found.at else text


def _distance(found: Rule, titles: Mapping[str, str]) -> str:
    if found.anchor == "previous":
        return _("when the step before it is finished")
    if found.anchor == "date":
        return jinja.day_long(found.date) if found.date else ""
    title = titles.get(found.step, found.step)
    anchors = {
        "start": _("the cohort starts"),
        "enrolled": _("they join"),
        "live": _("“%(title)s” ends") % {"title": title} if found.edge == "end"
        else _("“%(title)s” starts") % {"title": title},
    }  # fmt: skip
    facts = {"what": anchors[found.anchor], "n": f"{abs(found.days or found.hours):g}"}
    if not found.days and not found.hours:
        return _("when %(what)s") % facts
    plural = abs(round(found.days or found.hours))
    after = (found.days or found.hours) > 0
    if found.days and after:
        return ngettext("%(n)s day after %(what)s", "%(n)s days after %(what)s", plural) % facts
    if found.days:
        return ngettext("%(n)s day before %(what)s", "%(n)s days before %(what)s", plural) % facts
    if after:
        return ngettext("%(n)s hour after %(what)s", "%(n)s hours after %(what)s", plural) % facts
    return ngettext("%(n)s hour before %(what)s", "%(n)s hours before %(what)s", plural) % facts


def condition(data: Mapping[str, Any] | None, titles: Mapping[str, str], roles: Mapping[str, str]) -> str:
    """For whom a step is: "for those who missed “Practise the pause”"; "" for everybody."""
    try:
        found = parse_condition(data)
    except RuleError as error:
        return str(error)
    return "; ".join(_conditions(found, titles, roles)) if found else ""


def _conditions(found: Condition, titles: Mapping[str, str], roles: Mapping[str, str]) -> list[str]:
    title = titles.get(found.step, found.step)
    said = []
    if found.attendance:
        outcomes = _listed([str(OUTCOMES[outcome]) for outcome in found.attendance])
        said.append(_("“%(title)s”: those who %(outcomes)s") % {"title": title, "outcomes": outcomes})
    if found.score_below is not None:
        share = round(found.score_below * 100)
        said.append(_("“%(title)s”: scored below %(share)d%%") % {"title": title, "share": share})
    if found.score_at_least is not None:
        share = round(found.score_at_least * 100)
        said.append(_("“%(title)s”: scored at least %(share)d%%") % {"title": title, "share": share})
    if found.roles:
        said.append(_("job role: %(roles)s") % {"roles": _listed([roles.get(code, code) for code in found.roles])})
    return said


def _listed(values: Sequence[str]) -> str:
    if len(values) < 2:
        return "".join(values)
    return _("%(first)s or %(last)s") % {"first": ", ".join(values[:-1]), "last": values[-1]}


def completion(step: Step) -> str:
    """When a step counts as done, where the design says more than its content does."""
    complete = step.complete or {}
    said = []
    if complete.get("attendance") == "attended":
        said.append(_("counts only when attended in full"))
    if "score" in complete:
        said.append(_("done from %(share)d%%") % {"share": round(complete["score"] * 100)})
    if "coverage" in complete:
        said.append(_("done when %(share)d%% is watched") % {"share": round(complete["coverage"] * 100)})
    if "share" in complete:
        said.append(_("done when %(share)d%% is ticked") % {"share": round(complete["share"] * 100)})
    if complete.get("acknowledge"):
        said.append(_("done when they say so"))
    if complete.get("seconds"):
        seconds = complete["seconds"]
        said.append(ngettext("at least %(n)d second", "at least %(n)d seconds", seconds) % {"n": seconds})
    if complete.get("tries"):
        said.append(ngettext("at most %(n)d try", "at most %(n)d tries", complete["tries"]) % {"n": complete["tries"]})
    return ", ".join(said)


def headline(unpublished: int, dateless: int) -> str:
    """The answer to "What needs my hand?"."""
    drafts = ngettext("%(num)d draft waits to be published", "%(num)d drafts wait to be published", unpublished)
    cohorts = ngettext("%(num)d cohort has no date yet", "%(num)d cohorts have no date yet", dateless)
    if unpublished and dateless:
        return _("%(drafts)s, and %(cohorts)s") % {
            "drafts": drafts % {"num": unpublished}, "cohorts": cohorts % {"num": dateless},
        }  # fmt: skip
    if unpublished:
        return drafts % {"num": unpublished}
    if dateless:
        return cohorts % {"num": dateless}
    return _("Nothing needs your hand")


FIELD_NAMES: dict[str, Promise] = {
    "title": later("Title"),
    "part": later("Part"),
    "phase": later("Phase"),
    "why": later("Why"),
    "minutes": later("Minutes"),
    "required": later("Has to be done"),
    "content": later("Content"),
    "opens": later("Opens"),
    "due": later("Due"),
    "condition": later("For whom"),
    "complete": later("Counts as done"),
}


def said(step: Step, titles: Mapping[str, str], roles: Mapping[str, str]) -> dict[str, Any]:
    """A step as editions are compared: every field as the page would say it."""
    return {
        "key": step.key,
        "title": step.title,
        "part": step.part,
        "phase": str(PHASES[step.phase]),
        "why": step.why,
        "minutes": jinja.minutes(step.minutes),
        "required": _("yes") if step.required else _("no"),
        "content": step.item.title if step.item else step.template.title if step.template else "",
        "opens": rule(step.opens, titles),
        "due": rule(step.due, titles),
        "condition": condition(step.condition, titles, roles),
        "complete": completion(step),
    }
