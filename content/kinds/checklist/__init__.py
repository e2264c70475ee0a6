"""Checklist: things to do or to look at, one by one."""

from django.utils.translation import gettext_lazy as _

from content.kinds.checklist import body, progress
from content.kinds.kind import Kind

KIND = Kind(
    key="checklist",
    label=_("Checklist"),
    verb=_("Tick off"),
    icon="list-checks",
    purpose=_("Things to do at work, one line each. It keeps what is ticked."),
    template="content/kinds/_checklist.html",
    form_template="content/kinds/_checklist_form.html",
    clean_body=body.clean_body,
    default_rule=body.default_rule,
    clean_rule=body.clean_rule,
    rule_text=body.rule_text,
    merge=progress.merge,
    progress=progress.progress,
    outline=body.outline,
    minutes_of=body.minutes_of,
    present=body.present,
    text_of=body.text_of,
    submission=body.submission,
)
