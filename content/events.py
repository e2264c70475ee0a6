"""What self-paced content announces."""

from dataclasses import dataclass
from typing import ClassVar

from lxp.events import DomainEventData


@dataclass(frozen=True)
class ContentCompleted(DomainEventData):
    """A learner finished an attempt (passed, where the kind has a score). `registration`: enrolment uuid or ""."""

    prompt: ClassVar[bool] = True
    attempt_id: int
    item_id: int
    learner_id: int
    registration: str
    score: float | None


@dataclass(frozen=True)
class ContentFailed(DomainEventData):
    """A learner finished an attempt below its pass mark."""

    prompt: ClassVar[bool] = True
    attempt_id: int
    item_id: int
    learner_id: int
    registration: str
    score: float | None


@dataclass(frozen=True)
class ContentStarted(DomainEventData):
    """A learner opened an item for the first time in this enrolment."""

    prompt: ClassVar[bool] = True
    attempt_id: int
    item_id: int
    learner_id: int
    registration: str


@dataclass(frozen=True)
class ContentPublished(DomainEventData):
    """An item has a new current version."""

    item_id: int
    version_id: int
