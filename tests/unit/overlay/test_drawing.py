from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from emoreport.overlay.caption import Caption
from emoreport.overlay.drawing import Overlay, clock_text, ink_on, letter_size, rgb_of
from emoreport.overlay.lettering import digits, lay, letters, shortened, text_width
from emoreport.overlay.moments import Moments
from emoreport.overlay.passages import strongest_mismatches
from emoreport.vocabulary import ALL_LABELS
from tests.fixtures.readings import face_track, peaked, speech_track, track_of
from tests.fixtures.results import MadeFindings, analysis

SIZE_PX = (640, 480)
MATCH_S, MISMATCH_S, GAP_S, DOUBT_S = 0.5, 1.5, 2.2, 3.0


def findings(**values) -> MadeFindings:
    """A match, a mismatch, a gap and an abstention; the face is at (100, 80), 120 px wide."""
    faces = face_track(("happiness", 1.0), ("sadness", 1.0), (None, 0.32), ("neutral", 1.0))
    speech = speech_track(["happiness", None])
    whole = MadeFindings(analysis(), faces, speech)
    return dataclasses.replace(whole, **values)


def picture(size_px: tuple[int, int] = SIZE_PX, level: int = 120) -> np.ndarray:
    return np.full((size_px[1], size_px[0], 3), level, np.uint8)


def drawn(time_s: float, *, lang: str = "en", size_px=SIZE_PX, of: MadeFindings | None = None):
    return Overlay(of or findings(), size_px, lang).draw(picture(size_px), time_s)


