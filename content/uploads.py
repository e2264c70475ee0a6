"""What may be uploaded: checked by its bytes, re-made where it can be, refused with a sentence that says what to do."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass, field
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from content import captions, media
from content.models import MediaFile

MEGABYTE = 1024 * 1024
LIMITS = {
    MediaFile.Role.VIDEO: 512 * MEGABYTE,
    MediaFile.Role.CAPTIONS: 2 * MEGABYTE,
    MediaFile.Role.POSTER: 10 * MEGABYTE,
    MediaFile.Role.IMAGE: 10 * MEGABYTE,
}
MAX_PIXELS = 40_000_000
WIDEST = 2400  # pixels on the longer side: sharp on any screen, and nobody loads a camera's original
_SAVED_AS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


@dataclass(frozen=True)
class Checked:
    """A file that may be stored: its bytes, its real type, and what was read from it (seconds, cues)."""

    file: IO[bytes]
    content_type: str
    size: int
    seconds: float | None = None
    cues: list[captions.Cue] = field(default_factory=list)


def check(upload: Any, role: str) -> Checked:
    """The upload as it may be stored for `role`. Raises ValidationError with what to do about it."""
    limit = LIMITS[MediaFile.Role(role)]
    if upload.size == 0:
        raise ValidationError(_("This file is empty. Choose it again."))
    if upload.size > limit:
        raise ValidationError(
            _("This file has %(size)s; at most %(limit)s are possible. Make it smaller and upload it again.")
            % {"size": filesizeformat(upload.size), "limit": filesizeformat(limit)}
        )
    if role == MediaFile.Role.VIDEO:
        return _video(upload)
    if role == MediaFile.Role.CAPTIONS:
        return _captions(upload)
    return _image(upload)


def _video(upload: Any) -> Checked:
    content_type = media.sniff(upload.file)
    if not content_type.startswith("video/"):
        raise ValidationError(_("This is not a WebM or MP4 video, whatever its name says. Export it as one of these."))
    seconds = media.seconds_of(upload.file, content_type)
    return Checked(file=upload.file, content_type=content_type, size=upload.size, seconds=seconds)


def _captions(upload: Any) -> Checked:
    upload.file.seek(0)
    try:
        text = upload.file.read().decode("utf-8")
    except UnicodeDecodeError:
        raise ValidationError(
            _("These captions are not UTF-8 text. Save the file as UTF-8 and upload it again.")
        ) from None
    found = captions.parse(text)
    if found.problems:
        raise ValidationError([_say(problem) for problem in found.problems])
    if not found.cues:
        raise ValidationError(_("There is no caption in this file. Each needs a line such as 00:01.000 --> 00:04.000."))
    data = captions.write(found.cues).encode()
    return Checked(file=io.BytesIO(data), content_type="text/vtt", size=len(data), cues=found.cues)


def _say(problem: captions.Problem) -> str:
    if problem.what == "signature":
        return _("This is not a WebVTT file: its first line must be WEBVTT.")
    if problem.what == "timing":
        return _("Line %(n)d: write the times as 00:01.000 --> 00:04.000.") % {"n": problem.line}
    return _("Line %(n)d: this caption ends before it starts.") % {"n": problem.line}


def _image(upload: Any) -> Checked:
    """The picture painted anew: what else was in the file (places, comments, scripts) stays behind."""
    content_type = media.sniff(upload.file)
    if content_type not in _SAVED_AS:
        raise ValidationError(
            _("This is not a JPEG, PNG or WebP picture, whatever its name says. Save it as one of these.")
        )
    data = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(upload.file, formats=[_SAVED_AS[content_type]])
            if math.prod(picture.size) > MAX_PIXELS:
                raise Image.DecompressionBombError
            painted = ImageOps.exif_transpose(picture)
            painted.thumbnail((WIDEST, WIDEST))
            if painted.mode not in ("RGB", "RGBA", "L", "LA"):
                painted = painted.convert("RGBA" if "transparency" in painted.info else "RGB")
            if content_type == "image/jpeg":
                painted = painted.convert("RGB")
            painted.info = {}
            painted.save(data, format=_SAVED_AS[content_type], quality=85)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError(_("This picture has too many pixels. Make it smaller and upload it again.")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValidationError(_("This picture is damaged. Save it anew and upload it again.")) from None
    return Checked(file=data, content_type=content_type, size=data.tell())
