"""REST: journeys, steps, cohorts, enrolments, assignments, progress; over the same queries and services as the pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from content import queries as content
from journeys import queries, services
from journeys.explain import explain
from journeys.models import (
    Assignment,
    BulkAct,
    Cohort,
    CohortSession,
    Enrolment,
    Journey,
    JourneyVersion,
    Need,
    Override,
    Phase,
    Step,
)
from journeys.progress import Progress
from journeys.services.simulating import simulate_cohort
from lxp.people import queries as people
from lxp.people.actor import Actor
from lxp.web.rest import ApiViewSet, Conflict
from sessions import queries as live
from sessions.models import LiveSession

MOST_AT_ONCE = 10_000
"""People one bulk request may name."""


# ---------------------------------------------------------------- what goes out


class StepOut(serializers.ModelSerializer):
    item: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    template: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Step
        fields = [
            "id", "key", "position", "part", "phase", "kind", "title", "why", "minutes", "required", "item",
            "content_version", "template", "opens", "due", "condition", "complete",
        ]  # fmt: skip


class JourneyOut(serializers.ModelSerializer):
    published_version = serializers.SerializerMethodField()
    has_draft = serializers.SerializerMethodField()

    class Meta:
        model = Journey
        fields = [
            "id", "slug", "code", "title", "summary", "outcome", "need", "mandatory", "self_enrol", "created_at",
            "published_version", "has_draft",
        ]  # fmt: skip

    def get_published_version(self, journey: Journey) -> int | None:
        return max((v.number for v in journey.versions.all() if v.published_at), default=None)

    def get_has_draft(self, journey: Journey) -> bool:
        return any(v.published_at is None for v in journey.versions.all())


class VersionOut(serializers.ModelSerializer):
    class Meta:
        model = JourneyVersion
        fields = ["id", "number", "created_at", "updated_at", "published_at"]


class FindingOut(serializers.Serializer):
    level = serializers.ChoiceField(choices=["error", "advice"])
    step = serializers.CharField(source="key")
    text = serializers.CharField()


class OfferOut(serializers.ModelSerializer):
    step = serializers.CharField(source="step_key")
    session = serializers.UUIDField(source="session.uuid")
    title = serializers.CharField(source="session.title")
    start_local = serializers.DateTimeField(source="session.start_local", format="%Y-%m-%dT%H:%M")
    zone = serializers.CharField(source="session.zone")
    starts_at = serializers.DateTimeField(source="session.starts_at")
    ends_at = serializers.DateTimeField(source="session.ends_at")
    state = serializers.CharField(source="session.state")

    class Meta:
        model = CohortSession
        fields = ["step", "session", "title", "start_local", "zone", "starts_at", "ends_at", "state", "is_default"]


class CohortOut(serializers.ModelSerializer):
    journey: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number")
    audience: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Cohort
        fields = [
            "id", "slug", "title", "journey", "version", "zone", "starts_on", "audience", "follow_audience",
            "self_enrol", "capacity", "state", "created_at",
        ]  # fmt: skip


class EnrolmentOut(serializers.ModelSerializer):
    cohort: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    learner_email = serializers.EmailField(source="learner.email")
    registration = serializers.UUIDField(source="uuid")

    class Meta:
        model = Enrolment
        fields = [
            "id", "registration", "cohort", "learner", "learner_email", "source", "state", "progress", "enrolled_at",
            "completed_at", "withdrawn_at", "last_active_at",
        ]  # fmt: skip


class AssignmentOut(serializers.ModelSerializer):
    title = serializers.SerializerMethodField()
    phase = serializers.CharField(source="step.phase", default=None)
    item: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    session: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="uuid", read_only=True)

    class Meta:
        model = Assignment
        fields = [
            "id", "enrolment", "learner", "key", "title", "phase", "item", "session", "state", "opens_at", "due_at",
            "note", "score", "outcome", "opened_at", "done_at",
        ]  # fmt: skip

    def get_title(self, assignment: Assignment) -> str:
        return assignment.step.title if assignment.step else assignment.item.title if assignment.item else ""


class WhyOut(serializers.Serializer):
    """Each answer in sentences."""

    have = serializers.ListField(child=serializers.CharField())
    opens = serializers.ListField(child=serializers.CharField())
    due = serializers.ListField(child=serializers.CharField())


class ShareOut(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    minutes = serializers.IntegerField()
    done = serializers.FloatField()
    because = serializers.CharField()


class ProgressOut(serializers.Serializer):
    value = serializers.FloatField(help_text="0 to 1; what the learner sees.")
    counted = serializers.FloatField(help_text="0 to 1; today's count. Lower than value only where steps were added.")
    shares = ShareOut(many=True)


class ActOut(serializers.ModelSerializer):
    cohort: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = BulkAct
        fields = ["id", "kind", "cohort", "at", "effect", "undone_at"]


class BulkOut(serializers.Serializer):
    dry_run = serializers.BooleanField()
    joining = serializers.ListField(child=serializers.IntegerField())
    returning = serializers.ListField(child=serializers.IntegerField())
    already = serializers.ListField(child=serializers.IntegerField())
    unknown = serializers.ListField(child=serializers.CharField())
    too_many = serializers.IntegerField()
    act = serializers.IntegerField(allow_null=True, help_text="Undo it with POST /acts/{id}/undo/.")


class AudiencePreviewOut(serializers.Serializer):
    gaining = serializers.ListField(child=serializers.IntegerField())
    losing = serializers.ListField(child=serializers.IntegerField())
    staying = serializers.IntegerField()


class HappeningOut(serializers.Serializer):
    at = serializers.CharField()
    local = serializers.CharField()
    zone = serializers.CharField()
    learner = serializers.CharField()
    kind = serializers.CharField()
    step = serializers.CharField()
    title = serializers.CharField()
    channel = serializers.CharField()
    message = serializers.CharField()
    reason = serializers.CharField()


# ---------------------------------------------------------------- what comes in


class JourneyIn(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    summary = serializers.CharField(required=False, allow_blank=True)
    outcome = serializers.CharField(required=False, allow_blank=True)
    need = serializers.ChoiceField(choices=Need.choices, required=False)
    code = serializers.CharField(max_length=4, required=False)
    mandatory = serializers.BooleanField(required=False)
    self_enrol = serializers.BooleanField(required=False)


class StepIn(serializers.Serializer):
    key = serializers.SlugField(max_length=60, required=False)
    kind = serializers.ChoiceField(choices=Step.Kind.choices)
    phase = serializers.ChoiceField(choices=Phase.choices)
    title = serializers.CharField(max_length=200)
    part = serializers.CharField(max_length=120, required=False, allow_blank=True)
    why = serializers.CharField(max_length=300, required=False, allow_blank=True)
    minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # the field's own name
    item = serializers.SlugField(required=False, help_text="Slug of published content.")
    template = serializers.SlugField(required=False, help_text="Slug of a session template.")
    opens = serializers.DictField(required=False)
    due = serializers.DictField(required=False)
    condition = serializers.DictField(required=False)
    complete = serializers.DictField(required=False)


class MoveIn(serializers.Serializer):
    position = serializers.IntegerField(min_value=1)


class OfferIn(serializers.Serializer):
    step = serializers.SlugField()
    start_local = serializers.CharField(help_text="Wall time without zone, such as 2026-10-15T15:00.")
    zone = serializers.CharField()
    fold = serializers.ChoiceField(choices=[0, 1], required=False, help_text="Which of two, where a time repeats.")
    facilitator = serializers.EmailField(required=False)
    capacity = serializers.IntegerField(min_value=1, required=False)
    provider = serializers.ChoiceField(choices=LiveSession.Provider.choices, required=False)
    provider_url = serializers.URLField(required=False)
    place = serializers.CharField(max_length=200, required=False)

    def validate_start_local(self, text: str) -> Any:
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise serializers.ValidationError("Write it like 2026-10-15T15:00.") from None
        if value.tzinfo is not None:
            raise serializers.ValidationError("Leave the offset out: this is wall time in `zone`.")
        return value


class CohortIn(serializers.Serializer):
    journey = serializers.SlugField()
    version = serializers.IntegerField(required=False, help_text="Number; the newest published one by default.")
    title = serializers.CharField(max_length=200)
    slug = serializers.SlugField(required=False)
    starts_on = serializers.DateField()
    zone = serializers.CharField()
    audience = serializers.SlugField(required=False, allow_null=True)
    follow_audience = serializers.BooleanField(required=False)
    self_enrol = serializers.BooleanField(required=False)
    capacity = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    sessions = OfferIn(many=True, required=False)


class CohortChange(serializers.Serializer):
    title = serializers.CharField(max_length=200, required=False)
    starts_on = serializers.DateField(required=False)
    zone = serializers.CharField(required=False)
    audience = serializers.SlugField(required=False, allow_null=True)
    follow_audience = serializers.BooleanField(required=False)
    self_enrol = serializers.BooleanField(required=False)
    capacity = serializers.IntegerField(min_value=1, required=False, allow_null=True)


class StateIn(serializers.Serializer):
    state = serializers.ChoiceField(choices=Cohort.State.choices)


class PeopleIn(serializers.Serializer):
    """People by id, e-mail or the HR system's id; any mix."""

    ids = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=MOST_AT_ONCE)
    emails = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_AT_ONCE)
    external_ids = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_AT_ONCE)
    dry_run = serializers.BooleanField(default=False)


