"""What recommendations announce."""

from dataclasses import dataclass

from lxp.events import DomainEventData


@dataclass(frozen=True)
class InsightSettled(DomainEventData):
    """Somebody acted on an insight, left it alone, or took that back. `state` is what it is now."""

    insight_id: int
    enrolment_id: int
    kind: str
    state: str


@dataclass(frozen=True)
class LearnerNudged(DomainEventData):
    """Somebody asked for a nudge by hand; it stands in the ledger."""

    enrolment_id: int
    learner_id: int
