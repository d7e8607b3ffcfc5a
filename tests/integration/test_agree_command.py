"""`emoreport agree` and `retable --labels`: the round trip, coders, and corrected labels."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import emoreport as package
from emoreport.analysis.annotators.agreement import compare_codings
from emoreport.annotators.agree import MODALITIES, tiers_for
from emoreport.exchange.readers import read_codings
from emoreport.exchange.writers import FORMATS
from emoreport.records import LabelledSpan
from emoreport.results import milliseconds
from emoreport.run.read import read_report
from tests.fixtures.findings import MEDIA, any_findings
from tests.fixtures.results_on_disk import rows, run_json
from tests.integration.conftest import Emoreport

FORMS = {"elan": ".eaf", "textgrid": ".TextGrid", "boris": ".boris", "csv": "_coding.csv"}
OWN = "are the machine's own"
"""In what `agree` says of files whose boundaries nobody has moved."""


@pytest.fixture(scope="module")
def analysed(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the whole sample at five frames a second; nobody changes them."""
    settings = package.Settings.from_values({"speech": "compact", "face": "compact", "fps": "5"})
    out = tmp_path_factory.mktemp("results")
    package.analyze(talk, settings).write(out / "talk")
    return out / "talk"


@pytest.fixture
def stored(analysed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(analysed, tmp_path / "results" / "talk"))


@pytest.fixture
def exported(stored: Path, emoreport: Emoreport) -> Path:
    assert emoreport("export", stored, "--to", "elan,textgrid,boris,csv", "--quiet").code == 0
    return stored / "export"


# --------------------------------------------------------------------------- the round trip