class EnrolmentIn(serializers.Serializer):
    cohort = serializers.SlugField()
    learner = serializers.IntegerField(required=False)
    email = serializers.EmailField(required=False)
    external_id = serializers.CharField(required=False)


class ReasonIn(serializers.Serializer):
    reason = serializers.CharField(max_length=300)


class ExtendIn(ReasonIn):
    due_at = serializers.DateTimeField()


class InsertIn(ReasonIn):
    item = serializers.SlugField()
    due_at = serializers.DateTimeField(required=False)


class OverrideOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    key = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)


# ---------------------------------------------------------------- filters


class CohortFilter(django_filters.FilterSet):
    journey = django_filters.CharFilter("journey__slug")

    state = django_filters.ChoiceFilter(choices=Cohort.State.choices)


class EnrolmentFilter(django_filters.FilterSet):
    cohort = django_filters.CharFilter("cohort__slug")
    journey = django_filters.CharFilter("cohort__journey__slug")
    email = django_filters.CharFilter("learner__email", lookup_expr="iexact")
    active_since = django_filters.IsoDateTimeFilter("last_active_at", lookup_expr="gte")

    learner = django_filters.NumberFilter("learner_id")
    state = django_filters.ChoiceFilter(choices=Enrolment.State.choices)
    source = django_filters.ChoiceFilter(choices=Enrolment.Source.choices)


