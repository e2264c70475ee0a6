"""The template environment: what every template can say, and how moments, numbers and names are written.

Moments: a value stored as UTC (`datetime.UTC`) is shown in the viewer's zone, which the middleware has
activated; a value already moved with `localtime(zone)` is shown as it stands. Naive values are refused,
because nobody can tell which zone they meant. `None` is written as a dash: "not yet" is never a zero.

Wording and order come from CLDR through Babel, for the language that Django has activated.
"""

from __future__ import annotations

import unicodedata
import zlib
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale, UnknownLocaleError, dates, numbers
from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext

NOT_YET = "–"

# Django's short code, and the variant of it that we write when nothing more is said.
_VARIANTS = {"en": "en_GB", "pt": "pt_PT"}

_MINUTE, _HOUR = 60, 3600  # seconds

Unit = Literal["minute", "hour", "day", "week", "month", "year"]


def environment(**options: Any) -> jinja2.Environment:
    """The Jinja2 environment that `settings.TEMPLATES` names.

    A name that a template uses and nobody gave is an error in production too: a page with a silent hole
    in it is worse than a page that fails its test.
    """
    options["undefined"] = jinja2.StrictUndefined
    options["autoescape"] = _escapes
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], **options)
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    # A page asks for the sprite once per icon; the hashed name can't change while the process lives.
    env.globals.update(static=cache(static), url=url, address=address, query=query)
    env.filters.update(_FILTERS)
    return env


def _escapes(template: str | None) -> bool:
    """Everything is HTML but the plain-text half of an e-mail."""
    return not (template or "").endswith(".txt")


# ---------------------------------------------------------------- addresses


def url(name: str, *args: Any, query: dict[str, Any] | None = None, **kwargs: Any) -> str:
    """The path of a named view: `url("live:session-page", session.uuid, query={"tab": "people"})`."""
    path = reverse(name, args=args or None, kwargs=kwargs or None)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def address(name: str) -> str | None:
    """The path of a view without arguments, or None where this installation doesn't serve it.

    For the frame, which leaves such a link out. Everywhere else `url`, so that a wrong name is an error.
    """
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def query(request: HttpRequest, **changes: Any) -> str:
    """The page's own query string with some values changed, for filters and paging; None removes one."""
    values = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return f"?{values.urlencode()}"


# ---------------------------------------------------------------- moments


def locale() -> Locale:
    """The Babel locale of the language that Django has activated."""
    return _locale(get_language() or "en")


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    name = _VARIANTS.get(language, language.replace("-", "_"))
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def localtime(moment: datetime | None, zone: str | ZoneInfo | None = None) -> datetime | None:
    """The same instant on the clock of `zone` (an IANA name or ZoneInfo); without one, the viewer's.

    Raises ValueError for a naive moment, ZoneInfoNotFoundError for a zone that doesn't exist.
    """
    return None if moment is None else _moved(moment, zone)


def _moved(moment: datetime, zone: str | tzinfo | None) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no zone; store and pass aware moments.")
    return moment.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone or timezone.get_current_timezone())


def _shown(moment: datetime) -> datetime:
    """What is on the wall: a stored instant in the viewer's zone, a moved one where it was moved to."""
    return _moved(moment, None) if moment.tzinfo is None or moment.tzinfo is UTC else moment


def _date(value: datetime | date) -> date:
    return _shown(value).date() if isinstance(value, datetime) else value


@lru_cache(maxsize=4096)
def _write_date(value: date, language: str, year: bool, long: bool) -> str:
    where = _locale(language)
    skeleton = "yMMMEd" if year else "MMMEd"
    pattern = str(where.datetime_skeletons[skeleton])
    if long:  # CLDR has the order of the short form for every language; the words are spelled out here
        pattern = pattern.replace("E", "EEEE").replace("MMM", "MMMM").replace("LLL", "LLLL")
    return dates.format_date(value, pattern, locale=where)


@lru_cache(maxsize=4096)
def _write_clock(hour: int, minute: int, language: str) -> str:
    return dates.format_time(time(hour, minute), "short", locale=_locale(language))


def _with_year(value: date, now: datetime | date | None) -> bool:
    return now is not None and _date(now).year != value.year


def day(value: datetime | date | None, now: datetime | date | None = None) -> str:
    """As in "Thu 15 Oct"; with `now`, the year is added when it is another one."""
    if value is None:
        return NOT_YET
    shown = _date(value)
    return _write_date(shown, get_language() or "en", _with_year(shown, now), long=False)


def day_short(value: datetime | date | None) -> str:
    """As in "Thu 15", where the month is plain from what stands beside it."""
    if value is None:
        return NOT_YET
    return dates.format_date(_date(value), str(locale().datetime_skeletons["Ed"]), locale=locale())


def day_long(value: datetime | date | None, now: datetime | date | None = None) -> str:
    """As in "Thursday 15 October"; with `now`, the year is added when it is another one."""
    if value is None:
        return NOT_YET
    shown = _date(value)
    return _write_date(shown, get_language() or "en", _with_year(shown, now), long=True)


def clock(value: datetime | time | None) -> str:
    """As in "15:00", or "3:00 pm" where people write it so."""
    if value is None:
        return NOT_YET
    shown = _shown(value) if isinstance(value, datetime) else value
    return _write_clock(shown.hour, shown.minute, get_language() or "en")


