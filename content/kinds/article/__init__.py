"""Article: a text to read."""

from django.utils.translation import gettext_lazy as _

from content.kinds import reading
from content.kinds.kind import Kind

KIND = Kind(
    key="article",
    label=_("Article"),
    verb=_("Read"),
    icon="file-text",
    purpose=_("A text to read once: an idea, an example, something to try."),
    template="content/kinds/_reading.html",
    form_template="content/kinds/_reading_form.html",
    clean_body=reading.clean_body,
    default_rule=reading.default_rule,
    clean_rule=reading.clean_rule,
    rule_text=reading.rule_text,
    merge=reading.merge,
    progress=reading.progress,
    outline=reading.outline,
    minutes_of=reading.minutes_of,
    present=reading.present,
    text_of=reading.text_of,
    submission=reading.submission,
)
