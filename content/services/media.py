"""Files of items: checked, named by us, stored once."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from pathlib import PurePath
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from content import uploads
from content.captions import transcript_of
from content.media import EXTENSIONS
from content.models import ContentItem, MediaFile
from lxp.people.models import User
from lxp.tenancy import current_id

__all__ = ["store_media", "transcript_of"]

CHUNK = 1024 * 1024


@transaction.atomic
def store_media(
    *, item: ContentItem, upload: Any, role: str, by: User | None, at: datetime
) -> tuple[MediaFile, uploads.Checked]:
    """Check an upload (anything with `file`, `name` and `size`, such as django.core.files.File) and keep it.

    Returns the row, whose `uuid` bodies name, and what was read from the file (seconds, cues). The same bytes for the
    same item and role are stored once. Raises ValidationError that says what to do.
    """
    checked = uploads.check(upload, role)
    digest = _digest(checked.file)
    known = MediaFile.objects.filter(item=item, role=role, sha256=digest).first()
    if known is not None:
        return known, checked
    key = uuid.uuid4()
    checked.file.seek(0)
    name = default_storage.save(
        f"content/{current_id()}/{key}{EXTENSIONS[checked.content_type]}", File(checked.file, name=str(key))
    )
    row = MediaFile.objects.create(
        uuid=key, item=item, role=role, file=name, content_type=checked.content_type, size=checked.size,
        sha256=digest, name=PurePath(getattr(upload, "name", "") or "").name[:200], uploaded_by=by, created_at=at,
    )  # fmt: skip
    return row, checked


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()
