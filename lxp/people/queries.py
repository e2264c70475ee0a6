"""Reads over people. Every function says its cost; access functions raise Http404 or PermissionDenied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Lower
from django.http import Http404
from django.utils.translation import gettext as _

from lxp.people import audience as rule_tree
from lxp.people import rules
from lxp.people.actor import Actor
from lxp.people.models import (
    ApiToken,
    Audience,
    Holiday,
    JobRole,
    Membership,
    Organisation,
    PeopleImport,
    Role,
    Team,
    User,
)
from lxp.tenancy import current_id


def membership_of(user: User, organisation_id: int | None) -> Membership | None:
    """The active membership the person works in: the chosen organisation, else their first. One query."""
    # Unscoped: this is what finds out the scope. Filtered by the signed-in person.
    chosen = ExpressionWrapper(Q(organisation_id=organisation_id or 0), output_field=BooleanField())
    return (
        Membership.unscoped.select_related("organisation", "user")
        .filter(user=user, is_active=True)
        .order_by(chosen.desc(), "pk")
        .first()
    )


def members() -> QuerySet[Membership]:
    """Active memberships of the organisation in scope, with their people. Lazy, one query."""
    return Membership.objects.select_related("user", "team", "job_role").filter(is_active=True)


def users_with(*roles: str) -> QuerySet[User]:
    """People who are here and hold at least one of these roles, by name. Lazy, one query."""
    return User.objects.filter(pk__in=members().filter(roles__overlap=roles).values("user_id")).order_by("name", "pk")


def reports_of(user: User) -> QuerySet[Membership]:
    """Active direct reports of a manager. Lazy, one query."""
    return members().filter(manager=user).order_by("user__name")


def person_for(actor: Actor, user_id: int, action: str = "see") -> Membership:
    """The membership of somebody the actor may see (themself, their report, or anybody for L&D) or "change". One query.

    Raises Http404 for strangers and PermissionDenied for colleagues out of reach.
    """
    membership = (
        Membership.objects.select_related("user", "team", "job_role", "manager").filter(user_id=user_id).first()
    )
    if membership is None:
        raise Http404("No such person.")
    if not rules.can_see_person(actor, membership):
        raise PermissionDenied(_("Their manager and the learning team can see this."))
    if action == "change" and not rules.can_change_people(actor):
        raise PermissionDenied(_("An administrator can change people."))
    return membership


def job_role_codes(user_ids: Collection[int]) -> dict[int, str]:
    """Job role codes of members who have one. One query."""
    rows = Membership.objects.filter(user_id__in=list(user_ids), job_role__isnull=False)
    return dict(rows.values_list("user_id", "job_role__code"))


# ---------------------------------------------------------------- lists


@dataclass(frozen=True)
class PeopleFilter:
    """What the list of people is narrowed to; empty values narrow nothing. `state`: active, left or all."""

    text: str = ""
    team: str = ""
    job_role: str = ""
    role: str = ""
    state: str = "active"


def people_for(
    actor: Actor, wanted: PeopleFilter | None = None, *, known: rule_tree.Known | None = None
) -> QuerySet[Membership]:
    """The organisation's people by name, for L&D. Lazy, one query; one more for a team without `known`.

    Order and keyset are (name, id): continue with `after`. Raises PermissionDenied for everybody else.
    """
    if not rules.can_list_people(actor):
        raise PermissionDenied(_("The list of people is for the learning team."))
    wanted = wanted or PeopleFilter()
    found = Membership.objects.select_related("user", "team", "job_role", "manager").order_by("user__name", "pk")
    if wanted.state in ("active", "left"):
        found = found.filter(is_active=wanted.state == "active")
    for word in wanted.text.replace("\x00", "").split()[:5]:
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word) | Q(external_id=word))
    if wanted.team:
        found = found.filter(team__slug__in=(known or known_teams()).below([wanted.team]))
    if wanted.job_role:
        found = found.filter(job_role__code=wanted.job_role)
    if wanted.role:
        found = found.filter(roles__contains=[wanted.role])
    return found


def after(found: QuerySet[Membership], membership_id: str) -> QuerySet[Membership]:
    """The rest of a list of people behind one of them: keyset by (name, id). One small query, then lazy.

    Whatever isn't an id of the organisation's starts at the beginning.
    """
    if not membership_id.isdecimal() or len(membership_id) > 18:
        return found
    last = Membership.objects.filter(pk=int(membership_id)).values_list("user__name").first()
    if last is None:
        return found
    return found.filter(Q(user__name__gt=last[0]) | Q(user__name=last[0], pk__gt=int(membership_id)))


def people_updated_since(moment: datetime | None = None) -> QuerySet[Membership]:
    """Everybody, those who left too, changed at or after `moment` (all without it), with what REST shows. Lazy, one query."""
    found = Membership.objects.select_related("user", "team", "job_role", "manager")
    return found.filter(updated_at__gte=moment) if moment else found


def memberships_by_email(emails: Collection[str]) -> dict[str, Membership]:
    """Members of the organisation by lower-cased e-mail, whether active or not. One query."""
    wanted = {email.lower() for email in emails}
    rows = Membership.objects.select_related("user", "team", "job_role", "manager").alias(lowered=Lower("user__email"))
    return {row.user.email.lower(): row for row in rows.filter(lowered__in=wanted)}


def memberships_by_external_id(ids: Collection[str]) -> dict[str, Membership]:
    """Members by the HR system's id, whether active or not. One query."""
    rows = Membership.objects.select_related("user", "team", "job_role", "manager").filter(external_id__in=list(ids))
    return {row.external_id: row for row in rows}


