"""Calendar entries, byte for byte, and their time zones in every zone there is.

The golden files are what calendars were tried with; a change of them is a change of what people's calendars get.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest

from sessions import ical

GOLDEN = Path(__file__).parent / "golden"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ENTRY = ical.Entry(
    uid="5a0c1b9e-0000-4000-8000-000000000001@learn.example",
    sequence=0,
    stamp=utc("2026-03-02 09:00"),
    starts_at=utc("2026-10-15 14:00"),
    ends_at=utc("2026-10-15 15:30"),
    zone="Europe/Lisbon",
    title="Practise the pause; ask, then wait",
    description="With Ben Okafor.\nJoin here: https://learn.example/live/1/join/",
    place="Room 4, Rua da Palma 1",
    url="https://learn.example/live/1/join/",
    organiser=("Fernhill Learning", "learning@fernhill.example"),
    attendee=("Inês Carvalho", "ines@fernhill.example"),
)

MOVED = replace(ENTRY, sequence=1, stamp=utc("2026-10-01 10:00"), starts_at=utc("2026-11-03 09:00"),
                ends_at=utc("2026-11-03 10:30"), zone="America/Sao_Paulo", place="")  # fmt: skip


@pytest.mark.parametrize(("name", "made"), [
    ("request", ical.invitation(ENTRY)),
    ("update", ical.invitation(MOVED)),
    ("cancel", ical.cancellation(replace(MOVED, sequence=2, stamp=utc("2026-10-02 10:00")))),
    ("publish", ical.download([replace(ENTRY, organiser=None, attendee=None)])),
])  # fmt: skip
def test_golden(name, made):
    assert made.decode() == (GOLDEN / f"{name}.ics").read_bytes().decode()


def test_an_update_has_the_same_uid_and_a_higher_sequence():
    first, second = (icalendar.Calendar.from_ical((GOLDEN / f"{n}.ics").read_bytes()).walk("VEVENT")[0]
                     for n in ("request", "update"))  # fmt: skip
    assert first["uid"] == second["uid"]
    assert second["sequence"] > first["sequence"]
    assert second["dtstamp"].dt > first["dtstamp"].dt


def test_what_people_typed_ends_no_line():
    nasty = replace(ENTRY, title="A\r\nATTENDEE:mailto:x@y.example", place="B\nSTATUS:CANCELLED",
                    attendee=('Bob "X"\r\nBEGIN:VEVENT', "bob@fernhill.example"))  # fmt: skip
    lines = ical.invitation(nasty).decode().split("\r\n")
    assert sum(line.startswith("BEGIN:VEVENT") for line in lines) == 1
    assert not any(line.startswith(("ATTENDEE:mailto:x", "STATUS:CANCELLED")) for line in lines)


@pytest.mark.parametrize("zone", sorted(available_timezones() - {"localtime", "Factory"})[::7])
def test_the_described_zone_gives_the_same_instants_as_the_real_one(zone):
    """Read VTIMEZONE as a calendar does: the last change whose wall-clock start isn't after the time."""
    for month in range(1, 13):
        starts = datetime(2027, month, 14, 15, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        entry = replace(ENTRY, zone=zone, starts_at=starts, ends_at=starts + timedelta(hours=1))
        calendar = icalendar.Calendar.from_ical(ical.invitation(entry))
        wall = datetime.strptime(calendar.walk("VEVENT")[0]["dtstart"].to_ical().decode()[:15], "%Y%m%dT%H%M%S")
        if zone == "UTC":
            assert wall == starts.replace(tzinfo=None)
            continue
        changes = [part for part in calendar.walk("VTIMEZONE")[0].subcomponents if part["dtstart"].dt <= wall]
        offset = max(changes, key=lambda part: part["dtstart"].dt)["tzoffsetto"].td
        assert wall - offset == starts.replace(tzinfo=None)
