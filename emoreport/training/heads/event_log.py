"""A log of scalars that TensorBoard reads, written without TensorBoard.

TensorBoard wants protobuf 6 and gRPC; MediaPipe 0.10.21, which finds the faces here, protobuf 4.
The two cannot be installed side by side, so the few bytes of an event are put together here: a
record is its length, the masked CRC-32C of that, the event and the masked CRC-32C of the event;
the event is a protocol-buffer message of a time, a step and a named number.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = "events.out.tfevents.{start}.emoreport"
_POLYNOMIAL: Final = 0x82F63B78
"""Castagnoli's, reflected."""
_MASK: Final = 0xA282EAD8
_DOUBLE, _VARINT, _BYTES, _FLOAT = 1, 0, 2, 5
"""How protocol buffers write a field."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)  # noqa: PLW2901 - the register
        table.append(byte)
    return tuple(table)


_TABLE: Final = _crc_table()


def masked_crc(content: bytes) -> int:
    """CRC-32C, turned by 15 bits and shifted, as records store it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number: int, kind: int, content: bytes) -> bytes:
    size = _varint(len(content)) if kind == _BYTES else b""
    return _varint(number << 3 | kind) + size + content


def _event(step: int, wall_time: float, content: bytes) -> bytes:
    time_and_step = _field(1, _DOUBLE, struct.pack("<d", wall_time))
    return time_and_step + _field(2, _VARINT, _varint(step)) + content


def _record(event: bytes) -> bytes:
    size = struct.pack("<Q", len(event))
    checks = (struct.pack("<I", masked_crc(part)) for part in (size, event))
    return size + next(checks) + event + next(checks)


def append_events(folder: Path, step: int, scalars: Mapping[str, float]) -> None:
    """Add numbers of one step to the log in a folder, which is begun where there is none.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    paths = sorted(folder.glob(FILE.format(start="*")))
    content = b""
    if not paths:
        paths = [folder / FILE.format(start=int(time.time()))]
        content = _record(_event(0, time.time(), _field(3, _BYTES, b"brain.Event:2")))
    for name, value in scalars.items():
        number = _field(1, _BYTES, name.encode()) + _field(2, _FLOAT, struct.pack("<f", value))
        summary = _field(5, _BYTES, _field(1, _BYTES, number))
        content += _record(_event(step, time.time(), summary))
    with paths[-1].open("ab") as stream:
        stream.write(content)