def count(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((image == colour).all(axis=2).sum())


# --------------------------------------------------------------------------- moments


def test_a_moment_holds_the_reading_and_the_rows_of_its_time() -> None:
    moment = Moments(findings()).at(MISMATCH_S)
    assert moment.box is not None
    assert (moment.box.x, moment.box.y, moment.box.width) == (100, 80, 120)
    assert moment.face_scores.argmax() == list(findings().faces.labels).index("sadness")
    assert (moment.video.emotion, moment.audio.emotion) == ("sadness", "happiness")
    assert moment.is_mismatch


def test_rows_are_half_open() -> None:
    moments, rows = Moments(findings()), analysis().video_intervals
    for row in rows:
        assert moments.at(row.span.start_s).video == row
        assert moments.at(row.span.end_s - 0.002).video == row


def test_a_frame_just_before_a_rounded_time_is_the_frame_of_it() -> None:
    faces = track_of([0.0, 0.033, 0.067], [peaked(one) for one in ("fear", "anger", "fear")])
    moments = Moments(findings(faces=faces))
    assert moments.at(1 / 30 - 0.0005).face_scores.argmax() == faces.labels.index("anger")
    assert moments.at(2 / 30).face_scores.argmax() == faces.labels.index("fear")


def test_a_reading_stands_until_the_next_one_at_a_low_rate() -> None:
    faces = track_of([0.0, 0.2, 0.4], [peaked("fear")] * 3)
    moments = Moments(findings(faces=faces))
    assert moments.at(0.19).box is not None
    assert moments.at(0.39).box is not None


def test_a_reading_does_not_stand_where_frames_were_lost() -> None:
    faces = track_of([0.0, 0.04, 0.08, 5.0], [peaked("fear")] * 4)
    moments = Moments(findings(faces=faces))
    assert moments.at(0.1).box is not None
    assert moments.at(3.0).box is None


def test_a_frame_without_a_face_has_neither_box_nor_scores() -> None:
    moment = Moments(findings()).at(GAP_S)
    assert moment.box is None
    assert moment.face_scores is None
    assert not moment.is_mismatch


def test_past_the_end_nothing_is_known() -> None:
    moment = Moments(findings()).at(99.0)
    assert (moment.box, moment.video, moment.audio, moment.comparison) == (None,) * 4


def test_a_talk_without_rows_or_readings_gives_empty_moments() -> None:
    nothing = dataclasses.replace(
        analysis(), video_intervals=(), audio_intervals=(), comparisons=()
    )
    empty = findings(analysis=nothing, faces=track_of([], np.zeros((0, 8))))
    assert Moments(empty).at(0.5).video is None
    assert Overlay(empty, SIZE_PX, "en").draw(picture(), 0.5).shape == picture().shape


# --------------------------------------------------------------------------- overlay


def test_the_picture_given_is_not_changed() -> None:
    given = picture()
    given.setflags(write=False)
    Overlay(findings(), SIZE_PX, "en").draw(given, MISMATCH_S)
    assert (given == 120).all()


def test_the_box_is_drawn_about_the_face_in_the_colour_of_its_row() -> None:
    image = drawn(MISMATCH_S)
    for x, y in ((160, 80), (160, 199), (100, 140), (219, 140)):
        assert tuple(image[y, x]) == rgb_of("sadness"), (x, y)
    assert (image[120:180, 130:190] == 120).all()  # the face itself stays free


def test_without_a_face_there_is_no_box() -> None:
    image = drawn(GAP_S)
    assert (image[81:200, 60:260] == 120).all()


def test_bars_are_as_long_as_the_probabilities() -> None:
    lengths = {}
    for share in (0.25, 0.5, 1.0):
        rows = [peaked("fear", peak=share)] * 80
        faces = track_of([number / 25 for number in range(80)], rows)
        image = drawn(MATCH_S, of=findings(faces=faces))
        row = np.flatnonzero((image == rgb_of("fear")).all(axis=2).sum(axis=1))
        lengths[share] = int((image[row[0]] == rgb_of("fear")).all(axis=1).sum())
    # The voice's bar for the same emotion adds a constant.
    steps = (lengths[0.5] - lengths[0.25], lengths[1.0] - lengths[0.5])
    assert steps[0] > 10
    assert steps[1] == pytest.approx(2 * steps[0], abs=2)


def test_the_bars_stand_on_the_side_away_from_the_face() -> None:
    changed = (drawn(GAP_S) != picture()).any(axis=2)[:100]
    assert changed[:, 400:].any()  # the face is on the left
    assert not changed[:, :300].any()
    faces = findings().faces
    box = faces.box.copy()
    box[:, 0] += 350
    changed = (drawn(GAP_S, of=findings(faces=dataclasses.replace(faces, box=box))) != 120)[:100]
    assert changed[:, :240].any()
    assert not changed[:, 400:].any()


def test_a_mismatch_is_flagged_and_nothing_else_is() -> None:
    flag = (176, 0, 32)
    assert count(drawn(MISMATCH_S), flag) > 1000
    for time_s in (MATCH_S, GAP_S, DOUBT_S):
        assert count(drawn(time_s), flag) == 0


def test_the_strip_shows_both_modalities_beside_the_present_moment() -> None:
    strip = drawn(MATCH_S)[-70:]
    assert count(strip, rgb_of("happiness")) > 500
    assert count(strip, rgb_of("sadness")) > 300
    far = drawn(99.0)[-70:]
    assert count(far, rgb_of("happiness")) == 0


def test_the_time_runs() -> None:
    overlay = Overlay(findings(), SIZE_PX, "en")
    first, second = (overlay.draw(picture(), time_s) for time_s in (0.50, 0.51))
    rows, columns = np.nonzero((first != second).any(axis=2))
    assert rows.min() > 400
    assert columns.max() > 560


def test_words_are_those_of_the_language() -> None:
    assert (drawn(MISMATCH_S, lang="en") != drawn(MISMATCH_S, lang="ru")).any()


@pytest.mark.parametrize(
    "size_px", [(1, 1), (16, 2000), (2000, 16), (160, 120), (161, 121), (450, 450), (720, 1280)]
)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_pictures_of_any_size_can_be_drawn_on(size_px: tuple[int, int], lang: str) -> None:
    for time_s in (MATCH_S, MISMATCH_S, GAP_S, DOUBT_S):
        assert drawn(time_s, size_px=size_px, lang=lang).shape == picture(size_px).shape


def test_at_least_half_of_the_picture_stays_as_it_is() -> None:
    for size_px in ((1280, 720), (640, 480), (450, 450), (720, 1280), (160, 120)):
        changed = (drawn(MISMATCH_S, size_px=size_px) != 120).any(axis=2)
        assert changed.mean() < 0.5, size_px


def test_a_voice_that_was_not_judged_has_no_bars() -> None:
    silent = dataclasses.replace(analysis(), audio_intervals=(), comparisons=())
    with_voice, without = drawn(MATCH_S), drawn(MATCH_S, of=findings(analysis=silent))
    corner = np.s_[:200, 320:]
    orange = rgb_of("happiness")
    assert count(without[corner], orange) < count(with_voice[corner], orange)


# --------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("time_s", "hours", "expected"),
    [
        (0.0, False, "0:00.00"),
        (59.999, False, "0:59.99"),
        (61.5, False, "1:01.50"),
        (3661.25, True, "1:01:01.25"),
        (0.29, False, "0:00.29"),
    ],
)
def test_times_are_written_as_clocks_do(time_s: float, hours: bool, expected: str) -> None:
    assert clock_text(time_s, hours=hours) == expected


