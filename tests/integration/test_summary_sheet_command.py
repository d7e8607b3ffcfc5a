from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoreport.faces.detectors import has_solutions
from emoreport.overlay.contact_sheet import CARD_PX, GAP_PX, MARGIN_PX
from emoreport.overlay.stills import head_area
from emoreport.records import Box
from emoreport.run.folder import content_sha256
from tests.fixtures import media
from tests.fixtures.media import read_number, tone
from tests.fixtures.readings import peaked, speech_track, track_of
from tests.fixtures.rendered import frames_of, results_for
from tests.fixtures.stored import store
from tests.integration.conftest import Emoreport

SHOWN = (
    ("happiness", 0.0, 1.0, 0.7),
    ("sadness", 1.0, 3.0, 0.8),
    ("happiness", 3.0, 3.6, 0.9),
    (None, 3.6, 4.4, 0.9),
    ("sadness", 4.4, 5.0, 0.95),
)
"""Emotion, start, end, probability; in `PEAKS_S` it is 0.03 higher."""
PEAKS_S = (0.4, 2.2, 3.2, 4.8)
BOX = Box(40, 30, 60, 60)
CUES = (
    "1\n00:00:01,200 --> 00:00:02,800\n<b>Очень</b> грустная\nистория\n\n"
    "2\n00:00:03,100 --> 00:00:03,500\nда\n"
)


@pytest.fixture
def talk(emoreport: Emoreport) -> tuple[Path, Path]:
    """Five seconds: two stretches of either emotion, none of them when no face is seen."""
    video = media.constant_rate(Path("talk.mp4"), seconds=5.0, sound=tone(5.0))
    return stored(video, Path("results")), video


def stored(video: Path, folder: Path, shown=SHOWN) -> Path:
    times_s = [number / 25 for number in range(125)]
    rows = []
    for at in times_s:
        label, _, _, peak = next(one for one in shown if at < one[2])
        rows.append(peaked(label, peak=peak + 0.03 * (round(at, 3) in PEAKS_S)))
    faces = track_of(times_s, rows)
    faces.box[faces.valid] = (BOX.x, BOX.y, BOX.width, BOX.height)
    return store(
        folder,
        faces,
        speech_track(["happiness"] * 5, peak=0.9),
        5.0,
        name=video.name,
        digest=content_sha256(video),
        smoothing=0.0,
        min_interval=0.1,
        abstention="off",
    )


def words_of(path: Path) -> str:
    """All words of a sheet, as it holds them for programs that read pictures aloud."""
    return Image.open(path).text["Description"]


def stills_of(path: Path, cards: int) -> list[np.ndarray]:
    """The stills of the first band of a sheet."""
    sheet = np.asarray(Image.open(path)).astype(int)
    # Nothing else has ink in so many rows of pixels one after the other.
    inked = (sheet[:, MARGIN_PX : MARGIN_PX + CARD_PX] != 255).any(axis=(1, 2))
    starts = np.flatnonzero(np.convolve(inked, np.ones(CARD_PX), "valid") == CARD_PX)
    lefts = [MARGIN_PX + card * (CARD_PX + GAP_PX) for card in range(cards)]
    top = int(starts[0])
    return [sheet[top : top + CARD_PX, left : left + CARD_PX] for left in lefts]


