"""Live sessions, their bookings and attendance for other systems. See docs/api.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lxp.people import queries as people
from lxp.people.models import User
from lxp.web.rest import ApiViewSet
from sessions import queries, services
from sessions.filters import AttendanceFilters, BookingFilters, SessionFilters
from sessions.models import Attendance, AttendanceStatus, Booking, LiveSession, SessionTemplate
from sessions.queries import CHANGE, RUN
from sessions.services import Block
from sessions.services.templates import LONGEST

MOST_AT_ONCE = 10_000
"""People that one request may book."""

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@extend_schema_field({"type": "string", "example": "2026-10-15T15:00"})
class WallTime(serializers.Field):
    """A time on the clock of a zone, without an offset: "2026-10-15T15:00"."""

    default_error_messages = {
        "invalid": "Write a wall-clock time without an offset, such as 2026-10-15T15:00; the zone stands beside it.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(str(data))
        except ValueError:
            self.fail("invalid")
        if moment.tzinfo is not None:
            self.fail("invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.replace(tzinfo=None).isoformat(timespec="minutes")


@extend_schema_field(serializers.EmailField())
class MemberEmail(serializers.Field):
    """The e-mail of an active member; becomes the person."""

    def to_internal_value(self, data: Any) -> User:
        email = str(data).strip().lower()
        found = people.memberships_by_email([email]).get(email)
        if found is None or not found.is_active:
            raise serializers.ValidationError(_("Nobody here has the e-mail “%s”.") % email[:60])
        return found.user

    def to_representation(self, value: User) -> str:
        return value.email


# ---------------------------------------------------------------- templates


class BlockSerializer(serializers.Serializer[Any]):
    """One part of an agenda."""

    title = serializers.CharField(max_length=200)
    minutes = serializers.IntegerField(min_value=1, max_value=LONGEST)
    kind = serializers.ChoiceField(choices=["talk", "discussion", "practice", "break"], default="talk")
    core = serializers.BooleanField(default=True, help_text="Kept even when time is short.")


class TemplateSerializer(serializers.Serializer[SessionTemplate]):
    """What is taught live; scheduled any number of times."""

    slug = serializers.SlugField(max_length=120, required=False, help_text="Made from the title unless given.")
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, default="")
    minutes = serializers.IntegerField(min_value=1, max_value=LONGEST, default=60)
    capacity = serializers.IntegerField(min_value=1, default=24)
    min_people = serializers.IntegerField(min_value=0, default=0)
    attended_share = serializers.FloatField(
        min_value=0, max_value=1, default=0.75, help_text="Share of the time that counts as attended."
    )
    partial_share = serializers.FloatField(
        min_value=0, max_value=1, default=0.25, help_text="Share from which it counts as partial."
    )
    blocks = BlockSerializer(many=True, required=False)


@extend_schema_view(list=extend_schema(summary="Session templates"))
class TemplatesView(ApiViewSet):
    """What is taught live."""

    scope = "sessions"
    model = SessionTemplate
    serializer_class = TemplateSerializer
    filter_backends = []

    def list(self, request: Request) -> Response:
        return self.page_of(queries.templates().prefetch_related("blocks"))

    @extend_schema(summary="A new template", responses={201: TemplateSerializer})
    def create(self, request: Request) -> Response:
        given = self.input(TemplateSerializer)
        blocks = [Block(**block) for block in given.pop("blocks", ())]
        made = services.create_template(**given, blocks=blocks, by=self.by, at=self.at)
        return Response(TemplateSerializer(made).data, status=201)


# ---------------------------------------------------------------- sessions


class SessionSerializer(serializers.Serializer[LiveSession]):
    """One scheduled occurrence. `start_local` in `zone` is what was planned; the instants follow from it."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    template = serializers.SlugField(source="template.slug", allow_null=True, default=None)
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=LiveSession.State.choices)
    start_local = WallTime()
    zone = serializers.CharField(help_text="IANA time zone.")
    minutes = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    actual_start = serializers.DateTimeField(allow_null=True)
    actual_end = serializers.DateTimeField(allow_null=True)
    capacity = serializers.IntegerField()
    booked = serializers.IntegerField(help_text="Seats taken.")
    waiting = serializers.IntegerField(help_text="People on the waiting list.")
    facilitators = serializers.SerializerMethodField()
    provider = serializers.ChoiceField(choices=LiveSession.Provider.choices)
    provider_url = serializers.CharField()
    place = serializers.CharField()
    sequence = serializers.IntegerField(help_text="Rises with every change of time or place.")
    changed_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()

    @extend_schema_field(serializers.ListField(child=serializers.EmailField()))
    def get_facilitators(self, session: LiveSession) -> list[str]:
        return [row.user.email for row in session.staff.all()]


