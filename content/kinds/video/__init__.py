"""Video: watched second by second, with captions, transcript and chapters."""

from django.utils.translation import gettext_lazy as _

from content.kinds.kind import Kind
from content.kinds.video import body, present, progress

KIND = Kind(
    key="video",
    label=_("Video"),
    verb=_("Watch"),
    icon="video",
    purpose=_("Something better shown than told, best under ten minutes, with captions."),
    template="content/kinds/_video.html",
    form_template="content/kinds/_video_form.html",
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
)
