"""Sending stored files: parts of them on demand (RFC 9110, Range), as what they are, and nothing that could run.

A page worker sends the bytes, so an answer to an open-ended range ("from here on") is kept short: players ask for the
next piece when they need it, and a slow reader never holds a worker for long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.cache import patch_cache_control

from content.models import MediaFile

CHUNK = 256 * 1024
PIECE = 4 * 1024 * 1024
"""The most an open-ended range gets at once."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """No byte of the file lies in the range."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None where the whole file is the answer (no range, several, or nonsense).

    Raises Unsatisfiable. "bytes=500-" is cut to PIECE.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last n bytes
        length = int(last)
        if length == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - length), size - 1
    start = int(first)
    if start >= size:
        raise Unsatisfiable
    if not last:
        return start, min(start + PIECE, size) - 1
    if int(last) < start:
        return None
    return start, min(int(last), size - 1)


def send(request: HttpRequest, media: MediaFile) -> HttpResponseBase:
    """The file or the part of it that was asked for: 200, 206, 304 or 416."""
    etag = f'"{media.sha256[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        return _dress(HttpResponseNotModified(), media, etag)
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""
    try:
        span = parse_range(wanted, media.size)
    except Unsatisfiable:
        refused = HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
        return _dress(refused, media, etag)
    first, last = span or (0, media.size - 1)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(status=206 if span else 200)
    else:
        answer = StreamingHttpResponse(_read(media.file.open("rb"), first, last), status=206 if span else 200)
    answer["Content-Length"] = str(last - first + 1)
    if span:
        answer["Content-Range"] = f"bytes {first}-{last}/{media.size}"
    return _dress(answer, media, etag)


def _dress(answer: HttpResponseBase, media: MediaFile, etag: str) -> HttpResponseBase:
    """The type we found in the bytes, never another one; nothing in it may run, even when it is opened by itself."""
    answer["Content-Type"] = media.content_type
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Content-Disposition"] = "inline"
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = etag
    patch_cache_control(answer, private=True, max_age=31536000, immutable=True)  # a new upload has a new address
    return answer


def _read(file: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
