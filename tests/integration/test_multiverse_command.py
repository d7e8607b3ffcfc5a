"""`emoreport multiverse` on stored readings: files, shares, and what goes wrong."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.talks.conclusions import Setting, conclusions
from emoreport.analysis.talks.multiverse import Multiverse
from emoreport.plots.specification_curve import drawn
from emoreport.run.read import read_machine_report
from emoreport.studies.multiverse import MultiverseResult, _look, explore, parse_grid
from tests.fixtures.results_on_disk import rows
from tests.fixtures.spoken import speak, wandering_words
from tests.fixtures.stored import store, wandering_talk
from tests.integration.conftest import Emoreport

DURATION_S = 130.0
DUSHA = ("anger", "neutral", "positive", "sadness")
SMALL = ("--smoothing", "0,1", "--min-interval", "0.5,1", "--abstention", "off,normal")
FILES = {"multiverse.csv", "multiverse_summary.csv", "multiverse.png", "multiverse.svg"}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    faces, speech = wandering_talk(DURATION_S, voice_labels=DUSHA)
    return store(tmp_path / "talk", faces, speech, DURATION_S)


def words_of(path: Path) -> str:
    return " ".join(part.strip() for part in ET.parse(path).getroot().itertext() if part.strip())


def test_every_setting_has_a_row_and_every_conclusion_a_share(
    talk: Path, emoreport: Emoreport
) -> None:
    before = {path.name: path.read_bytes() for path in talk.iterdir()}
    outcome = emoreport("multiverse", talk, *SMALL)
    assert (outcome.code, outcome.err) == (0, "")
    folder = talk / "multiverse"
    assert {path.name for path in folder.iterdir()} == FILES
    assert {path.name: path.read_bytes() for path in talk.iterdir() if path.is_file()} == before
    table = rows(folder / "multiverse.csv")
    assert len(table) == 16
    assert {row["bridge"] for row in table} == {"default", "identity"}
    (own,) = [row for row in table if row["own"] == "true"]
    assert [own[name] for name in ("smoothing", "min_interval", "abstention", "bridge")] == [
        "1",
        "0.5",
        "normal",
        "default",
    ]
    assert {row["in_grid"] for row in table} == {"true"}
    summary = {row["conclusion"]: row for row in rows(folder / "multiverse_summary.csv")}
    for conclusion, column in (
        ("dominant_emotion", "dominant_emotion"),
        ("mismatch_against_chance", "mismatch_against_chance"),
        ("kappa_sign", "kappa_sign"),
    ):
        entry = summary[conclusion]
        assert entry["run_value"] == own[column]
        same = sum(row[column] == own[column] for row in table)
        assert entry["share"] == f"{same / 16:.4f}"
    rate = summary["transitions_per_emotion_minute"]
    rates = sorted(float(row["transitions_per_emotion_minute"]) for row in table)
    assert (float(rate["low"]), float(rate["high"])) == (rates[0], rates[-1])
    assert rate["run_value"] == own["transitions_per_emotion_minute"]


def test_words_have_columns_conclusions_and_a_panel_where_there_are_any(
    talk: Path, emoreport: Emoreport
) -> None:
    silent = emoreport("multiverse", talk, *SMALL)
    assert "No text model has read any words" in silent.out
    speak(talk, *wandering_words(DURATION_S))
    outcome = emoreport("multiverse", talk, *SMALL)
    assert (outcome.code, outcome.err) == (0, "")
    assert "No text model" not in outcome.out
    assert "sign of kappa, face and words" in outcome.out
    table = rows(talk / "multiverse" / "multiverse.csv")
    (own,) = [row for row in table if row["own"] == "true"]
    (known,) = [
        row
        for row in rows(_tables(emoreport, talk) / "modalities.csv")
        if (row["statistic"], row["modalities"]) == ("pair_kappa", "face_text")
    ]
    assert own["kappa_face_text"] == known["value"] != ""
    assert list(own)[-1] == "departs"
    summary = {row["conclusion"]: row for row in rows(talk / "multiverse/multiverse_summary.csv")}
    for name in ("kappa_face_text_sign", "kappa_voice_text_sign", "joint_agreement_against_chance"):
        same = sum(row[name] == own[name] for row in table)
        assert summary[name]["share"] == f"{same / len(table):.4f}"
        assert float(summary[name]["low"]) <= float(summary[name]["high"])
    assert "agreement of all three against chance" in words_of(talk / "multiverse/multiverse.svg")


def _tables(emoreport: Emoreport, talk: Path) -> Path:
    assert emoreport("retable", talk, "--out", "again").code == 0
    return Path("again")


def test_the_figure_is_a_picture_and_text_in_the_language_asked_for(
    talk: Path, emoreport: Emoreport
) -> None:
    assert emoreport("multiverse", talk, *SMALL, "--out", "one").code == 0
    outcome = emoreport("multiverse", talk, *SMALL, "--out", "two", "--lang", "ru")
    assert "преобладающая эмоция лица" in outcome.out
    assert Path("one/multiverse.png").read_bytes().startswith(b"\x89PNG")
    assert "transitions per minute" in words_of(Path("one/multiverse.svg"))
    assert "переходов в минуту" in words_of(Path("two/multiverse.svg"))
    assert Path("one/multiverse.csv").read_bytes() == Path("two/multiverse.csv").read_bytes()


def test_the_same_readings_give_the_same_files(talk: Path, emoreport: Emoreport) -> None:
    for name in ("one", "two"):
        assert emoreport("multiverse", talk, *SMALL, "--out", name, "--quiet").out == ""
    for name in FILES:
        assert (Path("one") / name).read_bytes() == (Path("two") / name).read_bytes(), name


def test_a_run_outside_the_grid_is_shown_but_not_counted(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    faces, speech = wandering_talk(DURATION_S, voice_labels=DUSHA)
    folder = store(tmp_path / "other", faces, speech, DURATION_S, smoothing=3)
    outcome = emoreport("multiverse", folder, *SMALL)
    assert outcome.code == 0
    assert len(outcome.warnings) == 1
    table = rows(folder / "multiverse" / "multiverse.csv")
    assert [row["smoothing"] for row in table if row["own"] == "true"] == ["3"]
    assert [row["own"] for row in table if row["in_grid"] == "false"] == ["true"]
    summary = rows(folder / "multiverse" / "multiverse_summary.csv")
    assert {row["settings"] for row in summary} == {"16"}


def test_bridges_without_a_difference_are_counted_once(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    faces, speech = wandering_talk(DURATION_S)
    folder = store(tmp_path / "eight", faces, speech, DURATION_S)
    Path("strange.toml").write_text("[bridge]\nfear = 'surprise'\n", encoding="utf-8")
    outcome = emoreport("multiverse", folder, *SMALL, "--bridge", "strange.toml")
    assert outcome.code == 0
    assert "identity has the same effect as default" in outcome.err
    table = rows(folder / "multiverse" / "multiverse.csv")
    assert {row["bridge"] for row in table} == {"default", "strange"}


def test_a_bridge_whose_file_is_gone_is_still_the_runs_own(tmp_path: Path) -> None:
    faces, speech = wandering_talk(DURATION_S)
    folder = store(tmp_path / "gone", faces, speech, DURATION_S, bridge="gone.toml")
    result = explore(read_machine_report(folder), parse_grid("1", "0.5", "normal"))
    assert result.own.setting.bridge == "default"


def test_a_name_that_no_font_has_and_mathematics_in_it_are_drawn(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    faces, speech = wandering_talk(20.0)
    name = "演讲 $x^$ \udcff.mp4"
    folder = store(tmp_path / "strange", faces, speech, 20.0, name=name)
    assert emoreport("multiverse", folder, *SMALL, "--quiet").code == 0
    assert "演讲 $x^$" in words_of(folder / "multiverse" / "multiverse.svg")


def test_a_talk_without_a_face_is_drawn(tmp_path: Path, emoreport: Emoreport) -> None:
    from tests.fixtures.readings import face_track, speech_track

    folder = store(tmp_path / "empty", face_track((None, 20)), speech_track(["anger"] * 18), 20.0)
    assert emoreport("multiverse", folder, *SMALL).code == 0
    summary = rows(folder / "multiverse" / "multiverse_summary.csv")
    assert summary[0]["unknown"] == summary[0]["settings"] == "8"
    assert summary[0]["share"] == ""


class _Broken(Bridge):
    """A bridge that fails where it is used."""

    def shared_space(self, one: object, other: object) -> tuple[str, ...]:
        raise ValueError("this bridge is broken")


def test_a_setting_that_fails_leaves_the_others(talk: Path, tmp_path: Path) -> None:
    stored = read_machine_report(talk)
    bridges = {"default": stored.bridge, "broken": _Broken()}
    multiverse = Multiverse(
        {"": stored.faces},
        {"": stored.speech},
        stored.run.media.duration_s,
        stored.settings,
        bridges,
    )
    good, bad = (
        _look(multiverse, Setting(1.0, 0.5, "normal", name)) for name in ("default", "broken")
    )
    result = MultiverseResult("talk", good, (bad, good), conclusions(good, (bad, good)), {})
    assert result.failures == (bad,)
    result.write(tmp_path / "out", "en", drawn)
    table = rows(tmp_path / "out" / "multiverse.csv")
    assert [row["failure"] for row in table] == ["ValueError: this bridge is broken", ""]
    assert {row["settings"] for row in rows(tmp_path / "out" / "multiverse_summary.csv")} == {"1"}


@pytest.mark.parametrize(
    "options",
    [
        ("--smoothing", "-1"),
        ("--smoothing", "0,,1"),
        ("--min-interval", "soon"),
        ("--abstention", "sometimes"),
        ("--abstention", ""),
        ("--bridge", "none.toml"),
        ("--lang", "tlh"),
    ],
    ids=str,
)
def test_values_that_cannot_be_are_one_line(
    options: tuple[str, ...], talk: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("multiverse", talk, *options)
    assert (outcome.code, len(outcome.errors)) == (2, 1)
    assert not (talk / "multiverse").exists()


def test_without_readings_there_is_no_multiverse(talk: Path, emoreport: Emoreport) -> None:
    assert emoreport("multiverse", "none").code == 2
    (talk / "frames.parquet").unlink()
    outcome = emoreport("multiverse", talk)
    assert (outcome.code, len(outcome.errors)) == (1, 1)


def test_nothing_is_decoded(
    talk: Path, emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("av", "cv2", "mediapipe", "onnxruntime"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    copy = Path("copy")
    shutil.copytree(talk, copy)
    assert emoreport("multiverse", copy, *SMALL).code == 0
