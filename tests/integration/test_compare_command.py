"""`emoreport compare` on stored readings: two talks, several, groups, and pairs."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoreport.analysis.talks.two import compare_talks
from emoreport.analysis.transitions.talk_figures import Talk
from emoreport.messages import text
from emoreport.records import Transcript, Word
from emoreport.run.read import read_report
from tests.fixtures.results_on_disk import rows
from tests.fixtures.spoken import speak, wandering_words
from tests.fixtures.stored import store, wandering_talk
from tests.integration.conftest import Emoreport

DURATION_S = 200.0
AGREEMENT = {
    "kappa_face_voice": ("pair_kappa", "face_voice"),
    "kappa_face_text": ("pair_kappa", "face_text"),
    "kappa_voice_text": ("pair_kappa", "voice_text"),
    "fleiss_kappa": ("fleiss_kappa", "all"),
    "departs_face": ("departs", "face"),
    "departs_voice": ("departs", "voice"),
    "departs_text": ("departs", "text"),
}
"""Measures of the comparison, and what the table of modalities calls them."""


def made(folder: Path, seed: int = 0, happy: float = 0.4, **values: object) -> Path:
    faces, speech = wandering_talk(DURATION_S, seed=seed, happy=happy)
    return store(folder, faces, speech, DURATION_S, **values)  # type: ignore[arg-type]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return made(tmp_path / "a", 1, happy=0.2), made(tmp_path / "b", 2, happy=0.7)


@pytest.fixture
def two_groups(tmp_path: Path) -> tuple[Path, Path]:
    for name, happy in (("before", 0.2), ("after", 0.7)):
        for number in range(4):
            seed = number + 10 * (name == "after")
            made(tmp_path / name / f"talk{number}", seed, happy)
    return tmp_path / "before", tmp_path / "after"


def test_differences_are_those_of_the_reports(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    outcome = emoreport("compare", *pair, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    (entry,) = document["comparisons"]
    reports = [read_report(folder) for folder in pair]
    talks = [
        Talk("", report.analysis.video_intervals, report.analysis.comparisons) for report in reports
    ]
    expected = compare_talks(*talks)
    assert [row["difference"] for row in entry["differences"]] == [
        row.difference for row in expected
    ]
    happy = next(row for row in entry["differences"] if row["emotion"] == "happiness")
    assert happy["first"] < happy["second"]
    summaries = [report.analysis.summary for report in reports]
    rate = next(row for row in entry["differences"] if row["measure"] == "transitions_per_minute")
    assert rate["first"] == pytest.approx(summaries[0].transitions_per_emotion_minute)
    mismatch = next(row for row in entry["differences"] if row["measure"] == "mismatch_share")
    assert mismatch["second"] == pytest.approx(summaries[1].mismatch.share)


def test_words_are_compared_where_both_have_them_and_else_that_is_said(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    def words(every_s: float) -> Transcript:
        starts_s = np.arange(0, 199, every_s).tolist()
        return Transcript(tuple(Word("да", start_s, start_s + 0.2) for start_s in starts_s))

    speak(pair[0], words(1.0))
    outcome = emoreport("compare", *pair)
    assert outcome.code == 0
    assert "nothing about words is compared" in " ".join((outcome.err + outcome.out).split())
    speak(pair[1], words(0.5))
    outcome = emoreport("compare", *pair, "--json")
    document = json.loads(outcome.out)
    (entry,) = document["comparisons"]
    rate = next(row for row in entry["differences"] if row["measure"] == "words_per_minute")
    assert (round(rate["first"]), round(rate["second"])) == (60, 119)
    assert document["caveats"] == []


def test_what_the_words_say_is_compared_as_in_the_tables_where_one_model_read_all(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    speak(pair[0], *wandering_words(DURATION_S, seed=1))
    speak(pair[1], wandering_words(DURATION_S, seed=2)[0])
    outcome = emoreport("compare", *pair, "--json")
    assert [row["key"] for row in json.loads(outcome.out)["caveats"]] == ["text_in_one"]
    assert not {row["measure"] for row in _differences(outcome.out)} & AGREEMENT.keys()
    speak(pair[1], *wandering_words(DURATION_S, seed=2))
    outcome = emoreport("compare", *pair, "--json")
    assert outcome.warnings == []
    compared = {row["measure"]: row for row in _differences(outcome.out)}
    reports = [read_report(folder) for folder in pair]
    for measure, name in AGREEMENT.items():
        one, other = (
            next(
                row.value
                for row in report.analysis.modality_statistics
                if (row.statistic, row.modalities) == name
            )
            for report in reports
        )
        row = compared[measure]
        assert (row["first"], row["second"]) == (pytest.approx(one), pytest.approx(other))
    shown = emoreport("compare", *pair)
    assert "kappa of face and words" in shown.out
    path = pair[1] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["models"]["text"] = {"name": "rubert-tiny2-cedr", "files": {"a.onnx": "1" * 64}}
    path.write_text(json.dumps(document), encoding="utf-8")
    other = emoreport("compare", *pair, "--lang", "ru")
    assert (other.code, len(other.warnings)) == (0, 1)
    assert "rubert-tiny2-cedr" in other.err
    assert "каппа лица и слов" not in other.out


@pytest.mark.parametrize("how", ["--groups", "--paired"])
def test_groups_and_pairs_compare_what_the_words_say_too(
    how: str, two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    talks = [talk for group in two_groups for talk in sorted(group.iterdir())]
    for number, talk in enumerate(talks):
        speak(talk, *wandering_words(DURATION_S, seed=number))
    document = json.loads(emoreport("compare", *two_groups, how, "--json").out)
    rows_of = {row["measure"]: row for row in document["differences"]}
    assert rows_of.keys() >= AGREEMENT.keys()
    kappa = rows_of["kappa_face_text"]
    assert kappa["difference"] == pytest.approx(kappa["second"] - kappa["first"])
    assert 0 < kappa["p_value"] <= kappa["p_holm"] <= 1
    (talks[-1] / "text.parquet").unlink()
    document = json.loads(emoreport("compare", *two_groups, how, "--json").out)
    assert not {row["measure"] for row in document["differences"]} & AGREEMENT.keys()
    assert [row["key"] for row in document["caveats"]] == ["text_in_one"]


def _differences(out: str) -> list[dict[str, Any]]:
    (entry,) = json.loads(out)["comparisons"]
    return entry["differences"]


@pytest.mark.parametrize("how", [(), ("--groups",), ("--paired",)])
def test_why_there_is_no_interval_is_said_once(
    how: tuple[str, ...], tmp_path: Path, emoreport: Emoreport
) -> None:
    for group in ("before", "after"):
        faces, speech = wandering_talk(8.0)
        for name in ("talk", "talk2")[: 1 + ("--paired" in how)]:
            store(tmp_path / group / name, faces, speech, 8.0, digest=name)
    talks = [tmp_path / group / ("." if how else "talk") for group in ("before", "after")]
    command = ("compare", *talks, *how, "--force")
    document = json.loads(emoreport(*command, "--json").out)
    differences = document["differences"] if how else document["comparisons"][0]["differences"]
    reasons = [row["reason"] for row in differences if row["reason"]]
    assert len(reasons) > len(set(reasons)) > 0
    lines = emoreport(*command).out.splitlines()
    for number, reason in enumerate(dict.fromkeys(reasons), start=1):
        words = text(f"compare.reason.{reason}", "en")
        assert [line for line in lines if words in line] == [f"{number}: {words}"]
        assert sum(line.endswith(f"  {number}") for line in lines) == reasons.count(reason)


def test_the_csv_holds_what_is_printed(pair: tuple[Path, Path], emoreport: Emoreport) -> None:
    outcome = emoreport("compare", *pair, "--out", "new/compare.csv")
    assert outcome.code == 0
    table = rows(Path("new/compare.csv"))
    assert {(row["first"], row["second"]) for row in table} == {tuple(map(str, pair))}
    for row in table:
        assert float(row["difference"]) == pytest.approx(
            float(row["second_value"]) - float(row["first_value"]), abs=2e-4
        )
        assert (row["low"] == "") == bool(row["reason"])
        if row["low"]:
            assert float(row["low"]) < float(row["difference"]) < float(row["high"])
    assert {path.name for path in Path("new").iterdir()} == {"compare.csv"}
    (entry,) = json.loads(emoreport("compare", *pair, "--json").out)["comparisons"]
    assert len(entry["differences"]) == len(table)
    for row, line in zip(entry["differences"], table, strict=True):
        assert f"  {row['difference']:.3f}  " in outcome.out
        assert line["difference"] == f"{row['difference']:.4f}"


def test_more_talks_are_each_compared_with_the_first(
    pair: tuple[Path, Path], tmp_path: Path, emoreport: Emoreport
) -> None:
    third = made(tmp_path / "c", 3)
    document = json.loads(emoreport("compare", *pair, third, "--json").out)
    assert [(one["first"], one["second"]) for one in document["comparisons"]] == [
        (str(pair[0]), str(pair[1])),
        (str(pair[0]), str(third)),
    ]


def test_groups_are_compared_talk_by_talk(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    (two_groups[0] / "notes").mkdir()
    outcome = emoreport("compare", *two_groups, "--groups", "--out", "groups.csv", "--lang", "ru")
    assert outcome.code == 0
    assert len(outcome.warnings) == 1
    assert "радость" in outcome.out
    table = {(row["measure"], row["emotion"]): row for row in rows(Path("groups.csv"))}
    happy = table["emotion_share", "happiness"]
    assert (happy["first_talks"], happy["second_talks"]) == ("4", "4")
    assert float(happy["low"]) > 0
    assert float(happy["p_value"]) == pytest.approx(2 / 70, abs=1e-4)
    document = json.loads(emoreport("compare", *two_groups, "--groups", "--json").out)
    assert document["unit"] == "talk"


def test_people_are_compared_with_themselves(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    before, after = two_groups
    outcome = emoreport("compare", before, after, "--paired", "--out", "pairs.csv")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(emoreport("compare", before, after, "--paired", "--json").out)
    assert (document["unit"], document["caveats"]) == ("person", [])
    assert document["people"] == ["talk0", "talk1", "talk2", "talk3"]
    happy = next(row for row in document["differences"] if row["emotion"] == "happiness")
    single = [
        next(
            row
            for row in json.loads(emoreport("compare", before / name, after / name, "--json").out)[
                "comparisons"
            ][0]["differences"]
            if row["emotion"] == "happiness"
        )
        for name in document["people"]
    ]
    assert happy["difference"] == pytest.approx(sum(row["difference"] for row in single) / 4)
    assert happy["second"] == pytest.approx(sum(row["second"] for row in single) / 4)
    assert (happy["pairs"], happy["rose"], happy["fell"], happy["stayed"]) == (4, 4, 0, 0)
    assert happy["p_value"] == happy["least_p"] == pytest.approx(2 / 16)
    assert happy["reason"] == "too_few_pairs"
    table = rows(Path("pairs.csv"))
    assert {(row["first"], row["second"]) for row in table} == {(str(before), str(after))}
    for line, row in zip(table, document["differences"], strict=True):
        assert (line["measure"], line["pairs"]) == (row["measure"], str(row["pairs"]))
        assert line["difference"] == f"{row['difference']:.4f}"
        assert line["first_value"] == f"{row['first']:.4f}"
        assert line["high"] == ("" if row["high"] is None else f"{row['high']:.4f}")
        assert line["reason"] == (row["reason"] or "")
        assert f"  {row['difference']:.3f}  " in outcome.out
    assert "4, 0, 0" in outcome.out


def test_a_name_is_the_same_however_the_system_writes_its_letters(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    before, after = two_groups
    (before / "talk0").rename(before / unicodedata.normalize("NFD", "Андрей"))
    (after / "talk0").rename(after / unicodedata.normalize("NFC", "Андрей"))
    document = json.loads(emoreport("compare", before, after, "--paired", "--json").out)
    assert document["caveats"] == []
    assert document["people"] == ["talk1", "talk2", "talk3", "Андрей"]


def test_people_without_a_partner_are_named_and_left_out(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    before, after = two_groups
    (before / "talk0").rename(before / "anna")
    (after / "talk3" / "run.json").unlink()
    outcome = emoreport("compare", before, after, "--paired", "--json", "--lang", "ru")
    assert outcome.code == 0
    document = json.loads(outcome.out)
    assert document["people"] == ["talk1", "talk2"]
    assert {row["pairs"] for row in document["differences"]} == {2}
    assert [(one["key"], one["folder"]) for one in document["caveats"]] == [
        ("no_results", str(after / "talk3")),
        ("no_partner", str(before / "anna")),
        ("no_partner", str(before / "talk3")),
        ("no_partner", str(after / "talk0")),
    ]
    assert len(outcome.warnings) == 4
    assert f"{before / 'anna'}: в {after} нет папки" in outcome.err
    (after / "talk2").rename(after / "ben")
    outcome = emoreport("compare", before, after, "--paired")
    assert (outcome.code, len(outcome.errors), outcome.out) == (2, 1, "")
    assert "at least two" in outcome.err
    assert "same name" in outcome.err


def test_pairs_that_are_not_comparable_are_refused(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    before, after = two_groups
    assert emoreport("compare", before, before, "--paired").code == 2
    path = after / "talk1" / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    was = document["input"]["sha256"]
    document["input"]["sha256"] = str(before / "talk1")
    path.write_text(json.dumps(document), encoding="utf-8")
    same = emoreport("compare", before, after, "--paired")
    assert (same.code, len(same.errors)) == (2, 1)
    assert "same recording" in same.err
    document["input"]["sha256"] = was
    document["models"]["face"]["name"] = "hsemotion/x"
    path.write_text(json.dumps(document), encoding="utf-8")
    other = emoreport("compare", before, after, "--paired")
    assert (other.code, len(other.errors)) == (2, 1)
    assert "hsemotion/x" in other.err
    forced = emoreport("compare", before, after, "--paired", "--force", "--json")
    assert (forced.code, len(forced.warnings)) == (0, 1)
    assert json.loads(forced.out)["caveats"][0]["key"] == "other_model"


def test_other_settings_are_refused_and_can_be_made_the_same(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    one, other = made(tmp_path / "a", 1), made(tmp_path / "b", 2, smoothing=2)
    refused = emoreport("compare", one, other, "--out", "compare.csv")
    assert (refused.code, len(refused.errors)) == (2, 1)
    assert "--smoothing" in refused.err
    assert refused.out == ""
    assert not Path("compare.csv").exists()
    same = emoreport("compare", one, other, "--smoothing", "1", "--json")
    assert (same.code, same.warnings) == (0, [])
    forced = emoreport("compare", one, other, "--force", "--json")
    assert forced.code == 0
    assert len(forced.warnings) == 1
    assert json.loads(forced.out)["caveats"][0]["key"] == "other_setting"
    assert json.loads(forced.out)["comparisons"] != json.loads(same.out)["comparisons"]


def test_other_models_are_refused(tmp_path: Path, emoreport: Emoreport) -> None:
    one, other = made(tmp_path / "a", 1), made(tmp_path / "b", 2, face_model="hsemotion/x")
    outcome = emoreport("compare", one, other)
    assert outcome.code == 2
    assert "hsemotion/x" in outcome.err
    assert emoreport("compare", one, other, "--force").code == 0


def test_other_files_of_one_model_are_refused(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    path = pair[1] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["models"]["speech"]["files"] = {"model.onnx": "1" * 64}
    path.write_text(json.dumps(document), encoding="utf-8")
    outcome = emoreport("compare", *pair)
    assert outcome.code == 2
    assert "speech" in outcome.err


def test_other_bridges_are_refused_until_one_is_named(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    path = pair[1] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["bridge"] = {"fear": "surprise"}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert "--bridge" in emoreport("compare", *pair).err
    assert emoreport("compare", *pair, "--bridge", "default").code == 0


def test_another_version_or_runtime_is_only_a_warning(
    pair: tuple[Path, Path], emoreport: Emoreport
) -> None:
    path = pair[1] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["versions"]["emoreport"] = "0.0.9"
    document["models"]["face"]["runtime"] = "torch 2"
    path.write_text(json.dumps(document), encoding="utf-8")
    outcome = emoreport("compare", *pair)
    assert (outcome.code, len(outcome.warnings)) == (0, 2)


def test_one_recording_is_not_compared_with_itself(
    pair: tuple[Path, Path], two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    assert emoreport("compare", pair[0], pair[0]).code == 2
    assert emoreport("compare", two_groups[0], two_groups[0], "--groups").code == 2
    outcome = emoreport("compare", pair[0], pair[0], "--force", "--json")
    (entry,) = json.loads(outcome.out)["comparisons"]
    assert {row["difference"] for row in entry["differences"]} == {0.0}


def test_the_wrong_kind_of_folder_is_one_line_that_says_so(
    pair: tuple[Path, Path], two_groups: tuple[Path, Path], tmp_path: Path, emoreport: Emoreport
) -> None:
    for arguments, word in (
        ((pair[0],), "two talks"),
        ((pair[0], "nowhere"), "nowhere"),
        ((*two_groups,), "--groups"),
        ((*pair, "--groups"), "--groups"),
        ((two_groups[0], "--groups"), "two folders"),
        ((two_groups[0], "nowhere", "--groups"), "nowhere"),
        ((*two_groups,), "--paired"),
        ((*pair, "--paired"), "leave out --paired"),
        ((two_groups[0], "--paired"), "two folders"),
        ((*two_groups, two_groups[0], "--paired"), "two folders"),
        ((*two_groups, "--groups", "--paired"), "the same people twice"),
        ((*pair, "--lang", "tlh"), "--lang"),
    ):
        outcome = emoreport("compare", *arguments)
        assert (outcome.code, len(outcome.errors)) == (2, 1), arguments
        assert word in outcome.err, arguments
    empty = tmp_path / "empty"
    empty.mkdir()
    assert emoreport("compare", two_groups[0], empty, "--groups").code == 2


def test_a_damaged_talk_of_a_group_is_not_passed_over(
    two_groups: tuple[Path, Path], emoreport: Emoreport
) -> None:
    (two_groups[1] / "talk2" / "speech.parquet").write_bytes(b"")
    outcome = emoreport("compare", *two_groups, "--groups")
    assert (outcome.code, len(outcome.errors)) == (1, 1)
    assert "talk2" in outcome.err
