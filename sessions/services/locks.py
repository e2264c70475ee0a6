"""The one lock of a live session: its row. Whoever changes seats, time or state holds it."""

from __future__ import annotations

from sessions.models import LiveSession


def locked(*session_ids: int) -> list[LiveSession]:
    """The live sessions with these ids, their rows locked until the transaction ends, in the order asked for.

    Rows are locked in the order of their ids, so that two switches in opposite directions can't wait for
    each other. One query.
    """
    rows = {row.pk: row for row in LiveSession.objects.select_for_update().filter(pk__in=session_ids).order_by("pk")}
    return [rows[pk] for pk in session_ids]
