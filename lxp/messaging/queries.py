"""Reads over the ledger. Every function says its cost; access functions raise Http404 or PermissionDenied."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import Http404
from django.utils.translation import gettext as _

from lxp.messaging.categories import CATEGORIES
from lxp.messaging.models import Message, Preference, State
from lxp.messaging.unsubscribe import Unsubscribe
from lxp.people.actor import Actor
from lxp.people.models import Membership, User

PAGE = 25
LATE = timedelta(minutes=10)
"""A due message that has waited longer raises the alarm."""

WENT_WRONG = (State.DEAD, State.BOUNCED)


@dataclass(frozen=True)
class Page:
    """Some rows in order, and where the next ones begin ("" at the end)."""

    rows: list[Message]
    next: str


# ---------------------------------------------------------------- one's own


def unread_count(user: User) -> int:
    """How many notifications `user` has not seen. One query on a partial index of unread rows."""
    return Message.objects.filter(recipient=user, sent_at__isnull=False, read_at=None).count()


def unread_counts(user_ids: Collection[int]) -> dict[int, int]:
    """How many notifications each of these people has not seen, over all their organisations. One query."""
    # Unscoped: one stream process serves people of every organisation, and each hears of their own rows only.
    rows = Message.unscoped.filter(recipient_id__in=list(user_ids), sent_at__isnull=False, read_at=None)
    counted = dict(rows.values_list("recipient").annotate(n=Count("pk")).order_by())
    return {user_id: counted.get(user_id, 0) for user_id in user_ids}


def inbox_of(user: User, *, after: str = "", size: int = PAGE) -> Page:
    """Notifications of `user`, newest first, from the cursor `after` on. One query. Raises Http404 for a bad cursor."""
    rows = Message.objects.filter(recipient=user, sent_at__isnull=False).order_by("-sent_at", "-pk")
    if after:
        moment, pk = _read_cursor(after)
        rows = rows.filter(Q(sent_at__lt=moment) | Q(sent_at=moment, pk__lt=pk), sent_at__lte=moment)
    return _page(rows, size, "sent_at")


def promised(scopes: Collection[str], kind: str) -> dict[str, datetime]:
    """When the next message of `kind` is planned to go out in each of `scopes`; others are left out. One query."""
    rows = Message.objects.filter(scope__in=list(scopes), kind=kind, state=State.PLANNED).order_by("-due_at")
    return dict(rows.values_list("scope", "due_at"))


def preferences_of(user: User) -> dict[str, str]:
    """What holds for `user` in every category: their choice, else the default. One query."""
    chosen = dict(Preference.objects.filter(user=user).values_list("category", "choice"))
    return {key: chosen.get(key, str(known.default)) for key, known in CATEGORIES.items()}


def membership_behind(wish: Unsubscribe) -> Membership:
    """Who holds a signed wish, and where, for the page they see without signing in. One query; Http404 once they left."""
    # Unscoped: nobody is signed in. The signed address names the organisation and the person.
    rows = Membership.unscoped.select_related("user", "organisation")
    found = rows.filter(organisation_id=wish.organisation_id, user_id=wish.user_id).first()
    if found is None:
        raise Http404(_("You don’t get messages from here any more."))
    return found


def message_for(actor: Actor, message_id: int, action: str = "see") -> Message:
    """A message the actor may see: their own, or any for the learning team, who may also try it again. One query.

    Raises Http404 for other organisations and PermissionDenied for colleagues.
    """
    message = Message.objects.select_related("recipient").filter(pk=message_id).first()
    if message is None:
        raise Http404("No such message.")
    mine = message.recipient_id == actor.user_id
    # What is only promised to somebody is the plan's business; theirs is what has reached them.
    if not actor.is_designer and not (mine and action == "see" and message.sent_at is not None):
        raise PermissionDenied(_("The person it was sent to and the learning team can see this."))
    return message


# ---------------------------------------------------------------- the ledger


@dataclass(frozen=True)
class LedgerFilter:
    """What to show of the ledger; empty values don't filter. Days are calendar days in `zone`."""

    state: str = ""
    category: str = ""
    person: str = ""
    scope: str = ""
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"


def ledger(actor: Actor, wanted: LedgerFilter, *, after: str = "", size: int = 50) -> Page:
    """Messages of the organisation in order of their due moment, from the cursor `after` on. One query.

    For designers and administrators; raises PermissionDenied for others, Http404 for a bad cursor.
    """
    _for_the_learning_team(actor)
    rows = Message.objects.select_related("recipient").filter(_matching(wanted)).order_by("due_at", "pk")
    if after:
        moment, pk = _read_cursor(after)
        rows = rows.filter(Q(due_at__gt=moment) | Q(due_at=moment, pk__gt=pk), due_at__gte=moment)
    return _page(rows, size, "due_at")


def _matching(wanted: LedgerFilter) -> Q:
    zone = ZoneInfo(wanted.zone)
    found = Q()
    for name in ("state", "category", "scope"):
        if value := getattr(wanted, name):
            found &= Q(**{name: value})
    if wanted.person:
        found &= Q(recipient__name__icontains=wanted.person) | Q(recipient__email__icontains=wanted.person)
    if wanted.since:
        found &= Q(due_at__gte=datetime.combine(wanted.since, time(0), zone))
    if wanted.until:
        found &= Q(due_at__lt=datetime.combine(wanted.until + timedelta(days=1), time(0), zone))
    return found


