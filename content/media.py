"""PURE: what a file really is, by its first bytes, and how long a recording lasts, by its own header.

A name and a type that came with an upload prove nothing. Formats: WebM (RFC 8794 EBML, Matroska's Segment/Info), MP4
(ISO/IEC 14496-12 boxes), PNG, JPEG, WebP. Only a few hundred bytes are read however large the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import BinaryIO

HEAD = 64
_MP4_BRANDS = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"M4VP", b"MSNV",
}  # fmt: skip
_SEGMENT, _INFO, _SCALE, _DURATION, _DOCTYPE = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489, 0x4282
_MAX_ELEMENTS = 1000
EXTENSIONS = {
    "video/webm": ".webm", "video/mp4": ".mp4", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp",
    "text/vtt": ".vtt",
}  # fmt: skip


def sniff(file: BinaryIO) -> str:
    """The type of a file by its first bytes, of those in EXTENSIONS; "" for anything else. Leaves it at its start."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head else ""
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(len(head), _u32(head, 0)) - 3, 4))}
        return "video/mp4" if brands & _MP4_BRANDS else ""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "text/vtt" if head.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT") else ""


def seconds_of(file: BinaryIO, content_type: str) -> float | None:
    """How long a WebM or MP4 lasts, in seconds; None where its header doesn't say. Leaves it at its start."""
    try:
        found = _webm_seconds(file) if content_type == "video/webm" else _mp4_seconds(file)
    except (struct.error, IndexError, OverflowError):
        found = None
    file.seek(0)
    return found if found is not None and math.isfinite(found) and found > 0 else None


# ---------------------------------------------------------------- MP4


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places: type, start and end of the content."""
    at = start
    for _ in range(_MAX_ELEMENTS):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        size, kind, content = _u32(head, 0), head[4:8], 8
        if size == 1:
            size, content = struct.unpack(">Q", head[8:16])[0], 16
        elif size == 0:
            size = end - at
        if size < content:
            return
        yield kind, at + content, min(at + size, end)
        at += size


def _mp4_seconds(file: BinaryIO) -> float | None:
    for kind, start, end in _boxes(file, 0, _size(file)):
        if kind == b"moov":
            for inner, inner_start, _ in _boxes(file, start, end):
                if inner == b"mvhd":
                    return _mvhd(file, inner_start)
    return None


def _mvhd(file: BinaryIO, start: int) -> float | None:
    file.seek(start)
    box = file.read(32)
    if box[0] == 1:
        scale, duration = struct.unpack(">IQ", box[20:32])
    else:
        scale, duration = struct.unpack(">II", box[12:20])
    return duration / scale if scale else None


def _u32(data: bytes, at: int) -> int:
    return int(struct.unpack(">I", data[at : at + 4])[0])


# ---------------------------------------------------------------- WebM


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The EBML elements between two places: id, start and end of the data; one of unknown size runs to the end."""
    at = start
    for _ in range(_MAX_ELEMENTS):
        if at >= end:
            return
        file.seek(at)
        head = file.read(12)
        id_length = _vint_length(head, 0)
        element = int.from_bytes(head[:id_length], "big")
        size_length = _vint_length(head, id_length)
        raw = int.from_bytes(head[id_length : id_length + size_length], "big")
        unknown = (1 << (7 * size_length)) - 1
        size = raw & unknown
        data = at + id_length + size_length
        stop = end if size == unknown else min(data + size, end)
        yield element, data, stop
        at = stop


def _vint_length(data: bytes, at: int) -> int:
    """How many bytes a variable-size number has: the leading zero bits of its first byte, plus one."""
    return 9 - data[at].bit_length() if data[at] else 9


def _webm_seconds(file: BinaryIO) -> float | None:
    for element, start, end in _elements(file, 0, _size(file)):
        if element != _SEGMENT:
            continue
        for inner, inner_start, inner_end in _elements(file, start, end):
            if inner == _INFO:
                return _info(file, inner_start, inner_end)
    return None


def _info(file: BinaryIO, start: int, end: int) -> float | None:
    scale, duration = 1_000_000, None  # nanoseconds per tick, as Matroska says where nothing is said
    for element, at, stop in _elements(file, start, end):
        file.seek(at)
        data = file.read(min(stop - at, 8))
        if element == _SCALE:
            scale = int.from_bytes(data, "big")
        elif element == _DURATION:
            duration = struct.unpack(">d" if len(data) == 8 else ">f", data)[0]
    return None if duration is None else duration * scale / 1e9


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)
