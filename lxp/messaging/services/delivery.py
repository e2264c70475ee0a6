"""Sending what is due: claim a batch, look again whether each message is still right, send, and say so at once.

Any number of workers may run this at the same time. A row is claimed with a lease, so that no two of them hold the
same message; a worker that dies leaves its lease to run out. Each message is marked right after it was handed
over, in a transaction of its own: whatever is killed, at most the one message in flight goes out twice.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from lxp.messaging.channels.email import Mailer, NotSent, Refused, Unreachable, compose
from lxp.messaging.checks import Check, checks_for
from lxp.messaging.models import Channel, Message, State
from lxp.messaging.registry import bells
from lxp.messaging.rendering import Written, write
from lxp.tenancy import scope

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(minutes=2)
"""How long a worker may hold its batch; renewed while it works, so only a dead worker's runs out."""

LEASE_FOR_ONE = timedelta(seconds=90)
"""What must be left of it before a message is sent: longer than a slow mail server takes for one."""

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 3, 9, 27, 81, 240, 240))
"""Pauses between tries: about ten hours together. A message that fails once more is dead."""

MARKING_PATIENCE = 60.0
"""Seconds for which a sent message is tried to be marked while the database is away."""


@dataclass
class Delivered:
    """What one run did, in messages. `more` says that it stopped with work left; `unreachable` why it had to."""

    sent: int = 0
    suppressed: int = 0
    postponed: int = 0
    failed: int = 0
    more: bool = False
    unreachable: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For the pulse and the log."""
        return vars(self).copy()


def deliver_due(
    *,
    at: datetime,
    limit: int = 5000,
    seconds: float = 20.0,
    worker: str = "",
    on_backlog: Callable[[], None] | None = None,
) -> Delivered:
    """Send what is due at `at`, oldest first, until nothing is left, `limit` is reached or `seconds` have passed.

    Harmless in parallel. `on_backlog` is called once, as soon as a full batch shows that others could help.
    Per batch and organisation a fixed number of queries, plus one write for each message that is sent. Runs
    outside any transaction: inside one, nothing could be marked for good before the end.
    """
    run = _Run(at, worker)
    tried = 0
    with Mailer() as mailer:
        while not run.result.unreachable:
            batch = run.claim(min(BATCH, limit - tried))
            if not batch:
                break
            if not tried and len(batch) == BATCH and on_backlog is not None:
                on_backlog()
            tried += len(batch)
            run.deliver(batch, mailer)
            if tried >= limit or run.elapsed > timedelta(seconds=seconds):
                run.result.more = True
                break
    if tried:
        log.info("messages delivered", extra={"worker": worker, **run.result.as_dict()})
    return run.result


@dataclass
class _Run:
    """One worker's run. Its clock is the moment it was given plus the time that has passed since."""

    at: datetime
    worker: str
    result: Delivered = field(default_factory=Delivered)
    started: float = field(default_factory=time.monotonic)
    lease: datetime | None = None

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.started)

    @property
    def now(self) -> datetime:
        """Whole seconds are enough for a ledger."""
        return self.at + timedelta(seconds=int(self.elapsed.total_seconds()))

    # ------------------------------------------------------------ claiming

    def claim(self, size: int) -> list[Message]:
        """Take the oldest due messages that nobody holds, of every organisation; two statements."""
        self.lease = self.at + self.elapsed + LEASE
        with transaction.atomic():
            # Unscoped: what is due is due, whoever it belongs to; each organisation's scope is opened below.
            due = (
                Message.unscoped.select_for_update(skip_locked=True)
                .filter(state=State.PLANNED, due_at__lte=self.now)
                .exclude(lease_until__gt=self.now)
                .order_by("due_at", "pk")
            )
            batch = list(due[:size])
            # Without a note the lease means "held"; the note of a failed try means "waits".
            Message.unscoped.filter(pk__in=[message.pk for message in batch]).update(lease_until=self.lease, because="")
        for message in batch:
            message.because = ""
        return batch

    def _still_ours(self, rest: Sequence[Message]) -> set[int]:
        """Renew the lease of what is left before it gets short. Returns the ids that are still ours."""
        ids = {message.pk for message in rest}
        if self.lease is None or self.lease - self.at - self.elapsed > LEASE_FOR_ONE:
            return ids
        old, self.lease = self.lease, self.at + self.elapsed + LEASE
        Message.unscoped.filter(pk__in=ids, state=State.PLANNED, lease_until=old).update(lease_until=self.lease)
        return set(Message.unscoped.filter(pk__in=ids, lease_until=self.lease).values_list("pk", flat=True))

    # ------------------------------------------------------------ one batch

    def deliver(self, batch: Sequence[Message], mailer: Mailer) -> None:
        """Send a claimed batch, organisation by organisation, each in its scope."""
        groups: dict[int, list[Message]] = defaultdict(list)
        for message in batch:
            groups[cast(int, message.organisation_id)].append(message)
        for organisation_id, group in groups.items():
            with scope(organisation_id):
                self._deliver_group(group, mailer)

    def _deliver_group(self, group: Sequence[Message], mailer: Mailer) -> None:
        if self.result.unreachable:
            self._release(group)
            return
        checks = checks_for(group, at=self.now)
        self._settle([check for check in checks if not check.may_go])
        going = [check for check in checks if check.may_go]
        reached: set[int] = set()
        for place, check in enumerate(going):
            rest = [later.message for later in going[place:]]
            if check.message.pk not in self._still_ours(rest):
                continue
            if self._send(check, mailer):
                reached.add(check.message.recipient_id)
            if self.result.unreachable:
                self._release(rest[1:])
                break
        _ring(reached)

    def _settle(self, withheld: Sequence[Check]) -> None:
        """Write down in one statement what is not sent now, and why."""
        for check in withheld:
            message = check.message
            message.lease_until = None
            message.because = check.because[:300]
            if check.postponed_to is not None:
                message.due_at = check.postponed_to
                self.result.postponed += 1
            elif check.state is not None:
                message.state = check.state
                message.settled_at = self.now
                self.result.suppressed += check.state == State.SUPPRESSED
                self.result.failed += check.state == State.DEAD
        Message.objects.filter(state=State.PLANNED).bulk_update(
            [check.message for check in withheld], ["lease_until", "because", "due_at", "state", "settled_at"]
        )

    def _release(self, messages: Sequence[Message]) -> None:
        """Give back what was claimed and not tried: the next run takes it."""
        Message.unscoped.filter(pk__in=[message.pk for message in messages], state=State.PLANNED).update(
            lease_until=None
        )

    # ------------------------------------------------------------ one message

    def _send(self, check: Check, mailer: Mailer) -> bool:
        message = check.message
        try:
            written = self._write(check)
            mail = self._mail(check, written) if check.as_mail else None
        except Exception as error:  # a broken template must not stop the others, and trying again doesn't mend it
            log.exception("message could not be written", extra={"message_id": message.pk, "kind": message.kind})
            self._fail(message, State.DEAD, f"It could not be written: {type(error).__name__}: {error}")
            return False
        try:
            if mail is not None:
                mailer.send(mail)
        except NotSent as error:
            self._not_sent(message, error)
            return False
        self._sent(check, written)
        return True

    def _write(self, check: Check) -> Written:
        return write(
            check.message,
            kind=check.kind,
            recipient=check.recipient,
            organisation=check.organisation,
            context=check.context,
            as_mail=check.as_mail,
            at=self.now,
        )

    def _mail(self, check: Check, written: Written) -> EmailMultiAlternatives:
        return compose(check.message, written, recipient=check.recipient, organisation=check.organisation)

    def _sent(self, check: Check, written: Written) -> None:
        self.result.sent += 1
        _mark(
            check.message,
            state=State.SENT,
            sent_at=self.now,
            channel=Channel.EMAIL if check.as_mail else Channel.INAPP,
            because=check.because[:300],
            title=written.subject,
            body=written.body,
            url=written.path[:300],
        )

    def _not_sent(self, message: Message, error: NotSent) -> None:
        log.warning("message not sent", extra={"message_id": message.pk, "why": str(error)})
        if isinstance(error, Unreachable):
            self.result.unreachable = str(error)
        if isinstance(error, Refused):
            self._fail(message, State.BOUNCED, str(error))
        elif message.attempts >= len(RETRIES):
            self._fail(message, State.DEAD, f"Given up after {message.attempts + 1} tries. {error}")
        else:
            self.result.failed += 1
            pause = RETRIES[message.attempts]
            _mark(message, attempts=message.attempts + 1, because=str(error)[:300], lease_until=self.now + pause)

    def _fail(self, message: Message, state: State, because: str) -> None:
        self.result.failed += 1
        _mark(message, state=state, because=because[:300], settled_at=self.now, attempts=message.attempts + 1)


def _mark(message: Message, **fate: Any) -> None:
    """Write down what became of a message, for good. A database that restarts is waited for.

    Nothing else is sent meanwhile: what has gone out and is not marked would go out again. Raises the database's
    own error when it stays away; the lease then runs out, and this one message is sent once more.
    """
    fate = {"lease_until": None, **fate}
    until = time.monotonic() + MARKING_PATIENCE
    while True:
        try:
            Message.objects.filter(pk=message.pk, state=State.PLANNED).update(**fate)
            return
        except (OperationalError, InterfaceError):
            if time.monotonic() > until or connection.in_atomic_block:
                raise
            log.warning("the database is away; waiting to mark a message", extra={"message_id": message.pk})
            _reconnect()


def _reconnect() -> None:
    time.sleep(0.5)
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None


def _ring(user_ids: Collection[int]) -> None:
    """Tell open pages; a bell that is broken is never heard of in a ledger."""
    for bell in bells() if user_ids else ():
        try:
            bell(user_ids)
        except Exception:
            log.warning("open pages could not be told", exc_info=True)
