"""People, teams, job roles and audiences for other systems. See docs/api.md."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lxp.people import audience as rule_tree
from lxp.people import queries, rules, services
from lxp.people.filters import PeopleFilters
from lxp.people.models import Audience, JobRole, Membership, Role, Team, User
from lxp.web.rest import ApiViewSet

SAMPLE = 5


# ---------------------------------------------------------------- people


class PersonSerializer(serializers.Serializer[Membership]):
    """A person in the organisation. `id` is the person's; every other resource refers to people by it."""

    id = serializers.IntegerField(source="user_id", read_only=True)
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    external_id = serializers.CharField(help_text="The HR system's id; empty when it has none.")
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    team = serializers.SlugField(source="team.slug", allow_null=True, default=None, help_text="Slug.")
    job_role = serializers.CharField(source="job_role.code", allow_null=True, default=None, help_text="Code.")
    manager = serializers.EmailField(source="manager.email", allow_null=True, default=None, help_text="E-mail.")
    zone = serializers.CharField(source="user.zone", help_text="IANA time zone.")
    locale = serializers.CharField(source="user.locale")
    place = serializers.CharField()
    hired_on = serializers.DateField(allow_null=True)
    left_on = serializers.DateField(allow_null=True)
    attributes = serializers.DictField(help_text="Further HR fields; audience rules can use them.")
    active = serializers.BooleanField(source="is_active")
    updated_at = serializers.DateTimeField()


class PersonInput(serializers.Serializer[Any]):
    """What may be given for a person. What is left out of a PATCH stays as it is; null empties."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150)
    external_id = serializers.CharField(max_length=120, required=False, allow_blank=True)
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices),
        required=False,
        allow_empty=False,
        help_text="Default: learner.",
    )
    team = serializers.SlugField(required=False, allow_null=True, help_text="Slug of a team.")
    job_role = serializers.CharField(required=False, allow_null=True, max_length=60, help_text="Code of a job role.")
    manager = serializers.EmailField(required=False, allow_null=True, help_text="E-mail of an active member.")
    zone = serializers.CharField(
        required=False, max_length=64, help_text="IANA time zone. Default: the organisation's."
    )
    locale = serializers.CharField(required=False, max_length=12)
    place = serializers.CharField(required=False, allow_blank=True, max_length=120)
    hired_on = serializers.DateField(required=False, allow_null=True)
    attributes = serializers.DictField(required=False)

    def validate_team(self, slug: str | None) -> Team | None:
        return _found(queries.team_by_slug(slug), _("There is no team “%(value)s”."), slug) if slug else None

    def validate_job_role(self, code: str | None) -> JobRole | None:
        return _found(queries.job_role_by_code(code), _("There is no job role “%(value)s”."), code) if code else None

    def validate_manager(self, email: str | None) -> User | None:
        if not email:
            return None
        member = queries.memberships_by_email([email]).get(email.lower())
        return _found(member, _("Nobody here has the e-mail “%(value)s”."), email).user


def _found(thing: Any, text: str, value: Any) -> Any:
    if thing is None:
        raise serializers.ValidationError(text % {"value": str(value)[:60]})
    return thing


class LeavingInput(serializers.Serializer[Any]):
    """When somebody left."""

    left_on = serializers.DateField(required=False, allow_null=True, help_text="Default: today.")


@extend_schema_view(
    list=extend_schema(summary="People, those who left too"),
    retrieve=extend_schema(summary="One person"),
)
class PeopleView(ApiViewSet):
    """The people of the organisation."""

    scope = "people"
    model = Membership
    serializer_class = PersonSerializer
    filterset_class = PeopleFilters
    lookup_value_regex = "[0-9]{1,18}"

    def list(self, request: Request) -> Response:
        return self.page_of(queries.people_updated_since())

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(queries.person_for(self.actor, int(pk)))

    @extend_schema(summary="Somebody joins", request=PersonInput, responses={201: PersonSerializer})
    def create(self, request: Request) -> Response:
        if not rules.can_change_people(self.actor):
            raise PermissionDenied(_("An administrator can change people."))
        made = services.create_person(**self.input(PersonInput), by=self.by, at=self.at)
        return self._shown(queries.person_for(self.actor, made.user_id), status=201)

    @extend_schema(summary="Change some facts", request=PersonInput(partial=True), responses=PersonSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        membership = queries.person_for(self.actor, int(pk), "change")
        changes = self.input(PersonInput, partial=True)
        services.update_person(membership=membership, changes=changes, by=self.by, at=self.at)
        return self._shown(queries.person_for(self.actor, int(pk)))

    @extend_schema(summary="Somebody leaves; their history stays", request=LeavingInput, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        membership = queries.person_for(self.actor, int(pk), "change")
        services.deactivate_person(membership=membership, by=self.by, at=self.at, **self.input(LeavingInput))
        return self._shown(membership)

    @extend_schema(summary="Somebody is back", request=None, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: str) -> Response:
        membership = queries.person_for(self.actor, int(pk), "change")
        services.reactivate_person(membership=membership, by=self.by, at=self.at)
        return self._shown(membership)

    def _shown(self, membership: Membership, status: int = 200) -> Response:
        return Response(PersonSerializer(membership).data, status=status)


# ---------------------------------------------------------------- teams and job roles


class TeamSerializer(serializers.Serializer[Team]):
    """A unit of the organisation's tree."""

    slug = serializers.SlugField(max_length=120, required=False, help_text="Made from the name unless given.")
    name = serializers.CharField(max_length=120)
    parent = serializers.SlugField(  # type: ignore[assignment]  # the field's own name
        source="parent.slug", allow_null=True, default=None, help_text="Slug of the team above."
    )


