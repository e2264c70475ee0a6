"""Job aid: a page to keep at hand while doing the work. It prints well and is finished by having seen it."""

from __future__ import annotations

from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.kinds import reading
from content.kinds.kind import Body, Kind, Rule


def default_rule(body: Body) -> Rule:
    """A page to keep, not a text to study: reaching its end is enough."""
    return {"seconds": 0, "acknowledge": False}


def rule_text(rule: Rule, body: Body) -> str:
    if rule["seconds"] or rule["acknowledge"]:
        return reading.rule_text(rule, body)
    return now_("Done when you have seen all of it. Keep it for when you need it")


KIND = Kind(
    key="job_aid",
    label=_("Job aid"),
    verb=_("Keep at hand"),
    icon="clipboard-check",
    purpose=_("One page for the moment of need: steps, a table, words to say."),
    template="content/kinds/_reading.html",
    form_template="content/kinds/_reading_form.html",
    clean_body=reading.clean_body,
    default_rule=default_rule,
    clean_rule=reading.clean_rule,
    rule_text=rule_text,
    merge=reading.merge,
    progress=reading.progress,
    outline=reading.outline,
    minutes_of=reading.minutes_of,
    present=reading.present,
    text_of=reading.text_of,
    submission=reading.submission,
)
