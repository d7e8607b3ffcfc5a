from __future__ import annotations

import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from emoreport.faces.detectors import has_solutions
from emoreport.media import open_video
from emoreport.overlay.caption import Caption
from tests.fixtures import media
from tests.fixtures.media import read_number, tone
from tests.fixtures.readings import peaked, speech_track, track_of
from tests.fixtures.rendered import frames_of
from tests.fixtures.results_on_disk import rows
from tests.fixtures.stored import store
from tests.integration.conftest import Emoreport

FACE = ("neutral", "happiness", "sadness", "happiness", "fear")
PEAKS = (0.9, 0.9, 0.95, 0.9, 0.7)
SECOND_S = 1.0


@pytest.fixture
def talk_of_five(emoreport: Emoreport) -> tuple[Path, Path]:
    """Five seconds, each with another face, and a voice that is happy throughout."""
    video = media.constant_rate(Path("talk.mp4"), seconds=5.0, sound=tone(5.0))
    times_s = [number / 25 for number in range(125)]
    seen = [peaked(FACE[int(at)], peak=PEAKS[int(at)]) for at in times_s]
    faces = track_of(times_s, seen)
    faces.box[:] = (40, 30, 60, 60)
    from emoreport.run.folder import content_sha256

    folder = store(
        Path("results"),
        faces,
        speech_track(["happiness"] * 5, peak=0.9),
        5.0,
        digest=content_sha256(video),
        smoothing=0.0,
        min_interval=0.1,
        abstention="off",
    )
    return folder, video


def index(folder: Path) -> list[dict[str, str]]:
    return rows(folder / "index.csv")


def numbers(path: Path) -> list[int]:
    return [read_number(rgb) for rgb in frames_of(path)]