def resolve(
    ids: Collection[int] = (), emails: Collection[str] = (), external_ids: Collection[str] = ()
) -> tuple[list[int], list[str]]:
    """User ids of active members named in any of three ways, in order, and the names nobody answers to.

    Three queries at most.
    """
    active = set(members().filter(user_id__in=list(ids)).values_list("user_id", flat=True)) if ids else set()
    named = [(str(pk), pk if pk in active else None) for pk in ids]
    for given, found in (
        (emails, memberships_by_email(emails) if emails else {}),
        (external_ids, memberships_by_external_id(external_ids) if external_ids else {}),
    ):
        for name in given:
            member = found.get(name) or found.get(name.lower())
            named.append((name, member.user_id if member and member.is_active else None))
    known = [pk for _name, pk in named if pk is not None]
    return list(dict.fromkeys(known)), [name for name, pk in named if pk is None]


def users_by_email(emails: Collection[str]) -> dict[str, User]:
    """People of any organisation by lower-cased e-mail: an account is one person's, wherever they work. One query."""
    wanted = {email.lower() for email in emails}
    return {user.email.lower(): user for user in User.objects.alias(lowered=Lower("email")).filter(lowered__in=wanted)}


def works_elsewhere(user_ids: Collection[int]) -> set[int]:
    """Of these people, those who are active in another organisation too. One query.

    Unscoped: what one organisation may change of an account depends on whether another shares it; nothing of the
    other one is told but that it exists.
    """
    others = Membership.unscoped.exclude(organisation_id=current_id()).filter(
        user_id__in=list(user_ids), is_active=True
    )
    return set(others.values_list("user_id", flat=True))


def organisations_of(user: User) -> list[Organisation]:
    """Where the person may work, by name. One query. Unscoped: this is what scopes are chosen from."""
    return list(
        Organisation.objects.filter(
            pk__in=Membership.unscoped.filter(user=user, is_active=True).values("organisation_id")
        ).order_by("name")
    )


def organisation_in_scope() -> Organisation:
    """The organisation itself. One query."""
    return Organisation.objects.get(pk=current_id())


def organisation_by_slug(slug: str) -> Organisation | None:
    """An organisation by its slug, for commands. One query."""
    return Organisation.objects.filter(slug=slug).first()


