"""The organisations of the demo: names, places, teams, job roles, people, skills with their targets.

What is there already is left as it is; only what is missing is added.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from lxp.demo import files
from lxp.demo.people import Hours, Person, people_of
from lxp.people import queries, services
from lxp.people.models import Holiday, JobRole, Membership, Organisation, Team, User
from lxp.skills.models import RoleSkill, Skill
from lxp.skills.services import Evidence, create_skill, record_evidence
from lxp.tenancy import scope

COLUMNS = ("email", "name", "roles", "zone", "place", "job_role", "team", "manager", "hired_on", "external_id")
REVIEWED_DAYS_AGO = 70
"""When everybody last said how good they are at what their role asks for."""


@dataclass(frozen=True)
class Day:
    """The day the demo is counted from: in the head office's zone, and the present moment (aware UTC)."""

    today: date
    now: datetime

    def before(self, days: int) -> datetime:
        """The same time of day, `days` days ago."""
        return self.now - timedelta(days=days)


def make_organisation(facts: Mapping[str, Any]) -> Organisation:
    """The organisation of these facts, made if there is none with its slug."""
    return Organisation.objects.get_or_create(
        slug=facts["slug"],
        defaults={
            "name": facts["name"],
            "brand": facts["brand"],
            "zone": facts["zone"],
            "mail_from": facts["mail_from"],
            "quiet_from": facts["quiet_hours"]["from"],
            "quiet_until": facts["quiet_hours"]["until"],
        },
    )[0]


def add_holidays(day: Day) -> int:
    """The days off of the next twelve months, by zone."""
    rows = [
        Holiday(day=when, name=one["name"], zone=place["zone"])
        for place in files.table("organisation")["holidays"]
        for one in place["days"]
        for year in (day.today.year, day.today.year + 1)
        if 0 <= ((when := date.fromisoformat(f"{year}-{one['month_day']}")) - day.today).days < 365
    ]
    return len(Holiday.objects.bulk_create(rows, ignore_conflicts=True))


def add_structure(teams: Sequence[Mapping[str, Any]], roles: Sequence[Mapping[str, Any]], at: datetime) -> int:
    """Teams, parents first as the files list them, and job roles. Returns how many are new."""
    known = {team.slug: team for team in Team.objects.all()}
    new = [team for team in teams if team["slug"] not in known]
    for team in new:
        parent = known.get(team["parent"])
        known[team["slug"]] = services.create_team(name=team["name"], slug=team["slug"], parent=parent, by=None, at=at)
    codes = set(JobRole.objects.values_list("code", flat=True))
    missing = [role for role in roles if role["code"] not in codes]
    for role in missing:
        services.create_job_role(code=role["code"], name=role["name"], description=role["description"], by=None, at=at)
    return len(new) + len(missing)


def fernhill_people(day: Day) -> list[Person]:
    """Everybody at Fernhill."""
    fixed = [p for p in files.table("sign_ins")["people"] if p["organisation"] == "fernhill"]
    return people_of(
        files.table("organisation"),
        fixed + files.table("people")["people"],
        files.table("names"),
        files.table("roles"),
        day.today,
    )


def harbour_people(day: Day) -> list[Person]:
    """Eve and her three colleagues."""
    eve = [p for p in files.table("sign_ins")["people"] if p["organisation"] == "harbour"]
    given = [*eve, *files.table("organisation")["neighbour"]["people"]]
    return [
        Person(
            email=p["email"], name=p["name"], roles=tuple(p["roles"]), zone=p["zone"],
            place=p["zone"].rpartition("/")[2], job_role=p["job_role"], team=p["team"],
            hired_on=day.today - timedelta(days=p.get("hired_days_ago", 500)), has_fixed_name=True,
            manager="torsten.akerblad@harbour.example" if p["job_role"] == "crane_operator" else "",
        )
        for p in given
    ]  # fmt: skip


