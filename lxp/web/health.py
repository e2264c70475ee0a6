"""What may be wrong with the house: the same findings feed /readyz, /metrics, the admin screen and the doctor."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from lxp.events.models import Delivery
from lxp.messaging.models import Message, MessagingPulse, State

# Unscoped throughout: what may be wrong with the house is asked for all organisations at once.
LATE = timedelta(minutes=10)
"""A due message or delivery older than this raises the alarm (spec N6: alarm < 10 min)."""


@dataclass(frozen=True)
class Finding:
    """One check: `status` is ok, degraded or broken; `remedy` says what to do when it isn't ok."""

    name: str
    status: str
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def worst(findings: Iterable[Finding]) -> str:
    """The worst status among `findings`."""
    statuses = {finding.status for finding in findings}
    return next((status for status in ("broken", "degraded") if status in statuses), "ok")


def readiness(*, at: datetime) -> list[Finding]:
    """What a load balancer needs to know. Four queries at most."""
    base = [check_database(), check_migrations()]
    if worst(base) == "broken":
        return base
    return [*base, check_broker(), check_deliveries(at=at)]


def everything(*, at: datetime) -> list[Finding]:
    """All checks, for the doctor and the administrator's screen."""
    found = readiness(at=at)
    if worst(found[:2]) == "broken":
        return found
    return [*found, check_messages(at=at), check_beat(at=at), check_mail(), check_storage(), check_zones()]


def check_database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version')")
            version = cursor.fetchone()[0]
    except DatabaseError as error:
        return Finding("database", "broken", str(error).strip(), "Start PostgreSQL or correct DATABASE_URL.")
    return Finding("database", "ok", f"PostgreSQL {version}")


def check_migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("migrations", "broken", str(error).strip(), "Start PostgreSQL first.")
    if waiting:
        return Finding("migrations", "broken", f"{len(waiting)} not applied", "Run: python manage.py migrate")
    return Finding("migrations", "ok", "all applied")


def check_broker() -> Finding:
    try:
        client = redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
        client.ping()
    except (redis.RedisError, OSError) as error:
        return Finding("broker", "degraded", str(error), "Start Redis; until then work waits for the next tick.")
    return Finding("broker", "ok", "answers")


def check_deliveries(*, at: datetime) -> Finding:
    oldest = Delivery.unscoped.filter(done_at=None, dead_at=None).order_by("next_try_at", "id").first()
    dead = Delivery.unscoped.filter(dead_at__isnull=False).count()
    if dead:
        return Finding("events", "degraded", f"{dead} deliveries gave up", "Run: python manage.py deliveries --dead")
    if oldest and at - oldest.next_try_at > LATE:
        return Finding(
            "events",
            "degraded",
            f"oldest waits since {oldest.next_try_at:%Y-%m-%d %H:%M} UTC",
            "Start a Celery worker: celery -A lxp worker",
        )
    return Finding("events", "ok", "nothing late")


def check_messages(*, at: datetime) -> Finding:
    oldest = Message.unscoped.filter(state=State.PLANNED, due_at__lt=at - LATE).order_by("due_at").first()
    dead = Message.unscoped.filter(state=State.DEAD).count()
    if oldest:
        return Finding(
            "messages",
            "broken",
            f"oldest due message waits since {oldest.due_at:%Y-%m-%d %H:%M} UTC",
            "Start worker and beat, and look at the message ledger.",
        )
    if dead:
        return Finding("messages", "degraded", f"{dead} messages failed for good", "Open Messages, filter: failed.")
    return Finding("messages", "ok", "nothing late")


def check_beat(*, at: datetime) -> Finding:
    pulse = MessagingPulse.objects.filter(job="deliver").first()
    if pulse is None or at - pulse.at > timedelta(minutes=5):
        last = f"last tick {pulse.at:%Y-%m-%d %H:%M} UTC" if pulse else "has never ticked"
        return Finding("beat", "broken", last, "Start: celery -A lxp beat, and a worker.")
    return Finding("beat", "ok", f"last tick {int((at - pulse.at).total_seconds())} s ago")


def check_mail() -> Finding:
    if "smtp" not in settings.EMAIL_BACKEND:
        return Finding("mail", "ok", f"{settings.EMAIL_BACKEND.rsplit('.', 2)[-2]}: no mail leaves this machine")
    try:
        mail = get_connection(timeout=5)
        mail.open()
        mail.close()
    except OSError as error:
        return Finding("mail", "broken", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}: {error}", "Correct EMAIL_URL.")
    return Finding("mail", "ok", f"{settings.EMAIL_HOST} answers")


def check_storage() -> Finding:
    folder = Path(settings.MEDIA_ROOT)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = os.statvfs(folder)
    except OSError as error:
        return Finding("storage", "broken", str(error), "Make MEDIA_ROOT writable.")
    if not os.access(folder, os.W_OK):
        return Finding("storage", "broken", f"{folder} is not writable", "Make MEDIA_ROOT writable.")
    gigabytes = free.f_bavail * free.f_frsize / 1e9
    if gigabytes < 1:
        return Finding("storage", "degraded", f"{gigabytes:.1f} GB left", "Free some disk space.")
    return Finding("storage", "ok", f"{gigabytes:.0f} GB free")


def check_zones() -> Finding:
    if len(zoneinfo.available_timezones()) < 400:
        return Finding("time zones", "broken", "time zone data is missing", "Install the tzdata package.")
    return Finding("time zones", "ok", f"{len(zoneinfo.available_timezones())} zones")


def metrics_text(*, at: datetime) -> bytes:
    """Prometheus text: ages of the oldest undone delivery and due message first, then counts."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(name, text, registry=registry).set(value)

    delivery = Delivery.unscoped.filter(done_at=None, dead_at=None).order_by("next_try_at", "id").first()
    message = Message.unscoped.filter(state=State.PLANNED).order_by("due_at", "id").first()
    pulse = MessagingPulse.objects.filter(job="deliver").first()
    gauge(
        "lxp_oldest_delivery_seconds",
        "Age of the oldest undone delivery",
        max(0, (at - delivery.next_try_at).total_seconds()) if delivery else 0,
    )
    gauge(
        "lxp_oldest_due_message_seconds",
        "Age of the oldest due message",
        max(0, (at - message.due_at).total_seconds()) if message else 0,
    )
    gauge("lxp_beat_age_seconds", "Since the last tick", (at - pulse.at).total_seconds() if pulse else -1)
    gauge("lxp_dead_deliveries", "Deliveries that gave up", Delivery.unscoped.filter(dead_at__isnull=False).count())
    gauge("lxp_dead_messages", "Messages that failed for good", Message.unscoped.filter(state=State.DEAD).count())
    return generate_latest(registry)
