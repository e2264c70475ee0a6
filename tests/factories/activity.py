"""The learner record, and conversations."""

from __future__ import annotations

from typing import Any

from lxp.activity.models import DailyActivity, Statement
from lxp.discussion.models import Post, Thread
from lxp.people.models import User
from tests.factories import now


def statement(actor: User, verb: str = "completed", **fields: Any) -> Statement:
    fields = {"object_type": "content", "object_id": "1", "at": now(), **fields}
    return Statement.objects.create(actor=actor, verb=verb, **fields)


def daily_activity(actor: User, **fields: Any) -> DailyActivity:
    return DailyActivity.objects.create(actor=actor, **{"day": now().date(), "statements": 1, **fields})


def thread(author: User, anchor: str = "step:1", **fields: Any) -> Thread:
    return Thread.objects.create(author=author, anchor=anchor, **{"title": "A question", "created_at": now(), **fields})


def post(of: Thread, author: User, body: str = "An answer", **fields: Any) -> Post:
    return Post.objects.create(thread=of, author=author, body=body, **{"created_at": now(), **fields})
