"""The models of the ground floor's applets, gathered for Django."""

from lxp.activity.models import DailyActivity, Statement
from lxp.discussion.models import Post, Thread
from lxp.events.models import Delivery, DomainEvent
from lxp.messaging.models import Message, MessagingPulse, Preference
from lxp.people.models import (
    ApiToken,
    Audience,
    Holiday,
    JobRole,
    Membership,
    Organisation,
    PeopleImport,
    Team,
    User,
)
from lxp.skills.models import LearnerSkill, RoleSkill, Skill, SkillEvidence
from lxp.web.models import IdempotencyRecord

__all__ = [
    "ApiToken",
    "Audience",
    "DailyActivity",
    "Delivery",
    "DomainEvent",
    "Holiday",
    "IdempotencyRecord",
    "JobRole",
    "LearnerSkill",
    "Membership",
    "Message",
    "MessagingPulse",
    "Organisation",
    "PeopleImport",
    "Post",
    "Preference",
    "RoleSkill",
    "Skill",
    "SkillEvidence",
    "Statement",
    "Team",
    "Thread",
    "User",
]
