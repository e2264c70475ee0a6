"""Uploads: known by their bytes, re-made where possible, refused with what to do."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from content import media, services, uploads
from content.models import ContentItem, MediaFile
from content.serving import PIECE, Unsatisfiable, parse_range
from tests.content import files
from tests.world import World

Make = Callable[..., ContentItem]

# ---------------------------------------------------------------- what a file is


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (files.webm(), "video/webm"), (files.webm(doctype=b"matroska"), ""), (files.mp4(), "video/mp4"),
        (files.mp4(brand=b"heic"), ""), (files.picture("PNG"), "image/png"), (files.picture("JPEG"), "image/jpeg"),
        (files.picture("WEBP"), "image/webp"), (files.CAPTIONS, "text/vtt"), (b"\xef\xbb\xbf" + files.CAPTIONS, "text/vtt"),
        (files.picture("GIF"), ""), (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", ""),
        (b"<html><script>alert(1)</script>", ""), (b"%PDF-1.7", ""), (b"PK\x03\x04", ""), (b"MZ\x90", ""), (b"", ""),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(data: bytes, content_type: str) -> None:
    assert media.sniff(io.BytesIO(data)) == content_type


@given(st.binary(max_size=200))
def test_sniffing_never_fails(data: bytes) -> None:
    for head in (b"", b"\x1a\x45\xdf\xa3", b"\0\0\0\x18ftypisom", b"RIFF"):
        media.sniff(io.BytesIO(head + data))


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (files.mp4(12.5), 12.5), (files.mp4(7200, version=1), 7200), (files.mp4(3, padding=300_000), 3),
        (files.mp4(0), None), (files.mp4()[:60], None),
        (files.webm(30.5), 30.5), (files.webm(2, scale=1_000), 2), (files.webm(None), None), (files.webm(float("nan")), None),
        (files.webm()[:40], None),
    ],
)  # fmt: skip
def test_a_recording_says_how_long_it_is(data: bytes, seconds: float | None) -> None:
    assert media.seconds_of(io.BytesIO(data), media.sniff(io.BytesIO(data))) == seconds


@given(st.binary(max_size=400), st.integers(0, 90))
def test_a_damaged_header_never_breaks_the_reader(noise: bytes, at: int) -> None:
    for data, content_type in ((files.mp4(), "video/mp4"), (files.webm(), "video/webm")):
        found = media.seconds_of(io.BytesIO(data[:at] + noise + data[at:]), content_type)
        assert found is None or found > 0


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("role", "data", "says"),
    [
        ("video", files.picture("PNG"), "not a WebM or MP4"),
        ("video", b"<html><script>alert(1)</script></html>", "not a WebM or MP4"),
        ("video", files.webm(doctype=b"matroska"), "not a WebM or MP4"),
        ("image", b"<svg onload='alert(1)'/>", "not a JPEG, PNG or WebP"),
        ("image", files.picture("GIF"), "not a JPEG, PNG or WebP"),
        ("image", files.picture("PNG")[:50], "damaged"),
        ("poster", b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 20, "damaged"),
        ("captions", b"1\n00:00:01,000 --> 00:00:02,000\nSubRip", "first line must be WEBVTT"),
        ("captions", b"WEBVTT\n\n00:05.000 --> 00:04.000\nBackwards", "Line 3: this caption ends before it starts"),
        ("captions", b"WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nComma", "Line 3: write the times"),
        ("captions", b"WEBVTT\n\n", "no caption in this file"),
        ("captions", b"WEBVTT\n\n00:01.000 --> 00:02.000\n\xff\xfe", "not UTF-8"),
        ("image", b"", "empty"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(role: str, data: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        uploads.check(files.upload(data, "innocent.png", "image/png"), role)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    huge = files.upload(files.CAPTIONS)
    huge.size = 10 * 1024**3
    with pytest.raises(ValidationError, match=r"10\.0.*GB; at most 2\.0.*MB"):
        uploads.check(huge, "captions")


def bomb() -> bytes:
    """A tiny PNG that claims 50,000 × 50,000 pixels."""
    data = bytearray(files.picture("PNG"))
    data[16:24] = struct.pack(">II", 50_000, 50_000)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@pytest.mark.parametrize("data", [bomb(), files.picture("PNG", (7000, 7000))])
def test_a_picture_that_would_fill_the_memory_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="too many pixels"):
        uploads.check(files.upload(data), "image")


# ---------------------------------------------------------------- what is kept


def test_a_picture_is_painted_anew_without_what_else_was_in_it() -> None:
    comment = PngImagePlugin.PngInfo()
    comment.add_text("Comment", "<script>alert(1)</script>")
    polyglot = files.picture("PNG", (3000, 1500), pnginfo=comment) + b"<html><script>alert(2)</script></html>"
    checked = uploads.check(files.upload(polyglot), "image")
    checked.file.seek(0)
    data = checked.file.read()
    assert b"script" not in data
    with Image.open(io.BytesIO(data)) as kept:
        assert (kept.format, kept.size, kept.info) == ("PNG", (2400, 1200), {})
    assert len(data) == checked.size


def test_captions_are_written_anew() -> None:
    noisy = files.CAPTIONS + b"\n\nNOTE <script>\n\nSTYLE\n::cue{background:url(//evil)}\n"
    checked = uploads.check(files.upload(noisy), "captions")
    data = checked.file.read()
    assert b"script" not in data
    assert b"evil" not in data
    assert [cue.words for cue in checked.cues] == ["Five seconds is long.", "And then I say nothing."]
    assert services.transcript_of(checked.cues)[0]["speaker"] == "Noor"


def store(world: World, item: ContentItem, data: bytes, role: str, name: str = "x") -> MediaFile:
    with world.scope():
        row, _ = services.store_media(
            item=item, upload=files.upload(data, name), role=role, by=world.dana, at=world.now
        )
    return row


def test_a_stored_file_has_a_name_of_ours(world: World, make: Make) -> None:
    row = store(world, make(), files.webm(), "video", "../../etc/pass wd<script>.html")
    assert row.file.name == f"content/{world.fernhill.pk}/{row.uuid}.webm"
    assert (row.content_type, row.size, row.name) == ("video/webm", len(files.webm()), "pass wd<script>.html")


def test_the_same_file_is_stored_once_per_item(world: World, make: Make) -> None:
    one, other = make(title="One"), make(title="Other")
    first = store(world, one, files.CAPTIONS, "captions")
    assert store(world, one, files.CAPTIONS, "captions") == first
    assert store(world, other, files.CAPTIONS, "captions") != first


# ---------------------------------------------------------------- how it is sent


@pytest.mark.parametrize(
    ("header", "size", "span"),
    [
        ("", 100, None), ("bytes=0-9", 100, (0, 9)), ("bytes=90-", 100, (90, 99)), ("bytes=-10", 100, (90, 99)),
        ("bytes=-1000", 100, (0, 99)), ("bytes=50-1000", 100, (50, 99)), ("bytes=9-0", 100, None), ("bytes=-", 100, None),
        ("bytes=0-1,5-6", 100, None), ("items=0-9", 100, None), ("bytes=a-b", 100, None),
        ("bytes=0-", 10 * PIECE, (0, PIECE - 1)), ("bytes=1-99999999999999999999", 100, None),
    ],
)  # fmt: skip
def test_ranges(header: str, size: int, span: tuple[int, int] | None) -> None:
    assert parse_range(header, size) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_is_sent_whole_in_part_and_not_at_all(world: World, make: Make, asha_client: Client) -> None:
    data = files.webm() + bytes(range(256)) * 100
    row = store(world, make(), data, "video")
    url = reverse("content:media", args=[row.uuid])
    whole = asha_client.get(url)
    assert (whole.status_code, body(whole)) == (200, data)
    assert whole["Accept-Ranges"] == "bytes"
    part = asha_client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, body(part)) == (206, data[100:200])
    assert (part["Content-Range"], part["Content-Length"]) == (f"bytes 100-199/{len(data)}", "100")
    beyond = asha_client.get(url, headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(data)}")
    known = asha_client.get(url, headers={"If-None-Match": whole["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    changed = asha_client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (changed.status_code, body(changed)) == (200, data)
    head = asha_client.head(url)
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(data)), b"")


def test_nothing_in_a_file_can_run(world: World, make: Make, asha_client: Client) -> None:
    row = store(world, make(), files.CAPTIONS, "captions", "x.html")
    response = asha_client.get(reverse("content:media", args=[row.uuid]))
    assert response["Content-Type"] == "text/vtt"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in response["Cache-Control"]
    body(response)


def test_files_are_for_members_of_the_organisation(world: World, make: Make, eve_client: Client) -> None:
    row = store(world, make(), files.CAPTIONS, "captions")
    url = reverse("content:media", args=[row.uuid])
    assert eve_client.get(url).status_code == 404
    assert Client().get(url).status_code == 302
