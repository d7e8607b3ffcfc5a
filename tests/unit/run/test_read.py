from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.records import CodedLabels, LabelledSpan, LabelSource, Span
from emoreport.run.read import read_machine_report, read_report
from emoreport.run.run_json import read_run
from tests.fixtures.stored import store, wandering_talk

LENGTH_S = 20.0


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return store(tmp_path / "talk", *wandering_talk(LENGTH_S), LENGTH_S, formats="json,parquet")


def coded(**modalities: str) -> LabelSource:
    """One label over the whole talk for each modality."""
    spans = {
        name: (LabelledSpan(Span(0.0, LENGTH_S), label),) for name, label in modalities.items()
    }
    return LabelSource(CodedLabels(**spans), "anna.csv", "0" * 64, "anna")


def test_nothing_is_analysed_until_it_is_asked_for(talk: Path) -> None:
    report = read_machine_report(talk)
    assert {"analysis", "tables"}.isdisjoint(vars(report))
    assert len(report.video_intervals) == len(report.analysis.video_intervals)
    assert report.analysis is report.analysis


def test_the_bridge_of_the_run_outlives_its_file(talk: Path, tmp_path: Path) -> None:
    file = tmp_path / "bridge.toml"
    file.write_text("[bridge]\nfear = 'surprise'\n")
    read_report(talk, {"bridge": str(file)}).write(talk)
    file.unlink()
    assert read_machine_report(talk).bridge.shared("fear") == "surprise"
    assert read_machine_report(talk, {"bridge": "default"}).bridge.shared("fear") == "fear"
    with pytest.raises(SettingsError, match="cannot be read"):
        read_report(talk)


def test_labels_of_a_person_stay_with_the_run(talk: Path) -> None:
    labels = coded(face="fear", voice="anger")
    read_report(talk, labels=labels).write(talk)
    assert read_run(talk).labels == labels
    again = read_report(talk)
    assert set(again.video_intervals["emotion"]) == {"fear"}
    assert [warning.key for warning in again.run.warnings] == ["coded_face", "coded_voice"]
    with pytest.raises(SettingsError, match="are a person"):
        read_machine_report(talk)


def test_seconds_that_carry_another_label_than_their_row_are_told(talk: Path) -> None:
    half = LENGTH_S / 2
    spans = (
        LabelledSpan(Span(0.0, half + 1.0), "anger"),
        LabelledSpan(Span(half + 1.0, LENGTH_S), "fear"),
    )
    face = (LabelledSpan(Span(0.0, LENGTH_S), "fear"),)
    report = read_report(talk, labels=LabelSource(CodedLabels(face, spans), "a.csv"))
    mixed = {warning.key: warning.values for warning in report.run.warnings}
    assert mixed["coded_voice_mixed"] == {"seconds": f"{half - 1.0:.3f}"}


def test_damaged_labels_are_refused_where_they_are_used(talk: Path) -> None:
    content = (talk / "run.json").read_text()
    (talk / "run.json").write_text(content[:-1] + ', "labels": {"file": "a.csv", "face": [3]}}')
    assert read_run(talk).labels is not None
    with pytest.raises(StoredReadingsError, match="labels that cannot be used"):
        read_report(talk)
