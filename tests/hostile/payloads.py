"""Pictures, sounds and streams that claim or unpack to far more than their bytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def png(width_px: int, height_px: int, *, rows: int | None = None) -> bytes:
    """Black PNG of one bit per pixel: 16384 × 16384 px in 33 kB.

    `rows` of its rows are really there; None for all of them.
    """
    row = bytes(1 + (width_px + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height_px if rows is None else rows))
    head = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", body + packer.flush()), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I4s", len(content), kind)
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def jpeg_of_size(jpeg: bytes, width_px: int, height_px: int) -> bytes:
    """JPEG whose frame header claims another size (ITU-T T.81, B.2.2)."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height_px, width_px) + jpeg[place + 4 :]


def h264_of_size(width_px: int, height_px: int) -> bytes:
    """Elementary stream whose sequence parameters claim a size (ITU-T H.264, 7.3.2.1).

    The one slice behind them is cut off after its header.
    """
    wide, high = max(width_px // 16, 1), max(height_px // 16, 1)
    # Profile 66, level 6.2; id 0, frame number, order of pictures, one reference, no gaps.
    sequence = b"\x67\x42\x00\x3e" + _bits(
        _ue(0), _ue(0), _ue(2), _ue(1), "0", _ue(wide - 1), _ue(high - 1), "1", "1", "0", "0"
    )
    picture = b"\x68" + _bits(
        *(_ue(0), _ue(0), "0", "0", _ue(0), _ue(0), _ue(0), "0", "00", "1" * 3, "1", "0", "0")
    )
    slice_header = b"\x65" + _bits(_ue(0), _ue(7), _ue(0), "0" * 4, _ue(0), "00", "1")
    units = (sequence, picture, slice_header + bytes(64))
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units * 4)


def _ue(value: int) -> str:
    """Bits of a whole number ≥ 0 in the code of Exp-Golomb."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _bits(*fields: str) -> bytes:
    text = "".join(fields) + "1"
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


SILENT_BLOCK: Final = 65535
"""Most samples that one frame of FLAC holds."""


def silent_flac(rate_hz: int, frames: int) -> list[bytes]:
    """Frames of FLAC that are silence: 14 bytes each, over a minute of sound at 1 kHz (RFC 9639).

    Mono, 16 bits, a constant subframe of the value 0.
    """
    return [_flac_frame(number, rate_hz) for number in range(frames)]


def flac_file(rate_hz: int) -> bytes:
    """Such a stream as a file of its own, with one frame."""
    block = struct.pack(">HH", SILENT_BLOCK, SILENT_BLOCK) + bytes(6)
    facts = rate_hz << 44 | 15 << 36
    head = b"fLaC\x80\x00\x00\x22" + block + facts.to_bytes(8, "big") + bytes(16)
    return head + _flac_frame(0, rate_hz)


def _flac_frame(number: int, rate_hz: int) -> bytes:
    # Block size as 16 bits behind the header; sample rate in Hz as 16 bits behind that.
    head = b"\xff\xf8\x7d\x08" + _coded_number(number)
    head += struct.pack(">HH", SILENT_BLOCK - 1, rate_hz)
    head += bytes([_crc(head, 8, 0x07)])
    body = head + b"\x00\x00\x00"
    return body + struct.pack(">H", _crc(body, 16, 0x8005))


def _coded_number(number: int) -> bytes:
    """UTF-8's way of writing numbers, also where they are no characters."""
    if number < 0x80:
        return bytes([number])
    if number < 0x800:
        return bytes([0xC0 | number >> 6, 0x80 | number & 0x3F])
    return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])


def _crc(data: bytes, width: int, polynomial: int) -> int:
    value, top = 0, 1 << (width - 1)
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value & top else 0)
            value &= (1 << width) - 1
    return value


def zip_bomb(megabytes: int = 64) -> bytes:
    """Zip with one file of zeros."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        facts = zipfile.ZipInfo("zeros", (1980, 1, 1, 0, 0, 0))
        facts.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(facts, bytes(megabytes << 20))
    return packed.getvalue()


def other_files() -> Iterable[tuple[str, bytes]]:
    """Files of other kinds, by a short name, that somebody gave the suffix of a video."""
    yield "text", b"This is no video.\n" * 50
    yield "zip", zip_bomb()
    yield "png", png(64, 64)
    yield "pdf", b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    yield "html", b"<!doctype html><script>alert(1)</script>"
    yield "xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "program", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "script", b"#!/bin/sh\ntouch /tmp/emoreport-was-here\n"
    yield "pickle", b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system."
    yield "gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + bytes(50)
    yield "sqlite", b"SQLite format 3\x00" + bytes(500)
    yield "json", b'{"a": [1, 2, 3]}'
    yield "nothing", b""
    yield "one byte", b"\x00"
    yield "zeros", bytes(70_000)
    yield "ones", b"\xff" * 70_000
    # Scripts that make FFmpeg open other files or addresses.
    yield "concat", b"ffconcat version 1.0\nfile '/etc/passwd'\n"
    yield "playlist", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n"
    yield "session", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"
    yield "dash", b"<MPD><Period><BaseURL>http://127.0.0.1:9/</BaseURL></Period></MPD>"
    yield "subtitles", b"1\n00:00:00,000 --> 00:00:01,000\n<i>x</i>\n"
    yield "sound", b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(24)
    yield "ftyp only", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x10\x00\x00mdat"
