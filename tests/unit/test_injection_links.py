"""Links, pipes and foreign files in the output folder: nothing outside it is ever touched."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from emoreport.atomic import Staging, _computer, remove_leftovers, write_file
from emoreport.batch.manifest import MANIFEST_FILE
from emoreport.cli.app import run
from emoreport.errors import OutputError, SettingsError, StoredReadingsError
from emoreport.run.bridge import load_bridge
from emoreport.run.folder import safe_stem
from emoreport.run.read import read_report
from emoreport.tables import readings
from tests.fixtures.media import no_audio
from tests.fixtures.stored import store, wandering_talk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")

SECRET = "mine, and no line end"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder outside the output folder with a file of the user's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file.txt").write_text(SECRET, encoding="utf-8")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return no_audio(tmp_path / "talk.mp4", seconds=0.4)


def untouched(victim: Path) -> bool:
    names = [path.name for path in victim.iterdir()]
    return names == ["file.txt"] and (victim / "file.txt").read_text(encoding="utf-8") == SECRET


def analyze(video: Path, out: Path, *options: str) -> int:
    return run(["analyze", "--offline", "--quiet", "--out", str(out), *options, str(video)])


def batch(folder: Path, out: Path, *options: str) -> int:
    command = ["batch", str(folder), "--offline", "--quiet", "--out", str(out), "--jobs", "1"]
    return run([*command, *options])


def test_results_are_not_written_through_a_link(
    video: Path, out: Path, victim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "talk").symlink_to(victim)
    assert analyze(video, out) == 1
    assert "symbolic link" in capsys.readouterr().err
    assert analyze(video, out, "--overwrite") == 1
    assert untouched(victim)
    assert (out / "talk").is_symlink()


def test_a_link_to_nowhere_is_not_followed_either(video: Path, out: Path, tmp_path: Path) -> None:
    (out / "talk").symlink_to(tmp_path / "not yet")
    assert analyze(video, out) == 1
    assert not (tmp_path / "not yet").exists()


def test_a_batch_does_not_write_through_a_link(video: Path, out: Path, victim: Path) -> None:
    folder = video.parent / "videos"
    folder.mkdir()
    shutil.move(video, folder / "talk.mp4")
    (out / "talk").symlink_to(victim)
    batch(folder, out)
    assert untouched(victim)


def test_links_under_the_names_of_files_are_replaced(video: Path, out: Path, victim: Path) -> None:
    names = ("summary.csv", "run.json", "report.xlsx", "frames.parquet")
    (out / "talk").mkdir()
    for name in names:
        (out / "talk" / name).symlink_to(victim / "file.txt")
    assert analyze(video, out, "--overwrite") == 0
    assert untouched(victim)
    assert [name for name in names if (out / "talk" / name).is_symlink()] == []
    assert all((out / "talk" / name).stat().st_size for name in names)


def test_links_under_the_names_of_files_of_a_batch_are_replaced(
    video: Path, out: Path, victim: Path
) -> None:
    folder = video.parent / "videos"
    folder.mkdir()
    shutil.move(video, folder / "talk.mp4")
    names = ("summary.csv", "batch.html", "failures.csv", "intervals.parquet")
    for name in names:
        (out / name).symlink_to(victim / "file.txt")
    assert batch(folder, out) == 0
    assert untouched(victim)
    assert [name for name in names if (out / name).is_symlink()] == []


@pytest.mark.parametrize("name", [MANIFEST_FILE, ".batch", ".batch/lock", ".batch/holder.json"])
def test_what_a_batch_keeps_for_itself_is_not_written_through_a_link(
    video: Path, out: Path, victim: Path, name: str
) -> None:
    folder = video.parent / "videos"
    folder.mkdir()
    shutil.move(video, folder / "talk.mp4")
    target = victim if name == ".batch" else victim / "file.txt"
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).symlink_to(target)
    batch(folder, out)
    assert untouched(victim)


def test_a_file_of_the_users_own_is_not_cut_for_a_manifest(video: Path, out: Path) -> None:
    (out / MANIFEST_FILE).write_text(SECRET, encoding="utf-8")
    assert batch(video.parent, out) != 0
    assert (out / MANIFEST_FILE).read_text(encoding="utf-8") == SECRET


def test_temporary_names_cannot_be_guessed(tmp_path: Path) -> None:
    seen = set()
    for _ in range(50):
        with Staging(tmp_path) as staging:
            staging.add("a.txt", lambda stream: stream.write(b"x"))
            seen |= {path.name for path in tmp_path.iterdir()}
    assert len(seen) == 50


def test_a_link_under_a_temporary_name_is_not_followed(
    tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0" * 8)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f".a.txt.tmp-{_computer()}-{os.getpid()}-{'0' * 8}").symlink_to(victim / "file.txt")
    with pytest.raises(OutputError):
        write_file(folder / "a.txt", b"new")
    assert untouched(victim)
    assert not (folder / "a.txt").exists()


def test_clearing_up_removes_links_and_not_what_they_lead_to(tmp_path: Path, victim: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    gone = 2**22 + 1  # beyond the numbers that processes get
    (folder / f".a.tmp-{gone}-00000000").symlink_to(victim / "file.txt")
    (folder / f".b.tmp-{gone}-00000000").symlink_to(victim)
    remove_leftovers(folder)
    assert list(folder.iterdir()) == []
    assert untouched(victim)


@pytest.mark.parametrize("name", ["run.json", readings.FRAMES_FILE, readings.SPEECH_FILE])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_a_stored_file_that_never_ends_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    results = store(tmp_path / "talk", *wandering_talk(8.0), 8.0)
    (results / name).unlink()
    make(results / name)
    with pytest.raises(StoredReadingsError):
        read_report(results)


@pytest.mark.parametrize("place", ["/dev/zero", "pipe"])
def test_a_bridge_that_never_ends_is_refused(tmp_path: Path, place: str) -> None:
    if place == "pipe":
        os.mkfifo(tmp_path / "pipe")
        place = str(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="no regular file"):
        load_bridge(place)


@pytest.mark.parametrize(
    "name",
    ["..mp4", "...mp4", "a/../../b.mp4", "..\\..\\b.mp4", "\x01.mp4", ".ssh.mp4", "я" * 200],
)
def test_a_name_never_leads_out_of_the_output_folder(out: Path, name: str) -> None:
    stem = safe_stem(Path(name))
    folder = (out / stem).resolve()
    assert folder.parent == out.resolve()
    assert len(stem.encode()) < 255