@extend_schema_view(list=extend_schema(summary="Teams"))
class TeamsView(ApiViewSet):
    """The organisation's tree of teams."""

    scope = "people"
    model = Team
    serializer_class = TeamSerializer
    filter_backends = []

    def list(self, request: Request) -> Response:
        return self.page_of(queries.teams())

    @extend_schema(summary="A new team", responses={201: TeamSerializer})
    def create(self, request: Request) -> Response:
        if not rules.can_change_people(self.actor):
            raise PermissionDenied(_("An administrator can change teams."))
        given = self.input(TeamSerializer)
        above = (given.pop("parent", None) or {}).get("slug")
        parent = None
        if above:
            parent = queries.team_by_slug(above)
            if parent is None:
                raise serializers.ValidationError({"parent": [_("There is no team “%(value)s”.") % {"value": above}]})
        made = services.create_team(**given, parent=parent, by=self.by, at=self.at)
        return Response(TeamSerializer(made).data, status=201)


class JobRoleSerializer(serializers.Serializer[JobRole]):
    """What somebody can be by trade."""

    code = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, default="")


@extend_schema_view(list=extend_schema(summary="Job roles"))
class JobRolesView(ApiViewSet):
    """The organisation's job roles."""

    scope = "people"
    model = JobRole
    serializer_class = JobRoleSerializer
    filter_backends = []

    def list(self, request: Request) -> Response:
        return self.page_of(queries.job_roles())

    @extend_schema(summary="A new job role", responses={201: JobRoleSerializer})
    def create(self, request: Request) -> Response:
        if not rules.can_change_people(self.actor):
            raise PermissionDenied(_("An administrator can change job roles."))
        made = services.create_job_role(**self.input(JobRoleSerializer), by=self.by, at=self.at)
        return Response(JobRoleSerializer(made).data, status=201)


# ---------------------------------------------------------------- audiences


class AudienceSerializer(serializers.Serializer[Audience]):
    """A named rule over people; see docs/audiences.md for what rules can say."""

    slug = serializers.SlugField(max_length=150, required=False, help_text="Made from the name unless given.")
    name = serializers.CharField(max_length=150)
    rule = serializers.DictField()


class AudienceChanges(serializers.Serializer[Any]):
    """What may change about an audience."""

    name = serializers.CharField(max_length=150, required=False)
    rule = serializers.DictField(required=False)


class RuleInput(serializers.Serializer[Any]):
    """A rule to try."""

    rule = serializers.DictField()


class MemberSerializer(serializers.Serializer[Membership]):
    """Somebody an audience means."""

    id = serializers.IntegerField(source="user_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    external_id = serializers.CharField()


class ReachSerializer(serializers.Serializer[Any]):
    """How far a rule reaches today."""

    count = serializers.IntegerField()
    sentence = serializers.CharField(help_text="The rule in words.")
    sample = MemberSerializer(many=True)


@extend_schema_view(
    list=extend_schema(summary="Audiences"),
    retrieve=extend_schema(summary="One audience"),
)
class AudiencesView(ApiViewSet):
    """Named rules over people."""

    scope = "audiences"
    model = Audience
    serializer_class = AudienceSerializer
    filter_backends = []
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"
    reading_actions = frozenset({"preview"})

    def list(self, request: Request) -> Response:
        return self.page_of(queries.audiences_for(self.actor))

    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(AudienceSerializer(queries.audience_for(self.actor, slug)).data)

    @extend_schema(summary="A new audience", responses={201: AudienceSerializer})
    def create(self, request: Request) -> Response:
        made = services.create_audience(**self.input(AudienceSerializer), by=self.by, at=self.at)
        return Response(AudienceSerializer(made).data, status=201)

    @extend_schema(summary="Change name or rule", request=AudienceChanges, responses=AudienceSerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        found = queries.audience_for(self.actor, slug)
        services.update_audience(audience=found, **self.input(AudienceChanges), by=self.by, at=self.at)
        return Response(AudienceSerializer(found).data)

    @extend_schema(summary="Whom an audience means today", responses=MemberSerializer(many=True))
    @action(detail=True, serializer_class=MemberSerializer)
    def members(self, request: Request, slug: str) -> Response:
        return self.page_of(queries.members_of(queries.audience_for(self.actor, slug), at=self.at))

    @extend_schema(summary="Try a rule without keeping it", request=RuleInput, responses=ReachSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        known = queries.known()
        rule = rule_tree.clean(self.input(RuleInput)["rule"], known)
        reach = {
            "count": queries.matching_count(rule, at=self.at, known=known),
            "sentence": rule_tree.describe(rule, known),
            "sample": queries.sample(rule, at=self.at, size=SAMPLE, known=known),
        }
        return Response(ReachSerializer(reach).data)


routes = [
    ("people", PeopleView, "person"),
    ("teams", TeamsView, "team"),
    ("job-roles", JobRolesView, "job-role"),
    ("audiences", AudiencesView, "audience"),
]