def count_administrators(*, besides: int) -> int:
    """Active administrators other than the membership `besides`. One query."""
    return members().filter(roles__contains=[Role.ADMINISTRATOR]).exclude(pk=besides).count()


def managers_above(user_id: int) -> set[int]:
    """Ids of everybody the person reports to, directly or not. One query, whatever the depth."""
    with connection.cursor() as cursor:
        # UNION (not ALL) ends where a circle closes, should one ever have got in.
        cursor.execute(
            """
            WITH RECURSIVE above (user_id) AS (
                SELECT manager_id FROM lxp_membership
                WHERE organisation_id = %(organisation)s AND user_id = %(user)s AND manager_id IS NOT NULL
                UNION
                SELECT m.manager_id FROM lxp_membership m JOIN above ON m.user_id = above.user_id
                WHERE m.organisation_id = %(organisation)s AND m.manager_id IS NOT NULL
            ) SELECT user_id FROM above
            """,
            {"organisation": current_id(), "user": user_id},
        )
        return {row[0] for row in cursor.fetchall()}


def manager_links() -> dict[int, int]:
    """Who reports to whom, as user ids, for everybody who has a manager. One query."""
    return dict(Membership.objects.filter(manager__isnull=False).values_list("user_id", "manager_id"))


# ---------------------------------------------------------------- what rules may refer to


def teams() -> QuerySet[Team]:
    """Teams by name, with their parents. Lazy, one query."""
    return Team.objects.select_related("parent").order_by("name")


def job_roles() -> QuerySet[JobRole]:
    """Job roles by name. Lazy, one query."""
    return JobRole.objects.order_by("name")


def team_by_slug(slug: str) -> Team | None:
    """One team. One query."""
    return Team.objects.select_related("parent").filter(slug=slug).first()


def job_role_by_code(code: str) -> JobRole | None:
    """One job role. One query."""
    return JobRole.objects.filter(code=code).first()


def known_teams() -> rule_tree.Known:
    """Only the team tree, for questions about "and below". One query."""
    return rule_tree.Known(**_team_facts())


def known() -> rule_tree.Known:
    """Everything an audience rule may refer to. Three queries."""
    skills = apps.get_model("lxp", "Skill")._default_manager  # by name: skills stand above people
    return rule_tree.Known(
        job_roles=dict(JobRole.objects.order_by("name").values_list("code", "name")),
        skills=dict(skills.order_by("name").values_list("code", "name")),
        **_team_facts(),
    )


def _team_facts() -> dict[str, Any]:
    rows = list(Team.objects.order_by("name").values_list("slug", "name", "parent__slug"))
    return {"teams": {slug: name for slug, name, _up in rows}, "parents": {slug: up for slug, _name, up in rows}}


def places() -> list[str]:
    """The places where members work. One query."""
    found = members().exclude(place="").order_by("place").values_list("place", flat=True).distinct()
    return list(found)


# ---------------------------------------------------------------- audiences


def audience_for(actor: Actor, slug: str) -> Audience:
    """An audience of the organisation, for L&D. One query. Raises Http404, PermissionDenied for others."""
    found = Audience.objects.filter(slug=slug).first()
    if found is None:
        raise Http404("No such audience.")
    if not rules.can_design_audiences(actor):
        raise PermissionDenied(_("Audiences are for the learning team."))
    return found


def audiences_for(actor: Actor) -> QuerySet[Audience]:
    """Audiences by name, for L&D. Lazy, one query."""
    if not rules.can_design_audiences(actor):
        raise PermissionDenied(_("Audiences are for the learning team."))
    return Audience.objects.order_by("name", "pk")


def matching(rule: Mapping[str, Any], *, at: datetime, known: rule_tree.Known | None = None) -> QuerySet[Membership]:
    """Active members whom a checked rule fits at `at` (its UTC day). Lazy, one query; three more without `known`.

    A rule that was never written ({}) fits nobody.
    """
    if not rule:
        return members().none()
    facts = known if known is not None else _known_for(rule)
    return members().filter(rule_tree.compile_rule(rule, facts, on=at.astimezone(UTC).date()))


