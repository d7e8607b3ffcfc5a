from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import MediaError
from emoreport.media import open_video, probe
from emoreport.overlay.recut import Cut, recut
from emoreport.records import Span
from tests.fixtures import media
from tests.fixtures.media import Film, read_number, steady_times, tone, write_media
from tests.fixtures.rendered import click_times, flash_times, flashes_and_clicks


def as_it_is(rgb: np.ndarray, time_s: float) -> np.ndarray:
    del time_s
    return rgb


def cut(video: Path, *spans: Span | None, **values) -> list[list[tuple[int, float]]]:
    """Numbers and times of the frames of every cut."""
    targets = [video.with_name(f"cut-{place}.mp4") for place in range(len(spans))]
    recut(
        video,
        [
            Cut(target, as_it_is, None if span is None else (span,))
            for target, span in zip(targets, spans, strict=True)
        ],
        **values,
    )
    found = []
    for target in targets:
        with open_video(target) as source:
            found.append([(read_number(frame.rgb), frame.time_s) for frame in source])
    return found


def numbers(frames: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in frames]


def test_a_cut_at_frame_times_holds_exactly_these_frames(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=3.0)
    (frames,) = cut(video, Span(1.0, 2.0))
    assert numbers(frames) == list(range(25, 50))
    assert [time_s for _, time_s in frames] == pytest.approx(steady_times(1.0), abs=1e-3)


def test_bounds_rounded_to_milliseconds_are_the_frames_themselves(tmp_path: Path) -> None:
    times_s = [number / 30 for number in range(60)]
    video = media.variable_rate(tmp_path / "a.mp4", times_s)
    (frames,) = cut(video, Span(round(times_s[10], 3), round(times_s[20], 3)))
    assert numbers(frames) == list(range(10, 20))


def test_a_cut_begins_with_the_picture_on_screen_at_its_start(tmp_path: Path) -> None:
    video = media.variable_rate(tmp_path / "a.mp4", [0.0, 0.5, 1.5, 2.0])
    (frames,) = cut(video, Span(0.8, 1.7))
    assert numbers(frames) == [1, 2]
    assert [time_s for _, time_s in frames] == pytest.approx([0.0, 0.7], abs=1e-3)


def test_the_last_picture_of_a_cut_is_shown_to_its_end(tmp_path: Path) -> None:
    video = media.variable_rate(tmp_path / "a.mp4", [0.0, 0.5, 1.5, 2.0, 2.5])
    cut(video, Span(0.5, 1.9))
    with open_video(tmp_path / "cut-0.mp4") as source:
        list(source)
        assert source.outcome.duration_s == pytest.approx(1.4, abs=1e-3)


def test_a_cut_within_one_picture_is_that_picture(tmp_path: Path) -> None:
    video = media.variable_rate(tmp_path / "a.mp4", [0.0, 1.0, 3.0])
    for span, number in ((Span(1.2, 1.4), 1), (Span(3.01, 3.02), 2)):
        (frames,) = cut(video, span)
        assert frames == [(number, 0.0)]


def test_a_cut_beyond_the_picture_has_its_sound_and_the_last_picture(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=1.0, sound=tone(4.0))
    (frames,) = cut(video, Span(2.0, 3.5))
    assert frames == [(24, 0.0)]
    info = probe(tmp_path / "cut-0.mp4")
    lengths = [stream.duration_s for stream in info.streams]
    assert lengths == pytest.approx([1.5, 1.5], abs=0.03)


def test_overlapping_cuts_are_written_in_one_pass(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=3.0, sound=tone(3.0))
    found = cut(video, Span(0.4, 1.6), Span(0.8, 1.2), None, Span(1.0, 3.0))
    expected = [range(10, 40), range(20, 30), range(75), range(25, 75)]
    assert [numbers(frames) for frames in found] == [list(one) for one in expected]


def test_sound_is_cut_with_the_picture(tmp_path: Path) -> None:
    times_s = steady_times(4.0)
    video = flashes_and_clicks(tmp_path / "sync.mp4", (1.0, 2.0, 3.0), times_s)
    targets = [tmp_path / f"{place}.mp4" for place in range(2)]
    spans = (Span(0.6, 2.4), Span(1.72, 3.4))
    recut(video, [Cut(t, as_it_is, (s,)) for t, s in zip(targets, spans, strict=True)])
    for target, expected in zip(targets, ((0.4, 1.4), (0.28, 1.28)), strict=True):
        assert flash_times(target) == pytest.approx(expected, abs=1e-3)
        assert click_times(target) == pytest.approx(expected, abs=0.01)


def test_sound_that_starts_late_stays_late_in_a_cut(tmp_path: Path) -> None:
    video = media.late_audio(tmp_path / "late.mp4", delay_s=0.5)
    cut(video, Span(0.2, 1.5))
    path = tmp_path / "cut-0.mp4"
    assert click_times(path)[0] == pytest.approx(0.3, abs=0.03)
    assert probe(path).duration_s == pytest.approx(1.3, abs=0.05)


