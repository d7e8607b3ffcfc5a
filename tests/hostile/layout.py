"""Where the parts of a container lie: boxes of MP4, elements of Matroska, chunks of AVI.

Readers for whole files that this folder's seeds made, so that the corpus can damage each part by
its name; ISO/IEC 14496-12, RFC 8794 and RFC 9559, and Microsoft's RIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Part:
    """One box, element or chunk: its path of names, and where its pieces start and end."""

    path: str
    start: int
    length_at: int
    length_bytes: int
    content: int
    end: int


_BOXES_OF_BOXES: Final = {
    b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"edts": 0, b"dinf": 0,
    b"udta": 0, b"moof": 0, b"traf": 0, b"mvex": 0, b"mfra": 0, b"ilst": 0,
    b"meta": 4, b"dref": 8, b"stsd": 8, b"avc1": 78, b"mp4a": 28, b"sowt": 28,
}  # fmt: skip
"""Bytes between the header of such a box and the first box in it."""

_MASTERS: Final = {
    0x1A45DFA3: "EBML", 0x18538067: "Segment", 0x114D9B74: "SeekHead", 0x4DBB: "Seek",
    0x1549A966: "Info", 0x1654AE6B: "Tracks", 0xAE: "TrackEntry", 0xE0: "Video", 0xE1: "Audio",
    0x1254C367: "Tags", 0x7373: "Tag", 0x63C0: "Targets", 0x67C8: "SimpleTag",
    0x1F43B675: "Cluster", 0xA0: "BlockGroup", 0x1C53BB6B: "Cues", 0xBB: "CuePoint",
    0xB7: "CueTrackPositions", 0x55B0: "Colour",
}  # fmt: skip
DURATION: Final = 0x4489
TIMESTAMP_SCALE: Final = 0x2AD7B1
CLUSTER_TIMESTAMP: Final = 0xE7
PIXEL_WIDTH: Final = 0xB0
PIXEL_HEIGHT: Final = 0xBA
DEFAULT_DURATION: Final = 0x23E383


def boxes(data: bytes, start: int = 0, end: int | None = None, above: str = "") -> Iterator[Part]:
    """Every box of an MP4 or MOV, those in others behind them."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if not 8 <= size <= end - start:
            return
        path = f"{above}{kind.decode('latin-1')}"
        yield Part(path, start, start, 4, start + 8, start + size)
        if kind in _BOXES_OF_BOXES:
            first = start + 8 + _BOXES_OF_BOXES[kind]
            yield from boxes(data, first, start + size, f"{path}.")
        start += size


def _vint(data: bytes, place: int) -> tuple[int, int]:
    """Length and value of a variable-length number, its marker left out."""
    width = 9 - data[place].bit_length()
    raw = int.from_bytes(data[place : place + width], "big")
    return width, raw & ((1 << 7 * width) - 1)


def elements(
    data: bytes, start: int = 0, end: int | None = None, above: str = ""
) -> Iterator[Part]:
    """Every element of a Matroska or WebM file, those in others behind them."""
    end = len(data) if end is None else end
    while start < end:
        width = 9 - data[start].bit_length()
        name = int.from_bytes(data[start : start + width], "big")
        length_bytes, length = _vint(data, start + width)
        content = start + width + length_bytes
        if length == (1 << 7 * length_bytes) - 1 or content + length > end:
            length = end - content
        path = f"{above}{_MASTERS.get(name, f'{name:X}')}"
        yield Part(path, start, start + width, length_bytes, content, content + length)
        if name in _MASTERS:
            yield from elements(data, content, content + length, f"{path}.")
        start = content + length


def chunks(data: bytes, start: int = 0, end: int | None = None, above: str = "") -> Iterator[Part]:
    """Every chunk of an AVI, those in lists behind them."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, start)
        if size > end - start - 8:
            return
        path = f"{above}{name.decode('latin-1').strip()}"
        yield Part(path, start, start + 4, 4, start + 8, start + 8 + size)
        if name in {b"RIFF", b"LIST"}:
            yield from chunks(data, start + 12, start + 8 + size, f"{path}.")
        start += 8 + size + size % 2


def first_of_each(parts: Iterator[Part], most: int = 1) -> list[Part]:
    """At most so many parts of each path; a file has hundreds of alike ones."""
    seen: dict[str, int] = {}
    kept = []
    for part in parts:
        seen[part.path] = seen.get(part.path, 0) + 1
        if seen[part.path] <= most:
            kept.append(part)
    return kept


def put(data: bytes, place: int, new: bytes) -> bytes:
    """Copy with `new` written over what is at `place`."""
    return data[:place] + new + data[place + len(new) :]


TS_PACKET_BYTES = 188


def ts_packets(data: bytes) -> list[bytes]:
    """Packets of a transport stream."""
    return [data[at : at + TS_PACKET_BYTES] for at in range(0, len(data), TS_PACKET_BYTES)]


def ts_pid(packet: bytes) -> int:
    """Number of the stream that a packet of a transport stream belongs to."""
    return int.from_bytes(packet[1:3], "big") & 0x1FFF