class PlaceInput(serializers.Serializer[Any]):
    """Where a session takes place."""

    place = serializers.CharField(required=False, allow_blank=True, max_length=200)
    provider = serializers.ChoiceField(choices=LiveSession.Provider.choices, required=False)
    provider_url = serializers.URLField(required=False, allow_blank=True, max_length=500)


class SessionInput(PlaceInput):
    """A session to schedule. What isn't given comes from the template."""

    template = serializers.SlugField(max_length=120)
    start_local = WallTime()
    zone = serializers.CharField(max_length=64, help_text="IANA time zone.")
    fold = serializers.ChoiceField(
        choices=[0, 1], required=False, help_text="Which of two equal times, when clocks go back: 0 first, 1 second."
    )
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=LONGEST)
    capacity = serializers.IntegerField(required=False, min_value=1)
    title = serializers.CharField(required=False, max_length=200)
    facilitators = serializers.ListField(child=MemberEmail(), required=False, help_text="E-mails.")

    def validate_template(self, slug: str) -> SessionTemplate:
        found = queries.template_by_slug(slug)
        if found is None:
            raise serializers.ValidationError(_("There is no session template “%s”.") % slug)
        return found


class SessionChanges(PlaceInput):
    """What may change about a session. A new time or place is told to everybody with a seat."""

    start_local = WallTime(required=False)
    zone = serializers.CharField(required=False, max_length=64)
    fold = serializers.ChoiceField(choices=[0, 1], required=False)
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=LONGEST)
    capacity = serializers.IntegerField(required=False, min_value=1)
    facilitators = serializers.ListField(child=MemberEmail(), required=False)


class ReasonInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=300)