class AssignmentFilter(django_filters.FilterSet):
    cohort = django_filters.CharFilter("enrolment__cohort__slug")
    email = django_filters.CharFilter("learner__email", lookup_expr="iexact")
    due_before = django_filters.IsoDateTimeFilter("due_at", lookup_expr="lt")
    due_after = django_filters.IsoDateTimeFilter("due_at", lookup_expr="gte")

    enrolment = django_filters.NumberFilter("enrolment_id")
    learner = django_filters.NumberFilter("learner_id")
    state = django_filters.ChoiceFilter(choices=Assignment.State.choices)
    key = django_filters.CharFilter("key")


# ---------------------------------------------------------------- resources


class JourneyViewSet(ApiViewSet):
    """Journeys, their versions and the draft's steps."""

    scope, model = "journeys", Journey
    serializer_class = JourneyOut
    lookup_field = "slug"

    def list(self, request: Request) -> Response:
        """All journeys. Two queries a page."""
        return self.page_of(queries.journeys_for_api())

    @extend_schema(request=JourneyIn, responses={201: JourneyOut})
    def create(self, request: Request) -> Response:
        """A new journey with an empty draft."""
        journey = services.create_journey(**self.input(JourneyIn), by=self.by, at=self.at)
        return Response(JourneyOut(journey).data, status=201)

    def retrieve(self, request: Request, slug: str) -> Response:
        """One journey."""
        return Response(JourneyOut(queries.journey_for(self.actor, slug)).data)

    @extend_schema(request=JourneyIn, responses=JourneyOut)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change what is said about a journey."""
        journey = queries.journey_for(self.actor, slug, "change")
        changes = self.input(JourneyIn, partial=True)
        return Response(JourneyOut(services.update_journey(journey=journey, by=self.by, at=self.at, **changes)).data)

    @extend_schema(responses=VersionOut(many=True), filters=False, parameters=[])
    @action(detail=True, pagination_class=None)
    def versions(self, request: Request, slug: str) -> Response:
        """All editions, newest first."""
        journey = queries.journey_for(self.actor, slug)
        return Response(VersionOut(journey.versions.order_by("-number"), many=True).data)

    @extend_schema(request=None, responses=VersionOut)
    @action(detail=True, methods=["post"])
    def draft(self, request: Request, slug: str) -> Response:
        """The open draft, or a new one copied from the newest version."""
        journey = queries.journey_for(self.actor, slug, "change")
        return Response(VersionOut(services.start_draft(journey=journey, by=self.by, at=self.at)).data)

    @extend_schema(request=None, responses=VersionOut)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, slug: str) -> Response:
        """Freeze the draft. 422 names what would keep learners from getting on."""
        journey = queries.journey_for(self.actor, slug, "change")
        return Response(VersionOut(services.publish_journey(journey=journey, by=self.by, at=self.at)).data)

    @extend_schema(responses=FindingOut(many=True), filters=False, parameters=[])
    @action(detail=True, pagination_class=None)
    def findings(self, request: Request, slug: str) -> Response:
        """What the design check says about the draft, else about the newest version."""
        version = self._version(queries.journey_for(self.actor, slug), None)
        return Response(FindingOut(services.findings_of(version), many=True).data)

    @extend_schema(
        methods=["get"], responses=StepOut(many=True), filters=False,
        parameters=[OpenApiParameter("version", int, description="Number; the draft, else the newest, by default.")],
    )  # fmt: skip
    @extend_schema(methods=["post"], request=StepIn, responses={201: StepOut})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def steps(self, request: Request, slug: str) -> Response:
        """Steps of a version in order, or a new step at the end of the draft."""
        journey = queries.journey_for(self.actor, slug, "see" if request.method == "GET" else "change")
        if request.method == "GET":
            version = self._version(journey, request.query_params.get("version"))
            rows = version.steps.select_related("item", "template").order_by("position")
            return Response(StepOut(rows, many=True).data)
        version = services.start_draft(journey=journey, by=self.by, at=self.at)
        step = services.add_step(
            version=version, by=self.by, at=self.at, **_step_fields(self.actor, self.input(StepIn))
        )
        return Response(StepOut(step).data, status=201)

    def _version(self, journey: Journey, number: str | None) -> JourneyVersion:
        rows = journey.versions.order_by("-number")
        found = rows.filter(number=number).first() if number and number.isdigit() else rows.first()
        if found is None:
            raise Http404("This journey has no such version.")
        return found


class StepViewSet(ApiViewSet):
    """Steps of drafts."""

    scope, model = "journeys", Step
    serializer_class = StepOut

    def retrieve(self, request: Request, pk: int) -> Response:
        """One step."""
        return Response(StepOut(queries.step_for(self.actor, pk, "see")).data)

    @extend_schema(request=StepIn, responses=StepOut)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a draft's step."""
        step = queries.step_for(self.actor, pk)
        fields = _step_fields(self.actor, self.input(StepIn, partial=True))
        for fixed in ("kind", "key"):
            fields.pop(fixed, None)
        return Response(StepOut(services.change_step(step=step, by=self.by, at=self.at, **fields)).data)

    def destroy(self, request: Request, pk: int) -> Response:
        """Take a step out of a draft."""
        services.remove_step(step=queries.step_for(self.actor, pk), by=self.by, at=self.at)
        return Response(status=204)

    @extend_schema(request=MoveIn, responses=StepOut)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: int) -> Response:
        """Put it at another place in the order."""
        step = queries.step_for(self.actor, pk)
        return Response(StepOut(services.move_step(step=step, by=self.by, at=self.at, **self.input(MoveIn))).data)


