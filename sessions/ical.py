"""PURE: calendar entries of live sessions as iCalendar bytes (RFC 5545) and invitations (iTIP, RFC 5546).

One entry per booking: its UID never changes, SEQUENCE rises with every change of time or place, a
cancellation carries the same UID and a higher SEQUENCE. Recurring sessions are entries of their own, because
calendars disagree about single occurrences of a series.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

from sessions.scheduling import clock_changes

PRODUCT = "-//Blended learning//Live sessions//EN"


@dataclass(frozen=True)
class Entry:
    """One person's calendar entry of one session. Instants aware UTC; `zone` is the session's own (IANA)."""

    uid: str
    sequence: int
    stamp: datetime
    """When this edition was made: rises with `sequence`."""
    starts_at: datetime
    ends_at: datetime
    zone: str
    title: str
    description: str = ""
    place: str = ""
    url: str = ""
    organiser: tuple[str, str] | None = None
    """Name and e-mail. An invitation has both organiser and attendee."""
    attendee: tuple[str, str] | None = None


def invitation(entry: Entry) -> bytes:
    """METHOD:REQUEST: puts the entry into a calendar, or updates the one with its UID."""
    return _calendar("REQUEST", [_event(entry, "CONFIRMED")], [entry])


def cancellation(entry: Entry) -> bytes:
    """METHOD:CANCEL: takes the entry out again."""
    return _calendar("CANCEL", [_event(entry, "CANCELLED")], [entry])


def download(entries: Iterable[Entry]) -> bytes:
    """METHOD:PUBLISH: entries for a calendar of one's own, nobody is asked to answer."""
    listed = list(entries)
    return _calendar("PUBLISH", [_event(entry, "CONFIRMED") for entry in listed], listed)


def _calendar(method: str, events: list[Event], entries: list[Entry]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for zone in sorted({entry.zone for entry in entries} - {"UTC"}):
        within = [entry for entry in entries if entry.zone == zone]
        calendar.add_component(
            _timezone(zone, min(e.starts_at for e in within).year - 1, max(e.ends_at for e in within).year + 1)
        )
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def _event(entry: Entry, status: str) -> Event:
    where = UTC if entry.zone == "UTC" else ZoneInfo(entry.zone)
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", entry.starts_at.astimezone(where))
    event.add("dtend", entry.ends_at.astimezone(where))
    event.add("summary", entry.title)
    event.add("status", status)
    for name in ("description", "url"):
        if value := getattr(entry, name):
            event.add(name, value)
    if entry.place:
        event.add("location", entry.place)
    if entry.organiser:
        event.add("organizer", _address(*entry.organiser))
    if entry.attendee:
        attendee = _address(*entry.attendee)
        attendee.params["partstat"] = vText("ACCEPTED")
        attendee.params["role"] = vText("REQ-PARTICIPANT")
        attendee.params["rsvp"] = vText("FALSE")
        event.add("attendee", attendee, encode=False)
    return event


def _address(name: str, email: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["cn"] = vText(name)
    return address


@lru_cache(maxsize=512)
def _timezone(zone: str, first_year: int, last_year: int) -> Timezone:
    """VTIMEZONE: the offset at the start of `first_year` and every change to the end of `last_year`."""
    since, until = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    timezone = Timezone()
    timezone.add("tzid", zone)
    start = since.astimezone(ZoneInfo(zone))
    offset = start.utcoffset() or timedelta()
    _observance(timezone, start, offset, offset)
    for change in clock_changes(zone, since, until):
        _observance(timezone, change.at.astimezone(ZoneInfo(zone)), change.old, change.new)
    return timezone


def _observance(timezone: Timezone, at: datetime, old: timedelta, new: timedelta) -> None:
    """From `at` on the offset is `new`; its wall-clock start is written as the clock of `old` shows it."""
    part = TimezoneDaylight() if at.dst() else TimezoneStandard()
    part.add("dtstart", (at.astimezone(UTC) + old).replace(tzinfo=None, microsecond=0))
    part.add("tzoffsetfrom", old)
    part.add("tzoffsetto", new)
    part.add("tzname", at.tzname() or timezone["tzid"])
    timezone.add_component(part)
