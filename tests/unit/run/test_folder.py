from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import InputNotFoundError, MediaError, OutputError
from emoreport.records import InputRecord, MediaRecord, ModelRecord, RunRecord
from emoreport.run.folder import (
    ResultFolders,
    content_sha256,
    is_up_to_date,
    refuse_others,
    safe_stem,
)
from emoreport.run.run_json import document

HASH = "0123456789abcdef" * 4
OTHER = "f" * 64


def run_record(sha256: str = HASH, **settings: Any) -> RunRecord:
    return RunRecord(
        versions={"emoreport": "1"},
        input=InputRecord("talk.mp4", sha256),
        media=MediaRecord(1.0, 25.0),
        models={"face": ModelRecord("a", files={"f": "1"}), "speech": ModelRecord("none")},
        settings=settings,
    )


def store_run(folder: Path, run: RunRecord) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(document(run)))
    return folder


def with_face(model: ModelRecord, **settings: Any) -> RunRecord:
    run = run_record(**settings)
    return replace(run, models={**run.models, "face": model})


def claimed(out: Path, *videos: str) -> Path:
    """Folder of the last video; those before it have other contents."""
    folders = ResultFolders(out)
    for number, video in enumerate(videos[:-1]):
        folders.claim(Path(video), f"{number:064x}")
    return folders.claim(Path(videos[-1]), HASH)


def test_a_free_stem_is_taken(tmp_path: Path) -> None:
    assert claimed(tmp_path, "recordings/talk.mp4") == tmp_path / "talk"


def test_the_same_video_keeps_its_folder(tmp_path: Path) -> None:
    store_run(tmp_path / "talk", run_record())
    assert claimed(tmp_path, "talk.mp4") == tmp_path / "talk"


def test_another_video_of_the_same_stem_gets_its_hash(tmp_path: Path) -> None:
    expected = tmp_path / "talk-01234567"
    assert claimed(tmp_path, "talk.mp4", "talk.mkv") == expected
    store_run(tmp_path / "talk", run_record(OTHER))
    assert claimed(tmp_path, "talk.mkv") == expected


def test_an_unfinished_folder_is_taken_again(tmp_path: Path) -> None:
    (tmp_path / "talk").mkdir()
    (tmp_path / "talk" / "run.json").write_text('{"layout": ')
    assert claimed(tmp_path, "talk.mp4") == tmp_path / "talk"


def test_the_same_video_twice_in_one_command_has_one_folder(tmp_path: Path) -> None:
    folders = ResultFolders(tmp_path)
    assert folders.claim(Path("a/talk.mp4"), HASH) == folders.claim(Path("b/talk.mp4"), HASH)


# --------------------------------------------------------------------------- held


def test_a_held_name_is_another_runs(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with ResultFolders(out).hold(Path("a/talk.mp4"), OTHER) as first:
        assert first == out / "talk"
        with ResultFolders(out).hold(Path("b/Talk.mkv"), HASH) as second:
            assert second == out / "Talk-01234567"
            with pytest.raises(OutputError, match="another run analyses this video"):
                _held(ResultFolders(out), "c.mp4", HASH)
    assert not (tmp_path / "new").exists()


def test_a_name_is_free_again_once_it_is_let_go(tmp_path: Path) -> None:
    for sha256 in (HASH, OTHER, HASH):
        assert _held(ResultFolders(tmp_path), "talk.mp4", sha256) == tmp_path / "talk"
    assert list(tmp_path.iterdir()) == []
    store_run(tmp_path / "talk", run_record(OTHER))
    assert _held(ResultFolders(tmp_path), "talk.mp4", HASH) == tmp_path / "talk-01234567"
    assert _held(ResultFolders(tmp_path), "talk.mp4", OTHER) == tmp_path / "talk"


def test_results_that_come_while_a_run_waits_are_kept(tmp_path: Path) -> None:
    with ResultFolders(tmp_path).hold(Path("talk.mp4"), HASH) as folder:
        store_run(folder, run_record(OTHER))
        with pytest.raises(OutputError, match="another video"):
            refuse_others(folder, HASH)
        refuse_others(folder, OTHER)
        store_run(tmp_path / f"talk-{OTHER[:8]}", run_record(HASH))
        with pytest.raises(OutputError, match="other runs write"):
            _held(ResultFolders(tmp_path), "talk.mp4", OTHER)


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from emoreport.run.folder import ResultFolders\n"
        "with ResultFolders(Path(sys.argv[1])).hold(Path('talk.mp4'), sys.argv[2]):\n"
        "    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), HASH], check=False)
    assert list(tmp_path.iterdir())
    assert _held(ResultFolders(tmp_path), "talk.mp4", HASH) == tmp_path / "talk"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["out", "out/talk"])
