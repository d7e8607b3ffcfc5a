from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import (
    InputNotFoundError,
    MediaError,
    OutputError,
    SettingsError,
    StoredReadingsError,
)
from emoreport.run import report as runs

HASH = "0123456789abcdef" * 4
OTHER = "f" * 64


def run_document(sha256: str = HASH, **settings: Any) -> dict[str, Any]:
    return {
        "layout": runs.LAYOUT,
        "versions": {"emoreport": "1"},
        "input": {"name": "talk.mp4", "sha256": sha256},
        "media": {"duration_s": 1.0, "frame_rate_hz": 25.0},
        "models": {"face": {"name": "a", "files": {"f": "1"}}, "speech": {"name": "none"}},
        "settings": settings,
        "warnings": [],
    }


def store_run(folder: Path, document: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(document))
    return folder


def test_a_free_stem_is_taken(tmp_path: Path) -> None:
    video = Path("recordings/talk.mp4")
    assert runs.result_folder(tmp_path, video, HASH, frozenset()) == tmp_path / "talk"


def test_the_same_video_keeps_its_folder(tmp_path: Path) -> None:
    store_run(tmp_path / "talk", run_document())
    found = runs.result_folder(tmp_path, Path("talk.mp4"), HASH, frozenset())
    assert found == tmp_path / "talk"


def test_another_video_of_the_same_stem_gets_its_hash(tmp_path: Path) -> None:
    video = Path("talk.mkv")
    expected = tmp_path / "talk-01234567"
    assert runs.result_folder(tmp_path, video, HASH, frozenset({tmp_path / "talk"})) == expected
    store_run(tmp_path / "talk", run_document(OTHER))
    assert runs.result_folder(tmp_path, video, HASH, frozenset()) == expected


def test_an_unfinished_folder_is_taken_again(tmp_path: Path) -> None:
    (tmp_path / "talk").mkdir()
    (tmp_path / "talk" / "run.json").write_text('{"layout": ')
    found = runs.result_folder(tmp_path, Path("talk.mp4"), HASH, frozenset())
    assert found == tmp_path / "talk"


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
    assert runs.safe_stem(Path(name)) == stem


def test_a_long_stem_leaves_room_for_the_hash(tmp_path: Path) -> None:
    stem = runs.safe_stem(Path("я" * 125 + ".mp4"))
    assert len(f"{stem}-01234567".encode()) <= 255
    (tmp_path / f"{stem}-01234567").mkdir()


def test_results_of_the_same_run_are_up_to_date(tmp_path: Path) -> None:
    store_run(tmp_path, run_document(smoothing=1, out="here", overwrite=False))
    same = run_document(smoothing=1, out="there", overwrite=True)
    assert runs.up_to_date(tmp_path, HASH, same)
    assert not runs.up_to_date(tmp_path, OTHER, same)
    assert not runs.up_to_date(tmp_path / "none", HASH, same)


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
    texts = ("kind", "version", "device", "licence", "reason")
    document, other = run_document(), run_document()
    for run, runtime in ((document, stored), (other, now)):
        facts = dict.fromkeys(texts, "x") | {"labels": ["neutral"], "runtime": runtime}
        run["models"]["face"].update(facts)
    store_run(tmp_path, document)
    if same:
        assert runs.up_to_date(tmp_path, HASH, other)
        return
    with pytest.raises(OutputError, match="--overwrite"):
        runs.up_to_date(tmp_path, HASH, other)


@pytest.mark.parametrize("change", ["settings", "models", "versions"])
def test_results_of_another_run_are_protected(tmp_path: Path, change: str) -> None:
    store_run(tmp_path, run_document(smoothing=1))
    other = run_document(smoothing=1)
    if change == "settings":
        other["settings"]["smoothing"] = 2
    elif change == "models":
        other["models"]["face"]["files"]["f"] = "2"
    else:
        other["versions"]["emoreport"] = "2"
    with pytest.raises(OutputError, match="--overwrite"):
        runs.up_to_date(tmp_path, HASH, other)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("media"),
        lambda document: document.update(layout=99),
        lambda document: document.update(settings=3),
        lambda document: document["media"].update(duration_s="long"),
        lambda document: document.update(input=[]),
    ],
)
def test_damaged_runs_are_refused(tmp_path: Path, change: Any) -> None:
    document = run_document()
    change(document)
    store_run(tmp_path, document)
    with pytest.raises(StoredReadingsError):
        runs.read_run(tmp_path)


def test_missing_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        runs.read_run(tmp_path / "none")
    with pytest.raises(StoredReadingsError, match=r"run\.json"):
        runs.read_run(tmp_path)


def test_retable_refuses_what_changes_the_readings(tmp_path: Path) -> None:
    store_run(tmp_path, run_document())
    with pytest.raises(SettingsError, match="--fps"):
        runs.read_report(tmp_path, {"fps": "5"})


def test_bridges(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text("[bridge]\nenthusiasm = 'surprise'\n")
    assert runs.load_bridge(str(path)).shared("enthusiasm") == "surprise"
    assert runs.load_bridge("default").shared("enthusiasm") == "happiness"


@pytest.mark.parametrize(
    "content", ["", "[bridge]\njoy = 'happiness'", "bridge = 3", "[bridge", "[bridge]\nfear = 3"]
)
def test_bad_bridges_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(content)
    with pytest.raises(SettingsError):
        runs.load_bridge(str(path))


def test_content_hash_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        runs.content_sha256(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="folder"):
        runs.content_sha256(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="regular"):
        runs.content_sha256(tmp_path / "pipe.mp4")
