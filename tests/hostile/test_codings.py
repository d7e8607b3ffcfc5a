"""Codings and tables of people, as large and as odd as a file can be: read or refused, in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emoreport.batch.metadata import read_metadata
from emoreport.errors import EmoreportError
from emoreport.exchange.readers import Tiers, read_codings
from emoreport.tiers.raw import MAX_ANNOTATIONS
from emoreport.vocabulary import EMOTIONS
from tests.fuzz.mutations import survives

TIERS = Tiers(
    face=None, voice=None, modality=None, mapping={}, face_labels=EMOTIONS, voice_labels=EMOTIONS,
    video="talk.mp4",
)  # fmt: skip
MANY = 20_000
BEHAVIOURS = {"0": {"code": "anger", "category": "face", "type": "State event"}}


def boris(events: list[list[object]], **facts: object) -> bytes:
    observation = {"events": events, "type": "MEDIA", "file": {"1": ["talk.mp4"]}, **facts}
    project = {"behaviors_conf": BEHAVIOURS, "observations": {"one": observation}}
    return json.dumps(project).encode()


def eaf(count: int, tier: str) -> bytes:
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="t{n}" TIME_VALUE="{n}"/>' for n in range(count + 1))
    rows = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="t{n}" '
        f'TIME_SLOT_REF2="t{n + 1}"><ANNOTATION_VALUE>anger</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n in range(count)
    )
    chain = "".join(
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b{n}" ANNOTATION_REF="b{n + 1}">'
        "<ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
        for n in range(count)
    )
    return (
        f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>"
        f'<TIER TIER_ID="{tier}">{rows}</TIER><TIER TIER_ID="chain">{chain}</TIER>'
        "</ANNOTATION_DOCUMENT>"
    ).encode()


ROW = "0;0,5;радость;заметка\r\n"
CODINGS: dict[str, tuple[str, Callable[[], bytes], bool]] = {
    "cp1251, a megabyte": (
        "a.csv", lambda: ("start;end;emotion;note\r\n" + ROW * MANY).encode("cp1251"), True,
    ),
    "every byte": ("a.csv", lambda: b"start,end,emotion\n" + bytes(range(128, 256)) * MANY, False),
    "a separator that is none": (
        "a.csv", lambda: b"sep=\xff\nstart,end,emotion\n0,1,anger\n", False,
    ),
    "columns without end": ("a.csv", lambda: b"start,end,emotion" + b"," * 1_000_000, False),
    "empty lines without end": (
        "a.csv", lambda: b"\r\n" * 1_000_000 + b"start,end,emotion\n0,1,anger\n", True,
    ),
    "UTF-16 that ends within a letter": (
        "a.csv", lambda: "start,end,emotion\n0,1,anger\n".encode("utf-16")[:-1], False,
    ),
    "one byte a letter in a TextGrid": (
        "a.TextGrid",
        lambda: b'"ooTextFile short" "TextGrid" ' + "я".encode("cp1251") * MANY,
        False,
    ),
    "intervals of many tiers in order of time": (
        "a.TextGrid",
        lambda: b'"Praat chronological TextGrid text file" 0 9 1 "IntervalTier" "face" 0 9 '
        + b"".join(b'1 %d %d "anger" ' % (n, n + 1) for n in range(MANY)),
        True,
    ),
    "more annotations than a person makes": (
        "a.TextGrid",
        lambda: b'"Praat chronological TextGrid text file" 0 9 1 "IntervalTier" "face" 0 9 '
        + b'1 0 0 "" ' * (MAX_ANNOTATIONS + 1),
        False,
    ),
    "annotations that hang on each other": ("a.eaf", lambda: eaf(MANY, "face"), True),
    "a queue of many media": (
        "a.boris",
        lambda: boris(
            [[1, "", "anger"], [2, "", "anger"]],
            file={"1": [f"{n}.mp4" for n in range(MANY)] + ["talk.mp4"]},
            media_info={"length": {f"{n}.mp4": 1e-9 for n in range(MANY)}},
        ),
        True,
    ),
    "lengths beyond all sense": (
        "a.boris",
        lambda: boris(
            [[1, "", "anger"], [2, "", "anger"]],
            file={"1": ["first.mp4", "talk.mp4"]},
            media_info={"length": {"first.mp4": 1e300}},
        ),
        True,
    ),
    "events for ever": (
        "a.boris", lambda: boris([[1, "", "anger"]] * (MAX_ANNOTATIONS + 1)), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CODINGS)
def test_a_coding_is_read_or_refused_in_time(kind: str, tmp_path: Path) -> None:
    name, make, readable = CODINGS[kind]
    path = tmp_path / name
    path.write_bytes(make())
    outcome = survives(lambda: read_codings(path, TIERS), path)
    assert isinstance(outcome, EmoreportError) != readable, outcome


TABLES = {
    "one byte a letter": ("video;группа\r\n" + "talk.mp4;первая\r\n").encode("cp1251"),
    "every byte": b"video,x\n" + bytes(range(128, 256)) * MANY,
    "columns without end": b"video" + b";" * 1_000_000 + b"\ntalk.mp4" + b";" * 1_000_000,
    "rows of nothing": b"video;x\n" + b";\n" * 1_000_000,
    "no end of a quote": b'video;x\n"' + b"talk.mp4;1\n" * MANY,
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_videos_is_read_or_refused_in_time(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_bytes(TABLES[kind])
    outcome = survives(lambda: read_metadata(path, ["talk.mp4"], ()), path)
    assert isinstance(outcome, EmoreportError) == (kind in {"every byte", "no end of a quote"})