def add_people(people: Sequence[Person], at: datetime) -> int:
    """Everybody who isn't there yet, as an HR file would bring them, then what such a file doesn't say."""
    known = set(queries.users_by_email([person.email for person in people]))
    new = [person for person in people if person.email.lower() not in known]
    if not new:
        return 0
    services.import_people(name="people.csv", text=_sheet(new), leave_out_refused=False, by=None, at=at)
    _give_hours_and_passwords(new)
    return len(new)


def _sheet(people: Sequence[Person]) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for number, one in enumerate(people, start=1001):
        rows.writerow([
            one.email, one.name, ";".join(one.roles), one.zone, one.place, one.job_role, one.team, one.manager,
            one.hired_on.isoformat(), f"{one.team[:2].upper()}-{number}",
        ])  # fmt: skip
    return out.getvalue()


def _give_hours_and_passwords(people: Sequence[Person]) -> None:
    signing_in = {person["email"] for person in files.table("sign_ins")["people"]}
    # One hash for all: it is made slow on purpose, and the password is public anyway.
    password = make_password(files.table("sign_ins")["password"])
    hours = {person.email: person.hours for person in people}
    users = list(User.objects.filter(email__in=list(hours)))
    for user in users:
        _set_hours(user, hours[user.email])
        if user.email in signing_in:
            user.password = password
    User.objects.bulk_update(users, ["work_start", "work_end", "work_days", "password"])


def _set_hours(user: User, hours: Hours) -> None:
    user.work_start, user.work_end, user.work_days = hours.start, hours.end, list(hours.days)


def add_skills(at: datetime) -> int:
    """The skills, and what each job role asks of them."""
    known = {skill.code: skill for skill in Skill.objects.all()}
    new = [skill for skill in files.table("skills")["skills"] if skill["code"] not in known]
    for skill in new:
        known[skill["code"]] = create_skill(
            code=skill["code"], name=skill["name"], area=skill["area"], description=skill["description"],
            levels=skill["levels"],
        )  # fmt: skip
    roles = {role.code: role for role in JobRole.objects.all()}
    targets = [
        RoleSkill(
            job_role=roles[role["code"]], skill=known[target["skill"]], level=target["level"],
            importance=target["importance"],
        )
        for role in files.table("roles")["roles"]
        for target in role["targets"]
    ]  # fmt: skip
    RoleSkill.objects.bulk_create(targets, ignore_conflicts=True)
    return len(new)


def add_self_reviews(day: Day) -> int:
    """What people said of themselves in the last review, for the skills their role asks for: mostly a little short."""
    at = day.before(REVIEWED_DAYS_AGO)
    targets: dict[int, list[RoleSkill]] = {}
    for target in RoleSkill.objects.order_by("job_role_id", "skill_id"):
        targets.setdefault(target.job_role_id, []).append(target)
    members = Membership.objects.filter(is_active=True, hired_on__lte=at.date()).select_related("user")
    return record_evidence(
        evidence=[
            Evidence(
                learner_id=member.user_id, skill_id=target.skill_id, source="self", key=f"review:{member.pk}:{target.pk}",
                level=_believed(target.level, f"{member.user.email} {target.skill_id}"), at=at,
            )
            for member in members.order_by("pk")
            for target in targets.get(member.job_role_id or 0, [])
        ]
    )  # fmt: skip


def _believed(target: float, seed: str) -> float:
    """A level in half steps around the target: two thirds of the answers lie below it."""
    drawn = random.Random(seed).gauss(target - 0.6, 0.9)
    return min(5.0, max(0.5, round(drawn * 2) / 2))


def make_harbour(day: Day) -> Organisation:
    """The second customer: teams, roles and four people."""
    facts = files.table("organisation")["neighbour"]
    made = make_organisation(facts)
    with scope(made):
        add_structure(facts["teams"], facts["job_roles"], day.before(400))
        add_people(harbour_people(day), day.before(400))
    return made
