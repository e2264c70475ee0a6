"""What lists of the REST API can be narrowed by."""

from __future__ import annotations

import django_filters

from sessions.models import AttendanceStatus, Booking, LiveSession


class SessionFilters(django_filters.FilterSet):
    """Filters of `/api/v1/sessions/`."""

    state = django_filters.MultipleChoiceFilter(choices=LiveSession.State.choices, help_text="One or several states.")
    template = django_filters.CharFilter(field_name="template__slug", help_text="Slug of a session template.")
    facilitator = django_filters.CharFilter(
        field_name="staff__user__email", lookup_expr="iexact", distinct=True, help_text="E-mail of who runs it."
    )
    starts_after = django_filters.IsoDateTimeFilter(
        field_name="starts_at", lookup_expr="gte", help_text="Starts at or after this moment (ISO 8601 with an offset)."
    )
    starts_before = django_filters.IsoDateTimeFilter(
        field_name="starts_at", lookup_expr="lt", help_text="Starts before this moment (ISO 8601 with an offset)."
    )


class BookingFilters(django_filters.FilterSet):
    """Filters of `/api/v1/bookings/`."""

    session = django_filters.UUIDFilter(field_name="session__uuid", help_text="Id of a session.")
    learner = django_filters.NumberFilter(field_name="learner_id", help_text="Id of a person.")
    email = django_filters.CharFilter(field_name="learner__email", lookup_expr="iexact", help_text="Of the learner.")
    state = django_filters.MultipleChoiceFilter(choices=Booking.State.choices, help_text="One or several states.")
    updated_since = django_filters.IsoDateTimeFilter(
        field_name="updated_at", lookup_expr="gte", help_text="Got its state at or after this moment."
    )


class AttendanceFilters(django_filters.FilterSet):
    """Filters of `/api/v1/attendance/`."""

    session = django_filters.UUIDFilter(field_name="session__uuid", help_text="Id of a session.")
    learner = django_filters.NumberFilter(field_name="learner_id", help_text="Id of a person.")
    email = django_filters.CharFilter(field_name="learner__email", lookup_expr="iexact", help_text="Of the learner.")
    status = django_filters.ChoiceFilter(choices=AttendanceStatus.choices, help_text="How it is held to have been.")
    decided_since = django_filters.IsoDateTimeFilter(
        field_name="decided_at", lookup_expr="gte", help_text="Decided at or after this moment."
    )
