"""PURE: the people of the demo: who sits where, what they are called, when they work, to whom they report.

The same day of loading always gives the same people.
"""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import Any

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_SERVICE, SHORTEST_SERVICE = 3000, 300
"""Days since they were hired, for everybody of whom the files don't say it."""


@dataclass(frozen=True)
class Hours:
    """Working hours on the person's own clock; ISO weekdays."""

    start: time = time(9, 0)
    end: time = time(17, 30)
    days: tuple[int, ...] = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Person:
    """Somebody, as HR would describe them. `manager` is an e-mail address, or "" at the top."""

    email: str
    name: str
    roles: tuple[str, ...]
    zone: str
    place: str
    job_role: str
    team: str
    hired_on: date
    hours: Hours = field(default_factory=Hours)
    manager: str = ""
    has_fixed_name: bool = False


def people_of(organisation: Mapping[str, Any], fixed: list[dict[str, Any]], names: Mapping[str, Any],
              roles: Mapping[str, Any], today: date) -> list[Person]:  # fmt: skip
    """Everybody who sits on a seat of organisation.toml, in the order of teams and seats, with their managers."""
    seated = list(_seated(organisation, fixed, names, roles, today))
    return _with_managers(seated, organisation["teams"])


def _seated(organisation: Mapping[str, Any], fixed: list[dict[str, Any]], names: Mapping[str, Any],
            roles: Mapping[str, Any], today: date) -> Iterator[Person]:  # fmt: skip
    places = {place["zone"]: place for place in organisation["zones"]}
    hours = {role["code"]: role["hours"] for role in roles["roles"] if "hours" in role}
    named = _Names(names)
    waiting: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in fixed:
        waiting[one["team"], one["job_role"], one["zone"]].append(one)
    for team in organisation["teams"]:
        for seat in team["seats"]:
            known = waiting[team["slug"], seat["job_role"], seat["zone"]]
            for _ in range(seat["people"]):
                given = known.pop(0) if known else {}
                place = places[seat["zone"]]
                name, email = (given["name"], given["email"]) if given else named.next(seat["zone"])
                days_ago = given.get("hired_days_ago") or _service(email)
                yield Person(
                    email=email, name=name, roles=tuple(given.get("roles", ("learner",))), zone=seat["zone"],
                    place=place["place"], job_role=seat["job_role"], team=team["slug"],
                    hired_on=_on_a_weekday(today - timedelta(days=days_ago)),
                    hours=hours_of({**place["hours"], **hours.get(seat["job_role"], {})}),
                    has_fixed_name=bool(given),
                )  # fmt: skip


def hours_of(given: Mapping[str, Any]) -> Hours:
    """Working hours as the files write them: "09:00", "17:30", ["mon", …]."""
    days = tuple(WEEKDAYS.index(day) + 1 for day in given.get("days", WEEKDAYS[:5]))
    return Hours(time.fromisoformat(given["start"]), time.fromisoformat(given["end"]), days)


def _on_a_weekday(day: date) -> date:
    return day + timedelta(days=max(0, 8 - day.isoweekday()) if day.isoweekday() > 5 else 0)


def _service(email: str) -> int:
    return random.Random(f"hired {email}").randint(SHORTEST_SERVICE, LONGEST_SERVICE)


class _Names:
    """Names by zone, one after the other, as names.toml says."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._lists = {one["zone"]: one for one in names["zones"]}
        self._ascii = names["ascii"]
        self._used: dict[str, int] = defaultdict(int)

    def next(self, zone: str) -> tuple[str, str]:
        number, known = self._used[zone], self._lists[zone]
        self._used[zone] += 1
        full = known.get("full", [])
        if number < len(full):
            return full[number]["name"], f"{full[number]['email']}@fernhill.example"
        number -= len(full)
        rounds, place = divmod(number, len(known["given"]))
        given = known["given"][place]
        family = known["family"][(number + 2 * rounds) % len(known["family"])]
        name = f"{given} {family}" if known["order"] == "given family" else f"{family} {given}"
        return name, f"{self._plain(given)}.{self._plain(family)}@fernhill.example"

    def _plain(self, text: str) -> str:
        text = "".join(self._ascii.get(letter, letter) for letter in text.lower())
        letters = unicodedata.normalize("NFKD", text)
        return "".join(letter for letter in letters if letter.isascii() and (letter.isalnum() or letter == "-"))


def _with_managers(people: list[Person], teams: list[dict[str, Any]]) -> list[Person]:
    leads = {team["slug"]: _lead(team, people) for team in teams}
    parents = {team["slug"]: team["parent"] for team in teams}
    managers = {person.email: _manager(person, leads, parents) for person in people}
    leading = set(managers.values())
    return [
        replace(
            person,
            manager=managers[person.email],
            roles=tuple(dict.fromkeys((*person.roles, *(("manager",) if person.email in leading else ())))),
        )
        for person in people
    ]


def _lead(team: Mapping[str, Any], people: list[Person]) -> str:
    wanted = team["lead"]
    if "email" in wanted:
        return str(wanted["email"])
    seats = (p for p in people if p.team == team["slug"])
    return next(p.email for p in seats if (p.job_role, p.zone) == (wanted["job_role"], wanted["zone"]))


def _manager(person: Person, leads: Mapping[str, str], parents: Mapping[str, str]) -> str:
    """The lead of their team; for the lead themself, of the nearest team above that somebody else leads."""
    team = person.team
    while team and leads[team] == person.email:
        team = parents[team]
    return leads[team] if team else ""
