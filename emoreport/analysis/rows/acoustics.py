"""Sum up pitch, loudness, tempo and pauses of the voice under any rows.

No model has a part in this. docs/acoustics.md says how each measure is defined and how far it is
right.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S
from emoreport.analysis.numeric.missing import none_where_nan
from emoreport.analysis.numeric.syllables import syllable_nuclei_s
from emoreport.analysis.rows.evidence import WindowOverlaps, widened
from emoreport.analysis.rows.voice import spoken_before
from emoreport.records import (
    CONTOUR_STEP_S,
    DoubleArray,
    FloatArray,
    IntArray,
    SoundContour,
    Span,
    SpeechTrack,
)
from emoreport.results import AcousticInterval, AudioInterval

LEAST_VOICED_S: Final = 0.1
"""Pitch and loudness need so much voiced sound."""
LEAST_FOR_RANGE_S: Final = 0.5
"""The range of pitch and the tempo need so much voiced sound, or speech."""
LEAST_PAUSE_S: Final = 0.25
"""Shorter gaps belong to articulation (Goldman-Eisler 1968)."""
MEASURES: Final = ("f0_median_hz", "f0_range_st", "loudness_db", "voiced_share", "syllables_per_s")
OF_WINDOWS: Final = ("jitter", "shimmer")
"""Measures that need samples and so are known per voice window only."""


def _semitones(values: DoubleArray, usual: float) -> DoubleArray:
    semitones: DoubleArray = 12 * np.log2(values / usual)
    return semitones


def _ratio(values: DoubleArray, usual: float) -> DoubleArray:
    # Of a voice that usually has none, as a whisper has no syllable nuclei, there is no ratio.
    return values / usual if usual > 0 else np.full(len(values), np.nan)


AGAINST_OWN: Final[Mapping[str, tuple[str, Callable[[DoubleArray, float], DoubleArray]]]] = {
    "f0_median_vs_own_st": ("f0_median_hz", _semitones),
    "f0_range_vs_own_st": ("f0_range_st", operator.sub),
    "loudness_vs_own_db": ("loudness_db", operator.sub),
    "voiced_share_vs_own": ("voiced_share", operator.sub),
    "jitter_vs_own": ("jitter", _ratio),
    "shimmer_vs_own": ("shimmer", _ratio),
    "syllables_vs_own": ("syllables_per_s", _ratio),
}
"""Each comparison with the speaker's usual voice: of which measure, and how it is made."""


def span_acoustics(
    contour: SoundContour, speech: Sequence[Span], start_s: DoubleArray, end_s: DoubleArray
) -> dict[str, DoubleArray]:
    """Measure R stretches of a recording.

    Parameters
    ----------
    contour
        Pitch and level of its speech.
    speech
        Its sorted, disjoint spans of speech.
    start_s, end_s
        float64 (R,), bounds of the stretches in seconds, any order.

    Returns
    -------
    `MEASURES` by name, float64 (R,), NaN where a stretch holds too little: median pitch in hertz;
    its 5th to 95th percentile in semitones; root mean square of the voiced frames in decibels
    below full scale; share of the speech that is voiced; syllable nuclei per second of speech.
    """
    voiced = ~np.isnan(contour.f0_hz)
    counted = np.zeros(len(voiced) + 1, np.int32)
    np.cumsum(voiced, out=counted[1:])
    # In place: a day of sound has nine million frames.
    power = np.append(0.0, contour.level_db)
    power /= 10.0
    np.power(10.0, power, out=power)
    power[0], power[1:][~voiced] = 0.0, 0.0
    np.cumsum(power, out=power)
    first = np.searchsorted(contour.time_s, start_s)
    stop = np.maximum(np.searchsorted(contour.time_s, end_s), first)
    frames, sounding = stop - first, counted[stop] - counted[first]
    median_hz, range_st = _pitch(contour.f0_hz[voiced], counted[first], counted[stop])
    sounding_s, framed_s = sounding * CONTOUR_STEP_S, frames * CONTOUR_STEP_S
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = {
            "f0_median_hz": median_hz,
            "f0_range_st": np.where(
                sounding * CONTOUR_STEP_S < LEAST_FOR_RANGE_S, np.nan, range_st
            ),
            "loudness_db": 10 * np.log10((power[stop] - power[first]) / sounding),
            "voiced_share": sounding / frames,
        }
    enough = {
        "f0_median_hz": sounding_s >= LEAST_VOICED_S - TIME_TOLERANCE_S,
        "f0_range_st": sounding_s >= LEAST_FOR_RANGE_S - TIME_TOLERANCE_S,
        "loudness_db": sounding_s >= LEAST_VOICED_S - TIME_TOLERANCE_S,
        "voiced_share": framed_s >= LEAST_VOICED_S - TIME_TOLERANCE_S,
    }
    del counted, power  # they are as long as the sound
    return {
        **{name: np.where(enough[name], values, np.nan) for name, values in measured.items()},
        "syllables_per_s": syllable_rates(contour, speech, start_s, end_s),
    }


