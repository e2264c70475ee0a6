"""How the ledger is put into words and bars for its screens and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lxp.messaging.models import Message
from lxp.messaging.queries import Forecast, Reckoning


@dataclass
class ForecastDay:
    """One day of the forecast. `share`: its length as a bar, in percent of the fullest day."""

    day: date
    count: int = 0
    withheld: int = 0
    share: float = 0
    categories: Counter[str] = field(default_factory=Counter)


def forecast_days(lines: Iterable[Forecast]) -> list[ForecastDay]:
    """The lines of a forecast summed up by day, in order."""
    days: dict[date, ForecastDay] = {}
    for line in lines:
        day = days.setdefault(line.day, ForecastDay(line.day))
        day.count += line.count
        day.withheld += line.withheld
        day.categories[line.category] += line.count
    fullest = max((day.count for day in days.values()), default=1)
    for day in days.values():
        day.share = 100 * day.count / fullest
    return list(days.values())


def kind_in_words(kind: str) -> str:
    """As in "Reminder day" for live.reminder_day: what a kind is called where it has written nothing yet."""
    return kind.rpartition(".")[2].replace("_", " ").capitalize()


def in_words(message: Message) -> str:
    """What a message says in one line: its subject, or before it is written its kind and what it is about."""
    if message.title:
        return message.title
    about = message.params.get("title")
    return f"{kind_in_words(message.kind)}: {about}" if about else kind_in_words(message.kind)


def headline(planned: int, reckoning: Reckoning) -> str:
    """The answer to "is everything going out?"."""
    if not reckoning.alarm:
        return ngettext(
            "%(num)d message in the next 7 days, nothing late",
            "%(num)d messages in the next 7 days, nothing late",
            planned,
        ) % {"num": planned}
    if reckoning.late:
        return ngettext(
            "%(num)d message should have gone out and has not",
            "%(num)d messages should have gone out and have not",
            reckoning.late,
        ) % {"num": reckoning.late}
    wrong = reckoning.failed + reckoning.bounced
    return ngettext(
        "%(num)d message did not reach its reader since yesterday",
        "%(num)d messages did not reach their readers since yesterday",
        wrong,
    ) % {"num": wrong}


def advice(reckoning: Reckoning) -> str:
    """What to do when expected and sent differ."""
    if reckoning.late:
        return _("Check that a worker and the beat are running: manage.py doctor says which.")
    return _("Look at what went wrong, put it right, and try again.")