def day_name(value: datetime | date, now: datetime) -> str:
    """A day inside a sentence: "today", "tomorrow", "Thursday" within the coming six days, else "Thu 15 Oct"."""
    shown = _date(value)
    away = (shown - now.astimezone(timezone.get_current_timezone()).date()).days
    if away in (0, 1):
        return gettext("today") if away == 0 else gettext("tomorrow")
    if 1 < away < 7:
        return dates.format_date(shown, "EEEE", locale=locale())
    return day(shown, now)


def _join(day_text: str, clock_text: str) -> str:
    return str(locale().datetime_formats["medium"]).replace("{1}", day_text).replace("{0}", clock_text)


def when(value: datetime | None, now: datetime | date | None = None) -> str:
    """As in "Thu 15 Oct, 15:00"; with `now`, the year is added when it is another one."""
    return NOT_YET if value is None else _join(day(value, now), clock(value))


def span(start: datetime | None, end: datetime | None) -> str:
    """As in "15:00–16:30"; over midnight both days are named."""
    if start is None or end is None:
        return when(start)
    if _date(start) == _date(end):
        return f"{clock(start)}–{clock(end)}"
    return f"{when(start)} – {when(end)}"


def day_span(start: datetime | date | None, end: datetime | date | None) -> str:
    """As in "8 Oct – 4 Dec": from one day to another, without weekdays."""
    if start is None or end is None:
        return day(start)
    return dates.format_interval(_date(start), _date(end), "MMMd", locale=locale())


def relative(value: datetime | None, now: datetime) -> str:
    """As in "in 2 days", "tomorrow", "20 minutes ago": as seen from `now` on the calendar the value is shown in.

    Days are counted on the calendar, not in stretches of 24 hours: tomorrow morning is "tomorrow" tonight.
    """
    if value is None:
        return NOT_YET
    shown = _shown(value)
    delta = shown - now
    days = (shown.date() - now.astimezone(shown.tzinfo).date()).days
    seconds = abs(delta.total_seconds())
    if seconds < _MINUTE:
        return gettext("now")
    if days == 0 or seconds < 6 * _HOUR:
        return _directed(delta, "minute" if seconds < _HOUR else "hour")
    if abs(days) == 1:
        return gettext("tomorrow") if days > 0 else gettext("yesterday")
    return _directed(timedelta(days=days), _day_unit(abs(days)))


def _day_unit(days: int) -> Unit:
    return "day" if days < 14 else "week" if days < 60 else "month" if days < 365 else "year"


def _directed(delta: timedelta, unit: Unit) -> str:
    # A threshold nothing reaches makes Babel write the unit it is told, not the one it would pick.
    return dates.format_timedelta(delta, unit, threshold=float("inf"), add_direction=True, locale=locale())


def late(due: datetime, now: datetime) -> str:
    """How long ago something was due: "6 days late", "3 hours late". A fact, not a fault."""
    seconds = max(0, (now - due).total_seconds())
    days = (now.astimezone(_shown(due).tzinfo).date() - _date(due)).days
    if days >= 1:
        return ngettext("%(n)d day late", "%(n)d days late", days) % {"n": days}
    hours = int(seconds // _HOUR)
    if hours:
        return ngettext("%(n)d hour late", "%(n)d hours late", hours) % {"n": hours}
    return gettext("just past due")


def place(zone: str | ZoneInfo) -> str:
    """The city people know a zone by: "Lisbon" for Europe/Lisbon, in the viewer's language."""
    return dates.get_timezone_location(str(zone), locale=locale(), return_city=True)


def minutes(value: int | float | None) -> str:
    """An effort in minutes, as people say it: "12 min", "2 h", "2 h 40 min"."""
    if value is None:
        return NOT_YET
    hours, rest = divmod(round(value), 60)
    if not hours:
        return gettext("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return gettext("%(hours)d h") % {"hours": hours}
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


def iso(value: datetime | date) -> str:
    """ISO 8601 for `<time datetime>`; moments in UTC."""
    return value.astimezone(UTC).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


# ---------------------------------------------------------------- numbers and names


def number(value: int | float | None) -> str:
    """A count with the grouping of the language: "2,114"."""
    return NOT_YET if value is None else numbers.format_decimal(value, locale=locale())


def percent(value: int | float | None) -> str:
    """A share given as 0 to 100: "62%" (with the sign where the language puts it)."""
    return NOT_YET if value is None else numbers.format_percent(value / 100, locale=locale())


def initials(name: str) -> str:
    """At most two letters to stand for a person: first and last word of the name, whatever the script."""
    letters = [next((c for c in word if unicodedata.category(c)[0] == "L"), "") for word in name.split()]
    found = [letter for letter in letters if letter]
    return "".join(found[:1] + found[1:][-1:]).upper() or "?"


def hue(seed: object) -> int:
    """A stable colour angle (0 to 359) for an avatar; the same seed always looks the same."""
    return zlib.crc32(str(seed).encode()) % 360


# ---------------------------------------------------------------- form controls

# Most specific first: the first class that fits names the control.
_CONTROLS: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.RadioSelect, "choices"),
    (forms.CheckboxInput, "tick"),
    (forms.ClearableFileInput, "file"),
    (forms.FileInput, "file"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.MultiWidget, "several"),
)


def control(field: BoundField) -> str:
    """Which kind of control a form field needs: hidden, choices, tick, file, select, textarea, several, input."""
    if field.is_hidden:
        return "hidden"
    return next((name for kind, name in _CONTROLS if isinstance(field.field.widget, kind)), "input")


_FILTERS = {
    f.__name__: f
    for f in (
        localtime, day, day_short, day_long, day_name, clock, when, span, day_span, relative, late, place, minutes, iso,
        number, percent, initials, hue, control,
    )
}  # fmt: skip