@extend_schema_view(
    list=extend_schema(summary="Live sessions"),
    retrieve=extend_schema(summary="One live session"),
)
class SessionsView(ApiViewSet):
    """Scheduled live sessions."""

    scope = "sessions"
    model = LiveSession
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    lookup_value_regex = UUID_PATTERN

    def list(self, request: Request) -> Response:
        return self.page_of(queries.sessions_for_api())

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(queries.session_for(self.actor, pk))

    @extend_schema(summary="Schedule a session", request=SessionInput, responses={201: SessionSerializer})
    def create(self, request: Request) -> Response:
        made = services.schedule_session(**self.input(SessionInput), by=self.by, at=self.at)
        return self._shown(made, status=201)

    @extend_schema(
        summary="Move it, or change seats or facilitators", request=SessionChanges, responses=SessionSerializer
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        session = queries.session_for(self.actor, pk, CHANGE)
        services.change_session(session=session, **self.input(SessionChanges, partial=True), by=self.by, at=self.at)
        return self._shown(session)

    @extend_schema(
        summary="Call it off; everybody with a seat is told", request=ReasonInput, responses=SessionSerializer
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        session = queries.session_for(self.actor, pk, CHANGE)
        services.cancel_session(session=session, **self.input(ReasonInput), by=self.by, at=self.at)
        return self._shown(session)

    @extend_schema(summary="End it and settle attendance", request=None, responses=SessionSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        session = queries.session_for(self.actor, pk, RUN)
        services.end_session(session=session, by=self.by, at=self.at)
        return self._shown(session)

    def _shown(self, session: LiveSession, status: int = 200) -> Response:
        return Response(SessionSerializer(queries.sessions_for_api().get(pk=session.pk)).data, status=status)


# ---------------------------------------------------------------- bookings


class BookingSerializer(serializers.Serializer[Booking]):
    """Somebody's seat in a session, their place in the queue, or what became of it."""

    id = serializers.IntegerField(read_only=True)
    session = serializers.UUIDField(source="session.uuid")
    learner = serializers.IntegerField(source="learner_id", help_text="Id of the person.")
    email = serializers.EmailField(source="learner.email")
    state = serializers.ChoiceField(choices=Booking.State.choices)
    walk_in = serializers.BooleanField()
    updated_at = serializers.DateTimeField(help_text="When it got its state.")


class BookInput(serializers.Serializer[Any]):
    """Whom to book on which session, by id or e-mail; in this order while seats last, then the waiting list."""

    session = serializers.UUIDField()
    learners = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=MOST_AT_ONCE, help_text="Ids of people."
    )
    emails = serializers.ListField(
        child=serializers.EmailField(), required=False, max_length=MOST_AT_ONCE, help_text="E-mails of people."
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        ids = list(given.get("learners", ()))
        emails = [email.lower() for email in given.get("emails", ())]
        known = people.memberships_by_email(emails) if emails else {}
        if strangers := [email for email in emails if email not in known]:
            raise serializers.ValidationError(
                {"emails": [_("Nobody here has the e-mail “%s”.") % email[:60] for email in strangers[:20]]}
            )
        ids += [known[email].user_id for email in emails]
        if not ids:
            raise serializers.ValidationError({"learners": [_("Say whom to book: learners or emails.")]})
        return {"session": given["session"], "learner_ids": ids, "reason": given["reason"]}


class BookedSerializer(serializers.Serializer[Any]):
    """Ids of people by what they have now; `unchanged` had it before."""

    booked = serializers.ListField(child=serializers.IntegerField())
    waitlisted = serializers.ListField(child=serializers.IntegerField())
    unchanged = serializers.ListField(child=serializers.IntegerField())


class OptionalReason(serializers.Serializer[Any]):
    """Why, if there is something to say."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class SwitchInput(serializers.Serializer[Any]):
    """The session to change to."""

    to = serializers.UUIDField()


@extend_schema_view(
    list=extend_schema(summary="Bookings"),
    retrieve=extend_schema(summary="One booking"),
)
class BookingsView(ApiViewSet):
    """Seats and waiting lists."""

    scope = "bookings"
    model = Booking
    serializer_class = BookingSerializer
    filterset_class = BookingFilters
    lookup_value_regex = "[0-9]{1,18}"

    def list(self, request: Request) -> Response:
        return self.page_of(queries.bookings_for_api())

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(BookingSerializer(queries.booking_for(self.actor, int(pk))).data)

    @extend_schema(summary="Book people on a session", request=BookInput, responses={201: BookedSerializer})
    def create(self, request: Request) -> Response:
        given = self.input(BookInput)
        session = queries.session_for(self.actor, given.pop("session"), CHANGE)
        found = services.book_many(session=session, **given, by=self.by, at=self.at)
        return Response(BookedSerializer(found).data, status=201)

    @extend_schema(
        summary="Take a seat back; the next in the queue gets it", request=OptionalReason, responses=BookingSerializer
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        booking = queries.booking_for(self.actor, int(pk))
        services.cancel_booking(booking=booking, **self.input(OptionalReason), by=self.by, at=self.at)
        return Response(BookingSerializer(queries.booking_for(self.actor, int(pk))).data)

    @extend_schema(
        summary="Change to another session: both or neither", request=SwitchInput, responses=BookingSerializer
    )
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:
        booking = queries.booking_for(self.actor, int(pk))
        to = queries.session_for(self.actor, self.input(SwitchInput)["to"], CHANGE)
        made = services.switch_booking(
            from_session=booking.session, to_session=to, learner=booking.learner, by=self.by, at=self.at
        )
        return Response(BookingSerializer(queries.booking_for(self.actor, made.pk)).data)


# ---------------------------------------------------------------- attendance


class AttendanceSerializer(serializers.Serializer[Attendance]):
    """What is held to be true of somebody's presence. Before the end of the session it is provisional."""

    session = serializers.UUIDField(source="session.uuid")
    learner = serializers.IntegerField(source="learner_id", help_text="Id of the person.")
    email = serializers.EmailField(source="learner.email")
    status = serializers.ChoiceField(choices=AttendanceStatus.choices)
    minutes = serializers.IntegerField()
    settled = serializers.BooleanField(source="session.is_over", help_text="The session is over.")
    decided_by = serializers.EmailField(
        source="decided_by.email", allow_null=True, default=None, help_text="Null: the rule, or another system."
    )
    note = serializers.CharField()
    decided_at = serializers.DateTimeField()


class AttendanceInput(serializers.Serializer[Any]):
    """How it was, as another system knows it."""

    session = serializers.UUIDField()
    email = MemberEmail()
    status = serializers.ChoiceField(choices=AttendanceStatus.choices)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


@extend_schema_view(list=extend_schema(summary="Attendance"))
class AttendanceView(ApiViewSet):
    """Who was there."""

    scope = "attendance"
    model = Attendance
    serializer_class = AttendanceSerializer
    filterset_class = AttendanceFilters

    def list(self, request: Request) -> Response:
        return self.page_of(queries.attendance_for_api())

    @extend_schema(summary="Say how it was", request=AttendanceInput, responses={201: AttendanceSerializer})
    def create(self, request: Request) -> Response:
        given = self.input(AttendanceInput)
        session = queries.session_for(self.actor, given["session"], RUN)
        person: User = given["email"]
        row = services.set_attendance(
            session=session, learner_id=person.pk, status=given["status"],
            reason=given["reason"] or ("" if self.by else _("Through the API")), by=self.by, at=self.at,
        )  # fmt: skip
        return Response(AttendanceSerializer(queries.attendance_for_api().get(pk=row.pk)).data, status=201)


routes = [
    ("session-templates", TemplatesView, "session-template"),
    ("sessions", SessionsView, "session"),
    ("bookings", BookingsView, "booking"),
    ("attendance", AttendanceView, "attendance"),
]
