"""What journeys announce."""

from dataclasses import dataclass
from typing import ClassVar

from lxp.events import DomainEventData


@dataclass(frozen=True)
class JourneyPublished(DomainEventData):
    """A version was frozen."""

    journey_id: int
    version_id: int


@dataclass(frozen=True)
class CohortScheduled(DomainEventData):
    """A cohort was created or its live sessions changed."""

    cohort_id: int


@dataclass(frozen=True)
class LearnersEnrolled(DomainEventData):
    """People joined a cohort (one act, however many)."""

    cohort_id: int
    enrolment_ids: list[int]
    source: str


@dataclass(frozen=True)
class LearnersWithdrawn(DomainEventData):
    """People left a cohort."""

    cohort_id: int
    enrolment_ids: list[int]


@dataclass(frozen=True)
class StepCompleted(DomainEventData):
    """A learner's assignment is done (or a live step was missed: `outcome`)."""

    prompt: ClassVar[bool] = True
    enrolment_id: int
    learner_id: int
    key: str
    outcome: str


@dataclass(frozen=True)
class JourneyCompleted(DomainEventData):
    """Every required step of an enrolment is done."""

    enrolment_id: int
    learner_id: int
    journey_id: int


@dataclass(frozen=True)
class PlanOverridden(DomainEventData):
    """A change to one learner's plan was accepted or undone."""

    override_id: int
    enrolment_id: int