@dataclass(frozen=True)
class Forecast:
    """How many messages of a kind are planned for a day, and how many of them will be withheld: switched off."""

    day: date
    kind: str
    category: str
    count: int
    withheld: int


def forecast(*, at: datetime, days: int = 30, zone: str = "UTC", recipient: User | None = None) -> list[Forecast]:
    """Planned messages of the next `days` by calendar day in `zone` and kind, in order. One query."""
    rows = _planned(at, days)
    if recipient is not None:
        rows = rows.filter(recipient=recipient)
    grouped = (
        rows.values(day=TruncDate("due_at", tzinfo=ZoneInfo(zone)), of=F("kind"), group=F("category"))
        .annotate(count=Count("pk"), withheld=Count("pk", filter=_switched_off()))
        .order_by("day", "of", "group")
    )
    return [Forecast(row["day"], row["of"], row["group"], row["count"], row["withheld"]) for row in grouped]


def planned_of(recipient: User, *, at: datetime, days: int = 30) -> list[Message]:
    """What is promised to one person within the next `days`, in order. One query."""
    return list(_planned(at, days).filter(recipient=recipient).order_by("due_at", "pk"))


def planned_count(*, at: datetime, days: int) -> int:
    """How many messages are planned for the next `days`. One query."""
    return _planned(at, days).count()


def _planned(at: datetime, days: int) -> QuerySet[Message]:
    # What should have gone out by now is not a forecast: it is late, and shown as trouble.
    return Message.objects.filter(state=State.PLANNED, due_at__gte=at - LATE, due_at__lt=at + timedelta(days=days))


def _switched_off() -> Q:
    """Messages whose reader has switched their category off: those that say so, and no category is off by default."""
    off = Preference.objects.filter(
        user=OuterRef("recipient"), category=OuterRef("category"), choice=Preference.Choice.OFF
    )
    return Q(Exists(off), mandatory=False)


@dataclass(frozen=True)
class Trouble:
    """What needs somebody: the latest of each sort, and how many there are in all."""

    late: list[Message]
    late_count: int
    dead: list[Message]
    dead_count: int
    bounced: list[Message]
    bounced_count: int

    @property
    def count(self) -> int:
        return self.late_count + self.dead_count + self.bounced_count


def trouble(*, at: datetime, size: int = 50) -> Trouble:
    """Messages that are late, gave up, or came back; each list newest first, at most `size` long. Four queries."""
    late = Message.objects.filter(_late(at))
    wrong = Message.objects.filter(state__in=WENT_WRONG)
    counts = Message.objects.filter(Q(state__in=WENT_WRONG) | _late(at)).aggregate(
        dead=Count("pk", filter=Q(state=State.DEAD)),
        bounced=Count("pk", filter=Q(state=State.BOUNCED)),
        all=Count("pk"),
    )

    def latest(rows: QuerySet[Message], *order: str) -> list[Message]:
        return list(rows.select_related("recipient").order_by(*order)[:size])

    return Trouble(
        late=latest(late, "due_at", "pk"),
        late_count=counts["all"] - counts["dead"] - counts["bounced"],
        dead=latest(wrong.filter(state=State.DEAD), "-settled_at", "-pk"),
        dead_count=counts["dead"],
        bounced=latest(wrong.filter(state=State.BOUNCED), "-settled_at", "-pk"),
        bounced_count=counts["bounced"],
    )


def _late(at: datetime) -> Q:
    return Q(state=State.PLANNED, due_at__lt=at - LATE)


@dataclass(frozen=True)
class Reckoning:
    """What was expected to go out in a stretch of time, and what did.

    `expected` leaves out what was rightly withheld; `waiting` is due and within its ten minutes.
    """

    expected: int
    sent: int
    withheld: int
    waiting: int
    late: int
    failed: int
    bounced: int

    @property
    def alarm(self) -> bool:
        """Expected and sent differ, and waiting a little longer won't settle it."""
        return self.expected - self.waiting != self.sent


def expected_and_sent(*, at: datetime, hours: int = 24) -> Reckoning:
    """Compare promises due in the last `hours` with what became of them. One query."""
    due = Message.objects.filter(due_at__gt=at - timedelta(hours=hours), due_at__lte=at)

    def having(**fate: Any) -> Count:
        return Count("pk", filter=Q(**fate))

    found = due.aggregate(
        all=Count("pk"),
        sent=having(state__in=[State.SENT, State.DELIVERED]),
        withheld=having(state=State.SUPPRESSED),
        late=having(state=State.PLANNED, due_at__lt=at - LATE),
        waiting=having(state=State.PLANNED, due_at__gte=at - LATE),
        failed=having(state=State.DEAD),
        bounced=having(state=State.BOUNCED),
    )
    return Reckoning(expected=found.pop("all") - found["withheld"], **found)


# ---------------------------------------------------------------- parts


def _for_the_learning_team(actor: Actor) -> None:
    if not actor.is_designer:
        raise PermissionDenied(_("Designers and administrators can see this."))


def _page(rows: QuerySet[Message], size: int, by: str) -> Page:
    found = list(rows[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], f"{getattr(last, by).isoformat()}_{last.pk}" if last else "")


def _read_cursor(text: str) -> tuple[datetime, int]:
    moment, _sign, pk = text.rpartition("_")
    try:
        read = datetime.fromisoformat(moment), int(pk)
    except ValueError:
        raise Http404("No such page of the list.") from None
    if read[0].tzinfo is None:
        raise Http404("No such page of the list.")
    return read
