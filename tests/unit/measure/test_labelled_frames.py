from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from emoreport.cli.app import run

SAMPLES = Path(__file__).parents[3] / "samples"


def evaluated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: list[str], *options: object
) -> dict:
    path = tmp_path / "frames.csv"
    path.write_text("video,time_s,emotion,x,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    arguments = ["evaluate", "face", path, "--face", "compact", "--json", *options]
    assert run([str(argument) for argument in arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_labelled_frames_are_cut_out_at_their_time_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["talk.mp4,7.2,happy,,", "talk.mp4,0,Neutral,,", "talk.mp4,10.8,sadness,,"]
    rows += ["talk.mp4,14.4,fear,,", "talk.mp4,7.2,joy,0.02,0.9", "other.mp4,1,fear,,"]
    rows += ["talk.mp4,7.2,bored,,", ",,,,"]
    document = evaluated(capsys, tmp_path, rows, "--videos", SAMPLES)
    # The slide at 14.4 s shows no face, and nobody is in the lower left corner.
    assert document["left_out"] == {"no face found": 2, "recording not found": 1, "bored": 1}
    assert document["items"] == 3
    assert document["confusion"]["happiness"]["happiness"] == 1
    assert document["confusion"]["neutral"]["neutral"] == 1
    (wrong,) = document["mistakes"]
    assert (wrong["video"], wrong["time_s"], wrong["emotion"]) == ("talk.mp4", 10.8, "sadness")
    assert wrong["answer"] == "surprise"
    assert document["groups"]["talk.mp4"]["items"] == 3
    assert document["mapped"]["happy"] == {"label": "happiness", "items": 1}


def test_recordings_beside_the_table_are_found_and_conditions_are_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(SAMPLES / "talk.mp4", tmp_path)
    document = evaluated(capsys, tmp_path, ["talk.mp4,7.2,happiness,0.5,0.5"], "--conditions")
    conditions = document["conditions"]
    assert conditions["as_it_is"]["accuracy"] == 1
    assert {row["items"] for row in conditions.values()} == {1}
    assert len(conditions) > 15


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("video,emotion\na.mp4,fear\n", "video, time_s and emotion"),
        ("video,time_s,emotion\na.mp4,soon,fear\n", "line 2"),
        ("video,time_s,emotion,x,y\na.mp4,1,fear,0.5,\n", "line 2"),
        ("video,time_s,emotion\na.mp4,1,fear\n", "1 recording not found"),
    ],
)
def test_tables_that_cannot_be_judged_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, cause: str
) -> None:
    path = tmp_path / "frames.csv"
    path.write_text(text)
    assert run(["evaluate", "face", str(path), "--face", "compact"]) == 2
    assert cause in capsys.readouterr().err


def test_conditions_of_an_npz_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    path = tmp_path / "faces.npz"
    images = np.random.default_rng(0).integers(0, 255, (3, 48, 48), dtype=np.uint8)
    np.savez(path, images=images, labels=np.array(["happy", "sad", "angry"]))
    assert run(["evaluate", "face", str(path), "--face", "compact", "--conditions"]) == 0
    printed = capsys.readouterr().out
    assert "yaw 45 deg" in printed
    assert "mouth open" in printed