def test_what_cannot_be_written_is_said_before_the_work(place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("a file in the way")
    with pytest.raises(OutputError, match="--out"):
        _held(ResultFolders(tmp_path / "out"), "talk.mp4", HASH)


def _held(folders: ResultFolders, video: str, sha256: str) -> Path:
    with folders.hold(Path(video), sha256) as folder:
        return folder


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("talk.mp4", "talk"),
        ("...mp4", "video"),
        ("..", "video"),
        ("=cmd|'C calc'!A1.mp4", "=cmd|'C calc'!A1"),
        ("a\nb.mp4", "a_b"),
        ("a\\b.mp4", "a_b"),
        ("-talk.mp4", "-talk"),
        ("лекция 1.mp4", "лекция 1"),
    ],
)
def test_safe_stem(name: str, stem: str) -> None:
    assert safe_stem(Path(name)) == stem


def test_a_long_stem_leaves_room_for_the_hash(tmp_path: Path) -> None:
    stem = safe_stem(Path("я" * 125 + ".mp4"))
    assert len(f"{stem}-01234567".encode()) <= 255
    (tmp_path / f"{stem}-01234567").mkdir()


def test_results_of_the_same_run_are_up_to_date(tmp_path: Path) -> None:
    store_run(tmp_path, run_record(smoothing=1, out="here", overwrite=False))
    same = run_record(smoothing=1, out="there", overwrite=True)
    assert is_up_to_date(tmp_path, same)
    assert not is_up_to_date(tmp_path, run_record(OTHER))
    assert not is_up_to_date(tmp_path / "none", same)


@pytest.mark.parametrize(
    ("stored", "now", "same"),
    [
        ("onnxruntime 1.31.1", "onnxruntime 1.32.0", True),
        ("onnxruntime 1.31.1", "openvino 2026.4.1", False),
        ("openvino 2026.4.1", "openvino 2026.4.1 bfloat16", False),
        ("openvino 2026.4.0 bfloat16", "openvino 2026.4.1 bfloat16", True),
    ],
)
def test_another_runtime_or_precision_makes_other_results(
    tmp_path: Path, stored: str, now: str, *, same: bool
) -> None:
    before, after = (
        with_face(replace(run_record().face_model, runtime=runtime)) for runtime in (stored, now)
    )
    store_run(tmp_path, before)
    if same:
        assert is_up_to_date(tmp_path, after)
        return
    with pytest.raises(OutputError, match="--overwrite"):
        is_up_to_date(tmp_path, after)


@pytest.mark.parametrize("change", ["settings", "models", "versions"])
def test_results_of_another_run_are_protected(tmp_path: Path, change: str) -> None:
    run = run_record(smoothing=1)
    store_run(tmp_path, run)
    others = {
        "settings": run_record(smoothing=2),
        "models": with_face(ModelRecord("a", files={"f": "2"}), smoothing=1),
        "versions": replace(run, versions={"emoreport": "2"}),
    }
    with pytest.raises(OutputError, match="--overwrite"):
        is_up_to_date(tmp_path, others[change])


def test_content_hash_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        content_sha256(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="folder"):
        content_sha256(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="regular"):
        content_sha256(tmp_path / "pipe.mp4")
