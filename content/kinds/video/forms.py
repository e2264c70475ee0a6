"""The author's form of a video: file, captions, poster, chapters, a text below."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from content.captions import transcript_of
from content.kinds.forms import KindForm, Store, kept
from content.timecode import seconds_in, stamp

LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("pt", "Português"), ("ar", "العربية"), ("es", "Español"),
             ("fr", "Français")]  # fmt: skip


class BodyForm(KindForm):
    file = forms.FileField(label=_("Video"), required=False, help_text=_("WebM or MP4, up to 512 MB."))
    captions = forms.FileField(
        label=_("Captions"), required=False, help_text=_("A WebVTT file. They are the transcript, too.")
    )
    captions_language = forms.ChoiceField(label=_("Language of the captions"), choices=LANGUAGES, required=False)
    poster = forms.FileField(
        label=_("Picture before it plays"), required=False, help_text=_("JPEG, PNG or WebP, as wide as the video.")
    )
    length = forms.CharField(
        label=_("Length"), required=False, max_length=12,
        help_text=_("Only where the file doesn’t say it: minutes and seconds, such as 4:12."),
    )  # fmt: skip
    chapters = forms.CharField(
        label=_("Chapters, one per line"), required=False, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=_("Where it starts and what it is called: 1:30 Counting to five"),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Text below the video"), required=False, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=_("Markdown."),
    )  # fmt: skip
    percent = forms.IntegerField(label=_("Done when seen, in percent"), min_value=1, max_value=100, initial=90)
    transcript = forms.BooleanField(label=_("Reading the transcript counts, too"), required=False, initial=True)
    rule_fields = ("percent", "transcript")

    def initial_of(self, body: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
        chapters = (f"{stamp(row['start'])} {row['title']}" for row in body.get("chapters", []))
        return {
            "captions_language": body.get("captions", {}).get("language", "en"),
            "chapters": "\n".join(chapters),
            "text": body.get("text", ""),
            "percent": round(rule.get("coverage", 0.9) * 100),
            "transcript": rule.get("transcript", True),
        }

    @property
    def has_file(self) -> bool:
        return bool(self.old_body.get("file"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not self.has_file:
            self.add_error("file", now_("Choose the video’s file."))
        return cleaned

    def clean_length(self) -> float | None:
        given = self.cleaned_data["length"].strip()
        if not given:
            return None
        if (seconds := seconds_in(given)) is None:
            raise ValidationError(now_("Write minutes and seconds, such as 4:12."))
        return seconds

    def clean_chapters(self) -> list[dict[str, Any]]:
        chapters = []
        for number, line in enumerate(self.cleaned_data["chapters"].splitlines(), 1):
            place, _space, title = line.strip().partition(" ")
            if not place:
                continue
            start = seconds_in(place)
            if start is None or not title.strip():
                raise ValidationError(
                    now_("Line %(n)d: write where it starts, then its name: 1:30 Counting to five") % {"n": number}
                )
            chapters.append({"start": start, "title": title.strip()})
        return chapters

    def compose(self, store: Store) -> dict[str, Any]:
        given = self.cleaned_data
        body = {**self.old_body, "chapters": given["chapters"], "text": given["text"]}
        if given["file"]:
            key, content_type, seconds, _cues = kept(store, given["file"], "video", "file")
            body |= {"file": key, "type": content_type, "seconds": seconds}
        body["seconds"] = given["length"] or body.get("seconds")
        if not body["seconds"]:
            raise ValidationError({"length": now_("The file doesn’t say how long it is. Write its length here.")})
        if given["captions"]:
            key, _type, _seconds, cues = kept(store, given["captions"], "captions", "captions")
            body |= {"captions": {"file": key}, "transcript": transcript_of(cues)}
        if body.get("captions"):
            body["captions"] = {**body["captions"], "language": given["captions_language"] or "en"}
        if given["poster"]:
            body["poster"] = kept(store, given["poster"], "poster", "poster")[0]
        return body

    def rule(self) -> dict[str, Any]:
        return {"coverage": self.cleaned_data["percent"] / 100, "transcript": self.cleaned_data["transcript"]}
