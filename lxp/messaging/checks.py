"""Right before sending: is each message still right, may it go now, and how?

What was true when a message was promised may have changed: the person left, finished the work, switched the
category off, is asleep. Everything is read again here, for a whole batch at once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from lxp.messaging.categories import NUDGE, category
from lxp.messaging.models import Channel, Message, Preference, State
from lxp.messaging.plan import PersonTime, next_allowed
from lxp.messaging.registry import Kind, ReasonsNotToSend, UnknownKind, kind_named
from lxp.messaging.times import person_times
from lxp.people.models import Membership, Organisation, User
from lxp.tenancy import current_id

log = logging.getLogger(__name__)

LEFT = "They have left, or their account is closed"
SWITCHED_OFF = "Switched off in their settings"
MAIL_OFF = "In the app only, as they chose in their settings"
GONE = "What it was about is gone"
POSTPONED_QUIET = "Postponed: it was outside the hours in which they may be written to"
POSTPONED_NUDGE = "Postponed: they had another nudge that day"


@dataclass
class Check:
    """What was found out about one message. Without a fate (`state`) and a later moment (`postponed_to`), it may go."""

    message: Message
    kind: Kind = field(init=False)
    recipient: User = field(init=False)
    organisation: Organisation = field(init=False)
    context: Mapping[str, Any] = field(default_factory=dict)
    as_mail: bool = False
    state: State | None = None
    postponed_to: datetime | None = None
    because: str = ""

    @property
    def may_go(self) -> bool:
        return self.state is None and self.postponed_to is None

    def withhold(self, because: str, state: State = State.SUPPRESSED) -> None:
        """It is not sent, for good."""
        self.state, self.because = state, because

    def postpone(self, to: datetime, because: str) -> None:
        """It is not sent now."""
        self.postponed_to, self.because = to, because


def checks_for(messages: Sequence[Message], *, at: datetime) -> list[Check]:
    """Look at claimed messages of the organisation in scope again, in their order.

    Seven queries, two more where nudges are among them, and what each kind's own functions take.
    """
    checks = [Check(message) for message in messages]
    cap_nudges = partial(_cap_nudges, batch={message.pk for message in messages})
    for step in (_find_kinds, _find_people, _apply_choices, _ask_relevance, _keep_hours, cap_nudges, _ask_context):
        step([check for check in checks if check.may_go], at)
    return checks


# ---------------------------------------------------------------- who


def _find_kinds(checks: Sequence[Check], at: datetime) -> None:
    for check in checks:
        try:
            check.kind = kind_named(check.message.kind)
        except UnknownKind as error:
            log.error("unknown message kind", extra={"message_id": check.message.pk, "kind": check.message.kind})
            check.withhold(str(error), State.DEAD)


def _find_people(checks: Sequence[Check], at: datetime) -> None:
    ids = {check.message.recipient_id for check in checks}
    if not ids:
        return
    organisation = Organisation.objects.get(pk=current_id())
    rows = Membership.objects.select_related("user").filter(user_id__in=ids, is_active=True, user__is_active=True)
    users = {row.user_id: row.user for row in rows}
    for check in checks:
        check.organisation = organisation
        user = users.get(check.message.recipient_id)
        if user is None:
            check.withhold(LEFT)
        else:
            check.recipient = user


def _apply_choices(checks: Sequence[Check], at: datetime) -> None:
    rows = Preference.objects.filter(user_id__in={check.message.recipient_id for check in checks})
    chosen = {(row.user_id, row.category): row.choice for row in rows}
    for check in checks:
        message = check.message
        default = category(message.category).default
        choice = chosen.get((message.recipient_id, message.category), default)
        check.as_mail = message.channel == Channel.EMAIL
        if message.mandatory:
            continue
        if choice == Preference.Choice.OFF:
            check.withhold(SWITCHED_OFF)
        elif choice == Preference.Choice.INAPP and check.as_mail:
            check.as_mail, check.because = False, MAIL_OFF


# ---------------------------------------------------------------- whether


def _ask_relevance(checks: Sequence[Check], at: datetime) -> None:
    for kind, group in _by_kind(checks):
        if kind.relevant is None:
            continue
        ask: Callable[[Sequence[Message]], Mapping[int, str]] = partial(_at, kind.relevant, at)
        for check, reason in _answers(group, ask):
            if reason:
                check.withhold(reason)


def _at(ask: ReasonsNotToSend, at: datetime, messages: Sequence[Message]) -> Mapping[int, str]:
    return ask(messages, at)


def _ask_context(checks: Sequence[Check], at: datetime) -> None:
    for kind, group in _by_kind(checks):
        if kind.context is None:
            continue
        for check, context in _answers(group, kind.context):
            if check.may_go and context is None:
                check.withhold(GONE)
            elif context is not None:
                check.context = context


def _by_kind(checks: Sequence[Check]) -> Iterator[tuple[Kind, list[Check]]]:
    groups: dict[str, list[Check]] = defaultdict(list)
    for check in checks:
        groups[check.kind.name].append(check)
    for group in groups.values():
        yield group[0].kind, group


Answer = TypeVar("Answer")


def _answers(
    group: Sequence[Check], ask: Callable[[Sequence[Message]], Mapping[int, Answer]]
) -> Iterable[tuple[Check, Answer | None]]:
    """What an app says about each message. If it fails on the batch it is asked one by one, to find the culprit."""
    try:
        with transaction.atomic():
            answers = ask([check.message for check in group])
    except Exception as error:
        if len(group) == 1:
            log.exception("a kind failed on a message", extra={"message_id": group[0].message.pk})
            group[0].withhold(f"It could not be checked: {type(error).__name__}: {error}", State.DEAD)
            return []
        return [pair for check in group for pair in _answers([check], ask)]
    return [(check, answers.get(check.message.pk)) for check in group]


# ---------------------------------------------------------------- when


def _keep_hours(checks: Sequence[Check], at: datetime) -> None:
    """Nobody is written to at night because a worker was down in the evening."""
    hurried = [check for check in checks if not check.message.params.get("urgent")]
    times = person_times({check.recipient.pk for check in hurried}) if hurried else {}
    for check in hurried:
        allowed = next_allowed(at, times[check.recipient.pk])
        if allowed > at:
            check.postpone(allowed, POSTPONED_QUIET)


def _cap_nudges(checks: Sequence[Check], at: datetime, *, batch: Collection[int]) -> None:
    """One nudge a day for each person, over everything they are enrolled in; the next goes tomorrow.

    `batch` are the ids of everything claimed together, also what has been found pointless meanwhile.
    """
    nudges = [check for check in checks if check.message.category == NUDGE and not check.message.mandatory]
    if not nudges:
        return
    times = person_times({check.recipient.pk for check in nudges})
    others = _other_nudges(nudges, batch, at)
    nudged: set[int] = set()
    for check in nudges:
        pk = check.recipient.pk
        if pk in nudged or any(_comes_first(other, check, times[pk], at) for other in others[pk]):
            check.postpone(_tomorrow(check.message.due_at, at, times[pk]), POSTPONED_NUDGE)
        nudged.add(pk)


def _other_nudges(nudges: Sequence[Check], batch: Collection[int], at: datetime) -> dict[int, list[Message]]:
    """What these people were nudged with in the last days, and what else is due for them, by person. One query."""
    rows = (
        Message.objects.filter(category=NUDGE, recipient_id__in={check.recipient.pk for check in nudges})
        .filter(Q(sent_at__gt=at - timedelta(days=2)) | Q(state=State.PLANNED, due_at__lte=at))
        .exclude(pk__in=list(batch))
        .only("recipient_id", "due_at", "sent_at")
    )
    found: dict[int, list[Message]] = defaultdict(list)
    for row in rows:
        found[row.recipient_id].append(row)
    return found


def _comes_first(other: Message, check: Check, person: PersonTime, at: datetime) -> bool:
    """It went out today; or it is due as well and older: then whoever sends it, this one is not the first."""
    if other.sent_at is not None:
        return _local_day(other.sent_at, person) == _local_day(at, person)
    return (other.due_at, other.pk) < (check.message.due_at, check.message.pk)


def _tomorrow(due_at: datetime, at: datetime, person: PersonTime) -> datetime:
    """The next local day at the time of day it was meant for, within the hours they may be written to."""
    zone = ZoneInfo(person.zone)
    day = _local_day(at, person) + timedelta(days=1)
    return next_allowed(datetime.combine(day, due_at.astimezone(zone).time(), zone).astimezone(UTC), person)


def _local_day(moment: datetime, person: PersonTime) -> date:
    return moment.astimezone(ZoneInfo(person.zone)).date()
