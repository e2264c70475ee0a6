"""Domain events and their handlers: names, shapes, and that delivering twice is the same as once."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from django.conf import settings

from lxp.events import DomainEventData, bus
from tests.architecture.sources import modules

IRREGULAR = ("Sent", "Told", "Left", "Met", "Begun", "Undone", "Withdrawn", "Overridden")
JSON_TYPES = (int, float, str, bool, type(None))


def _event_modules() -> list[str]:
    return [module.name for module in modules() if module.part == "events" and module.name != "lxp.events"]


EVENTS: list[type[DomainEventData]] = [
    event
    for name in _event_modules()
    if not name.startswith("lxp.events")
    for _label, event in inspect.getmembers(importlib.import_module(name), inspect.isclass)
    if issubclass(event, DomainEventData) and event.__module__ == name
]


def test_every_event_stands_in_the_events_module_of_its_app():
    found = {cls for cls in _subclasses(DomainEventData) if not cls.__module__.startswith("tests")}
    assert found == set(EVENTS)


def _subclasses(cls: type) -> set[type]:
    return {sub for direct in cls.__subclasses__() for sub in (direct, *_subclasses(direct))}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_says_what_has_happened(event):
    last = re.findall(r"[A-Z][a-z]+", event.__name__)[-1]
    assert last.endswith("ed") or last in IRREGULAR, f"{event.__name__} is no past tense"
    assert dataclasses.is_dataclass(event)
    assert event.__dataclass_params__.frozen
    assert inspect.getdoc(event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_holds_only_what_json_can(event):
    hints = get_type_hints(event)
    for field in dataclasses.fields(event):
        assert _is_json(hints[field.name]), f"{event.__name__}.{field.name}: {hints[field.name]}"


def _is_json(hint: Any) -> bool:
    if hint in JSON_TYPES or hint is Any:
        return True
    inner = [one for one in get_args(hint) if one is not Ellipsis]
    return bool(inner) and get_origin(hint) is not tuple and all(_is_json(one) for one in inner)


def test_a_handler_is_named_after_what_it_answers():
    wrong = []
    for kind, names in bus._handlers.items():
        if kind.startswith("tests"):
            continue
        event = bus._classes[kind].__name__
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()
        wrong += [name for name in names if not name.rpartition(".")[2].startswith(f"on_{snake}")]
        wrong += [name for name in names if "subscribers" not in name.split(".")]
    assert wrong == []


def test_every_periodic_job_of_the_schedule_exists():
    missing = []
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        module, _, name = entry["task"].rpartition(".")
        task = getattr(importlib.import_module(module), name, None)
        if getattr(task, "name", None) != entry["task"]:
            missing.append(entry["task"])
    assert missing == []


def test_tasks_and_handlers_are_short():
    """They load by id and call one service; more belongs into a service."""
    long = [
        f"{module.name}.{node.name}: {(node.end_lineno or 0) - node.lineno}"
        for module in modules()
        if module.part in ("subscribers", "tasks")
        for node in module.walk(ast.FunctionDef)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 25
    ]
    assert long == []
