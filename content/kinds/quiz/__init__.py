"""Quiz: questions with feedback on every answer."""

from django.utils.translation import gettext_lazy as _

from content.kinds.kind import Kind
from content.kinds.quiz import body, present, progress

KIND = Kind(
    key="quiz",
    label=_("Quiz"),
    verb=_("Check"),
    icon="circle-question-mark",
    purpose=_("Questions with feedback on every answer, to practise or to show."),
    template="content/kinds/_quiz.html",
    form_template="content/kinds/_quiz_form.html",
    has_score=True,
    clean_body=body.clean_body,
    default_rule=body.default_rule,
    clean_rule=body.clean_rule,
    rule_text=body.rule_text,
    merge=progress.merge,
    progress=progress.progress,
    outline=body.outline,
    minutes_of=body.minutes_of,
    present=present.present,
    text_of=body.text_of,
    submission=body.submission,
    answered=body.answered,
    skills_shown=progress.skills_shown,
)
