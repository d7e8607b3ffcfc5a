from __future__ import annotations

import csv
import html
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from emoreport import pipeline
from emoreport.batch import names
from emoreport.batch.lock import only_batch
from emoreport.batch.manifest import MANIFEST_FILE
from emoreport.batch.plan import Choices
from emoreport.errors import InputNotFoundError, ModelError, OutputError, SettingsError
from tests.fixtures import media
from tests.fixtures.results_on_disk import rows, run_json
from tests.unit.batch.inline import Batch

ROOT = Path(__file__).parents[3]


def put(batch: Batch, **contents: bytes) -> None:
    for name, content in contents.items():
        path = batch.folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def tables(out: Path) -> dict[str, bytes]:
    """Every file with results, by its place, but those that hold the time of day."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in {".csv", ".parquet"} and not path.name.startswith(".")
    }


def test_everything_that_can_become_of_a_file(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a__talk_mp4=shorts[0], b__talk_mp4=shorts[1], copy_mp4=shorts[0], bad_mp4=b"no")
    media.no_audio(batch.folder / "x.mp4", seconds=0.3).rename(batch.folder / "nameless")
    media.audio_only(batch.folder / "x.mp4", seconds=0.3).rename(batch.folder / "sound")
    result = batch()
    assert batch.states(result) == {
        "a/talk.mp4": "finished",
        "b/talk.mp4": "finished",
        "bad.mp4": "failed",
        "copy.mp4": "copy",
        "nameless": "finished",
        "sound": "no_video",
    }
    summary = rows(batch.out / names.SUMMARY_CSV)
    assert [row["path"] for row in summary] == ["a/talk.mp4", "b/talk.mp4", "nameless"]
    digest = run_json(batch.out / summary[1]["folder"])["input"]["sha256"]
    assert [row["folder"] for row in summary] == ["talk", f"talk-{digest[:8]}", "nameless"]
    (failure,) = rows(batch.out / names.FAILURES)
    assert (failure["video"], failure["stage"]) == ("bad.mp4", "decode")
    assert failure["error"]
    assert failure["remedy"]
    assert not (batch.out / "bad").exists()
    copy = next(talk for talk in result.talks if talk.name == "copy.mp4")
    assert copy.copy_of == "a/talk.mp4"


def test_the_tables_of_all_repeat_those_of_each(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch()
    summary = rows(batch.out / names.SUMMARY_CSV)
    assert ["audio" in row["warnings"] for row in summary] == [True, True]
    for row in summary:
        (own,) = rows(batch.out / row["folder"] / "summary.csv")
        assert {name: row[name] for name in own} == own
    frame = pd.read_parquet(batch.out / names.SUMMARY_PARQUET)
    assert frame["frames"].tolist() == [5, 6]
    intervals = pd.read_parquet(batch.out / names.INTERVALS)
    assert list(intervals.columns[:5]) == ["video", "path", "folder", "modality", "interval"]
    for folder in ("a", "b"):
        for modality, name in (("face", "video_intervals"), ("voice", "audio_intervals")):
            part = intervals[(intervals.folder == folder) & (intervals.modality == modality)]
            own = pd.read_csv(batch.out / folder / f"{name}.csv")
            assert part["emotion"].tolist() == own["emotion"].tolist()
            assert part["interval"].tolist() == list(range(1, len(own) + 1))
            assert (part["end"] - own["end"].to_numpy()).abs().max() <= 0.0005
            assert set(own.columns) <= set(part.columns)


def test_columns_of_metadata_reach_every_table(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1], c_mp4=shorts[2])
    (batch.folder / "metadata.csv").write_text("video,speaker,group\na.mp4,=Анна,01\nb.mp4,Bo,\n")
    batch()
    assert batch.told.warnings[0][0] == "missing"
    summary = rows(batch.out / names.SUMMARY_CSV)
    assert [(row["speaker"], row["group"]) for row in summary] == [
        ("'=Анна", "01"),
        ("Bo", ""),
        ("", ""),
    ]
    intervals = pd.read_parquet(batch.out / names.INTERVALS)
    assert set(intervals[intervals.path == "a.mp4"]["speaker"]) == {"=Анна"}
    assert intervals[intervals.path == "c.mp4"]["group"].isna().all()
    stored = pd.read_parquet(batch.out / names.SUMMARY_PARQUET)["group"]
    assert stored.fillna("unknown").tolist() == ["01", "unknown", "unknown"]
    book = openpyxl.load_workbook(batch.out / names.SUMMARY_XLSX)
    assert book.sheetnames == ["summary", "failures", "dictionary"]
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "=Анна" in {cell.value for cell in cells}
    explained = {line[-1].value for line in book["dictionary"].iter_rows(min_row=2)}
    assert {cell.value for cell in book["summary"][1]} <= explained


def test_a_slip_in_metadata_costs_no_analysis(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    (batch.folder / "metadata.csv").write_text("video,p_anger\na.mp4,1\n")
    with pytest.raises(SettingsError, match="p_anger"):
        batch()
    assert batch.done == []


def test_a_second_run_does_nothing_and_says_the_same(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1], bad_mp4=b"no")
    first = batch()
    before = tables(batch.out)
    again = batch()
    assert batch.done == []
    assert batch.states(again) == batch.states(first)
    assert tables(batch.out) == before


def test_what_is_missing_is_made_again(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1], c_mp4=shorts[2])
    batch()
    before = tables(batch.out)
    (batch.out / "a" / "transitions.csv").unlink()
    (batch.out / "b" / "run.json").unlink()
    next((batch.out / ".batch" / "intervals").iterdir()).unlink()
    batch()
    done = dict(batch.done)
    assert not done["a.mp4"]
    assert not done["b.mp4"]
    assert tables(batch.out) == before


def test_a_lost_manifest_costs_no_analysis(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch()
    before = tables(batch.out)
    (batch.out / MANIFEST_FILE).unlink()
    batch()
    assert batch.done == [("a.mp4", True), ("b.mp4", True)]
    assert tables(batch.out) == before


def test_damaged_readings_are_made_again(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    before = tables(batch.out)
    (batch.out / MANIFEST_FILE).unlink()
    (batch.out / "a" / "frames.parquet").write_bytes(b"PAR1")
    batch()
    assert tables(batch.out) == before


def test_failures_are_tried_again_only_when_asked(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], bad_mp4=b"no")
    batch()
    assert batch.states(batch())["bad.mp4"] == "failed"
    assert batch.done == []
    batch(choices=Choices(retry_failed=True))
    assert batch.done == [("bad.mp4", False)]
    put(batch, bad_mp4=shorts[1])  # mended: another content
    assert batch.states(batch())["bad.mp4"] == "finished"


def test_a_failure_of_the_disk_is_tried_again(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])

    def block(job) -> None:
        Path(job.folder).write_text("in the way")

    assert batch.states(batch(before=block)) == {"a.mp4": "failed"}
    (batch.out / "a").unlink()
    assert batch.states(batch()) == {"a.mp4": "finished"}


def test_a_video_that_went_away_is_tried_again(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    result = batch(before=lambda job: Path(job.path).unlink())
    assert result.talks[0].record.stage == "input"
    put(batch, a_mp4=shorts[0])
    assert batch.states(batch()) == {"a.mp4": "finished"}


def test_a_full_disk_ends_the_batch(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1], c_mp4=shorts[2], d_mp4=shorts[3])
    with pytest.raises(OutputError, match="3 videos in a row"):
        batch(before=lambda job: Path(job.folder).write_text("in the way"))
    assert len(batch.done) == 3


def test_other_settings_of_the_readings_mean_everything_again(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch()
    before = (batch.out / "a" / "frames.parquet").read_bytes()
    batch(fps="5")
    assert batch.done == [("a.mp4", False), ("b.mp4", False)]
    assert [job.retable for job in batch.engine.jobs] == [False, False]
    assert run_json(batch.out / "a")["settings"]["fps"] == "5"
    assert (batch.out / "a" / "frames.parquet").read_bytes() != before
    batch(choices=Choices(overwrite=True), fps="5")
    assert [job.retable for job in batch.engine.jobs] == [False, False]


CHANGED = {"min_interval": 0.3, "smoothing": 0.0, "baseline": "none", "lang": "ru"}


def test_other_settings_of_the_tables_decode_nothing(
    batch: Batch, shorts: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch()
    fresh = Batch(batch.folder, tmp_path / "fresh")
    fresh(**CHANGED)

    def decode(*_: object) -> None:
        pytest.fail("a video was decoded")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "open_video", decode)
        patch.setattr(pipeline, "open_audio", decode)
        result = batch(**CHANGED)
    assert set(batch.states(result).values()) == {"finished"}
    assert [job.retable for job in batch.engine.jobs] == [True, True]
    assert tables(batch.out) == tables(fresh.out)
    assert run_json(batch.out / "a")["settings"]["min_interval"] == 0.3
    again = batch(**CHANGED)
    assert batch.done == []
    assert set(batch.states(again).values()) == {"finished"}


@pytest.mark.parametrize("lost", ["frames.parquet", "speech.parquet"])
def test_readings_that_are_gone_or_damaged_are_made_again(
    batch: Batch, shorts: list[bytes], lost: str
) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch()
    (batch.out / "a" / lost).unlink()
    (batch.out / "b" / lost).write_bytes(b"PAR1")
    result = batch(min_interval=0.3)
    assert [job.retable for job in batch.engine.jobs] == [False, True]
    assert set(batch.states(result).values()) == {"finished"}
    assert (batch.out / "b" / lost).stat().st_size > 100


def test_tables_are_not_made_again_through_a_link(
    batch: Batch, shorts: list[bytes], tmp_path: Path
) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    (batch.out / "a").rename(tmp_path / "elsewhere")
    (batch.out / "a").symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere" / "run.json").read_bytes()
    result = batch(min_interval=0.3)
    assert result.talks[0].record.stage == "output"
    assert (tmp_path / "elsewhere" / "run.json").read_bytes() == before


def test_settings_of_a_later_version_are_no_reason_to_write_over_results(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    path = batch.out / "a" / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["settings"]["invented_later"] = 3
    path.write_text(json.dumps(document), encoding="utf-8")
    before = path.read_bytes()
    result = batch()
    assert result.talks[0].record.stage == "output"
    assert path.read_bytes() == before


def test_labels_of_a_person_are_not_replaced_by_the_way(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    path = batch.out / "a" / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["labels"] = {"sha256": "0" * 64}
    path.write_text(json.dumps(document), encoding="utf-8")
    before = path.read_bytes()
    batch(min_interval=0.3)
    assert path.read_bytes() == before


def test_results_that_no_batch_made_are_kept(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    batch(min_interval=0.3)
    (batch.out / MANIFEST_FILE).unlink()
    before = (batch.out / "a" / "run.json").read_bytes()
    result = batch()
    assert batch.done == []
    assert {talk.record.stage for talk in result.talks} == {"output"}
    assert "--overwrite" in result.talks[0].record.remedy
    assert (batch.out / "a" / "run.json").read_bytes() == before
    batch(choices=Choices(overwrite=True))
    assert run_json(batch.out / "a")["settings"]["min_interval"] == 0.5


def test_a_changed_video_never_takes_the_results_of_the_old_one(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    old = (batch.out / "a" / "run.json").read_bytes()
    put(batch, a_mp4=shorts[1])
    batch()
    (row,) = rows(batch.out / names.SUMMARY_CSV)
    assert re.fullmatch(r"a-[0-9a-f]{8}", row["folder"])
    assert (batch.out / "a" / "run.json").read_bytes() == old


@pytest.mark.parametrize("stopped_after", [0, 1, 2, 3])
def test_names_depend_on_no_order_and_no_interruption(
    stopped_after: int, tmp_path: Path, shorts: list[bytes]
) -> None:
    found = []
    for name in ("smooth", "disturbed"):
        batch = Batch(tmp_path / "videos", tmp_path / name)
        for number, place in enumerate(("a", "b", "c", "B")):
            path = batch.folder / place / ("TALK.mp4" if place == "B" else "talk.mp4")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(shorts[number])
        if name == "disturbed":

            def stop(job, batch=batch) -> None:
                if len(batch.engine.jobs) > stopped_after:
                    raise KeyboardInterrupt

            assert batch(before=stop).interrupted
            batch(backwards=True)
        else:
            batch()
        found.append({row["path"]: row["folder"] for row in rows(batch.out / names.SUMMARY_CSV)})
    assert found[0] == found[1]
    folders = [name.casefold() for name in found[0].values()]
    assert len(set(folders)) == 4
    assert found[0]["B/TALK.mp4"] == "TALK"


def test_a_stopped_batch_writes_what_it_has(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1], c_mp4=shorts[2])

    def stop(job) -> None:
        if job.name == "b.mp4":
            raise KeyboardInterrupt

    result = batch(before=stop)
    assert result.interrupted
    assert batch.states(result) == {"a.mp4": "finished", "b.mp4": "waiting", "c.mp4": "waiting"}
    assert [row["video"] for row in rows(batch.out / names.SUMMARY_CSV)] == ["a.mp4"]
    assert not batch().interrupted
    assert batch.done == [("b.mp4", False), ("c.mp4", False)]


STOPPED = """
import signal, sys
from pathlib import Path
from emoreport.batch.manifest import Manifest
from tests.unit.batch.inline import Batch

