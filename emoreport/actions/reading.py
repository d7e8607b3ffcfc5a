"""Look at the face at rates of its own while the emotions are read, in a thread of its own."""

from __future__ import annotations

import math
import threading
from array import array
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from emoreport.faces.channel import CancelledError, Channel
from emoreport.faces.mesh import face_surroundings
from emoreport.records import (
    MEASURES,
    POSE,
    ActionSource,
    ActionTrack,
    Box,
    EyeTrack,
    FloatArray,
    Frame,
    RgbImage,
)
from emoreport.records.actions import EYE_OPENING
from emoreport.settings import ActionSettings

EYE_RATE_HZ: Final = 30.0
"""Most looks at the eyes; a blink lasts a tenth of a second or more."""

PARTS_WAITING: Final = 32
PART_BYTES_WAITING: Final = 64 * 1024 * 1024

REMEMBERED_S: Final = 0.5
"""So long a face is looked for where it was last found, in frames that no detector searched."""

_EARLY: Final = 0.05
"""A moment this much of a tick before it serves it: time stamps are rounded to milliseconds."""

_COLUMNS: Final = (*POSE, *MEASURES)
_UNSEEN: Final = dict.fromkeys(_COLUMNS, math.nan)


class Ticks:
    """Takes one moment per tick k ÷ rate, the first that is not clearly before it.

    Parameters
    ----------
    rate_hz
        Ticks per second.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._next = 0

    def take(self, time_s: float) -> bool:
        """Whether a tick has come due since the last moment taken; moments come in order."""
        tick = math.floor(time_s * self._rate_hz + _EARLY)
        if tick < self._next:
            return False
        self._next = tick + 1
        return True


@dataclass(frozen=True, slots=True)
class _Part:
    """What is to be looked at: a part of a frame, None without a face."""

    time_s: float
    part: RgbImage | None
    whole: bool


class ActionReader:
    """Reads the actions of the face of one recording; a context manager that ends its thread.

    Parameters
    ----------
    source
        What measures them; stays open.
    settings
        The rate, and whether the eyes are watched at the rate of the video.

    Notes
    -----
    `see` comes from the thread that finds faces, everything else from the caller's. What waits
    between both is bounded.
    """

    def __init__(self, source: ActionSource, settings: ActionSettings) -> None:
        self._source = source
        self._rate_hz = settings.action_rate_hz
        self._whole = Ticks(self._rate_hz)
        self._eyes = Ticks(EYE_RATE_HZ) if settings.blinks else None
        self._box: Box | None = None
        self._box_s = -math.inf
        self._parts: Channel[_Part] = Channel(max_items=PARTS_WAITING, max_bytes=PART_BYTES_WAITING)
        self._time_s, self._eye_time_s = array("d"), array("d")
        self._values, self._openings = array("f"), array("f")
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="actions", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.cancel()
        self._thread.join()

    @property
    def fps(self) -> str:
        """Frames that it wants to see, as `open_video` takes them."""
        return f"{self._rate_hz:g}" if self._eyes is None else "every"

    def see(self, frame: Frame, box: Box | None) -> None:
        """Take note of a frame; frames come in order of time.

        Parameters
        ----------
        frame
            The frame; a part of its picture is copied.
        box
            The face of the speaker in its pixels; None where there is none. In a frame that is not
            read no faces were looked for: the face is taken to be where it last was.

        Raises
        ------
        FaceStageError
            When MediaPipe failed meanwhile.
        """
        time_s = frame.time_s
        if frame.is_read:
            self._box, self._box_s = box, time_s
        elif time_s - self._box_s <= REMEMBERED_S:
            box = self._box
        whole = self._whole.take(time_s)
        eyes = self._eyes is not None and self._eyes.take(time_s)
        if whole or eyes:
            part = None if box is None else face_surroundings(frame.picture, box)[0]
            try:
                self._parts.put(_Part(time_s, part, whole), 0 if part is None else part.nbytes)
            except CancelledError:
                if self._failure is not None:
                    raise self._failure from None
                raise

    def track(self) -> ActionTrack:
        """Wait for what is still to be looked at, and return everything.

        Raises
        ------
        FaceStageError
            When MediaPipe fails.
        """
        self._parts.close()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        table = _floats(self._values).reshape(len(self._time_s), len(_COLUMNS))
        eyes = None
        if self._eyes is not None:
            eyes = EyeTrack(np.array(self._eye_time_s, np.float64), _floats(self._openings))
        values = {name: table[:, column].copy() for column, name in enumerate(_COLUMNS)}
        return ActionTrack(np.array(self._time_s, np.float64), values, eyes)

    def _work(self) -> None:
        """Thread: look at the parts in order."""
        try:
            while (part := self._parts.get()) is not None:
                self._keep(part)
        except CancelledError:
            return
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._failure = error
            self._parts.cancel()

    def _keep(self, seen: _Part) -> None:
        found = None if seen.part is None else self._source.look(seen.part)
        values = _UNSEEN
        if found is not None:
            values = dict(zip(POSE, found.pose_deg, strict=True)) | dict(found.values)
        if seen.whole:
            self._time_s.append(seen.time_s)
            self._values.extend(values[name] for name in _COLUMNS)
        if self._eyes is not None:
            self._eye_time_s.append(seen.time_s)
            self._openings.append(values[EYE_OPENING])


def _floats(values: array[float]) -> FloatArray:
    return np.array(values, dtype=np.float32)
