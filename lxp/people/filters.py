"""What lists of the REST API can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from lxp.people import queries
from lxp.people.models import Membership, Role


class PeopleFilters(django_filters.FilterSet):
    """Filters of `/api/v1/people/`."""

    email = django_filters.CharFilter(field_name="user__email", lookup_expr="iexact", help_text="Exactly, in any case.")
    external_id = django_filters.CharFilter(help_text="The HR system's id, exactly.")
    team = django_filters.CharFilter(method="in_team", help_text="Slug of a team; teams under it are included.")
    job_role = django_filters.CharFilter(field_name="job_role__code", help_text="Code of a job role.")
    role = django_filters.ChoiceFilter(choices=Role.choices, method="with_role", help_text="What they do here.")
    active = django_filters.BooleanFilter(field_name="is_active", help_text="false: those who left; without it, all.")
    updated_since = django_filters.IsoDateTimeFilter(
        field_name="updated_at",
        lookup_expr="gte",
        help_text="Changed at or after this moment (ISO 8601 with an offset).",
    )

    def in_team(self, found: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        return found.filter(team__slug__in=queries.known_teams().below([value]))

    def with_role(self, found: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        return found.filter(roles__contains=[value])
