"""Every row of the contract's table of inputs that are not fine."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures import media
from tests.fixtures.results_on_disk import assert_complete, rows, run_json
from tests.integration.conftest import Emoreport

VARIANTS = 50


def only_error(outcome, code: int) -> str:
    assert outcome.code == code
    assert len(outcome.errors) == 1
    assert "Traceback" not in outcome.err
    return outcome.errors[0]


@pytest.mark.parametrize(
    "make",
    [
        media.empty_file,
        media.text_file,
        lambda path: media.truncate(
            media.constant_rate(path.with_name("a.mp4")), path, fraction=0.01
        ),
        lambda path: path.write_bytes(random.Random(1).randbytes(5000)) and path,
    ],
    ids=["empty", "text", "truncated header", "noise"],
)
def test_no_video_at_all(make, tmp_path: Path, emoreport: Emoreport) -> None:
    path = make(tmp_path / "bad.mp4")
    error = only_error(emoreport("analyze", path), 1)
    assert "bad.mp4" in error
    assert not Path("statistics").exists()


def test_a_path_that_does_not_exist(tmp_path: Path, emoreport: Emoreport) -> None:
    assert "none.mp4" in only_error(emoreport("analyze", tmp_path / "none.mp4"), 2)
    assert not Path("statistics").exists()


def test_a_folder_is_no_video(tmp_path: Path, emoreport: Emoreport) -> None:
    folder = tmp_path / "my videos"
    folder.mkdir()
    error = only_error(emoreport("analyze", folder), 1)
    assert "is a folder" in error
    assert f"emoreport batch '{folder}'" in error


def test_one_bad_file_does_not_end_the_rest(tmp_path: Path, emoreport: Emoreport) -> None:
    bad = media.empty_file(tmp_path / "bad.mp4")
    good = media.constant_rate(tmp_path / "good.mp4", seconds=1)
    only_error(emoreport("analyze", bad, good), 1)
    assert_complete(Path("statistics/good"))
    assert not Path("statistics/bad").exists()


def test_truncated_tail_is_analysed_up_to_the_damage(tmp_path: Path, emoreport: Emoreport) -> None:
    whole = media.fast_start(tmp_path / "whole.mp4", sound=media.tone(2))
    cut = media.truncate(whole, tmp_path / "cut.mp4", fraction=0.6)
    outcome = emoreport("analyze", cut)
    assert outcome.code == 0
    assert_complete(Path("statistics/cut"))
    duration = float(rows(Path("statistics/cut/summary.csv"))[0]["duration"])
    assert 0.2 < duration < 2
    run = run_json(Path("statistics/cut"))
    assert run["decode_failures"] > 0 or run["notes"]


def test_damage_in_the_middle_is_passed_over(tmp_path: Path, emoreport: Emoreport) -> None:
    whole = media.fast_start(tmp_path / "whole.mp4", seconds=4)
    damaged = media.overwrite(whole, tmp_path / "damaged.mp4", within=(0.45, 0.55))
    outcome = emoreport("analyze", damaged)
    assert outcome.code == 0
    assert_complete(Path("statistics/damaged"))
    assert float(rows(Path("statistics/damaged/summary.csv"))[0]["duration"]) > 3
    assert run_json(Path("statistics/damaged"))["decode_failures"] > 0
    assert any("decoded" in line for line in outcome.warnings)


def test_random_truncations_and_corruptions(tmp_path: Path, emoreport: Emoreport) -> None:
    whole = media.fast_start(tmp_path / "whole.mp4", seconds=1, sound=media.tone(1))
    chance = random.Random(7)
    paths = [
        media.truncate(whole, tmp_path / f"cut{number}.mp4", fraction=chance.random())
        for number in range(VARIANTS)
    ]
    paths += [
        media.corrupt(
            whole, tmp_path / f"hurt{number}.mp4", seed=number, n_bytes=chance.randint(1, 200)
        )
        for number in range(VARIANTS)
    ]
    outcome = emoreport("analyze", "--quiet", *paths)
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert "internal error" not in outcome.err
    failed = [path for path in paths if any(path.name in line for line in outcome.errors)]
    assert len(failed) == len(outcome.errors)
    assert 0 < len(failed) < len(paths)
    for path in paths:
        folder = Path("statistics") / path.stem
        if path in failed:
            assert not folder.exists()
        else:
            assert_complete(folder)


def test_no_audio_track(tmp_path: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", media.no_audio(tmp_path / "mute.mp4"))
    assert outcome.code == 0
    assert_complete(Path("statistics/mute"))
    voices = rows(Path("statistics/mute/audio_intervals.csv"))
    assert {row["emotion"] for row in voices} == {"no_speech"}
    assert {row["confidence"] for row in voices} == {""}
    assert len([line for line in outcome.warnings if "audio track" in line]) == 1


def test_silent_audio(tmp_path: Path, emoreport: Emoreport) -> None:
    outcome = emoreport("analyze", media.silent_audio(tmp_path / "still.mp4"))
    assert outcome.code == 0
    voices = rows(Path("statistics/still/audio_intervals.csv"))
    assert {row["emotion"] for row in voices} == {"no_speech"}
    assert {row["speech_seconds"] for row in voices} == {"0.000"}


def test_no_face_anywhere(tmp_path: Path, emoreport: Emoreport) -> None:
    # Short enough that the pattern of the pictures does not jump.
    film = media.constant_rate(tmp_path / "wall.mp4", seconds=0.6, sound=media.tone(2))
    outcome = emoreport("analyze", film)
    assert outcome.code == 0
    folder = Path("statistics/wall")
    assert_complete(folder)
    (only,) = rows(folder / "video_intervals.csv")
    assert (only["emotion"], only["confidence"]) == ("no_face", "")
    (summary,) = rows(folder / "summary.csv")
    assert summary["face_coverage"] == "0.0000"
    assert summary["dominant_video_emotion"] == ""
    assert (summary["transitions"], summary["mismatch_share"]) == ("0", "")
    assert rows(folder / "modality_mismatch.csv") == []
    assert any("face" in line for line in outcome.warnings)


def test_the_default_streams_are_used_and_named(tmp_path: Path, emoreport: Emoreport) -> None:
    path = media.several_streams(tmp_path / "many.mkv", default=1)
    assert emoreport("analyze", path).code == 0
    streams = run_json(Path("statistics/many"))["media"]["streams"]
    assert len(streams) == 4
    assert [(stream["kind"], stream["default"]) for stream in streams if stream["used"]] == [
        ("video", True),
        ("audio", True),
    ]


NASTY = [
    "with spaces.mp4",
    "лекция «Итоги».mp4",
    "quo'te\".mp4",
    "-leading.mp4",
    "=1+1.mp4",
    "@SUM(A1).mp4",
    "<script>alert(1)<&>.mp4",
    "new\nline.mp4",
    "100%s{0}.mp4",
    "...mp4",
    "http:колонка.mp4",
]


@pytest.mark.parametrize("name", NASTY)
def test_names_are_never_executed(name: str, tmp_path: Path, emoreport: Emoreport) -> None:
    path = media.no_audio(tmp_path / "plain.mp4", seconds=0.4).rename(tmp_path / name)
    os.chdir(tmp_path)
    assert emoreport("analyze", "--", name).code == 0
    (folder,) = Path("statistics").iterdir()
    assert_complete(folder)
    assert folder.resolve().parent == (tmp_path / "statistics").resolve()
    shown = rows(folder / "summary.csv")[0]["video"]
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert run_json(folder)["input"]["name"] == path.name
    import openpyxl

    book = openpyxl.load_workbook(folder / "report.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(isinstance(cell.value, str) and cell.value for cell in cells)


def test_two_videos_of_one_stem(tmp_path: Path, emoreport: Emoreport) -> None:
    first = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    second = media.no_audio(tmp_path / "talk.mkv", seconds=0.8)
    assert emoreport("analyze", first, second).code == 0
    folders = sorted(path.name for path in Path("statistics").iterdir())
    digest = run_json(Path("statistics") / folders[1])["input"]["sha256"]
    assert folders == ["talk", f"talk-{digest[:8]}"]
    assert emoreport("analyze", second).code == 0
    assert sorted(path.name for path in Path("statistics").iterdir()) == folders


def test_output_that_cannot_be_written(tmp_path: Path, emoreport: Emoreport) -> None:
    video = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    error = only_error(emoreport("analyze", video, "--out", blocked / "statistics"), 1)
    assert "--out" in error
    assert blocked.read_text() == "in the way"


def test_that_output_cannot_be_written_is_found_before_the_work(
    tmp_path: Path, emoreport: Emoreport
) -> None:
    short = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    for blocked in (tmp_path / "file", tmp_path / "out" / "talk"):
        blocked.parent.mkdir(exist_ok=True)
        blocked.write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "deeper", tmp_path / "out"):
        error = only_error(emoreport("analyze", short, "--out", out), 1)
        assert "output" in error
        assert "--out" in error
    short.write_bytes(b"no video")
    assert "decode" in only_error(emoreport("analyze", short, "--out", tmp_path / "new"), 1)
    assert not (tmp_path / "new").exists()


def test_two_runs_at_once_keep_both_results(tmp_path: Path) -> None:
    names = ("one", "two")
    for name in names:
        (tmp_path / name).mkdir()
        media.no_audio(tmp_path / name / "talk.mp4", seconds=0.4 + 0.4 * names.index(name))
    command = [sys.executable, "-m", "emoreport", "analyze", "--no-video"]
    children = [
        subprocess.Popen(
            [*command, f"{name}/talk.mp4"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        for name in names
    ]
    ends = [(child.communicate(timeout=120)[1], child.returncode) for child in children]
    assert [code for _, code in ends] == [0, 0], ends
    folders = sorted((tmp_path / "statistics").iterdir())
    assert len(folders) == 2
    assert folders[0].name == "talk"
    digests = {run_json(folder)["input"]["sha256"] for folder in folders}
    assert len(digests) == 2
    assert folders[1].name.removeprefix("talk-") in {digest[:8] for digest in digests}
    for folder in folders:
        assert_complete(folder)


def test_a_second_run_of_the_same_video_is_refused(tmp_path: Path, talk: Path) -> None:
    command = [sys.executable, "-m", "emoreport", "analyze", str(talk)]
    first = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("statistics/.claim-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert second.returncode == 1
    assert "another run analyses this video" in second.stderr
    assert "--out" in second.stderr
    assert list((tmp_path / "statistics").glob(".claim-*")) == []


def limited(command: list[str], size_limit: int, working: Path) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, size_limit))

    return subprocess.run(
        command, cwd=working, preexec_fn=limit, capture_output=True, text=True, check=False
    )


def test_a_full_disk_leaves_finished_tables_intact(tmp_path: Path) -> None:
    video = media.no_audio(tmp_path / "talk.mp4", seconds=0.4)
    # -B: the limit would cut short what Python keeps of compiled modules.
    command = [sys.executable, "-B", "-m", "emoreport", "analyze", str(video)]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert first.returncode == 0
    folder = tmp_path / "statistics" / "talk"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # 4 kB are enough for the small CSV files and too little for the workbook.
    again = limited([*command, "--overwrite", "--smoothing", "0.2"], 4096, tmp_path)
    assert again.returncode == 1
    assert again.stderr.count("error: ") == 1
    assert "Traceback" not in again.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interruption_leaves_nothing_half_written(
    how: signal.Signals, tmp_path: Path, talk: Path
) -> None:
    finished = media.no_audio(tmp_path / "first.mp4", seconds=0.4)
    command = [sys.executable, "-m", "emoreport", "analyze", str(finished), str(talk), str(talk)]
    child = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    first = tmp_path / "statistics" / "first" / "run.json"
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    child.send_signal(how)
    _, errors = child.communicate(timeout=60)
    if how is signal.SIGINT:
        assert child.returncode == 130
        assert "interrupted" in errors
        assert "Traceback" not in errors
    assert_complete(tmp_path / "statistics" / "first")
    talk_folder = tmp_path / "statistics" / "talk"
    if talk_folder.exists() and (talk_folder / "run.json").exists():
        assert_complete(talk_folder)
    repeated = subprocess.run(
        [*command[:4], str(finished)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert repeated.returncode == 0
    assert "already holds" in repeated.stderr


def test_tone_is_not_taken_for_speech(tmp_path: Path, emoreport: Emoreport) -> None:
    path = media.constant_rate(tmp_path / "tone.mp4", seconds=4, sound=media.tone(4))
    assert emoreport("analyze", path).code == 0
    assert float(rows(Path("statistics/tone/summary.csv"))[0]["speech_seconds"]) < 0.5


def test_stereo_with_one_silent_channel_is_heard(
    tmp_path: Path, emoreport: Emoreport, clip: Path
) -> None:
    one_sided = tmp_path / "right.mp4"
    media.run_ffmpeg("-i", clip, "-af", "pan=stereo|c0=0*c0|c1=c0", "-c:v", "copy", one_sided)
    assert emoreport("analyze", clip, one_sided).code == 0
    heard = [
        float(rows(Path(f"statistics/{name}/summary.csv"))[0]["speech_seconds"])
        for name in ("clip", "right")
    ]
    assert heard[0] > 1
    np.testing.assert_allclose(heard[1], heard[0], atol=0.5)


LONG = "a" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", f"{LONG}.mp4"),
        ("analyze", "TALK", "--face", LONG),
        ("analyze", "TALK", "--speech", LONG),
        ("analyze", "TALK", "--bridge", LONG),
        ("analyze", "TALK", "--config", LONG),
        ("analyze", "TALK", "--out", LONG),
        ("batch", LONG),
        ("retable", LONG),
        ("multiverse", LONG),
        ("compare", LONG, LONG),
        ("plot", LONG),
        ("export", LONG, "--to", "csv"),
        ("agree", LONG, LONG),
        ("render", LONG, "TALK"),
        ("clips", LONG, "TALK"),
        ("summary-sheet", LONG),
        ("evaluate", "face", LONG),
        ("evaluate", "voice", LONG),
        ("models", "show", LONG),
        ("models", "optimize", LONG, "--speech", "TALK"),
    ],
)
def test_a_name_that_no_system_takes_is_one_line(
    arguments: tuple[str, ...], talk: Path, emoreport: Emoreport
) -> None:
    offline = ("--offline",) if arguments[0] in {"analyze", "batch", "evaluate"} else ()
    given = [str(talk) if one == "TALK" else one for one in arguments]
    assert LONG[:255] in only_error(emoreport(*given, *offline), 2)


def test_a_folder_that_is_closed_is_one_line(
    emoreport: Emoreport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", closed)
    assert "closed/talk: the system says: Permission denied" in only_error(
        emoreport("retable", "closed/talk"), 1
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_behind_the_output_is_one_line() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "emoreport", "models", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
