from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from emoreport.actions.reading import ActionReader, Ticks
from emoreport.errors import FaceStageError
from emoreport.records import (
    MEASURES,
    POSE,
    Box,
    FaceActions,
    Frame,
    ModelRecord,
    RgbImage,
    RgbPicture,
)
from emoreport.settings import ActionSettings

FACE = Box(20, 20, 20, 20)


class BrightSource:
    """Gives the mean brightness of a part as every value; a black part has no face."""

    record = ModelRecord("bright")

    def __init__(self, fails_at: int = -1) -> None:
        self.looks, self._fails_at = 0, fails_at

    def look(self, part: RgbImage) -> FaceActions | None:
        self.looks += 1
        if self.looks == self._fails_at:
            raise FaceStageError("faces.mediapipe", error="broken")
        value = float(part.mean())
        return FaceActions((value,) * 3, dict.fromkeys(MEASURES, value)) if value else None

    def close(self) -> None:
        """Nothing is open."""


def frame(index: int, rate_hz: float, level: int = 100, *, is_read: bool = True) -> Frame:
    picture = np.full((64, 64, 3), level, np.uint8)
    return Frame(index, round(index / rate_hz, 3), RgbPicture(picture), is_read=is_read)


def read(frames: Sequence[tuple[Frame, Box | None]], settings: ActionSettings):
    with ActionReader(BrightSource(), settings) as reader:
        for each, box in frames:
            reader.see(each, box)
        return reader.track()


def show(reader: ActionReader, frames: int) -> None:
    for k in range(frames):
        reader.see(frame(k, 10.0), FACE)


@pytest.mark.parametrize("rate_hz", [24.0, 25.0, 29.97, 30.0])
def test_the_eyes_of_every_frame_are_watched_up_to_30_hz(rate_hz: float) -> None:
    frames = [(frame(k, rate_hz), FACE) for k in range(100)]
    track = read(frames, ActionSettings(actions=True))
    assert len(track.eyes) == 100
    assert len(track) == pytest.approx(10 * 100 / rate_hz, abs=1)
    assert np.diff(track.time_s).max() < 0.16


def test_of_fast_videos_some_frames_are_passed_over() -> None:
    track = read([(frame(k, 60.0), FACE) for k in range(120)], ActionSettings(actions=True))
    assert len(track.eyes) == 60


def test_a_rate_of_its_own() -> None:
    frames = [(frame(k, 25.0), FACE) for k in range(50)]
    track = read(frames, ActionSettings(actions=True, action_rate_hz=5.0, blinks=False))
    assert len(track) == 10
    assert track.eyes is None


def test_ticks_forgive_time_stamps_of_whole_milliseconds() -> None:
    ticks = Ticks(30.0)
    assert all(ticks.take(math.floor(1000 * k / 30) / 1000) for k in range(300))


def test_without_a_face_everything_is_unknown() -> None:
    frames = [(frame(k, 10.0), None if k == 3 else FACE) for k in range(6)]
    track = read(frames, ActionSettings(actions=True))
    assert track.seen.tolist() == [True, True, True, False, True, True]
    assert all(np.isnan(track.values[name][3]) for name in (*POSE, *MEASURES))
    assert np.isnan(track.eyes.opening[3])


def test_in_frames_that_are_not_read_the_face_is_where_it_was_for_a_while() -> None:
    frames = [(frame(0, 10.0), FACE)]
    frames += [(frame(k, 10.0, is_read=False), None) for k in range(1, 9)]
    track = read(frames, ActionSettings(actions=True))
    assert track.seen.tolist() == [True] * 6 + [False] * 3


def test_what_goes_wrong_in_the_thread_reaches_whoever_gives_frames_or_asks() -> None:
    with ActionReader(BrightSource(fails_at=2), ActionSettings(actions=True)) as reader:
        with pytest.raises(FaceStageError, match="broken"):
            show(reader, 200)
        with pytest.raises(FaceStageError, match="broken"):
            reader.track()


def test_leaving_ends_the_thread_without_waiting_for_what_is_left() -> None:
    with ActionReader(BrightSource(), ActionSettings(actions=True)) as reader:
        reader.see(frame(0, 10.0), FACE)
    assert not reader._thread.is_alive()