@pytest.mark.parametrize("form", FORMS)
def test_the_machine_agrees_with_itself(
    form: str, stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    outcome = emoreport("agree", stored, exported / f"talk{FORMS[form]}", "--json")
    assert outcome.code == 0
    assert all(OWN in line for line in outcome.warnings)
    pairs = {pair["modality"]: pair for pair in json.loads(outcome.out)["pairs"]}
    assert set(pairs) == set(MODALITIES)
    face = pairs["face"]
    assert face["agreement"] == face["kappa"] == face["interval_iou"] == 1.0
    assert face["boundaries"]["reference"] >= 6
    for pair in pairs.values():
        assert pair["agreement"] == pair["interval_iou"] == 1.0
        assert all(row["f1"] == row["iou"] == 1.0 for row in pair["emotions"])
        boundaries = pair["boundaries"]
        assert boundaries["found"] == boundaries["precise"] == 1.0
        assert boundaries["mean_error_s"] == boundaries["mean_shift_s"] == 0.0
        assert all(cell["reference"] == cell["other"] for cell in pair["confusion"])


@pytest.mark.parametrize("table", ["video_intervals", "audio_intervals"])
def test_the_tables_are_codings_too(table: str, stored: Path, emoreport: Emoreport) -> None:
    modality = "face" if table.startswith("video") else "voice"
    outcome = emoreport("agree", stored, stored / f"{table}.csv", "--modality", modality, "--json")
    (pair,) = json.loads(outcome.out)["pairs"]
    assert pair["modality"] == modality
    assert pair["agreement"] == 1.0


@settings(max_examples=30)
@given(found=any_findings())
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_any_rows_come_back_to_the_millisecond(
    form: str, lang: str, found: package.Report, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("coding") / f"talk{FORMS[form]}"
    file.write_bytes(FORMATS[form].writer(found, MEDIA, lang)[FORMS[form]])
    (coding,) = read_codings(file, tiers_for(found.run, None, None, None, ()))
    analysis = found.analysis
    for name, own in (("face", analysis.video_intervals), ("voice", analysis.audio_intervals)):
        machine = [LabelledSpan(row.span, row.emotion) for row in own]
        track = getattr(coding.labels, name)
        figures = compare_codings(track, machine, analysis.summary.duration_s, 0.5)
        assert figures.agreement in {1.0, None}
        assert figures.kappa in {1.0, None}
        assert all(one == two for one, two, _ in figures.confusion)
        bounds = {bound for row in own for bound in (row.span.start_s, row.span.end_s)}
        for entry in track:
            for bound in (entry.span.start_s, entry.span.end_s):
                assert min(abs(bound - other) for other in bounds) <= 0.000501


# --------------------------------------------------------------------------- people


def test_a_corrected_coding_is_told_from_a_blind_one(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    corrected = emoreport("agree", stored, exported / "talk.eaf", "--tier-voice", "none", "--json")
    (caveat,) = json.loads(corrected.out)["caveats"]
    assert caveat["key"] == "machine_boundaries_face"
    assert caveat["same"] == caveat["boundaries"] != "0"
    with (exported / "talk_coding.csv").open() as stream:
        spans = [row for row in csv.DictReader(stream) if row["modality"] == "face"]
    by_hand = [
        f"{float(row['start']) + 0.013:.3f},{float(row['end']) + 0.013:.3f},{row['emotion']},face"
        for row in spans[:-1]
    ]
    blind = emoreport("agree", stored, write_coding("anna.csv", by_hand), "--json")
    assert json.loads(blind.out)["caveats"] == []


def write_coding(name: str, lines: list[str]) -> Path:
    path = Path(name)
    path.write_text("start,end,emotion,modality\n" + "\n".join(lines) + "\n")
    return path


def test_coders_are_held_against_the_machine_and_each_other(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    anna = write_coding("anna.csv", ["0,10,happiness,face", "10,20,neutral,face"])
    bob = write_coding("bob.csv", ["0,15,content,face", "15,20,neutral,face", "0,9,fear,voice"])
    eva = write_coding("eva.csv", ["1,8,fear,voice"])
    arguments = (
        "agree",
        stored,
        anna,
        bob,
        eva,
        exported / "talk.eaf",
        "--map",
        "content=happiness",
    )
    outcome = emoreport(*arguments, "--json", "--out", "figures.csv")
    assert outcome.code == 0
    document = json.loads(outcome.out)
    pairs = {(pair["modality"], pair["reference"], pair["other"]) for pair in document["pairs"]}
    assert pairs == {
        ("face", "anna", "machine"),
        ("face", "bob", "machine"),
        ("face", "talk", "machine"),
        ("face", "anna", "bob"),
        ("face", "anna", "talk"),
        ("face", "bob", "talk"),
        ("voice", "bob", "machine"),
        ("voice", "talk", "machine"),
        ("voice", "bob", "talk"),
        ("voice", "eva", "machine"),
        ("voice", "bob", "eva"),
        ("voice", "eva", "talk"),
    }
    between = next(pair for pair in document["pairs"] if pair["other"] == "bob")
    # 15 of 20 s agree; happiness lasts 10 and 15 s: chance gives 0.5.
    assert between["kappa"] == pytest.approx(0.5)
    assert document["alpha"]["face"]["coders"] == 3
    assert -1.0 < document["alpha"]["face"]["alpha"] < 1.0
    with Path("figures.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    (kappa,) = [row for row in table if row["statistic"] == "kappa" and row["other"] == "bob"]
    assert kappa["value"] == "0.5000"
    voice = [row for row in table if row["modality"] == "voice" and row["statistic"] == "kappa"]
    # Both heard nothing but fear: there is no agreement beyond chance to speak of.
    (unknown,) = [row for row in voice if {row["reference"], row["other"]} == {"bob", "eva"}]
    assert unknown["value"] == ""
    plain = emoreport(*arguments, "--lang", "ru")
    assert "Альфа Криппендорфа" in plain.out
    assert "радость" in plain.out


def test_a_renaming_holds_for_the_machine_too(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    arguments = ("agree", stored, exported / "talk.eaf", "--map", "surprise=happiness", "--json")
    face = json.loads(emoreport(*arguments).out)["pairs"][0]
    assert face["kappa"] == 1.0
    names = {row["emotion"] for row in face["emotions"]}
    assert "happiness" in names
    assert "surprise" not in names


def test_what_a_reader_must_know_is_said(stored: Path, emoreport: Emoreport) -> None:
    Path("a.csv").write_text("start,end,emotion,coder\n0,5,happiness,x\n5,99,neutral,x\n")
    outcome = emoreport("agree", stored, "a.csv")
    assert any("modality" in line for line in outcome.warnings)
    assert any("99.000" in line for line in outcome.warnings)
    voice = write_coding("b.csv", ["0,5,contempt,voice"])
    outcome = emoreport("agree", stored, voice)
    assert any("contempt" in line and "5.000 s" in line for line in outcome.warnings)


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ((), "--map"),
        (("--map", "bored=hapiness"), "hapiness"),
        (("--map", "bored"), "--map"),
        (("--map", "bored=happiness", "--tolerance", "99"), "--tolerance"),
        (("--map", "bored=happiness", "--modality", "smell"), "--modality"),
        (("--map", "bored=happiness", "--tier-voice", "x"), "no tier 'x'"),
        (("--map", "bored=happiness", "coding.csv"), "named twice"),
        (("--map", "bored=happiness", "--observation", "talk"), "--observation"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], cause: str, stored: Path, emoreport: Emoreport
) -> None:
    file = write_coding("coding.csv", ["0,5,bored,face"])
    outcome = emoreport("agree", stored, file, *arguments)
    assert outcome.code == 2
    (line,) = outcome.errors
    assert cause in line


def boris_project(exported: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The exported project after a change."""
    document = json.loads((exported / "talk.boris").read_text(encoding="utf-8"))
    change(document)
    path = Path("changed.boris")
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_project_of_several_observations_is_read_by_name(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    def double(document: dict[str, Any]) -> None:
        (own,) = document["observations"].values()
        document["observations"]["Anna"] = own
        document["observations"]["Bob"] = {**own, "events": own["events"][:2]}

    file = boris_project(exported, double)
    outcome = emoreport("agree", stored, file)
    assert outcome.code == 1
    assert "'Anna', 'Bob'" in outcome.errors[0]
    assert "--observation" in outcome.errors[0]
    for command in (("agree", stored, file, "--json"), ("retable", stored, "--labels", file)):
        assert emoreport(*command, "--observation", "Anna").code == 0
        assert emoreport(*command, "--observation", "Carl").code == 1
    outcome = emoreport("agree", stored, file, "--observation", "Anna", "--json")
    assert all(pair["agreement"] == 1.0 for pair in json.loads(outcome.out)["pairs"])


def test_events_of_queued_media_are_laid_on_the_talk(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    def queue(document: dict[str, Any]) -> None:
        (own,) = document["observations"].values()
        own["file"]["1"].insert(0, "first.mp4")
        own["media_info"]["length"]["first.mp4"] = 20.0
        for event in own["events"]:
            event[0] += 20.0

    outcome = emoreport("agree", stored, boris_project(exported, queue), "--json")
    assert all(OWN in line for line in outcome.warnings)
    for pair in json.loads(outcome.out)["pairs"]:
        assert pair["agreement"] == pair["interval_iou"] == 1.0


def test_behaviours_without_a_category_are_compared(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    def strip(document: dict[str, Any]) -> None:
        modality = {}
        for entry in document["behaviors_conf"].values():
            modality[entry["code"]] = entry["category"]
            entry["code"] = entry["code"].removeprefix("face_")
            entry["category"] = ""
        (own,) = document["observations"].values()
        own["events"] = [event for event in own["events"] if modality[event[2]] == "face"]
        for event in own["events"]:
            event[2] = event[2].removeprefix("face_")

    file = boris_project(exported, strip)
    outcome = emoreport("agree", stored, file, "--json")
    (face,) = json.loads(outcome.out)["pairs"]
    assert (face["modality"], face["agreement"]) == ("face", 1.0)
    assert any("--modality" in line for line in outcome.warnings)
    named = emoreport("agree", stored, file, "--tier-face", "", "--tier-voice", "none", "--json")
    assert all(OWN in line for line in named.warnings)
    assert json.loads(named.out)["pairs"] == [face]
    assert "--modality" in emoreport("retable", stored, "--labels", file).errors[0]
    assert emoreport("retable", stored, "--labels", file, "--modality", "face").code == 0


def test_files_of_the_same_name_keep_their_coders_apart(stored: Path, emoreport: Emoreport) -> None:
    for folder, label in (("one", "fear"), ("two", "anger")):
        Path(folder).mkdir()
        write_coding(f"{folder}/machine.csv", [f"0,5,{label},face"])
    outcome = emoreport("agree", stored, "one/machine.csv", "two/machine.csv", "--json")
    names = [coding["coder"] for coding in json.loads(outcome.out)["codings"]]
    assert len(set(names)) == 2
    assert "machine" not in names


def test_a_coding_that_excel_saved_is_read_and_the_guess_is_said(
    stored: Path, emoreport: Emoreport
) -> None:
    text = "start;end;emotion;modality\r\n0;4,56;нейтральное;face\r\n4,56;9;радость;face\r\n"
    Path("ru.csv").write_bytes(text.encode("cp1251"))
    for command in (
        ("agree", stored, "ru.csv", "--json"),
        ("retable", stored, "--labels", "ru.csv"),
    ):
        guessed = emoreport(*command)
        assert guessed.code == 0
        assert any("cp1251" in line and "--encoding" in line for line in guessed.warnings)
        named = emoreport(*command, "--encoding", "cp1251")
        assert not any("--encoding" in line for line in named.warnings)
    Path("ru.csv").write_bytes(text.encode("koi8-r"))
    outcome = emoreport("agree", stored, "ru.csv")
    assert outcome.code == 1
    assert "--encoding" in outcome.errors[0]
    assert emoreport("agree", stored, "ru.csv", "--encoding", "koi8-r").code == 0


# --------------------------------------------------------------------------- corrected labels


def corrected(exported: Path) -> Path:
    """The coder takes the first surprise for fear."""
    text = (exported / "talk.eaf").read_text(encoding="utf-8")
    assert ">surprise</ANNOTATION_VALUE>" in text
    path = Path("corrected.eaf")
    path.write_text(
        text.replace(">surprise</ANNOTATION_VALUE>", ">fear</ANNOTATION_VALUE>", 1),
        encoding="utf-8",
    )
    return path


def test_corrected_labels_take_the_place_of_the_machines(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    before = rows(stored / "video_intervals.csv")
    readings = [(stored / f"{name}.parquet").read_bytes() for name in ("frames", "speech")]
    file = corrected(exported)
    outcome = emoreport("retable", stored, "--labels", file, "--tier-voice", "none")
    assert outcome.code == 0
    assert any("corrected.eaf" in line and "face" in line for line in outcome.warnings)
    after = rows(stored / "video_intervals.csv")
    changed = [place for place, row in enumerate(before) if after[place] != row]
    (place,) = changed
    assert (before[place]["emotion"], after[place]["emotion"]) == ("surprise", "fear")
    assert after[place]["confidence"] == before[place]["p_fear"]
    assert after[place]["p_surprise"] == before[place]["p_surprise"]
    run = run_json(stored)
    assert run["labels"]["file"] == "corrected.eaf"
    assert len(run["labels"]["sha256"]) == 64
    assert run["labels"]["voice"] is None
    assert rows(stored / "summary.csv")[0]["face_model"] == "compact; labels: corrected.eaf"
    assert rows(stored / "summary.csv")[0]["speech_model"] == "compact"
    assert [(stored / f"{name}.parquet").read_bytes() for name in ("frames", "speech")] == readings


def test_corrected_labels_survive_another_retable_and_can_be_taken_back(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    tables = [path.name for path in stored.glob("*.csv")]
    first = {name: (stored / name).read_bytes() for name in tables}
    file = corrected(exported)
    assert emoreport("retable", stored, "--labels", file).code == 0
    once = {name: (stored / name).read_bytes() for name in tables}
    file.unlink()
    outcome = emoreport("retable", stored, "--min-interval", "2", "--abstention", "strict")
    assert outcome.code == 0
    assert len([line for line in outcome.warnings if "corrected.eaf" in line]) == 2
    assert (stored / "video_intervals.csv").read_bytes() == once["video_intervals.csv"]
    again = emoreport(
        "retable", stored, "--labels", "none", "--min-interval", "0.5", "--abstention", "normal"
    )
    assert again.code == 0
    assert not any("corrected.eaf" in line for line in again.warnings)
    assert {name: (stored / name).read_bytes() for name in tables} == first
    assert "labels" not in run_json(stored)


def test_commands_that_cut_anew_refuse_labels_of_a_person(
    stored: Path, exported: Path, analysed: Path, talk: Path, emoreport: Emoreport
) -> None:
    assert emoreport("retable", stored, "--labels", corrected(exported)).code == 0
    for arguments in (("multiverse", stored), ("compare", stored, analysed)):
        outcome = emoreport(*arguments)
        assert outcome.code == 2
        assert "retable --labels none" in outcome.errors[0]
    outcome = emoreport(
        "analyze",
        talk,
        "--out",
        stored.parent,
        "--fps",
        "5",
        "--face",
        "compact",
        "--speech",
        "compact",
    )
    assert outcome.code == 1
    assert "--overwrite" in outcome.errors[0]


def test_agree_looks_at_the_machine_behind_corrected_labels(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    file = corrected(exported)
    assert emoreport("retable", stored, "--labels", file).code == 0
    outcome = emoreport("agree", stored, file, "--json")
    face = json.loads(outcome.out)["pairs"][0]
    assert face["kappa"] < 1.0
    assert any("corrected.eaf" in line for line in outcome.warnings)


def test_exports_carry_the_corrected_labels(
    stored: Path, exported: Path, emoreport: Emoreport
) -> None:
    assert emoreport("retable", stored, "--labels", corrected(exported)).code == 0
    assert emoreport("export", stored, "--to", "elan", "--out", "again", "--quiet").code == 0
    text = Path("again/talk.eaf").read_text(encoding="utf-8")
    assert 'ANNOTATOR="compact; labels: corrected.eaf"' in text
    assert ">fear</ANNOTATION_VALUE>" in text


@pytest.mark.parametrize(
    ("lines", "arguments", "cause"),
    [
        (["0,5,bored,face"], (), "--map"),
        (["0,500,anger,face"], (), "recording ends"),
        (["0,5,,face"], (), "no label"),
        (None, (), "--modality"),
        (["0,5,anger,face"], ("--tier-face", "none"), "neither"),
    ],
)
def test_codings_that_do_not_fit_change_nothing(
    lines: list[str] | None,
    arguments: tuple[str, ...],
    cause: str,
    stored: Path,
    emoreport: Emoreport,
) -> None:
    if lines is None:
        Path("a.csv").write_text("start,end,emotion\n0,5,anger\n")
    else:
        write_coding("a.csv", lines)
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    outcome = emoreport("retable", stored, "--labels", "a.csv", *arguments)
    assert outcome.code == 2
    assert cause in outcome.errors[0]
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


def test_several_coders_cannot_take_one_place(stored: Path, emoreport: Emoreport) -> None:
    Path("a.csv").write_text(
        "start,end,emotion,modality,coder\n0,5,fear,face,x\n0,5,anger,face,y\n"
    )
    outcome = emoreport("retable", stored, "--labels", "a.csv")
    assert outcome.code == 2
    assert "'x', 'y'" in outcome.errors[0]
    assert emoreport("retable", stored, "--map", "joy=happiness").code == 2


def test_damaged_labels_in_a_run_are_one_line(stored: Path, emoreport: Emoreport) -> None:
    run = run_json(stored)
    run["labels"] = {"file": "x", "face": [{"start": 3, "end": 1, "emotion": "fear"}]}
    (stored / "run.json").write_text(json.dumps(run))
    outcome = emoreport("retable", stored)
    assert outcome.code == 1
    assert "labels none" in outcome.errors[0]
    assert emoreport("retable", stored, "--labels", "none").code == 0


def test_labels_are_read_from_python(stored: Path, exported: Path, emoreport: Emoreport) -> None:
    assert emoreport("retable", stored, "--labels", corrected(exported)).code == 0
    report = read_report(stored)
    assert "fear" in set(report.video_intervals["emotion"])
    ends = {milliseconds(row.span.end_s) for row in report.analysis.video_intervals}
    assert milliseconds(report.analysis.summary.duration_s) in ends
