"""A journey drawn as a line (design kit §5): one stop per assignment, in the order of the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeys.board import mark_of
from journeys.links import step_url
from journeys.models import Assignment, Phase

State = Assignment.State


def stops(assignments: Sequence[Assignment], current: int | None = None) -> list[dict[str, Any]]:
    """Stops for the line macro: kind, state, title, url and the assignment itself. No query.

    `current` is the id of the assignment somebody is at; without it, the first open one is "now". What
    doesn't concern them (waived) is left out; loaded step, item and session are expected.
    """
    shown = [a for a in assignments if a.state != State.WAIVED]
    now = current or next((a.pk for a in shown if a.state == State.OPEN and a.item_id), None)
    next_live = next((a.pk for a in shown if a.session_id and a.state in (State.PLANNED, State.OPEN)), None)
    return [
        {
            "kind": kind_of(a),
            "state": mark_of(a.state, kind_of(a), is_now=a.pk == now, is_next=a.pk == next_live),
            "title": title_of(a),
            "url": step_url(a) if a.state in (State.OPEN, State.DONE) or a.session_id else None,
            "assignment": a,
        }
        for a in shown
    ]


def kind_of(a: Assignment) -> str:
    """live, keep (over time) or own, as the design kit draws it."""
    if a.step is not None and a.step.kind == "live":
        return "live"
    return "keep" if a.step is not None and a.step.phase == Phase.REINFORCEMENT else "own"


def title_of(a: Assignment) -> str:
    """What the assignment is called: its step's title, or its content's for an extra step."""
    if a.step is not None:
        return a.step.title
    return a.item.title if a.item else ""
