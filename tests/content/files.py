"""Small files of every type, made byte by byte, and files that lie about what they are."""

from __future__ import annotations

import io
import struct

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:04.000\n<v Noor>Five seconds is long.\n\n00:04.000 --> 00:08.000\nAnd then I say nothing.\n"


def upload(data: bytes, name: str = "file", content_type: str = "application/octet-stream") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=content_type)


def picture(form: str = "PNG", size: tuple[int, int] = (8, 6), **saved: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, format=form, **saved)
    return data.getvalue()


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def mp4(seconds: float = 12.5, version: int = 0, brand: bytes = b"isom", padding: int = 0) -> bytes:
    """ftyp, mdat and moov/mvhd with a scale of 1000 (ISO/IEC 14496-12, 8.2.2)."""
    duration = round(seconds * 1000)
    if version:
        mvhd = struct.pack(">I", 1 << 24) + struct.pack(">QQIQ", 0, 0, 1000, duration)
    else:
        mvhd = struct.pack(">I", 0) + struct.pack(">IIII", 0, 0, 1000, duration)
    mvhd += b"\0" * 80
    ftyp = _box(b"ftyp", brand + b"\0\0\2\0" + b"zzzz")
    return ftyp + _box(b"mdat", b"\0" * padding) + _box(b"moov", _box(b"mvhd", mvhd))


def _element(number: str, data: bytes) -> bytes:
    return bytes.fromhex(number) + struct.pack(">Q", len(data) | 1 << 56) + data


def webm(seconds: float | None = 30.5, scale: int = 1_000_000, doctype: bytes = b"webm") -> bytes:
    """An EBML header and a Segment of unknown size with an Info (RFC 8794, RFC 9559)."""
    info = _element("2AD7B1", scale.to_bytes(4, "big"))
    if seconds is not None:
        info += _element("4489", struct.pack(">d", seconds * 1e9 / scale))
    header = _element("1A45DFA3", _element("4282", doctype))
    return (
        header
        + bytes.fromhex("18538067")
        + b"\x01"
        + b"\xff" * 7
        + _element("EC", b"\0" * 40)
        + _element("1549A966", info)
    )
