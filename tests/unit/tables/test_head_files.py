"""head.parquet and head_intervals: what a trained head says, written and read again."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoreport.errors import StoredReadingsError
from emoreport.records import HeadTrack, Span
from emoreport.results import HeadInterval
from emoreport.tables.frames import build_tables, shown_tables
from emoreport.tables.head_files import HEAD_FILE, read_head_scores, write_head_scores
from emoreport.tables.store import Readings, write_all
from emoreport.tables.summary_facts import SummaryFacts
from tests.fixtures.results import analysis, face_track, speech_track

HEAD = HeadTrack(
    "au",
    ("AU4", "AU12"),
    np.array([0.05, 0.15, 0.25]),
    0.1,
    np.array([[0.25, 0.5], [np.nan, np.nan], [0.125, 1.0]], np.float32),
    (0.5, 0.375),
)


def stored(path, head=HEAD):
    with path.open("wb") as stream:
        write_head_scores(stream, head)
    return path


def test_what_is_written_comes_back(tmp_path):
    back = read_head_scores(stored(tmp_path / HEAD_FILE))
    assert back is not None
    assert (back.task, back.labels, back.step_s, back.thresholds) == (
        HEAD.task,
        HEAD.labels,
        HEAD.step_s,
        HEAD.thresholds,
    )
    np.testing.assert_array_equal(back.time_s, HEAD.time_s)
    np.testing.assert_array_equal(back.scores, HEAD.scores)
    content = pq.read_table(tmp_path / HEAD_FILE)
    assert content.column_names == ["time_s", "AU4", "AU12"]
    assert content.column("AU4").to_pylist() == [0.25, None, 0.125]


def test_a_run_without_a_head_has_no_such_file_and_another_one_is_refused(tmp_path):
    assert read_head_scores(tmp_path / HEAD_FILE) is None
    path = tmp_path / HEAD_FILE
    pq.write_table(pa.table({"time_s": [0.0], "AU4": [0.5]}), path)
    with pytest.raises(StoredReadingsError, match=HEAD_FILE):
        read_head_scores(path)
    stored(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(StoredReadingsError, match=HEAD_FILE):
        read_head_scores(path)


@pytest.mark.parametrize(
    ("task", "first"),
    [("expr", "emotion"), ("au", "action_unit"), ("clips", "label"), ("engagement", "label")],
)
def test_the_first_column_says_what_the_rows_are(task, first, tmp_path):
    head = dataclasses.replace(HEAD, task=task)
    rows = (HeadInterval(Span(0.0, 0.1), "AU12", 0.5),)
    found = dataclasses.replace(analysis(), head_intervals=rows)
    tables = build_tables(found, face_track(), speech_track(), head)
    name = "engagement" if task == "engagement" else "head_intervals"
    table = tables[name]
    assert list(table) == [first, "start", "end", "duration", "confidence", "person"]
    everything = ("csv", "xlsx", "parquet", "json")
    write_all(
        tmp_path,
        lambda: shown_tables(found, face_track(), speech_track(), head),
        Readings(face_track(), speech_track(), head),
        {"version": 1},
        formats=everything,
        lang="ru",
        facts=SummaryFacts(),
    )
    lines = (tmp_path / f"{name}.csv").read_text("utf-8").splitlines()
    assert lines == [
        f"{first},start,end,duration,confidence,person",
        "AU12,0.000,0.100,0.100,0.5000,",
    ]
    rows = json.loads((tmp_path / "report.json").read_text("utf-8"))[name]
    assert [row[first] for row in rows] == ["AU12"]
    assert read_head_scores(tmp_path / HEAD_FILE) is not None
    # The next run has no head: its files go.
    write_all(
        tmp_path,
        lambda: shown_tables(analysis(), face_track(), speech_track()),
        Readings(face_track(), speech_track()),
        {"version": 1},
        formats=everything,
        lang="ru",
        facts=SummaryFacts(),
    )
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("head", "engagement"))]


def test_valence_and_arousal_of_the_voice_have_readings_and_no_rows():
    head = dataclasses.replace(HEAD, task="va", labels=("valence", "arousal"), thresholds=())
    assert "head_intervals" not in build_tables(analysis(), face_track(), speech_track(), head)