def test_the_longest_rows_are_shown_with_all_that_is_known(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    folder, _ = talk
    Path("talk.srt").write_text(CUES, encoding="utf-8")
    assert emoreport("retable", folder, "--transcript", "talk.srt", "--text", "none").code == 0
    outcome = emoreport("summary-sheet", folder)
    assert outcome.code == 0, outcome.err
    assert "stills: 4" in outcome.out
    lines = words_of(folder / "summary_sheet.png").splitlines()
    assert lines[0] == "What the face showed: talk.mp4"
    assert lines[3] == "happiness: 1.6 s, intervals: 2, shown: 2"
    first, second = lines[4:6]
    assert first.startswith(
        "0:00.00–0:01.00 · 1.00 s; mean probability 0.70; in the still (0:00.40)"
    )
    assert second.startswith("0:03.00–0:03.60 · 0.60 s; mean probability 0.90")
    assert second.endswith("voice: happiness; “да”")
    assert lines[6] == "sadness: 2.6 s, intervals: 2, shown: 2"
    assert lines[7].endswith("≠ voice: happiness; “Очень грустная история”")
    assert "0:02.20" in lines[7]
    assert "not what the person feels" in lines[-1]
    assert "no face" not in "".join(lines[:-3])


def test_the_strongest_rows_come_first_where_that_is_asked_for(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    options = ("--by", "strength", "--per-emotion", "1")
    assert emoreport("summary-sheet", *talk, *options).code == 0
    lines = words_of(talk[0] / "summary_sheet.png").splitlines()
    assert [line[:15] for line in lines if line.startswith("0:")] == [
        "0:03.00–0:03.60",
        "0:04.40–0:05.00",
    ]


def test_the_stills_are_the_frames_of_the_highest_probability(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    folder, video = talk
    assert emoreport("summary-sheet", folder, video, "--per-emotion", "1").code == 0
    frames = frames_of(video)
    area = head_area(BOX, frames[0].shape[1::-1])
    expected = [area.inside(frames[round(at * 25)]).astype(int) for at in (0.4, 2.2)]
    stills = stills_of(folder / "summary_sheet.png", 2)
    for still, crop in zip(stills, expected, strict=True):
        shrunk = np.asarray(
            Image.fromarray(still.astype(np.uint8)).resize(crop.shape[1::-1], Image.Resampling.BOX)
        )
        assert np.abs(shrunk - crop).mean() < 6
    # The two differ in the number that the pictures carry, so one is not the other.
    assert np.abs(stills[0] - stills[1]).mean() > 3


def test_the_sheet_speaks_russian(emoreport: Emoreport, talk: tuple[Path, Path]) -> None:
    outcome = emoreport("summary-sheet", *talk, "--lang", "ru")
    assert "готово (снимков: 4)" in outcome.out
    lines = words_of(talk[0] / "summary_sheet.png").splitlines()
    assert lines[3] == "радость: 1,6 с, интервалов: 2, показано: 2"
    assert "голос: радость" in lines[4]
    assert "а не то, что человек чувствует" in lines[-1]


def test_a_clip_joins_the_rows_in_order_of_time_about_their_strongest_frames(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    folder, video = talk
    options = ("--clip", "--clip-length", "0.8", "--out", "examples.png")
    outcome = emoreport("summary-sheet", folder, video, *options)
    assert outcome.code == 0, outcome.err
    assert "examples.mp4: written (passages: 4)" in outcome.out
    # 0–0.8 about 0.4, 1.8–2.6 about 2.2, and the whole of the two shorter rows.
    expected = [*range(20), *range(45, 65), *range(75, 90), *range(110, 125)]
    assert [read_number(rgb) for rgb in frames_of(Path("examples.mp4"))] == expected
    assert emoreport("summary-sheet", folder, video, *options).code == 1


def test_a_video_names_its_results_in_the_usual_folder(emoreport: Emoreport) -> None:
    video = media.constant_rate(Path("talk.mp4"), seconds=5.0, sound=tone(5.0))
    outcome = emoreport("summary-sheet", video)
    assert outcome.code == 2
    assert "emoreport analyze" in outcome.errors[0]
    folder = stored(video, Path("statistics/talk"))
    assert emoreport("summary-sheet", video).code == 0
    assert (folder / "summary_sheet.png").is_file()
    assert emoreport("summary-sheet", video, "--video", video, "--overwrite").code == 2


def test_hidden_words_are_not_on_it(emoreport: Emoreport, talk: tuple[Path, Path]) -> None:
    folder, _ = talk
    Path("talk.srt").write_text(CUES, encoding="utf-8")
    options = ("--transcript", "talk.srt", "--text", "none", "--no-text")
    assert emoreport("retable", folder, *options).code == 0
    assert emoreport("summary-sheet", folder).code == 0
    said = words_of(folder / "summary_sheet.png")
    assert "история" not in said
    assert "“" not in said


@pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face mesh")
def test_a_sheet_hides_faces_too(emoreport: Emoreport, talk: tuple[Path, Path]) -> None:
    outcome = emoreport("summary-sheet", *talk, "--mesh-only")
    assert outcome.code == 0
    assert "nothing of the picture is left" in outcome.err
    for still in stills_of(talk[0] / "summary_sheet.png", 2):
        assert np.abs(still - (24, 26, 30)).max() < 14  # no face in it, so plain ground


def test_a_talk_without_a_face_is_one_line(emoreport: Emoreport) -> None:
    video = media.no_audio(Path("talk.mp4"), seconds=0.4)
    folder = results_for(video, Path("results"), faceless=True)
    outcome = emoreport("summary-sheet", folder)
    assert outcome.code == 1
    assert "no interval of the face names an emotion" in outcome.errors[0]
    assert not (folder / "summary_sheet.png").exists()


def test_a_name_that_means_harm_is_only_a_name(emoreport: Emoreport) -> None:
    name = "=cmd|'<script>\n\x1b[31m&.mp4"
    video = media.no_audio(Path("plain.mp4"), seconds=0.4).rename(name)
    folder = results_for(video, Path("results"))
    outcome = emoreport("summary-sheet", folder, "--", video)
    assert outcome.code == 0, outcome.err
    said = words_of(folder / "summary_sheet.png")
    assert said.replace("\n", "").isprintable()
    assert "<script>\\n\\x1b[31m" in said


def test_a_sheet_that_is_there_is_replaced_only_when_asked(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    target = talk[0] / "summary_sheet.png"
    assert emoreport("summary-sheet", *talk).code == 0
    before = target.read_bytes()
    outcome = emoreport("summary-sheet", *talk, "--per-emotion", "1")
    assert outcome.code == 1
    assert "--overwrite" in outcome.errors[0]
    assert target.read_bytes() == before
    assert emoreport("summary-sheet", *talk, "--per-emotion", "1", "--overwrite").code == 0
    assert target.read_bytes() != before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--per-emotion", "0"], "1–12"),
        (["--by", "loudness"], "length|strength"),
        (["--out", "sheet.pdf"], ".png"),
        (["--clip", "--clip-length", "0"], "0.5–60"),
        (["--blur-face", "--mesh-only"], "exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    emoreport: Emoreport, talk: tuple[Path, Path], options: list[str], words: str
) -> None:
    outcome = emoreport("summary-sheet", *talk, *options)
    assert outcome.code == 2
    assert words in outcome.errors[0]


def test_another_video_is_taken_by_force_only_and_what_it_lacks_is_blank(
    emoreport: Emoreport, talk: tuple[Path, Path]
) -> None:
    other = media.no_audio(Path("other.mp4"), seconds=1.0)
    outcome = emoreport("summary-sheet", talk[0], other)
    assert outcome.code == 2
    assert "--force" in outcome.errors[0]
    outcome = emoreport("summary-sheet", talk[0], other, "--force")
    assert outcome.code == 0
    assert "not the video that was analysed" in outcome.warnings[0]
    assert (stills_of(talk[0] / "summary_sheet.png", 2)[1] == 235).all()
