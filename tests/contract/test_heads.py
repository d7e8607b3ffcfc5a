"""Whatever a head was trained for: what it leaves can be stored, read back, analysed and tabled."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoreport.analysis import analyze_readings
from emoreport.heads.head import open_head
from emoreport.heads.leading import named_record, with_head
from emoreport.settings import Settings
from emoreport.tables.frames import shown_tables
from emoreport.tables.head_files import read_head_scores, write_head_scores
from emoreport.tables.readings import read_frames, read_speech, write_frames, write_speech
from emoreport.vocabulary import ALL_LABELS
from tests.fixtures.heads import FACE, VOICE, head_metadata, write_features, write_head
from tests.fixtures.readings import face_track, recording, speech_track

DURATION_S = 6.0
EXPRESSIONS = ("Neutral", "Other", "Anger")
HEADS: list[dict[str, Any]] = [
    {"task": "expr", "labels": EXPRESSIONS, "features": {"face": FACE}},
    {"task": "expr", "labels": EXPRESSIONS, "features": {"voice": VOICE}},
    {"task": "expr", "labels": EXPRESSIONS, "features": {"face": FACE, "voice": VOICE}},
    {"task": "expr", "labels": EXPRESSIONS, "features": {"face": FACE}, "unit": "window"},
    {"task": "au", "labels": ("AU1", "AU2"), "thresholds": (0.5, 0.5)},
    {"task": "va", "labels": ("valence", "arousal")},
    {"task": "va", "labels": ("valence", "arousal"), "features": {"voice": VOICE}},
    {"task": "clips", "labels": ("a", "b"), "unit": "window"},
    {"task": "engagement", "labels": ("low", "high"), "unit": "window"},
]


@pytest.mark.parametrize("own", HEADS, ids=lambda own: f"{own['task']}-{own.get('unit', 'step')}")
def test_what_a_head_leaves_are_readings(own: dict[str, Any], tmp_path: Path) -> None:
    faces = face_track(("happiness", 2.0), (None, 1.0), ("anger", 3.0))
    speech = speech_track(["anger", None, "neutral", "neutral"])
    rng = np.random.default_rng(0)
    seen = rng.normal(0, 1, (len(faces), FACE.width))
    seen[~faces.valid] = np.nan
    heard = rng.normal(0, 1, (len(speech), VOICE.width))
    heard[np.isnan(speech.probabilities).any(axis=1)] = np.nan
    path = write_features(
        tmp_path / "features.parquet",
        face=(faces.time_s, seen),
        voice=(speech.start_s, speech.end_s, heard),
    )
    head = open_head(write_head(tmp_path / "head", head_metadata(**own)))
    record = named_record(head)
    led = with_head(head.run(path), record, faces, speech)

    for track in (led.faces, led.speech):
        known = track.probabilities[~np.isnan(track.probabilities).any(axis=1)]
        assert len(known)
        np.testing.assert_allclose(known.sum(axis=1), 1.0, atol=1e-5)
        assert set(track.labels) <= set(ALL_LABELS)
    np.testing.assert_array_equal(led.faces.valid, faces.valid)
    with (tmp_path / "f").open("wb") as stream:
        write_frames(stream, led.faces)
    with (tmp_path / "s").open("wb") as stream:
        write_speech(stream, led.speech)
    back, spoken = read_frames(tmp_path / "f"), read_speech(tmp_path / "s")
    for name, values in led.faces.columns.items():
        if name != "emotion":
            np.testing.assert_array_equal(back.columns[name], values)
    np.testing.assert_array_equal(spoken.probabilities, led.speech.probabilities)
    assert (led.table is not None) == record.has_table
    table = led.table
    if table is not None:
        with (tmp_path / "h").open("wb") as stream:
            write_head_scores(stream, table)
        stored = read_head_scores(tmp_path / "h")
        assert stored is not None
        np.testing.assert_array_equal(stored.scores, table.scores)
        table = stored

    said = [
        analyze_readings(*readings, recording(DURATION_S), Settings(), head=table)
        for readings in ((led.faces, led.speech), (unheeded(back, led.faces), spoken))
    ]
    assert said[0].video_intervals == said[1].video_intervals
    assert shown_tables(said[0], led.faces, led.speech, table)


def unheeded(back: Any, led: Any) -> Any:
    """What run.json adds to readings that were read back: whose contradiction counts."""
    if led.witness is None:
        return back
    return dataclasses.replace(
        back, witness=dataclasses.replace(back.witness, is_heeded=led.witness.is_heeded)
    )
