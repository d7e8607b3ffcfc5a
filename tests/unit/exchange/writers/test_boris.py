"""Files for BORIS: what its own checks ask for."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given

from emoreport.exchange.writers.boris import (
    TABULAR_COLUMNS,
    paste_bytes,
    project_bytes,
    tabular_bytes,
)
from emoreport.exchange.writers.tiers import tiers_of
from emoreport.vocabulary import COLOURS
from tests.fixtures.findings import any_findings, findings, made_findings


def project(found, path="../talk.mp4"):
    return json.loads(project_bytes(found, path))


def observation(found):
    (found,) = project(found)["observations"].values()
    return found


def table(found):
    text = tabular_bytes(found, "../talk.mp4").decode()
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_ethogram_is_one_of_boris():
    found = project(findings())
    behaviours = found["behaviors_conf"]
    assert found["project_format_version"] == "7.0"
    assert list(behaviours) == [str(number) for number in range(len(behaviours))]
    codes = [entry["code"] for entry in behaviours.values()]
    keys = [entry["key"] for entry in behaviours.values() if entry["key"]]
    assert len(set(codes)) == len(codes)
    assert len(set(keys)) == len(keys)
    assert {entry["type"] for entry in behaviours.values()} == {"State event"}
    assert {entry["category"] for entry in behaviours.values()} == set(
        found["behavioral_categories"]
    )
    happiness = next(entry for entry in behaviours.values() if entry["code"] == "face_happiness")
    assert happiness["color"] == COLOURS["happiness"]
    excluded = happiness["excluded"].split(",")
    assert set(excluded) < set(codes)
    assert "face_anger" in excluded
    assert "face_happiness" not in excluded
    assert not any(code.startswith("voice_") for code in excluded)


def test_the_observation_points_to_its_video():
    found = observation(findings())
    assert found["type"] == "MEDIA"
    assert found["file"]["1"] == ["../talk.mp4"]
    assert found["media_info"]["length"] == {"../talk.mp4": 3.333}
    assert found["media_info"]["hasAudio"] == {"../talk.mp4": True}


@given(any_findings())
def test_every_state_stops_before_it_starts_again(found):
    codes = {entry["code"] for entry in project(found)["behaviors_conf"].values()}
    events = observation(found)["events"]
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    running: dict[str, float] = {}
    spans: dict[str, list[tuple[float, float]]] = {}
    # BORIS tells START from STOP by counting: every other event of a code stops it.
    for time, subject, code, modifier, _, frame in events:
        assert (subject, modifier, frame) == ("", "", "NA")
        assert code in codes
        if code in running:
            spans.setdefault(code, []).append((running.pop(code), time))
        else:
            running[code] = time
    assert not running
    for tier in tiers_of(found)[:2]:
        for label in {cell.label for cell in tier.cells}:
            own = [cell for cell in tier.cells if cell.label == label]
            seconds = sum(cell.end_ms - cell.start_ms for cell in own)
            kept = spans[f"{tier.name}_{label}"]
            assert round(sum(end - start for start, end in kept) * 1000) == seconds
            assert all(end > start for start, end in kept)


@given(any_findings())
def test_the_table_tells_the_same_events(found):
    rows, events = table(found), observation(found)["events"]
    assert [(float(row["Time"]), row["Behavior"]) for row in rows] == [
        (event[0], event[2]) for event in events
    ]
    running = set()
    for row in rows:
        starts = row["Behavior"] not in running
        assert row["Behavior type"] == ("START" if starts else "STOP")
        running ^= {row["Behavior"]}


def test_the_table_has_the_columns_of_boris():
    row = table(findings())[0]
    assert tuple(row) == TABULAR_COLUMNS
    assert row["Media file name"] == "../talk.mp4"
    assert row["Media duration (s)"] == "3.333"
    assert row["Behavioral category"] == "face"


def test_lines_to_paste_have_six_columns_and_no_end():
    text = paste_bytes(findings()).decode()
    assert not text.endswith("\n")
    assert {line.count("\t") for line in text.split("\n")} == {5}
    assert text.startswith("0.000\t\tface_happiness\t\tconfidence 0.6500\tNA")


def test_separators_inside_labels_are_taken_out():
    base = findings()
    odd = "a,b|c\td\ne"
    speech = type(base.speech)(
        (odd, *base.speech.labels[1:]),
        *(getattr(base.speech, name) for name in base.speech.__slots__[1:]),
    )
    found = made_findings([0.0, 1.0], ["fear"], [odd], speech=speech)
    assert {len(line.split("\t")) for line in paste_bytes(found).decode().split("\n")} == {6}
    codes = [entry["code"] for entry in project(found)["behaviors_conf"].values()]
    assert "voice_a b c d e" in codes
    assert {event[2] for event in observation(found)["events"]} <= set(codes)
