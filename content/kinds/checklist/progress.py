"""PURE: how far somebody is with a checklist."""

from __future__ import annotations

from content.kinds.kind import Body, Progress, Record, Rule, Save


def merge(record: Record, save: Save, body: Body) -> Record:
    """Ticks as sent; from a device that hasn't heard of the newest save only new ticks count, none is taken away."""
    known = {item["key"] for item in body["items"]}
    answers = {key: True for key, ticked in record.answers.items() if ticked and key in known}
    for key, ticked in save.answers.items():
        if key in known and ticked is True:
            answers[key] = True
        elif key in answers and ticked is False and not save.stale:
            del answers[key]
    return Record(position=record.position, answers=answers, evidence=record.evidence, seconds=record.seconds)


def progress(record: Record, body: Body, rule: Rule) -> Progress:
    """The share that is ticked; finished when it reaches the rule's."""
    total = len(body["items"])
    share = sum(1 for item in body["items"] if record.answers.get(item["key"])) / total
    if share + 1e-9 >= rule["share"]:
        return Progress(progress=1.0, completed=True)
    return Progress(progress=share)