def _known_for(rule: Mapping[str, Any]) -> rule_tree.Known:
    """What compiling needs: only teams have to be looked up, and only when the rule speaks of them."""
    return known_teams() if "team" in rule_tree.fields_of(rule) else rule_tree.Known()


def members_of(audience: Audience, *, at: datetime) -> QuerySet[Membership]:
    """Active members an audience's rule fits at `at`. Lazy, one query; one more at once when it speaks of teams."""
    return matching(audience.rule, at=at)


def matching_count(rule: Mapping[str, Any], *, at: datetime, known: rule_tree.Known | None = None) -> int:
    """How many people a checked rule fits at `at`. One query, as `matching`."""
    return matching(rule, at=at, known=known).count()


def sample(
    rule: Mapping[str, Any], *, at: datetime, size: int = 5, known: rule_tree.Known | None = None
) -> list[Membership]:
    """Some of the people a checked rule fits, by name. One query, as `matching`."""
    return list(matching(rule, at=at, known=known).order_by("user__name", "pk")[:size])


def audience_sizes(audiences: Collection[Audience], *, at: datetime, known: rule_tree.Known) -> dict[int, int]:
    """How many people each audience fits at `at`, by id. One query, however many audiences."""
    on = at.astimezone(UTC).date()
    counts = {
        f"a{one.pk}": Count("pk", filter=rule_tree.compile_rule(one.rule, known, on=on))
        for one in audiences
        if one.rule
    }
    found = Membership.objects.filter(is_active=True).aggregate(**counts) if counts else {}
    return {one.pk: found.get(f"a{one.pk}", 0) for one in audiences}


# ---------------------------------------------------------------- the organisation's own


def tokens_for(actor: Actor) -> QuerySet[ApiToken]:
    """Keys of other systems, newest first, for administrators. Lazy, one query."""
    _administrators_only(actor)
    return ApiToken.objects.select_related("created_by").order_by("revoked", "-created")


def token_for(actor: Actor, prefix: str) -> ApiToken:
    """One key by its public first part. One query. Raises Http404, PermissionDenied for others."""
    _administrators_only(actor)
    found = ApiToken.objects.filter(prefix=prefix).first()
    if found is None:
        raise Http404("No such key.")
    return found


def holidays_for(actor: Actor, *, since: Any) -> QuerySet[Holiday]:
    """Days off from `since` (a date) on, in order, for administrators. Lazy, one query."""
    _administrators_only(actor)
    return Holiday.objects.filter(day__gte=since).order_by("day", "zone")


def holiday_for(actor: Actor, pk: int) -> Holiday:
    """One day off. One query. Raises Http404, PermissionDenied for others."""
    _administrators_only(actor)
    found = Holiday.objects.filter(pk=pk).first()
    if found is None:
        raise Http404("No such day.")
    return found


def import_for(actor: Actor, pk: int) -> PeopleImport:
    """One people file. One query. Raises Http404, PermissionDenied for others."""
    _administrators_only(actor)
    found = PeopleImport.objects.filter(pk=pk).first()
    if found is None:
        raise Http404("No such file.")
    return found


def imports_for(actor: Actor) -> QuerySet[PeopleImport]:
    """People files, latest first, without their text. Lazy, one query."""
    _administrators_only(actor)
    return PeopleImport.objects.select_related("by").defer("text", "effect").order_by("-created_at", "-pk")


def _administrators_only(actor: Actor) -> None:
    if not rules.can_run_organisation(actor):
        raise PermissionDenied(_("This is for administrators."))


def zones_in_use() -> list[str]:
    """The time zones members live in. One query."""
    return list(members().order_by("user__zone").values_list("user__zone", flat=True).distinct())