class CohortViewSet(ApiViewSet):
    """Cohorts with their live sessions, and everybody in them."""

    scope, model = "cohorts", Cohort
    serializer_class = CohortOut
    filterset_class = CohortFilter
    lookup_field = "slug"

    def list(self, request: Request) -> Response:
        """All cohorts. One query a page."""
        return self.page_of(queries.cohorts_for_api())

    def retrieve(self, request: Request, slug: str) -> Response:
        """One cohort."""
        return Response(CohortOut(queries.cohort_for(self.actor, slug)).data)

    @extend_schema(request=CohortIn, responses={201: CohortOut})
    def create(self, request: Request) -> Response:
        """Schedule a published version with a live session for every live step."""
        fields = self.input(CohortIn)
        journey = queries.journey_for(self.actor, fields.pop("journey"), "change")
        version = _published(journey, fields.pop("version", None))
        fields["offers"] = [_offer(offer) for offer in fields.pop("sessions", [])]
        fields["audience"] = _audience(self.actor, fields.pop("audience", None))
        cohort = services.schedule_cohort(version=version, by=self.by, at=self.at, **fields)
        return Response(CohortOut(cohort).data, status=201)

    @extend_schema(request=CohortChange, responses=CohortOut)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change a cohort; plans follow."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        changes = self.input(CohortChange, partial=True)
        if "audience" in changes:
            changes["audience"] = _audience(self.actor, changes["audience"])
        return Response(CohortOut(services.update_cohort(cohort=cohort, by=self.by, at=self.at, **changes)).data)

    @extend_schema(request=StateIn, responses=CohortOut)
    @action(detail=True, methods=["post"])
    def state(self, request: Request, slug: str) -> Response:
        """Activate, finish or cancel."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        cohort = services.set_cohort_state(cohort=cohort, by=self.by, at=self.at, **self.input(StateIn))
        return Response(CohortOut(cohort).data)

    @extend_schema(methods=["get"], responses=OfferOut(many=True), filters=False, parameters=[])
    @extend_schema(methods=["post"], request=OfferIn, responses={201: OfferOut})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def sessions(self, request: Request, slug: str) -> Response:
        """Live sessions offered per live step, or one more: a first one or an alternative."""
        cohort = queries.cohort_for(self.actor, slug, "see" if request.method == "GET" else "change")
        if request.method == "GET":
            offers = queries.offers_of(cohort)
            return Response(OfferOut([o for rows in offers.values() for o in rows], many=True).data)
        session = services.add_session(cohort=cohort, offer=_offer(self.input(OfferIn)), by=self.by, at=self.at)
        return Response(OfferOut(cohort.offers.select_related("session").get(session=session)).data, status=201)

    @extend_schema(responses={204: None}, request=None)
    @action(detail=True, methods=["delete"], url_path="sessions/(?P<uuid>[0-9a-f-]{36})")
    def remove_session(self, request: Request, slug: str, uuid: str) -> Response:
        """Stop offering a session to this cohort."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        session = live.session_for(self.actor, uuid, live.CHANGE)
        services.remove_session(cohort=cohort, session=session, by=self.by, at=self.at)
        return Response(status=204)

    @extend_schema(request=None, responses=OfferOut(many=True), filters=False)
    @action(detail=True, methods=["post"], url_path="sessions/(?P<uuid>[0-9a-f-]{36})/default", pagination_class=None)
    def default_session(self, request: Request, slug: str, uuid: str) -> Response:
        """Make it the session that counts for people who have not chosen."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        session = live.session_for(self.actor, uuid, live.CHANGE)
        services.set_default_session(cohort=cohort, session=session, by=self.by, at=self.at)
        offers = queries.offers_of(cohort)
        return Response(OfferOut([o for rows in offers.values() for o in rows], many=True).data)

    @extend_schema(request=PeopleIn, responses=BulkOut)
    @action(detail=True, methods=["post"])
    def enrol(self, request: Request, slug: str) -> Response:
        """Enrol many people at once. With `dry_run`, only says what it would do."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        given = self.input(PeopleIn)
        ids, unknown = people.resolve(given.get("ids", []), given.get("emails", []), given.get("external_ids", []))
        preview = services.preview_enrolment(cohort=cohort, learner_ids=ids)
        missing = [*unknown, *map(str, preview.unknown)]
        act = None
        if not given["dry_run"]:
            if missing:
                raise ValidationError({"people": f"Nobody was enrolled: not members here: {', '.join(missing[:20])}."})
            act = services.enrol(cohort=cohort, learner_ids=ids, source=Enrolment.Source.API, by=self.by, at=self.at).pk
        body = {
            "dry_run": given["dry_run"], "joining": preview.joining, "returning": preview.returning,
            "already": preview.already, "unknown": missing, "too_many": preview.too_many, "act": act,
        }  # fmt: skip
        return Response(BulkOut(body).data)

    @extend_schema(request=PeopleIn, responses=ActOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, slug: str) -> Response:
        """Take many people out. Finished work stays."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        given = self.input(PeopleIn)
        ids, unknown = people.resolve(given.get("ids", []), given.get("emails", []), given.get("external_ids", []))
        if unknown:
            raise ValidationError({"people": f"Not members here: {', '.join(unknown[:20])}."})
        enrolments = list(cohort.enrolments.filter(learner_id__in=ids).values_list("pk", flat=True))
        return Response(ActOut(services.withdraw(cohort=cohort, enrolment_ids=enrolments, by=self.by, at=self.at)).data)

    @extend_schema(responses=AudiencePreviewOut, filters=False)
    @action(detail=True, url_path="audience-preview")
    def audience_preview(self, request: Request, slug: str) -> Response:
        """Dry run of following the audience: user ids that gain, enrolments that lose the journey."""
        preview = services.preview_audience(cohort=queries.cohort_for(self.actor, slug, "change"), at=self.at)
        body = {
            "gaining": [m.user_id for m in preview.gaining], "losing": [e.pk for e in preview.losing],
            "staying": preview.staying,
        }  # fmt: skip
        return Response(AudiencePreviewOut(body).data)

    @extend_schema(
        responses=HappeningOut(many=True), filters=False,
        parameters=[
            OpenApiParameter("learner", str, description="E-mail; everybody by default."),
            OpenApiParameter("days", int), OpenApiParameter("absent", str, many=True),
        ],
    )  # fmt: skip
    @action(detail=True, pagination_class=None)
    def simulate(self, request: Request, slug: str) -> Response:
        """What will happen to the learners, when, by which channel and why. Changes nothing."""
        cohort = queries.cohort_for(self.actor, slug, "change")
        email, days = request.query_params.get("learner", ""), request.query_params.get("days", "60")
        if not days.isdigit() or not 0 < int(days) <= 400:
            raise ValidationError({"days": "Choose between 1 and 400 days."})
        ids = None
        if email:
            ids, unknown = people.resolve([], [email], [])
            if unknown:
                raise Http404(f"{email} is not a member here.")
        try:
            entries = simulate_cohort(
                cohort=cohort, at=self.at, days=int(days), learner_ids=ids,
                absent=request.query_params.getlist("absent"),
            )  # fmt: skip
        except ValueError as error:
            raise ValidationError({"absent": str(error)}) from error
        return Response(HappeningOut(entries, many=True).data)


class EnrolmentViewSet(ApiViewSet):
    """Learners in cohorts, with their explained progress."""

    scope, model = "enrolments", Enrolment
    serializer_class = EnrolmentOut
    filterset_class = EnrolmentFilter

    def list(self, request: Request) -> Response:
        """Enrolments. One query a page."""
        return self.page_of(queries.enrolments_for_api())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One enrolment."""
        return Response(EnrolmentOut(queries.enrolment_for(self.actor, pk)).data)

    @extend_schema(request=EnrolmentIn, responses={201: EnrolmentOut, 200: EnrolmentOut})
    def create(self, request: Request) -> Response:
        """Enrol one person; who is in already stays as they are (200)."""
        given = self.input(EnrolmentIn)
        cohort = queries.cohort_for(self.actor, given["cohort"], "change")
        ids, unknown = people.resolve(
            [given["learner"]] if "learner" in given else [],
            [given["email"]] if "email" in given else [],
            [given["external_id"]] if "external_id" in given else [],
        )
        if unknown or len(ids) != 1:
            raise ValidationError({"learner": "Name one active member, by learner, email or external_id."})
        act = services.enrol(cohort=cohort, learner_ids=ids, source=Enrolment.Source.API, by=self.by, at=self.at)
        fresh = bool(act.effect.get("created") or act.effect.get("returned"))
        enrolment = cohort.enrolments.select_related("learner", "cohort").get(learner_id=ids[0])
        return Response(EnrolmentOut(enrolment).data, status=201 if fresh else 200)

    @extend_schema(request=None, responses=ActOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: int) -> Response:
        """Take one person out. Finished work stays."""
        enrolment = queries.enrolment_for(self.actor, pk, "change")
        act = services.withdraw(cohort=enrolment.cohort, enrolment_ids=[enrolment.pk], by=self.by, at=self.at)
        return Response(ActOut(act).data)

    @extend_schema(responses=ProgressOut, filters=False)
    @action(detail=True)
    def progress(self, request: Request, pk: int) -> Response:
        """The one number, and every fact it is made of."""
        progress: Progress = queries.progress_of(queries.enrolment_for(self.actor, pk))
        return Response(ProgressOut(progress).data)

    @extend_schema(request=InsertIn, responses={201: OverrideOut})
    @action(detail=True, methods=["post"])
    def insert(self, request: Request, pk: int) -> Response:
        """Put an extra piece of content into this learner's journey."""
        enrolment = queries.enrolment_for(self.actor, pk, "change")
        given = self.input(InsertIn)
        given["item"] = content.item_for(self.actor, given["item"])
        override = services.insert_step(enrolment=enrolment, by=self.by, at=self.at, **given)
        return Response(OverrideOut(override).data, status=201)


