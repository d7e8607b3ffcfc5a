"""From voice windows to rows of the voice's own: spans that tile the recording.

The face and the voice are cut by the same rules (`cell_rows`; docs/decisions/0005-segmentation.md).
What a frame is to the face, a window is to the voice: at any time of detected speech the judged
window with the nearest centre holds it, as long as the window itself reaches there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray, Timeline, true_runs
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.cell_rows import CellMeans, Leaders, absent_cells, label_cells
from emoreport.analysis.rows.evidence import WindowShares
from emoreport.analysis.rows.voice import (
    intensity_of,
    is_silent,
    judged_windows,
    own_labels,
    spoken_before,
)
from emoreport.records import DoubleArray, LabelledSpan, Span, SpeechTrack
from emoreport.results import AudioInterval, HeardWindow
from emoreport.settings import Settings
from emoreport.vocabulary import NO_SPEECH, UNCERTAIN


def segment_voice(
    speech: SpeechTrack, duration_s: float, settings: Settings
) -> tuple[LabelledSpan, ...]:
    """Cut the recording into spans of one emotion of the voice, of `no_speech` or of `uncertain`.

    A pause is `no_speech` as a stretch without a face is `no_face`: if it is longer than the gap
    limit and not shorter than the shortest row. Shorter pauses are bridged. Speech that no judged
    window holds is `uncertain` by the same rule. Probabilities are not smoothed: a window is longer
    than any change that it could show, and neighbours share most of their sound.

    Parameters
    ----------
    speech
        Windows in order of time and spans of speech; may be empty.
    duration_s
        Length of the recording in seconds; 0 gives no span.
    settings
        Gap limit, shortest row, hysteresis; least speech of a row.

    Returns
    -------
    Spans that tile [0, `duration_s`]; neighbours differ; none is shorter than
    ``settings.analysis.min_interval_s`` unless it is the only one.
    """
    timeline, spoken = voice_cells(speech, duration_s, judged_windows(speech))
    if len(timeline) == 0:
        return ()
    limits = settings.analysis
    silent = absent_cells(timeline, spoken, limits.gap_limit_s, limits.min_interval_s)
    probabilities = np.asarray(speech.probabilities, dtype=np.float64)
    firsts = [(int(first), NO_SPEECH) for first in true_runs(silent)[0]]
    for first, end in zip(*true_runs(~silent), strict=True):
        part = timeline.part(first, end)
        votes = spoken[first:end] & (part.frame >= 0)
        rows = label_cells(
            Leaders(probabilities.__getitem__, limits.hysteresis), part, votes, limits
        )
        for cell, label in zip(rows.first.tolist(), rows.label.tolist(), strict=False):
            firsts.append((int(first) + cell, speech.labels[label] if label >= 0 else UNCERTAIN))
    firsts.sort()
    bounds_s = [*(float(timeline.edges_s[cell]) for cell, _ in firsts), duration_s]
    return _spoken_spans(bounds_s, [label for _, label in firsts], speech, settings)


def voice_cells(
    speech: SpeechTrack, duration_s: float, judged: BoolArray
) -> tuple[Timeline, BoolArray]:
    """Cells that tile [0, `duration_s`], cut where speech or the nearest window changes.

    Parameters
    ----------
    speech
        Windows in order of time (M) and spans of speech.
    duration_s
        Length of the recording, seconds.
    judged
        bool (M,), windows that can hold a cell.

    Returns
    -------
    timeline
        Cells (C); ``frame`` is the window that holds each, -1 where no window reaches.
    spoken
        bool (C,), cells of detected speech.
    """
    if duration_s <= 0:
        return Timeline(np.zeros(1), np.zeros(0, dtype=np.int64)), np.zeros(0, dtype=np.bool_)
    window = np.flatnonzero(judged)
    start_s, end_s = speech.start_s[window], speech.end_s[window]
    centre_s = 0.5 * (start_s + end_s)
    between_s = 0.5 * (centre_s[1:] + centre_s[:-1])
    from_s = np.maximum(start_s, np.append(-np.inf, between_s)[: len(window)])
    until_s = np.minimum(end_s, np.append(between_s, np.inf)[: len(window)])
    speech_s = np.asarray([(span.start_s, span.end_s) for span in speech.speech]).ravel()
    bounds_s = np.concatenate(([0.0, duration_s], from_s, until_s, speech_s))
    edges_s = np.unique(np.clip(bounds_s, 0.0, duration_s))
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    holder = np.full(len(middle_s), -1, dtype=np.int64)
    if len(window):
        nearest = np.searchsorted(between_s, middle_s, side="right")
        reached = (middle_s >= from_s[nearest]) & (middle_s < until_s[nearest])
        holder[reached] = window[nearest[reached]]
    spoken = np.searchsorted(speech_s, middle_s, side="right") % 2 == 1
    return Timeline(edges_s, holder), spoken


def heard_windows(speech: SpeechTrack, duration_s: float) -> tuple[HeardWindow, ...]:
    """Which judged window speaks for each stretch of detected speech."""
    cells, spoken = voice_cells(speech, duration_s, judged_windows(speech))
    edges_s, window = cells.edges_s.tolist(), cells.frame.tolist()
    table = np.asarray(speech.probabilities, dtype=np.float64)
    return tuple(
        HeardWindow(Span(edges_s[cell], edges_s[cell + 1]), tuple(table[window[cell]].tolist()))
        for cell in np.flatnonzero(spoken & (cells.frame >= 0)).tolist()
    )


class VoiceMeasure:
    """What the windows say of any spans that tile a recording.

    Parameters
    ----------
    speech, duration_s
        As in `segment_voice`.
    firm
        bool (M,), windows that rest on enough by themselves.
    """

    def __init__(self, speech: SpeechTrack, duration_s: float, firm: BoolArray) -> None:
        self._speech, self._firm = speech, firm
        self._timeline, self._spoken = voice_cells(speech, duration_s, judged_windows(speech))

    def rows(self, spans: Sequence[LabelledSpan]) -> tuple[tuple[AudioInterval, ...], WindowShares]:
        """Rows of the voice over spans that tile the recording, and what their windows name.

        Means over a row are weighted by the seconds of speech that each window holds in it. Rows
        `no_speech` have neither probabilities nor intensity, rows `uncertain` no probabilities.
        """
        speech = self._speech
        if not spans:
            nothing = np.zeros((0, len(speech.labels)))
            return (), WindowShares(nothing, nothing)
        bounds_s = np.asarray([row.span.start_s for row in spans] + [spans[-1].span.end_s])
        edges_s = np.union1d(self._timeline.edges_s, bounds_s)
        cell = np.searchsorted(self._timeline.edges_s, edges_s[:-1], side="right") - 1
        cells = Timeline(edges_s, self._timeline.frame[cell])
        weight_s = np.where(self._spoken[cell] & (cells.frame >= 0), cells.length_s, 0.0)
        starts = np.searchsorted(edges_s, bounds_s[:-1])

        def means(values: DoubleArray) -> DoubleArray:
            return CellMeans(values, cells, weight_s).means(starts)

        heard = means(np.asarray(speech.probabilities, dtype=np.float64))
        strength = means(intensity_of(speech))[:, 0]
        spoken_s = np.diff(spoken_before(speech.speech, bounds_s))
        rows = tuple(
            _row(row, speech.labels, heard[index], strength[index], float(spoken_s[index]))
            for index, row in enumerate(spans)
        )
        return rows, WindowShares(means(own_labels(speech)), means(own_labels(speech, self._firm)))


def joined(spans: Sequence[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    """Spans that touch, those of one label made one."""
    tiles: list[LabelledSpan] = []
    for row in spans:
        start_s = row.span.start_s
        if tiles and tiles[-1].emotion == row.emotion:
            start_s = tiles.pop().span.start_s
        tiles.append(LabelledSpan(Span(start_s, row.span.end_s), row.emotion))
    return tuple(tiles)


def _spoken_spans(
    bounds_s: Sequence[float], labels: Sequence[str], speech: SpeechTrack, settings: Settings
) -> tuple[LabelledSpan, ...]:
    """Spans between bounds; those with less speech than a row needs are `no_speech`."""
    spoken_s = np.diff(spoken_before(speech.speech, np.asarray(bounds_s)))
    silent = is_silent(spoken_s, settings.speech.min_speech_s)
    return joined(
        [
            LabelledSpan(Span(bounds_s[row], bounds_s[row + 1]), NO_SPEECH if quiet else label)
            for row, (label, quiet) in enumerate(zip(labels, silent.tolist(), strict=True))
        ]
    )


def _row(
    tile: LabelledSpan,
    labels: Sequence[str],
    heard: DoubleArray,
    strength: float,
    spoken_s: float,
) -> AudioInterval:
    judged = tile.emotion not in {NO_SPEECH, UNCERTAIN} and not np.isnan(heard).any()
    known = judged and tile.emotion in labels
    return AudioInterval(
        tile.span,
        tile.emotion,
        confidence=float(heard[list(labels).index(tile.emotion)]) if known else None,
        speech_s=max(0.0, spoken_s),
        distribution=tuple(heard.tolist()) if judged else None,
        intensity=None if tile.emotion == NO_SPEECH else none_if_nan(strength),
    )
