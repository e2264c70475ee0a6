"""What learners' pages say about journeys, in the reader's language and zone. No queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.lists import format_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journeys import board
from journeys.board import Answer, Row, Run, Slot, Standing, Stop
from journeys.explain import Words, opens_line
from journeys.path import ClockNotice, Part
from journeys.progress import Share
from lxp.web import jinja


def words(at: datetime) -> Words:
    """How explanations are said, as seen from `at`."""
    return Words(
        gettext=_,
        ngettext=ngettext,
        when=lambda moment: jinja.when(moment, at),
        day=lambda day: jinja.day(day, at),
        clock=jinja.clock,
    )


def minutes(amount: int) -> str:
    """An effort inside a sentence: "12 minutes", "1 h 20 min"."""
    if amount >= 60:
        return jinja.minutes(amount)
    return ngettext("%(n)d minute", "%(n)d minutes", amount) % {"n": amount}


def headline(answer: Answer, at: datetime) -> str:
    """The answer at the top of home."""
    facts: dict[str, str] = {"title": answer.title, "minutes": minutes(answer.minutes)}
    if answer.moment:
        facts |= {"day": jinja.day_name(answer.moment, at), "clock": jinja.clock(answer.moment)}
    texts: Mapping[str, str] = {
        "live_on": _("“%(title)s” is on now"),
        "live_door": _("“%(title)s” starts at %(clock)s, the room is open"),
        "prepare": _("%(minutes)s, and you’re ready for %(day)s"),
        "prepare_now": _("%(minutes)s now to get ready for %(day)s"),
        "late": _("%(minutes)s, and nothing is late any more"),
        "due": _("%(minutes)s to do by %(day)s"),
        "choose_date": _("Choose your date for “%(title)s”"),
        "whenever": _("Nothing due. %(minutes)s when it suits you"),
        "prepare_later": _("Nothing due. Your preparation opens %(day)s") if answer.moment
        else _("Nothing due. Your preparation opens later"),
        "ready": _("You’re ready for %(day)s"),
        "optional": _("Nothing due. Pick something, or enjoy the quiet"),
        "quiet": _("Nothing due. Enjoy the quiet"),
        "free": _("Nothing due. Pick something, or enjoy the quiet"),
    }  # fmt: skip
    return texts[answer.code] % facts


def stands(standing: Standing, at: datetime) -> str:
    """How a journey stands, in a few words."""
    row, moment = standing.row, standing.moment
    facts = {
        "when": jinja.when(moment, at),
        "day": jinja.day(moment, at),
        "name": jinja.day_name(moment, at) if moment else "",
        "clock": jinja.clock(moment),
        "minutes": jinja.minutes(row.left) if row else "",
    }
    texts: Mapping[str, str] = {
        "late": jinja.late(moment, at) if standing.code == "late" and moment else "",
        "due_soon": _("Due %(name)s, %(clock)s"),
        "live": _("Live %(when)s"),
        "catch_up": _("Catch up by %(day)s, %(minutes)s") if moment else _("Catch up, %(minutes)s"),
        "due": _("Due %(day)s"),
        "opens": _("Opens %(day)s"),
        "free": _("%(minutes)s, when it suits you"),
        "waiting": _("Nothing to do right now"),
        "done": _("Finished %(day)s"),
    }
    return texts[standing.code] % facts


def go_on(standing: Standing, current: Row | None) -> str:
    """The label of the button that leads into a journey."""
    if current is None:
        return _("Open")
    if standing.code == "catch_up":
        return _("Catch up")
    return _("Continue") if current.is_started else _("Start")


def journey_row(run: Run, at: datetime, zone: str) -> dict[str, Any]:
    """A journey in a list: its line, how it stands, and the button that leads on."""
    standing, current = board.standing(run, at, zone), board.current_of(run, at)
    return {
        "run": run,
        "stops": board.stops(run, at),
        "standing": standing,
        "status": stands(standing, at),
        "current": current,
        "button": go_on(standing, current),
    }


def stop_note(row: Row, at: datetime) -> str:
    """The small text under a stop of the line."""
    if row.kind == "live":
        return _day_and_clock(row.starts_at, at) if row.starts_at else _("No date yet")
    if row.state == "done":
        return jinja.minutes(row.minutes)
    if row.is_started:
        return _("%(minutes)s left") % {"minutes": jinja.minutes(row.left)}
    if row.state == "open" and row.due_at and row.due_at < at:
        return jinja.late(row.due_at, at) if row.required else jinja.minutes(row.minutes)
    if row.state == "planned" and row.sign == "keep" and row.opens_at:
        return _("from %(day)s") % {"day": jinja.day(row.opens_at, at)}
    if row.due_at:
        return _("by %(day)s") % {"day": jinja.day(row.due_at, at)}
    return jinja.minutes(row.minutes)


def _day_and_clock(moment: datetime, at: datetime) -> str:
    """Within a week the weekday is enough: "Thursday, 15:00"."""
    return _("%(day)s, %(clock)s") % {"day": jinja.day(moment, at), "clock": jinja.clock(moment)}


def slot_note(slot: Slot, at: datetime, *, with_day: bool = False) -> str:
    """The small text of something on a day of the week: when it is, what it takes. `with_day`: the column has several."""
    row = slot.row
    effort = jinja.minutes(row.left)
    if slot.code == "done":
        return _("Done, %(score)s") % {"score": jinja.percent(row.score * 100)} if row.score is not None else _("Done")
    if slot.code == "now":
        return _("%(minutes)s left") % {"minutes": effort}
    if slot.code == "opens" and slot.moment:
        return _("Opens %(when)s, %(minutes)s") % {"when": _hour(slot.moment, with_day), "minutes": effort}
    if slot.code == "after":
        return _("Opens after the live session, %(minutes)s") % {"minutes": effort}
    if slot.code == "open" and row.due_at and row.due_at > at:
        return _("By %(when)s, %(minutes)s") % {"when": _hour(row.due_at, with_day), "minutes": effort}
    return effort


def _hour(moment: datetime, with_day: bool) -> str:
    if not with_day:
        return jinja.clock(moment)
    return _("%(day)s, %(clock)s") % {"day": jinja.day_short(moment), "clock": jinja.clock(moment)}


def step_facts(row: Row, at: datetime, kinds: Mapping[str, Any]) -> list[str]:
    """What the list of steps says about one: kind, effort, how it stands. Being late is said apart."""
    facts = [str(kinds[row.item_kind].label)] if row.item_kind in kinds else []
    if row.state == "done":
        facts += [jinja.minutes(row.minutes), _("Done %(day)s") % {"day": jinja.day(row.done_at, at)}]
        return [*facts, jinja.percent(row.score * 100)] if row.score is not None else facts
    facts.append(
        _("%(minutes)s left") % {"minutes": jinja.minutes(row.left)} if row.is_started else jinja.minutes(row.left)
    )
    if row.due_at and not row.is_late(at):
        facts.append(_("By %(when)s") % {"when": jinja.when(row.due_at, at)})
    return facts if row.required else [*facts, _("If you like")]


def effort_of(rows: Collection[Row]) -> str:
    """What a phase takes in all."""
    return jinja.minutes(sum(row.minutes for row in rows))


def part_stops(run: Run, part: Part, at: datetime) -> list[Stop]:
    """A part as a mini line."""
    return board.stops(run, at, part.rows)


def because(share: Share) -> str:
    """Why a step counts for as much as it does."""
    if 0 < share.done < 1:
        return _("%(percent)s of it is done") % {"percent": jinja.percent(share.done * 100)}
    return {
        "attended": _("you were there"),
        "there for part of it": _("you were there for part of it"),
        "finished": _("finished"),
        "missed, and made up for": _("missed, and made up for"),
        "missed": _("missed"),
        "not started": _("not started"),
    }.get(share.because, _("not open yet"))


def clock_text(notice: ClockNotice, at: datetime) -> str:
    """A clock change before a live session, with what it does to me and to colleagues elsewhere."""
    change = notice.change
    facts = {
        "place": jinja.place(change.zone),
        "change": jinja.day_long(jinja.localtime(change.at, change.zone), at),
        "day": jinja.day(notice.starts_at, at),
        "clock": jinja.clock(notice.starts_at),
        "minutes": jinja.minutes(abs(notice.mine.total_seconds()) / 60),
    }
    back = change.moved.total_seconds() < 0
    if not notice.mine:
        text = (
            _("Clocks go back in %(place)s on %(change)s. Your session on %(day)s stays at %(clock)s.") if back
            else _("Clocks go forward in %(place)s on %(change)s. Your session on %(day)s stays at %(clock)s.")
        )  # fmt: skip
    elif notice.mine.total_seconds() > 0:
        text = _(
            "Clocks change in %(place)s on %(change)s. Your session on %(day)s is at %(clock)s your time, %(minutes)s later on your clock than it would be today."
        )
    else:
        text = _(
            "Clocks change in %(place)s on %(change)s. Your session on %(day)s is at %(clock)s your time, %(minutes)s earlier on your clock than it would be today."
        )
    return " ".join([text % facts, *(_elsewhere(shift, zones) for shift, zones in notice.others)])


def _elsewhere(shift: timedelta, zones: Sequence[str]) -> str:
    places = format_list([jinja.place(zone) for zone in zones], locale=jinja.locale())
    facts = {"places": places, "minutes": jinja.minutes(abs(shift.total_seconds()) / 60)}
    if shift.total_seconds() > 0:
        return _("For colleagues in %(places)s it moves %(minutes)s later.") % facts
    return _("For colleagues in %(places)s it moves %(minutes)s earlier.") % facts


def opens(run: Run, row: Row, at: datetime) -> str:
    """What opens a locked step, and when."""
    live = run.live_of(row)
    return opens_line(
        note=row.note,
        opens_at=row.opens_at,
        previous=previous_title(run, row),
        live=live.title if live else "",
        words=words(at),
    )


def previous_title(run: Run, row: Row) -> str:
    """The required step before it, which one with the rule "when the one before is finished" waits for."""
    before = [r for r in run.rows if r.required and r.state != "waived" and r.position < row.position]
    return before[-1].title if before else ""