class AssignmentViewSet(ApiViewSet):
    """What learners have to do, with when and why."""

    scope, model = "assignments", Assignment
    serializer_class = AssignmentOut
    filterset_class = AssignmentFilter

    def list(self, request: Request) -> Response:
        """Assignments. One query a page."""
        return self.page_of(queries.assignments_for_api())

    def retrieve(self, request: Request, pk: int) -> Response:
        """One assignment."""
        return Response(AssignmentOut(queries.assignment_for(self.actor, pk)).data)

    @extend_schema(responses=WhyOut, filters=False)
    @action(detail=True)
    def why(self, request: Request, pk: int) -> Response:
        """Why they have it, why it opens then, why it is due then."""
        case = queries.case_of(queries.assignment_for(self.actor, pk))
        return Response(WhyOut(explain(case)).data)

    @extend_schema(request=ExtendIn, responses={201: OverrideOut})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Give more time."""
        a = queries.assignment_for(self.actor, pk, "change")
        override = services.extend_due(enrolment=a.enrolment, key=a.key, by=self.by, at=self.at, **self.input(ExtendIn))
        return Response(OverrideOut(override).data, status=201)

    @extend_schema(request=ReasonIn, responses={201: OverrideOut})
    @action(detail=True, methods=["post"])
    def waive(self, request: Request, pk: int) -> Response:
        """Release them from this step."""
        a = queries.assignment_for(self.actor, pk, "change")
        override = services.waive_step(enrolment=a.enrolment, key=a.key, by=self.by, at=self.at, **self.input(ReasonIn))
        return Response(OverrideOut(override).data, status=201)


class OverrideViewSet(ApiViewSet):
    """Accepted changes to single plans."""

    scope, model = "assignments", Override
    serializer_class = OverrideOut

    @extend_schema(request=None, responses=OverrideOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Take a change back."""
        override = queries.override_for(self.actor, pk)
        return Response(OverrideOut(services.undo_override(override=override, by=self.by, at=self.at)).data)


