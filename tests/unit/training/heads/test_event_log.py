"""The log is what TensorBoard writes, byte by byte, for the same numbers."""

from __future__ import annotations

import struct

from emoreport.training.heads.event_log import append_events, masked_crc


def test_the_checksum_is_crc32c():
    crc = 0xE3069283  # of "123456789", from RFC 3720 and every table of checksums
    assert masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_records_are_those_that_tensorboard_reads(tmp_path):
    append_events(tmp_path, 1, {"loss": 0.5})
    append_events(tmp_path, 300, {"loss": 0.25, "validation": 1.0})
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    content, events = path.read_bytes(), []
    while content:
        size, crc = struct.unpack("<QI", content[:12])
        assert crc == masked_crc(content[:8])
        event, content = content[12 : 12 + size], content[12 + size :]
        assert struct.unpack("<I", content[:4])[0] == masked_crc(event)
        events.append(event)
        content = content[4:]
    assert [event[:1] for event in events] == [b"\t"] * 4  # field 1: a double, the time
    assert events[0][9:] == b"\x10\x00\x1a\x0dbrain.Event:2"
    summary = b"\x0a\x0b\x0a\x04loss\x15" + struct.pack("<f", 0.5)
    assert events[1][9:] == b"\x10\x01\x2a" + bytes([len(summary)]) + summary
    assert events[2][9:12] == b"\x10\xac\x02"  # step 300 as a varint
    assert b"validation" in events[3]