def test_each_picture_is_prepared_once_before_it_is_drawn_on(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=1.0)
    prepared: list[float] = []
    drawn: list[float] = []

    def prepare(rgb: np.ndarray, time_s: float) -> np.ndarray:
        prepared.append(round(time_s, 3))
        return 255 - rgb

    def draw(rgb: np.ndarray, time_s: float) -> np.ndarray:
        drawn.append(round(time_s, 3))
        assert rgb[100, 20, 0] < 100  # red is inverted
        return rgb

    spans = (Span(0.2, 0.6), Span(0.4, 0.8))
    cuts = [Cut(tmp_path / f"{place}.mp4", draw, (span,)) for place, span in enumerate(spans)]
    recut(video, cuts, prepare=prepare)
    assert prepared == pytest.approx([0.04 * number for number in range(5, 20)])
    assert len(drawn) == 20


def test_reading_ends_with_the_last_cut(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=4.0)
    target = tmp_path / "b.mp4"
    outcome = recut(video, [Cut(target, as_it_is, (Span(0.0, 0.4),))])
    assert outcome.frames < 20


def test_a_cut_tells_when_it_is_whole(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=1.0)
    target = tmp_path / "b.mp4"
    sizes: list[int] = []
    recut(
        video, [Cut(target, as_it_is, (Span(0.2, 0.6),), lambda: sizes.append(len(frames(target))))]
    )
    assert sizes == [10]


def frames(path: Path) -> list[float]:
    with open_video(path) as source:
        return [frame.time_s for frame in source]


def test_an_error_deletes_what_was_not_finished_and_keeps_the_rest(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=2.0)

    def failing(rgb: np.ndarray, time_s: float) -> np.ndarray:
        if time_s > 1.0:
            raise KeyboardInterrupt
        return rgb

    done, broken = tmp_path / "done.mp4", tmp_path / "broken.mp4"
    cuts = [Cut(done, as_it_is, (Span(0.0, 0.4),)), Cut(broken, failing, (Span(0.2, 1.8),))]
    with pytest.raises(KeyboardInterrupt):
        recut(video, cuts)
    assert len(frames(done)) == 10
    assert not broken.exists()


def test_a_recording_that_changes_its_size_keeps_the_first_one(tmp_path: Path) -> None:
    parts = []
    for number, size_px in enumerate(((160, 120), (320, 240))):
        times_s = [number + at_s for at_s in steady_times(1.0)]
        film = Film(times_s, size_px=size_px, first_number=25 * number)
        parts.append(write_media(tmp_path / f"{number}.ts", [film]).read_bytes())
    video = tmp_path / "call.ts"
    video.write_bytes(b"".join(parts))
    with open_video(video) as source:
        originals = [(frame.rgb.shape, read_number(frame.rgb)) for frame in source]
    assert len({shape for shape, _ in originals}) == 2
    (frames,) = cut(video, None)
    assert numbers(frames) == [number for _, number in originals]


def test_what_is_no_video_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        recut(media.text_file(tmp_path / "a.mp4"), [Cut(tmp_path / "b.mp4", as_it_is)])
    assert not (tmp_path / "b.mp4").exists()


# --------------------------------------------------------------------------- joined parts


def joined(video: Path, *spans: Span) -> list[tuple[int, float]]:
    """Numbers and times of the frames of one cut of several parts."""
    target = video.with_name("joined.mp4")
    recut(video, [Cut(target, as_it_is, spans)])
    with open_video(target) as source:
        return [(read_number(frame.rgb), frame.time_s) for frame in source]


def test_parts_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    video = media.constant_rate(tmp_path / "a.mp4", seconds=3.0)
    frames = joined(video, Span(0.2, 0.4), Span(0.4, 0.6), Span(2.0, 2.4))
    assert numbers(frames) == [*range(5, 15), *range(50, 60)]
    assert [time_s for _, time_s in frames] == pytest.approx(steady_times(0.8), abs=1e-3)


def test_a_part_between_two_frames_holds_the_picture_on_screen(tmp_path: Path) -> None:
    video = media.variable_rate(tmp_path / "a.mp4", [0.0, 0.5, 1.5, 2.0])
    frames = joined(video, Span(0.1, 0.3), Span(0.6, 0.8), Span(0.9, 1.7), Span(2.01, 2.02))
    assert numbers(frames) == [0, 1, 1, 2, 3]
    assert [at for _, at in frames] == pytest.approx([0.0, 0.2, 0.4, 1.0, 1.2], abs=1e-3)


def test_the_sound_of_joined_parts_stays_with_its_pictures(tmp_path: Path) -> None:
    at_s = (0.4, 1.2, 2.0, 2.8)
    video = flashes_and_clicks(tmp_path / "a.mp4", at_s, steady_times(3.4))
    target = tmp_path / "joined.mp4"
    recut(video, [Cut(target, as_it_is, (Span(0.2, 0.6), Span(1.0, 1.4), Span(2.6, 3.0)))])
    assert flash_times(target) == pytest.approx([0.2, 0.6, 1.0], abs=1e-3)
    assert click_times(target) == pytest.approx([0.2, 0.6, 1.0], abs=0.03)
    assert probe(target).duration_s == pytest.approx(1.2, abs=0.05)