@pytest.mark.parametrize("label", ALL_LABELS)
def test_names_can_be_read_on_their_colour(label: str) -> None:
    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [c / 255 for c in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(rgb_of(label)), luminance(ink_on(label))])
    assert (high + 0.05) / (low + 0.05) > 4.0


def test_letters_grow_with_the_picture_within_limits() -> None:
    sizes = [letter_size((round(h * 16 / 9), h)) for h in (90, 360, 720, 1080, 4320)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 9
    assert sizes[-1] == 44


def test_cyrillic_letters_are_drawn_and_differ() -> None:
    masks = [letters(sign, 20) for sign in "жщя"]
    assert all(mask.max() > 200 for mask in masks)
    boxes = {mask.tobytes() for mask in masks}
    missing = letters("\U000f1234", 20).tobytes()
    assert len(boxes) == 3
    assert missing not in boxes


def test_numbers_do_not_jump() -> None:
    widths = {digits(f"0:0{number}.{number}{number}", 18).shape for number in range(10)}
    assert len(widths) == 1


def test_words_that_do_not_fit_are_shortened() -> None:
    words = "воодушевление"
    assert shortened(words, 16, 1000) == words
    short = shortened(words, 16, 60)
    assert short.endswith("…")
    assert text_width(short, 16) <= 60
    assert shortened(words, 16, 5) == ""


@pytest.mark.parametrize(("x", "y"), [(-5, -5), (95, 95), (-500, 0), (0, 500)])
def test_letters_that_leave_the_picture_are_cut_off(x: int, y: int) -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    lay(image, np.full((20, 20), 255, np.uint8), x, y, (255, 255, 255))
    shown_x = max(0, min(100, x + 20) - max(0, x))
    shown_y = max(0, min(100, y + 20) - max(0, y))
    assert (image == 255).all(axis=2).sum() == shown_x * shown_y


# --------------------------------------------------------------------------- caption


def test_a_caption_tells_the_lead_in_from_the_passage() -> None:
    (passage,) = strongest_mismatches(analysis(), 10)
    caption = Caption(passage, 1, "en")
    red = (255, 70, 70)
    before, within = (caption.draw(picture(), at) for at in (0.5, MISMATCH_S))
    assert count(before, red) == 0
    assert count(within, red) > 100
    assert (within[:380] == 120).all()


@pytest.mark.parametrize("size_px", [(1, 1), (160, 120), (2000, 16), (1920, 1080)])
def test_a_caption_fits_any_picture(size_px: tuple[int, int]) -> None:
    (passage,) = strongest_mismatches(analysis(), 10)
    image = Caption(passage, 1, "ru").draw(picture(size_px), MISMATCH_S)
    assert image.shape == picture(size_px).shape