def syllable_rates(
    contour: SoundContour, speech: Sequence[Span], start_s: DoubleArray, end_s: DoubleArray
) -> DoubleArray:
    """Syllable nuclei per second of speech in stretches, float64 (R,); parameters as above.

    NaN where a stretch holds too little speech.
    """
    nuclei_s = syllable_nuclei_s(contour)
    nuclei = np.searchsorted(nuclei_s, end_s) - np.searchsorted(nuclei_s, start_s)
    spoken_s = spoken_before(speech, end_s) - spoken_before(speech, start_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = nuclei / spoken_s
    return np.where(spoken_s >= LEAST_FOR_RANGE_S - TIME_TOLERANCE_S, rates, np.nan)


def acoustic_intervals(
    speech: SpeechTrack, rows: Sequence[AudioInterval], least_speech_s: float
) -> tuple[AcousticInterval, ...]:
    """Measure the rows that hold enough speech, and hold them against the speaker's usual voice.

    What is usual is the median over the voice windows of the recording: it does not depend on how
    the recording is cut into rows.

    Parameters
    ----------
    speech
        Readings with a contour and the acoustics of each window; without a contour there is no
        row.
    rows
        Rows of the voice, any order.
    least_speech_s
        Rows with less speech than this, or none, are left out.
    """
    if speech.contour is None:
        return ()
    spoken = [row for row in rows if row.speech_s > max(0.0, least_speech_s - TIME_TOLERANCE_S)]
    start_s = np.asarray([row.span.start_s for row in spoken])
    end_s = np.asarray([row.span.end_s for row in spoken])
    measures = span_acoustics(speech.contour, speech.speech, start_s, end_s)
    overlaps = WindowOverlaps(speech, *widened(speech, start_s, end_s))
    measures |= {name: overlaps.means(speech.extra.get(name)) for name in OF_WINDOWS}
    compared = {
        name: compare(measures[measure], _known(speech.usual(measure)))
        for name, (measure, compare) in AGAINST_OWN.items()
    }
    pauses = spoken_pauses(speech.speech, start_s, end_s)
    columns = {name: none_where_nan(values) for name, values in (measures | compared).items()}
    return tuple(
        AcousticInterval(
            span=row.span,
            speech_s=row.speech_s,
            pauses=int(pauses.begun[index]),
            pause_s=float(pauses.inside_s[index]),
            **{name: values[index] for name, values in columns.items()},
        )
        for index, row in enumerate(spoken)
    )


def with_own_intensity(
    speech: SpeechTrack, rows: tuple[AudioInterval, ...]
) -> tuple[AudioInterval, ...]:
    """The rows, each intensity also held against the median over the voice windows."""
    usual = speech.usual("intensity")
    if usual is None:
        return rows
    return tuple(
        row if row.intensity is None else replace(row, intensity_vs_own=row.intensity - usual)
        for row in rows
    )


def _pitch(
    f0_hz: FloatArray, first: NDArray[np.int32], stop: NDArray[np.int32]
) -> tuple[DoubleArray, DoubleArray]:
    """Median and 5th to 95th percentile in semitones of stretches of the voiced frames."""
    low, median, high = np.full((3, len(first)), np.nan)
    for row in np.flatnonzero(stop > first):
        # Three times as fast as NumPy's percentile, which sorts once for each question.
        ordered = np.sort(f0_hz[first[row] : stop[row]].astype(np.float64))
        places = np.array([0.05, 0.5, 0.95]) * (len(ordered) - 1)
        low[row], median[row], high[row] = np.interp(places, np.arange(len(ordered)), ordered)
    return median, 12 * np.log2(high / low)


class Pauses(NamedTuple):
    """Pauses of R stretches of a recording.

    Attributes
    ----------
    begun
        int64 (R,): pauses that begin in each.
    inside_s
        float64 (R,): seconds of pause inside each.
    begun_s
        float64 (R,): length of the pauses that begin in each, seconds.
    """

    begun: IntArray
    inside_s: DoubleArray
    begun_s: DoubleArray


def spoken_pauses(speech: Sequence[Span], start_s: DoubleArray, end_s: DoubleArray) -> Pauses:
    """Pauses in stretches with these bounds; `speech` are sorted, disjoint spans."""
    gaps = [
        Span(before.end_s, after.start_s)
        for before, after in pairwise(speech)
        if after.start_s - before.end_s >= LEAST_PAUSE_S - TIME_TOLERANCE_S
    ]
    begin_s = np.asarray([gap.start_s for gap in gaps])
    first, stop = np.searchsorted(begin_s, start_s), np.searchsorted(begin_s, end_s)
    lengths_s = np.append(0.0, np.cumsum([gap.duration_s for gap in gaps]))
    inside_s = spoken_before(gaps, end_s) - spoken_before(gaps, start_s)
    return Pauses(stop - first, inside_s, lengths_s[stop] - lengths_s[first])


def _known(value: float | None) -> float:
    return np.nan if value is None else value
