from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import InputNotFoundError, SettingsError, StoredReadingsError
from emoreport.records import HeadLimits, LookRule, Precision
from emoreport.run.read import read_report
from emoreport.run.run_json import LAYOUT, document, from_document, read_run

LEAST: dict[str, Any] = {
    "layout": LAYOUT,
    "versions": {"emoreport": "1"},
    "input": {"name": "talk.mp4", "sha256": "0" * 64},
    "models": {"face": {"name": "a", "files": {"f": "1"}}, "speech": {"name": "none"}},
    "settings": {},
    "media": {"duration_s": 1.0, "frame_rate_hz": 25.0},
    "warnings": [],
}
"""What was always there."""

WHOLE: dict[str, Any] = {
    "layout": LAYOUT,
    "created": "2026-01-02T03:04:05+00:00",
    "versions": {"emoreport": "0.1.0", "python": "3.11.7"},
    "input": {
        "name": "talk.mp4",
        "path": "videos/talk.mp4",
        "bytes": 3,
        "sha256": "0" * 64,
        "from_folder": None,
        "player_start_s": 0.0,
    },
    "models": {
        "face": {
            "name": "compact",
            "kind": "face",
            "version": "1",
            "labels": ["anger", "fear"],
            "files": {"a.onnx": "1" * 64},
            "runtime": "onnxruntime 1.31.1",
            "device": "cpu",
            "licence": "",
            "reason": "",
            "head_limits": {"yaw_deg": 45.0, "pitch_deg": 35.0},
            "precision": {"data": ["FER+"], "right": {"anger": 0.8}, "said": {"anger": 20}},
            "look_rule": {"weights": {"constant": 1.0, "margin": -3.5}, "limit": 0.1},
        },
        "speech": {"name": "none", "files": {}},
        "face_detector": {"name": "blazeface"},
        "voice_activity": {"name": "silero"},
    },
    "settings": {"smoothing": 1.0, "formats": ["csv"], "of_another_version": True},
    "media": {
        "container": "mov",
        "duration_s": 2.5,
        "claimed_duration_s": None,
        "frame_rate_hz": 25.0,
        "width_px": 640,
        "height_px": 480,
        "rotation_deg": 0,
        "frames": 12,
        "decoded_frames": 62,
        "cuts_s": [1.2, 1.8],
        "streams": [
            {
                "index": 0,
                "kind": "video",
                "codec": "h264",
                "used": True,
                "start_s": None,
                "duration_s": 2.5,
                "default": True,
                "width_px": 640,
            }
        ],
    },
    "decode_failures": 1,
    "decode_failures_by_stream": {"video": 1, "audio": None},
    "time_quality": "exact",
    "notes": [],
    "warnings": [{"key": "video_damaged", "values": {"count": 1}}],
    "bridge": {"enthusiasm": "happiness"},
    "wall_time_s": {"probe": 0.1},
    "labels": {"file": "a.csv", "sha256": "2" * 64, "coder": "a", "face": [], "voice": None},
}


def stored(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def changed(change: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(LEAST))
    change(content)
    return content


def test_a_run_is_written_as_it_was_read() -> None:
    assert json.dumps(document(from_document(WHOLE))) == json.dumps(WHOLE)


def test_what_is_not_known_stays_unknown(tmp_path: Path) -> None:
    run = read_run(stored(tmp_path, LEAST))
    assert (run.created, run.time_quality, run.decode_failures, run.bridge) == (None,) * 4
    assert (run.input.path, run.input.size_bytes, run.media.width_px) == (None,) * 3
    assert set(document(run)) == set(LEAST)
    assert from_document(document(run)) == run


def test_the_models_that_every_run_has_are_known_by_name() -> None:
    run = from_document(WHOLE)
    assert run.face_model.labels == ("anger", "fear")
    assert run.face_model.head_limits == HeadLimits(45.0, 35.0)
    assert run.face_model.look_rule == LookRule({"constant": 1.0, "margin": -3.5}, 0.1)
    assert run.face_model.precision == Precision(("FER+",), {"anger": 0.8}, {"anger": 20})
    assert (run.speech_model.name, run.speech_model.runtime) == ("none", "")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("media"),
        lambda content: content.update(layout=99),
        lambda content: content.update(settings=3),
        lambda content: content.update(notes=[3]),
        lambda content: content["media"].update(duration_s="long"),
        lambda content: content["media"].update(cuts_s=[1.0, "2"]),
        lambda content: content["media"].update(cuts_s=1.0),
        lambda content: content["media"].update(streams=[{"kind": 3}]),
        lambda content: content["models"].pop("speech"),
        lambda content: content["models"]["face"].update(runtime="onnxruntime"),
        lambda content: content["models"]["face"].update(head_limits={"yaw_deg": 45.0}),
        lambda content: content["models"]["face"].update(
            precision={"data": [], "right": {"anger": 2.0}, "said": {"anger": 1}}
        ),
        lambda content: content["models"]["face"].update(
            precision={"data": [], "right": {"anger": 1.0}, "said": {}}
        ),
        lambda content: content["models"]["face"].update(look_rule={"weights": {}, "limit": 2}),
        lambda content: content["models"]["face"].update(
            look_rule={"weights": {"margin": "much"}, "limit": 0.1}
        ),
        lambda content: content["models"]["face"].update(look_rule={"limit": 0.1}),
        lambda content: content["media"].update(decoded_frames=-1),
        lambda content: content.update(warnings=[{"key": "nothing", "values": {}}]),
        lambda content: content.update(input=[]),
    ],
)
def test_damaged_runs_are_refused(tmp_path: Path, change: Any) -> None:
    with pytest.raises(StoredReadingsError):
        read_run(stored(tmp_path, changed(change)))


def test_missing_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError):
        read_run(tmp_path / "none")
    with pytest.raises(StoredReadingsError, match=r"run\.json"):
        read_run(tmp_path)


def test_retable_refuses_what_changes_the_readings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--fps"):
        read_report(stored(tmp_path, LEAST), {"fps": "5"})