number, folder, out = signal.Signals(int(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
note_outcome = Manifest.note_outcome

def note_and_stop(self, outcome, fingerprint):
    record = note_outcome(self, outcome, fingerprint)
    signal.raise_signal(number)
    return record

Manifest.note_outcome = note_and_stop
signal.signal(number, signal.default_int_handler)  # the tests may run under nohup
batch = Batch(folder, out)
result = batch()
print(result.interrupted, *(f"{name}={state}" for name, state in batch.states(result).items()))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_never_comes_between_the_manifest_and_the_tables(
    number: signal.Signals, batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])
    done = subprocess.run(  # a process of its own: a signal that nobody takes would end the tests
        [sys.executable, "-c", STOPPED, str(int(number)), str(batch.folder), str(batch.out)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["True", "a.mp4=finished", "b.mp4=waiting"], done.stderr
    assert [row["video"] for row in rows(batch.out / names.SUMMARY_CSV)] == ["a.mp4"]


def test_copies_of_a_broken_video_each_have_a_line(batch: Batch) -> None:
    put(batch, a_mp4=b"", b_mp4=b"", c_mov=b"")
    assert set(batch.states(batch()).values()) == {"failed"}
    assert [row["video"] for row in rows(batch.out / names.FAILURES)] == ["a.mp4", "b.mp4", "c.mov"]
    assert len(batch.engine.jobs) == 1


def test_a_video_that_grows_while_it_is_analysed_is_refused(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0])

    def grow(job) -> None:
        with Path(job.path).open("ab") as stream:
            stream.write(bytes(8))

    result = batch(before=grow)
    assert "changed" in result.talks[0].record.cause
    assert not (batch.out / "a").exists()


def test_an_error_that_ends_the_batch_comes_after_the_tables(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0], b_mp4=shorts[1])

    def lose(job) -> None:
        if job.name == "b.mp4":
            raise ModelError("no worker can be started")

    with pytest.raises(ModelError, match="no worker"):
        batch(before=lose)
    assert [row["video"] for row in rows(batch.out / names.SUMMARY_CSV)] == ["a.mp4"]


def test_a_spreadsheet_of_another_language_gets_its_own_summary(
    batch: Batch, shorts: list[bytes]
) -> None:
    put(batch, a_mp4=shorts[0])
    batch(excel_locale="ru")
    lines = (batch.out / "summary.ru.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("a.mp4;0,200;5;25,000;")
    batch(choices=Choices(overwrite=True))
    assert not (batch.out / "summary.ru.csv").exists()


NASTY = ("=1+1.mp4", "<script>alert(1)<&>.mp4", "new\nline.mp4", "summary.csv.mp4", "\u202egpm.mp4")


def test_names_are_never_executed(batch: Batch, shorts: list[bytes]) -> None:
    for name, content in zip(NASTY, shorts, strict=True):
        (batch.folder / name).write_bytes(content)
    bad = batch.folder / "@bad<b>.mp4"
    bad.write_bytes(b"no")
    (batch.folder / b"bytes\xff.mp4".decode("utf-8", "surrogateescape")).write_bytes(b"nor this")
    result = batch()
    assert result.counts == {"finished": 5, "failed": 2}
    page = (batch.out / names.OVERVIEW).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<b>.mp4" not in page
    assert "&lt;script&gt;alert(1)" in page
    for name in (names.SUMMARY_CSV, names.FAILURES):
        with (batch.out / name).open(encoding="utf-8", newline="") as stream:
            cells = [cell for line in csv.reader(stream) for cell in line]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]
    assert (batch.out / names.SUMMARY_CSV).is_file()
    assert pd.read_parquet(batch.out / names.INTERVALS)["path"].nunique() == 5


def test_results_are_not_written_through_links(
    batch: Batch, shorts: list[bytes], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    batch.out.mkdir()
    (batch.out / "a").symlink_to(elsewhere)
    put(batch, a_mp4=shorts[0])
    batch()
    assert list(elsewhere.iterdir()) == []
    assert re.fullmatch(r"a-[0-9a-f]{8}", rows(batch.out / names.SUMMARY_CSV)[0]["folder"])
    # A link that comes later is noticed as well.
    put(batch, b_mp4=shorts[1])
    result = batch(before=lambda job: Path(job.folder).symlink_to(elsewhere))
    assert [talk.record.cause for talk in result.talks if talk.state == "failed"]
    assert list(elsewhere.iterdir()) == []


def test_the_leftovers_of_the_dead_are_cleared_away(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    batch()
    (dead,) = re.findall(r"\d+", subprocess.check_output(["sh", "-c", "echo $$"], text=True))
    left = [
        batch.out / f".summary.csv.tmp-{dead}-0123abcd",
        batch.out / "a" / f".run.json.tmp-{dead}-0123abcd",
    ]
    for path in left:
        path.touch()
    batch()
    assert not any(path.exists() for path in left)


def test_a_folder_without_videos_is_refused(batch: Batch) -> None:
    (batch.folder / "notes.txt").touch()
    with pytest.raises(InputNotFoundError, match="no videos"):
        batch()
    assert not batch.out.exists()


def test_one_batch_at_a_time(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0])
    code = (
        "import sys\nfrom pathlib import Path\nfrom emoreport.batch.lock import only_batch\n"
        "with only_batch(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(batch.out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(SettingsError, match=f"another batch .*process {holder.pid} on ") as error:
        batch()
    assert error.value.exit_code == 2
    holder.kill()  # a killed one holds nothing
    holder.communicate()
    assert batch().counts == {"finished": 1}
    with only_batch(batch.out):
        pass


def test_the_overview_opens_nothing_and_names_everything(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, b__talk_mp4=shorts[0], bad_mp4=b"no")
    (batch.folder / "metadata.csv").write_text("video,speaker\nb/talk.mp4,Анна\n")
    batch(lang="ru")
    page = (batch.out / names.OVERVIEW).read_text(encoding="utf-8")
    assert 'lang="ru"' in page
    assert "Анна" in page
    assert "default-src 'none'" in html.unescape(page)
    assert not re.findall(r"""(?:src|href)="(?:https?:|//)""", page)
    assert 'style="' not in page  # the policy would not let it through
    for target in re.findall(r'<a href="([^"]+)">', page):
        assert (batch.out / target).exists()
    links = re.findall(r'<a href="(talk/[^"]+)">', page)
    assert links in (["talk/report.html"], ["talk/report.xlsx"])


def test_the_manifest_is_lines_of_json(batch: Batch, shorts: list[bytes]) -> None:
    put(batch, a_mp4=shorts[0], bad_mp4=b"no")
    batch()
    lines = (batch.out / MANIFEST_FILE).read_text(encoding="ascii").splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[0] == "head"
    assert kinds.count("video") == 2