def test_the_strongest_mismatches_come_first(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    outcome = emoreport("clips", *talk_of_five)
    assert outcome.code == 0, outcome.err
    entries = index(talk_of_five[0] / "clips")
    assert [entry["video_emotion"] for entry in entries] == ["sadness", "neutral", "fear"]
    severities = [float(entry["severity"]) for entry in entries]
    assert severities == sorted(severities, reverse=True)
    assert {entry["audio_emotion"] for entry in entries} == {"happiness"}


def test_the_index_says_what_is_said(emoreport: Emoreport, talk_of_five: tuple[Path, Path]) -> None:
    folder, video = talk_of_five
    assert "text" not in index_after(emoreport, folder, video)[0]
    said = ("zero", "one", "<i>two</i>", "three", "a&lt;b")  # no language that is aligned
    cues = [f"{n}\n00:00:0{n},100 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(said)]
    Path("talk.srt").write_text("\n".join(cues), encoding="utf-8")
    assert emoreport("retable", folder, "--transcript", "talk.srt").code == 0
    texts = {entry["text"] for entry in index_after(emoreport, folder, video)}
    assert texts == {"zero", "two", "a<b"}
    page = (folder / "clips" / "index.html").read_text(encoding="utf-8")
    assert "<q>two</q>" in page
    assert "<q>a&lt;b</q>" in page
    assert emoreport("retable", folder, "--no-text").code == 0
    assert "text" not in index_after(emoreport, folder, video)[0]
    assert "два" not in (folder / "clips" / "index.html").read_text(encoding="utf-8")


def index_after(emoreport: Emoreport, folder: Path, video: Path) -> list[dict[str, str]]:
    """The index that `clips` writes."""
    outcome = emoreport("clips", folder, video, "--overwrite")
    assert outcome.code == 0, outcome.err
    return index(folder / "clips")


def test_a_clip_is_exact_to_the_frame(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    folder = Path("out")
    options = ("--no-caption", "--lead-in", "0.4", "--out", folder)
    assert emoreport("clips", *talk_of_five, *options).code == 0
    for entry in index(folder):
        start, clip_start, end = (float(entry[name]) for name in ("start", "clip_start", "end"))
        assert clip_start == pytest.approx(max(0.0, start - 0.4))
        expected = list(range(round(clip_start * 25), round(end * 25)))
        assert numbers(folder / entry["file"]) == expected


def test_only_the_asked_number_is_written(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    assert emoreport("clips", *talk_of_five, "--top", "1").code == 0
    folder = talk_of_five[0] / "clips"
    (entry,) = index(folder)
    assert {path.name for path in folder.iterdir()} == {"index.csv", "index.html", entry["file"]}


@pytest.mark.parametrize(
    ("options", "starts"),
    [
        (["--emotion", "happiness"], ["1.000", "3.000"]),
        (["--by", "emotion", "--emotion", "happiness", "--top", "1"], ["1.000"]),
        (["--emotion", "fear", "--modality", "face"], ["4.000"]),
        (["--emotion", "happiness", "--modality", "voice"], [f"{at}.000" for at in range(5)]),
    ],
)
def test_every_interval_of_an_emotion_becomes_a_clip(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path], options: list[str], starts: list[str]
) -> None:
    assert emoreport("clips", *talk_of_five, *options).code == 0
    assert [entry["start"] for entry in index(talk_of_five[0] / "clips")] == starts


def test_a_long_lead_in_makes_clips_overlap_and_each_is_whole(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    options = ("--emotion", "happiness", "--modality", "voice", "--lead-in", "60", "--no-caption")
    assert emoreport("clips", *talk_of_five, *options).code == 0
    entries = index(talk_of_five[0] / "clips")
    assert len(entries) == 5  # more than encoders may run at once
    for place, entry in enumerate(entries):
        expected = list(range(25 * (place + 1)))
        assert numbers(talk_of_five[0] / "clips" / entry["file"]) == expected


def test_the_caption_is_drawn_or_left_out(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    last: dict[str, np.ndarray] = {}
    for option in ("--caption", "--no-caption"):
        options = ("--top", "1", option, "--out", f"out{option}")
        assert emoreport("clips", *talk_of_five, *options).code == 0
        (entry,) = index(Path(f"out{option}"))
        last[option] = frames_of(Path(f"out{option}") / entry["file"])[-1].astype(int)
    changed = np.abs(last["--caption"] - last["--no-caption"]).max(axis=(1, 2))
    assert changed[90:].max() > 80
    assert changed[:70].max() < 40


def test_the_page_shows_every_clip_and_runs_nothing(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    folder, video = talk_of_five
    run = folder / "run.json"
    name = "<script>alert(1)</script>&.mp4"
    run.write_text(run.read_text(encoding="utf-8").replace('"talk.mp4"', f'"{name}"'), "utf-8")
    assert emoreport("clips", folder, video, "--lang", "ru").code == 0
    page = (folder / "clips" / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert 'lang="ru"' in page
    assert "грусть" in page
    sources = re.findall(r'src="([^"]+)"', page)
    assert sources == [entry["file"] for entry in index(folder / "clips")]
    assert all((folder / "clips" / source).is_file() for source in sources)


def test_a_talk_without_such_passages_gives_an_empty_index(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    outcome = emoreport("clips", *talk_of_five, "--emotion", "contempt")
    assert outcome.code == 0
    assert "no such passage" in outcome.out
    assert index(talk_of_five[0] / "clips") == []


def test_clips_that_are_there_are_replaced_only_when_asked(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    folder = talk_of_five[0] / "clips"
    assert emoreport("clips", *talk_of_five).code == 0
    (folder / "mine.mp4").write_bytes(b"a file of the user's")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    outcome = emoreport("clips", *talk_of_five, "--top", "1")
    assert outcome.code == 1
    assert "--overwrite" in outcome.errors[0]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert emoreport("clips", *talk_of_five, "--emotion", "fear", "--overwrite").code == 0
    (entry,) = index(folder)
    names = {"index.csv", "index.html", entry["file"], "mine.mp4"}
    assert {path.name for path in folder.iterdir()} == names


def test_an_interruption_keeps_finished_clips_and_leaves_no_half_ones(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, draw = count(), Caption.draw

    def failing(self: Caption, rgb: np.ndarray, time_s: float) -> np.ndarray:
        if next(calls) == 40:
            raise KeyboardInterrupt
        return draw(self, rgb, time_s)

    with monkeypatch.context() as patch:
        patch.setattr(Caption, "draw", failing)
        outcome = emoreport("clips", *talk_of_five, "--lead-in", "0")
    assert outcome.code == 130
    folder = talk_of_five[0] / "clips"
    (path,) = folder.iterdir()  # one clip of 25 frames was whole by then; no index
    assert len(frames_of(path)) == 25
    outcome = emoreport("clips", *talk_of_five, "--lead-in", "0", "--overwrite")
    assert outcome.code == 0
    assert len(index(folder)) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--emotion", "joy"], "no emotion 'joy'"),
        (["--modality", "face"], "needs --emotion"),
        (["--emotion", "fear", "--modality", "body"], "no modality"),
        (["--by", "emotion"], "needs --emotion"),
        (["--by", "mismatch", "--emotion", "fear"], "exclude each other"),
        (["--by", "length"], "--by takes"),
        (["--top", "0"], "--top cannot be '0'"),
        (["--lead-in", "-1"], "0–60"),
        (["--lead-in", "61"], "0–60"),
        (["--blur-face", "--mesh-only"], "exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path], options: list[str], words: str
) -> None:
    outcome = emoreport("clips", *talk_of_five, *options)
    assert outcome.code == 2
    assert words in outcome.errors[0]
    assert not (talk_of_five[0] / "clips").exists()


def test_another_video_is_refused(emoreport: Emoreport, talk_of_five: tuple[Path, Path]) -> None:
    other = media.no_audio(Path("other.mp4"))
    outcome = emoreport("clips", talk_of_five[0], other)
    assert outcome.code == 2
    assert "--force" in outcome.errors[0]


def test_a_file_in_the_place_of_the_folder_is_an_error(
    emoreport: Emoreport, talk_of_five: tuple[Path, Path]
) -> None:
    Path("out").write_text("not a folder")
    outcome = emoreport("clips", *talk_of_five, "--out", "out")
    assert outcome.code == 1
    assert "--out" in outcome.errors[0]


@pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face mesh")
def test_clips_hide_faces_too(emoreport: Emoreport, talk_of_five: tuple[Path, Path]) -> None:
    options = ("--top", "1", "--no-caption", "--mesh-only")
    assert emoreport("clips", *talk_of_five, *options).code == 0
    folder = talk_of_five[0] / "clips"
    (entry,) = index(folder)
    with open_video(folder / entry["file"]) as source:
        rgb = next(iter(source)).rgb
    assert np.abs(rgb.astype(int) - (24, 26, 30)).max() < 14  # no face in it, so plain ground
