"""Who speaks when: the mouths that are seen against the sound.

A voice is taken to be a person's whose mouth moves while it is heard. Nothing is said against a
face before its mouth is as good as still for longer than a consonant lasts; of several mouths that
move, the one is chosen whose motion rises and falls with the level of the sound, a little earlier
or later. How often that is right, and what it cannot tell: docs/speaking.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.records import (
    MOUTH_MOTION,
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    DoubleArray,
    FaceTrack,
    FloatArray,
    IntArray,
    Person,
    SeenFaces,
    SoundContour,
    Span,
    SpeakingSpan,
    SpeechTrack,
)

ONLY_PERSON: Final = "A"
"""Key of the one person of a recording."""

STEP_S: Final = 0.05
"""Distance of the moments at which somebody is said to speak."""
MOVES_S: Final = 1.5
"""How much a mouth moves is its mean over this long, of the looks in speech or near it."""
NEAR_S: Final = 0.3
"""A mouth opens before its voice is heard and closes after it; sound and picture may be apart."""
LEAST_HZ: Final = 9.0
"""Looks a second below which nothing is known of a mouth: ten, less what one look may be off."""
FARTHEST_YAW_DEG: Final = 50.0
"""Beyond it the mouth is out of sight."""
LEAST_FACE_PX: Final = 32.0
"""Side of the face below which its mouth is a few pixels."""

STILL: Final = 0.03
"""Mean motion below which a mouth says nothing; docs/speaking.md has what talks and listens do."""

FITS_S: Final = 4.0
"""Motion and level are held against each other over this long."""
SMOOTH_S: Final = 0.35
"""… both smoothed over about a syllable."""
LAGS_S: Final = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
FIT_WEIGHT: Final = 3.0
"""Weight of that correlation beside the logarithm of the motion."""
SMALL: Final = 0.02
"""Motion that is added before the logarithm is taken, so that noise does not decide."""
CAP: Final = 0.1
"""Motion beyond which more of it is no better sign: mouths differ in how wide they open."""
LEAD: Final = 1.0
"""By so much must a mouth lead to be chosen; then it goes on as long as it leads at all."""

LEAST_POWER_OF_MOTION: Final = 1e-5
LEAST_POWER_OF_LEVEL: Final = 0.25
"""Variance below which a mouth, or a level in decibels, is taken not to change."""

LAST: Final = -1e6
"""Score of a mouth that rests or is not seen."""

LEAST_S: Final = 0.5
"""Shorter spans join the longer one beside them."""
LEAST_OFF_SCREEN_S: Final = 1.0
"""Likewise for a mouth that is still amid speech that is its own before or after."""
QUIET_DB: Final = 6.0
"""Pauses are taken to be this much below the tenth percentile of the level of speech."""


@dataclass(frozen=True, slots=True)
class Mouth:
    """One person's mouth.

    Attributes
    ----------
    person
        Key.
    time_s
        float64 (N,), rising: looks at which it is seen.
    motion
        float32 (N,); NaN where unknown.
    """

    person: str
    time_s: DoubleArray
    motion: FloatArray


def who_speaks(
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    seen: SeenFaces | None = None,
    people: Sequence[Person] = (),
    person: str = ONLY_PERSON,
) -> tuple[SpeakingSpan, ...]:
    """Say who speaks in detected speech.

    Parameters
    ----------
    faces
        Readings as they were measured, skipped frames not filled in; the one person's where nobody
        else is seen.
    speech
        Spans of speech and, where it was measured, the contour of the sound.
    duration_s
        Length of the recording, seconds.
    seen, people
        All faces and the people that they are; None and nothing where there is one face.
    person
        Key of the one whose face `faces` are.

    Returns
    -------
    Spans in order of time that cover the detected speech within the recording. Nothing where the
    readings have no motion of mouths.
    """
    mouths = _mouths(faces, person, seen, people)
    steps = int(duration_s / STEP_S)
    if not mouths or not speech.speech or steps < 1:
        return ()
    time_s = (np.arange(steps) + 0.5) * STEP_S
    spoken = _inside(time_s, speech.speech, 0.0)
    near = _inside(time_s, speech.speech, NEAR_S)
    seen_at, moves = map(
        np.array, zip(*(_movement(mouth, time_s, near) for mouth in mouths), strict=True)
    )
    score = moves
    if len(mouths) > 1:
        level = _smoothed(_level(speech.contour, spoken))
        fits = np.array([_fit(_motion(mouth, time_s), level) for mouth in mouths])
        score = np.log(np.minimum(moves, CAP) + SMALL) + FIT_WEIGHT * fits
    chosen = _chosen(moves, score, seen_at, spoken)
    names = (*(mouth.person for mouth in mouths), OFF_SCREEN, UNKNOWN_SPEAKER)
    return tuple(
        SpeakingSpan(start_s, end_s, names[code])
        for span in speech.speech
        for start_s, end_s, code in _spans(span, chosen, duration_s, len(mouths))
    )


def speaking_seconds(spans: Sequence[SpeakingSpan]) -> dict[str, float]:
    """Seconds of speech of each speaker, in the order in which they begin to speak."""
    seconds: dict[str, float] = {}
    for span in spans:
        seconds[span.speaker] = seconds.get(span.speaker, 0.0) + span.end_s - span.start_s
    return seconds


# ------------------------------------------------------------------------------------ mouths


def _mouths(
    faces: FaceTrack, person: str, seen: SeenFaces | None, people: Sequence[Person]
) -> tuple[Mouth, ...]:
    """The mouths that are seen, person by person; nothing where motion was not measured."""
    if seen is not None and people:
        return tuple(
            _mouth(each.key, seen, seen.mouth_motion, np.isin(seen.track, each.tracks))
            for each in people
        )
    motion = faces.extra.get(MOUTH_MOTION)
    if motion is None:
        return ()
    return (_mouth(person, faces, motion, faces.looked_at & faces.valid),)


def _mouth(
    person: str, readings: FaceTrack | SeenFaces, motion: FloatArray, mine: BoolArray
) -> Mouth:
    """The mouth of some of the readings; its motion is unknown where it is out of sight."""
    yaw_deg = readings.extra.get("yaw_deg", np.zeros(len(motion), np.float32))
    side_px = np.sqrt(readings.box[:, 2] * readings.box[:, 3])
    hidden = (np.abs(yaw_deg) > FARTHEST_YAW_DEG) | (side_px < LEAST_FACE_PX)
    known = np.where(hidden, np.nan, motion).astype(np.float32)
    return Mouth(person, readings.time_s[mine], known[mine])


def _movement(mouth: Mouth, time_s: DoubleArray, near: BoolArray) -> tuple[BoolArray, DoubleArray]:
    """Whether the face is there about each moment, and how much the mouth moves in speech.

    Returns
    -------
    bool (T,) and float64 (T,); NaN where too few looks tell.
    """
    half_s = 0.5 * MOVES_S
    known = ~np.isnan(mouth.motion)
    look_s, motion = mouth.time_s[known], mouth.motion[known].astype(np.float64)
    step = np.clip((look_s / STEP_S).astype(np.int64), 0, len(time_s) - 1)
    counted = near[step]
    first, stop = (np.searchsorted(look_s, time_s + sign * half_s, side="left") for sign in (-1, 1))
    looks, summed, weight = (
        total[stop] - total[first]
        for total in map(_running, (np.ones(len(step)), motion * counted, counted))
    )
    end_s = time_s[-1] + 0.5 * STEP_S
    span_s = np.minimum(time_s + half_s, end_s) - np.maximum(time_s - half_s, 0.0)
    enough = (looks >= LEAST_HZ * span_s - 1.0) & (weight >= 3)
    moves = np.divide(summed, weight, out=np.full(len(time_s), np.nan), where=enough)
    there = np.searchsorted(mouth.time_s, time_s + half_s) > np.searchsorted(
        mouth.time_s, time_s - half_s
    )
    return there, moves


def _motion(mouth: Mouth, time_s: DoubleArray) -> DoubleArray:
    """Root of the motion, smoothed, float64 (T,); between two looks on the way to the next.

    The root, since a shout moves a mouth less than the level of its sound would have it.
    """
    known = ~np.isnan(mouth.motion)
    if not known.any():
        return np.zeros(len(time_s))
    return _smoothed(np.interp(time_s, mouth.time_s[known], np.sqrt(mouth.motion[known])))


# ------------------------------------------------------------------------------------- sound


def _inside(time_s: DoubleArray, spans: Sequence[Span], margin_s: float) -> BoolArray:
    """Which moments are in a span or at most `margin_s` beside one."""
    starts = np.array([span.start_s for span in spans]) - margin_s
    ends = np.array([span.end_s for span in spans]) + margin_s
    inside: BoolArray = np.searchsorted(starts, time_s, side="right") > np.searchsorted(
        ends, time_s, side="right"
    )
    return inside


def _level(contour: SoundContour | None, spoken: BoolArray) -> DoubleArray:
    """Level of the sound in each step, decibels, float64 (T,); pauses are quiet."""
    steps = len(spoken)
    if contour is None or not len(contour):
        return 2.0 * QUIET_DB * spoken
    level_db = contour.level_db.astype(np.float64)
    quiet_db = float(np.quantile(level_db, 0.1)) - QUIET_DB
    at = np.clip((contour.time_s / STEP_S).astype(np.int64), 0, steps - 1)
    summed, count = (np.bincount(at, values, steps) for values in (level_db, np.ones(len(at))))
    means = np.divide(summed, count, out=np.full(steps, quiet_db), where=count > 0)
    return np.maximum(means, quiet_db)


def _fit(motion: DoubleArray, level: DoubleArray) -> DoubleArray:
    """Largest correlation of motion and level about each moment over `LAGS_S`, float64 (T,)."""
    best = np.full(len(level), -1.0)
    for lag_s in LAGS_S:
        moved = np.roll(motion, round(lag_s / STEP_S))
        best = np.maximum(best, _correlation(moved, level))
    return best


def _correlation(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """Correlation over `FITS_S` about each moment; near 0 where one of them hardly changes."""
    a, b = first - first.mean(), second - second.mean()
    mean_a, mean_b = _mean(a, FITS_S), _mean(b, FITS_S)
    shared = _mean(a * b, FITS_S) - mean_a * mean_b
    power_a = np.maximum(_mean(a * a, FITS_S) - mean_a**2, LEAST_POWER_OF_MOTION)
    power_b = np.maximum(_mean(b * b, FITS_S) - mean_b**2, LEAST_POWER_OF_LEVEL)
    correlation: DoubleArray = shared / np.sqrt(power_a * power_b)
    return correlation


def _smoothed(values: DoubleArray) -> DoubleArray:
    return _mean(values, SMOOTH_S)


def _mean(values: DoubleArray, window_s: float) -> DoubleArray:
    """Mean over a window about each step, float64 (T,); at the ends over what there is of it."""
    half = round(0.5 * window_s / STEP_S)
    at = np.arange(len(values))
    first, stop = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    total = _running(values)
    means: DoubleArray = (total[stop] - total[first]) / (stop - first)
    return means


def _running(values: DoubleArray | BoolArray) -> DoubleArray:
    """Sums before each place and after the last, float64 (N + 1,)."""
    return np.append(0.0, np.cumsum(values, dtype=np.float64))


# ------------------------------------------------------------------------------------ choice


def _chosen(
    moves: DoubleArray, score: DoubleArray, there: BoolArray, spoken: BoolArray
) -> IntArray:
    """Who speaks in each step, int64 (T,): a row of `moves`, then nobody seen, then not known."""
    people = len(moves)
    off_screen, unknown = people, people + 1
    mouths = moves >= STILL  # not where it is not known
    known = ~np.isnan(moves)
    still = ~mouths.any(axis=0) & known.any(axis=0) & ~(there & ~known).any(axis=0)
    chosen = np.where(still, off_screen, unknown)
    ranked = np.where(mouths, score, LAST)
    best = ranked.argmax(axis=0)
    if people == 1:
        return np.where(mouths[0], best, chosen)
    top = ranked.max(axis=0)
    second = np.partition(ranked, people - 2, axis=0)[people - 2]
    sure = mouths.any(axis=0) & (top - second >= LEAD)
    before = unknown
    for step in np.flatnonzero(mouths.any(axis=0) & spoken):
        if sure[step]:
            before = int(best[step])
        elif before >= people or ranked[before, step] < top[step]:
            before = unknown
        chosen[step] = before
    return chosen


def _spans(
    span: Span, chosen: IntArray, duration_s: float, off_screen: int
) -> Iterator[tuple[float, float, int]]:
    """A span of speech, cut where the speaker changes, but in no pieces that are too short."""
    start_s, end_s = max(span.start_s, 0.0), min(span.end_s, duration_s)
    first = int(start_s / STEP_S)
    stop = min(max(math.ceil(end_s / STEP_S), first + 1), len(chosen))
    if first >= stop or start_s >= end_s:
        return
    runs = _runs((code, 1) for code in chosen[first:stop].tolist())

    def missing(run: tuple[int, int]) -> float:
        code, length = run
        least_s = LEAST_OFF_SCREEN_S if code == off_screen else LEAST_S
        return least_s - length * STEP_S

    while len(runs) > 1 and max(map(missing, runs)) > 0.5 * STEP_S:
        place = max(range(len(runs)), key=lambda index: missing(runs[index]))
        beside = (runs[index] for index in (place - 1, place + 1) if 0 <= index < len(runs))
        longer, _ = max(beside, key=itemgetter(1))
        runs[place] = longer, runs[place][1]
        runs = _runs(runs)
    step = first
    for place, (code, length) in enumerate(runs):
        step += length
        until_s = end_s if place == len(runs) - 1 else step * STEP_S
        yield start_s, until_s, code
        start_s = until_s


def _runs(steps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Codes with how many steps they last, those of one code after another as one."""
    return [
        (code, sum(length for _, length in same)) for code, same in groupby(steps, itemgetter(0))
    ]
