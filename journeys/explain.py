"""PURE: why a learner has a step, why it opens then, why it is due then: the planner's notes as sentences.

The planner leaves a code with every assignment (`plan.Note`); here it becomes what the learner reads. How sentences
are translated and moments written is the caller's business (`Words`), so that nothing here needs Django.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from journeys.plan import Anchor, Note, StepSpec
from journeys.timing import Condition, Rule

SAME = timedelta(minutes=1)


@dataclass(frozen=True)
class Words:
    """How things are said: translation, moments on the learner's own clock, days, clock times.

    Every sentence is looked up whole, by `gettext` and `ngettext`, never glued from parts.
    """

    gettext: Callable[[str], str] = str
    ngettext: Callable[[str, str, int], str] = lambda one, many, n: one if n == 1 else many
    when: Callable[[datetime], str] = lambda moment: f"{moment:%a %d %b %Y, %H:%M}"
    day: Callable[[date], str] = lambda day: f"{day:%a %d %b %Y}"
    clock: Callable[[time], str] = lambda clock: f"{clock:%H:%M}"


@dataclass(frozen=True)
class Said:
    """A change somebody accepted for this learner, with its reason. `by` is empty where a rule did it."""

    kind: str
    reason: str
    by: str = ""


@dataclass(frozen=True)
class Case:
    """One assignment with everything that explains it.

    `titles` are those of the journey's steps by key; `anchors` the learner's live sessions by live step;
    `previous` the title of the step this one waits for. `source` is the enrolment's.
    """

    spec: StepSpec
    state: str
    note: str
    opens_at: datetime | None
    due_at: datetime | None
    journey: str
    source: str
    enrolled_at: datetime
    why: str = ""
    outcome: str = ""
    previous: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    changes: Sequence[Said] = ()


@dataclass(frozen=True)
class Explanation:
    """Three short answers, each in sentences."""

    have: list[str]
    opens: list[str]
    due: list[str]


def explain(case: Case, words: Words | None = None) -> Explanation:
    """Why the learner has it, why it opens then, why it is due then."""
    says = _Says(case, words or Words())
    return Explanation(says.have(), says.opens(), says.due())


def say_change(change: Said, words: Words) -> str:
    """An accepted change in a sentence, with its reason and who gave it."""
    w = words
    facts = {"reason": change.reason.rstrip("."), "name": change.by}
    if change.kind == "extend":
        said = (
            w.gettext("You have more time: %(reason)s, said %(name)s."),
            w.gettext("You have more time: %(reason)s."),
        )
    elif change.kind == "waive":
        said = (
            w.gettext("You don’t need to do this: %(reason)s, said %(name)s."),
            w.gettext("You don’t need to do this: %(reason)s."),
        )
    else:
        said = (
            w.gettext("It was added for you: %(reason)s, said %(name)s."),
            w.gettext("It was added for you: %(reason)s."),
        )
    return said[0 if change.by else 1] % facts


def say_rule(rule: Rule, titles: Mapping[str, str], words: Words) -> str:
    """When something is, by its rule, for the learner: "2 days before “Practise the pause” starts, at 09:00"."""
    text = _distance(rule, titles, words)
    if rule.at is None:
        return text
    return words.gettext("%(rule)s, at %(clock)s your time") % {"rule": text, "clock": words.clock(rule.at)}


def opens_line(*, note: str, opens_at: datetime | None, previous: str, live: str, words: Words) -> str:
    """What opens a locked step, and when, in a few words for the list of steps."""
    w = words
    if opens_at:
        return w.gettext("Opens %(when)s") % {"when": w.when(opens_at)}
    if note == Note.AWAITS_PREVIOUS and previous:
        return w.gettext("Opens when “%(title)s” is finished") % {"title": previous}
    if note == Note.AWAITS_ATTENDANCE and live:
        return w.gettext("Opens after “%(title)s”") % {"title": live}
    if note == Note.AWAITS_SCORE:
        return w.gettext("Opens once your result is known")
    if live:
        return w.gettext("Opens once “%(title)s” has a date") % {"title": live}
    return w.gettext("Opens later")


class _Says:
    """Builds the three answers for one case."""

    def __init__(self, case: Case, words: Words) -> None:
        self.case, self.w = case, words

    # -------------------------------------------------------------- why I have it

    def have(self) -> list[str]:
        case, w = self.case, self.w
        change = next((c for c in case.changes if c.kind in ("insert", "waive")), None)
        said = [case.why] if case.why else []
        if change and change.kind == "insert":
            return [*said, say_change(change, w)]
        said.append(self._part_of())
        if sentence := self._condition(case.spec.condition):
            said.append(sentence)
        if case.state == "waived":
            said.append(say_change(change, w) if change else self._not_needed())
        elif not case.spec.required:
            said.append(w.gettext("It is an offer: your journey is complete without it."))
        return said

    def _part_of(self) -> str:
        w = self.w
        texts = {
            "self": w.gettext("It is part of “%(journey)s”, which you joined."),
            "rule": w.gettext("It is part of “%(journey)s”, which everybody in a group you belong to gets."),
            "api": w.gettext("It is part of “%(journey)s”, in which your HR system enrolled you."),
        }
        default = w.gettext("It is part of “%(journey)s”, in which you were enrolled.")
        return texts.get(self.case.source, default) % {"journey": self.case.journey}

    def _condition(self, condition: Condition | None) -> str:
        w = self.w
        if condition is None or self.case.state == "waived":
            return ""
        title = self.case.titles.get(condition.step, condition.step)
        if condition.attendance == ("missed",):
            return w.gettext("It is for those who could not be at “%(title)s”.") % {"title": title}
        if condition.attendance and "missed" not in condition.attendance:
            return w.gettext("It is for those who were at “%(title)s”.") % {"title": title}
        if condition.score_below is not None:
            return w.gettext("It is for those who scored below %(score)d%% in “%(title)s”.") % {
                "title": title, "score": round(condition.score_below * 100),
            }  # fmt: skip
        if condition.score_at_least is not None:
            return w.gettext("It is for those who scored at least %(score)d%% in “%(title)s”.") % {
                "title": title, "score": round(condition.score_at_least * 100),
            }  # fmt: skip
        return w.gettext("It is for people in your job role.") if condition.roles else ""

    def _not_needed(self) -> str:
        w, note = self.w, self.case.note
        return {
            Note.NOT_FOR_OUTCOME: w.gettext("You don’t need it, because of how “%(title)s” went for you."),
            Note.NOT_FOR_SCORE: w.gettext("You don’t need it, because of your result in “%(title)s”."),
            Note.NOT_FOR_ROLE: w.gettext("You don’t need it: it is for other job roles."),
            Note.WITHDRAWN: w.gettext("You don’t need it: you are not in this journey any more."),
        }.get(note, w.gettext("You don’t need it.")) % {"title": self._hinge()}

    def _hinge(self) -> str:
        condition = self.case.spec.condition
        return self.case.titles.get(condition.step, "") if condition else ""

    # -------------------------------------------------------------- why it opens then

    def opens(self) -> list[str]:
        case, w = self.case, self.w
        if case.state == "waived":
            return []
        if case.note == Note.EXTRA:
            return [w.gettext("It was open from the moment it was added.")]
        if case.spec.kind == "live":
            return self._session()
        said = []
        if case.opens_at:
            opened = w.gettext("It opens %(when)s.") if case.state == "planned" else w.gettext("It opened %(when)s.")
            said.append(opened % {"when": w.when(case.opens_at)})
        said.append(self._opening_rule())
        if reason := self._waits() if case.opens_at is None else self._came_late():
            said.append(reason)
        return said

    def _session(self) -> list[str]:
        w, anchor = self.w, self.case.anchors.get(self.case.spec.key)
        if anchor is None:
            return [w.gettext("It has no date yet. We write to you as soon as it has one.")]
        starts = w.gettext("It starts %(when)s; the room opens ten minutes before.") % {
            "when": w.when(anchor.starts_at)
        }
        if anchor.booked:
            return [starts, w.gettext("That is the session you have a seat in.")]
        return [starts, w.gettext("That is your group’s session. You have no seat in it yet.")]

    def _opening_rule(self) -> str:
        rule = self.case.spec.opens or Rule("start")
        return self.w.gettext("The rule: %(rule)s.") % {"rule": say_rule(rule, self.case.titles, self.w)}

    def _waits(self) -> str:
        case, w = self.case, self.w
        condition = case.spec.condition
        title = case.titles.get(condition.step, condition.step) if condition else ""
        if case.note == Note.AWAITS_PREVIOUS:
            return w.gettext("It waits for “%(title)s”.") % {"title": case.previous} if case.previous else ""
        if case.note == Note.AWAITS_ATTENDANCE:
            return w.gettext("It waits until it is settled who was at “%(title)s”.") % {"title": title}
        if case.note == Note.AWAITS_SCORE:
            return w.gettext("It waits for your result in “%(title)s”.") % {"title": title}
        return w.gettext("It waits for a live session that has no date yet.")

    def _came_late(self) -> str:
        """The step reached the learner later than its rule says."""
        case, w = self.case, self.w
        if case.note != Note.LATE or case.opens_at is None:
            return ""
        if abs(case.opens_at - case.enrolled_at) < SAME:
            return w.gettext("By then you had not joined yet, so it opened when you did.")
        if case.spec.condition:
            return w.gettext("It was clear only then that it is for you.")
        return w.gettext("The live session has moved since it opened.")

    # -------------------------------------------------------------- why it is due then

    def due(self) -> list[str]:
        case, w = self.case, self.w
        if case.state == "waived" or case.spec.kind == "live":
            return []
        extended = next((c for c in case.changes if c.kind == "extend"), None)
        if case.due_at is None:
            if case.spec.due is None or case.note == Note.EXTRA:
                return [w.gettext("It has no date: do it when it suits you.")]
            return [w.gettext("Its date follows the rule: %(rule)s.") % {"rule": self._due_rule()}]
        said = [w.gettext("It is due %(when)s.") % {"when": w.when(case.due_at)}]
        if extended:
            return [*said, say_change(extended, w)]
        if case.note == Note.EXTRA or case.spec.due is None:
            return said
        said.append(w.gettext("The rule: %(rule)s.") % {"rule": self._due_rule()})
        if case.note == Note.LATE:
            said.append(w.gettext("Because it reached you late, you get two working days, but not beyond the session it prepares.")
                        if case.spec.phase == "prework"
                        else w.gettext("Because it reached you late, you get at least two working days."))  # fmt: skip
        return said

    def _due_rule(self) -> str:
        rule = self.case.spec.due
        return say_rule(rule, self.case.titles, self.w) if rule else ""


def _distance(rule: Rule, titles: Mapping[str, str], w: Words) -> str:
    if rule.anchor == "previous":
        return w.gettext("when the step before it is finished")
    if rule.anchor == "date" and rule.date:
        return w.gettext("on %(day)s") % {"day": w.day(rule.date)}
    facts = {"n": abs(rule.days or rule.hours), "title": titles.get(rule.step, rule.step)}
    text = _from_session(rule, w) if rule.anchor == "live" else _from_start(rule, w)
    return text % (facts | {"n": f"{facts['n']:g}"})


def _from_session(rule: Rule, w: Words) -> str:
    amount = rule.days or rule.hours
    n = abs(int(amount)) if amount == int(amount) else 2
    if not amount:
        return w.gettext("when “%(title)s” ends") if rule.edge == "end" else w.gettext("when “%(title)s” starts")
    if rule.days and rule.edge == "end":
        after = w.ngettext("%(n)s day after “%(title)s” ends", "%(n)s days after “%(title)s” ends", n)
        before = w.ngettext("%(n)s day before “%(title)s” ends", "%(n)s days before “%(title)s” ends", n)
    elif rule.days:
        after = w.ngettext("%(n)s day after “%(title)s” starts", "%(n)s days after “%(title)s” starts", n)
        before = w.ngettext("%(n)s day before “%(title)s” starts", "%(n)s days before “%(title)s” starts", n)
    elif rule.edge == "end":
        after = w.ngettext("%(n)s hour after “%(title)s” ends", "%(n)s hours after “%(title)s” ends", n)
        before = w.ngettext("%(n)s hour before “%(title)s” ends", "%(n)s hours before “%(title)s” ends", n)
    else:
        after = w.ngettext("%(n)s hour after “%(title)s” starts", "%(n)s hours after “%(title)s” starts", n)
        before = w.ngettext("%(n)s hour before “%(title)s” starts", "%(n)s hours before “%(title)s” starts", n)
    return after if amount > 0 else before


def _from_start(rule: Rule, w: Words) -> str:
    n = abs(rule.days)
    if rule.anchor == "enrolled":
        if rule.hours and not rule.days:
            return w.ngettext("%(n)s hour after you joined", "%(n)s hours after you joined", abs(int(rule.hours)))
        if not rule.days:
            return w.gettext("when you joined")
        return w.ngettext("%(n)s day after you joined", "%(n)s days after you joined", n)
    if not rule.days:
        return w.gettext("on your group’s first day")
    if rule.days < 0:
        return w.ngettext("%(n)s day before your group starts", "%(n)s days before your group starts", n)
    return w.ngettext("%(n)s day after your group starts", "%(n)s days after your group starts", n)