class ActViewSet(ApiViewSet):
    """Bulk acts, which can be undone for 30 days."""

    scope, model = "enrolments", BulkAct
    serializer_class = ActOut

    def list(self, request: Request) -> Response:
        """Bulk acts. One query a page."""
        return self.page_of(queries.acts_for_api())

    @extend_schema(request=None, responses=ActOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Take a bulk act back."""
        act = queries.act_for(self.actor, pk)
        if self.at - act.at > timedelta(days=30):
            raise Conflict("This was more than 30 days ago and can't be undone any more.")
        return Response(ActOut(services.undo_act(act=act, by=self.by, at=self.at)).data)


def _step_fields(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    """Slugs become the content and the template they name."""
    if "item" in given:
        given["item"] = content.item_for(actor, given["item"])
    if "template" in given:
        given["template"] = live.template_by_slug(given["template"])
    return given


def _offer(given: dict[str, Any]) -> services.Offer:
    email = given.pop("facilitator", "")
    facilitator = live.member_by_email(email) if email else None
    if email and facilitator is None:
        raise ValidationError({"facilitator": f"{email} is not a member here."})
    return services.Offer(step_key=given.pop("step"), facilitator=facilitator, **given)


def _published(journey: Journey, number: int | None) -> JourneyVersion:
    rows: QuerySet[JourneyVersion] = journey.versions.filter(published_at__isnull=False).order_by("-number")
    version = rows.filter(number=number).first() if number else rows.first()
    if version is None:
        raise ValidationError({"version": "This journey has no such published version. Publish it first."})
    return version


def _audience(actor: Actor, slug: str | None) -> Any:
    if not slug:
        return None
    try:
        return people.audience_for(actor, slug)
    except Http404:
        raise ValidationError({"audience": f"There is no audience “{slug}”."}) from None


routes = [
    ("journeys", JourneyViewSet, "journey"),
    ("steps", StepViewSet, "step"),
    ("cohorts", CohortViewSet, "cohort"),
    ("enrolments", EnrolmentViewSet, "enrolment"),
    ("assignments", AssignmentViewSet, "assignment"),
    ("overrides", OverrideViewSet, "override"),
    ("acts", ActViewSet, "act"),
]
