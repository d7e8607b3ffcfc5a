"""Put the labels of a person in the place of the machine's.

Spans and labels come from the person; everything that is measured (face coverage, mean
probabilities, evidence) comes from the readings over these spans, as it would for the machine's own
rows. Confidence is the mean probability that the model gave to the person's label: low where the
two disagree. Nothing is taken back for thin evidence, since a person has judged.

In audio_intervals the voice keeps the spans of the face: a row gets the label that has the most
seconds of the coding inside it. In voice_intervals it has the person's spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, build_timeline
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.firmness import with_evidence
from emoreport.analysis.rows.sequences import MISSING, LabelSequence, piece_at
from emoreport.analysis.rows.voice import is_silent, spoken_before
from emoreport.analysis.rows.voice_segmentation import joined
from emoreport.records import (
    DoubleArray,
    FaceTrack,
    FloatArray,
    LabelledSpan,
    Span,
    SpeechTrack,
)
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import SpeechSettings
from emoreport.vocabulary import NO_SPEECH, UNCERTAIN, is_emotion

HALF_MILLISECOND_S: Final = 0.0005 + TIME_TOLERANCE_S


def coded_faces(
    coded: Sequence[LabelledSpan], faces: FaceTrack, frames: FrameEvidence, duration_s: float
) -> tuple[VideoInterval, ...]:
    """Rows of the face as a person coded them.

    Parameters
    ----------
    coded
        Spans in order of time, disjoint.
    faces
        Frame readings.
    frames
        Evidence of the same readings.
    duration_s
        Length of the recording, seconds.

    Returns
    -------
    Rows that tile [0, `duration_s`]; time that was not coded is `uncertain`. A row is as short as
    the person made it.
    """
    tiles = tiled(coded, duration_s)
    if not tiles:
        return ()
    bounds_s = np.asarray([tile.span.start_s for tile in tiles] + [duration_s])
    measure = _Measure(faces, duration_s, bounds_s)
    means = measure.means(faces.probabilities)
    valence, arousal = measure.means(faces.valence), measure.means(faces.arousal)
    rows = []
    for index, tile in enumerate(tiles):
        shown = is_emotion(tile.emotion)
        seen = shown and not np.isnan(means[index]).any()
        distribution = tuple(means[index].tolist()) if seen else None
        rows.append(
            VideoInterval(
                span=tile.span,
                emotion=tile.emotion,
                confidence=_probability(distribution, faces.labels, tile.emotion),
                face_coverage=min(1.0, float(measure.seen_s[index]) / tile.span.duration_s),
                frames=int(measure.frames[index]),
                distribution=distribution,
                valence=none_if_nan(valence[index, 0]) if shown else None,
                arousal=none_if_nan(arousal[index, 0]) if shown else None,
            )
        )
    return with_evidence(frames, rows)


def coded_voices(
    coded: Sequence[LabelledSpan], heard: Sequence[AudioInterval], labels: Sequence[str]
) -> tuple[AudioInterval, ...]:
    """Rows of the voice with the labels of a person.

    Parameters
    ----------
    coded
        Spans in order of time, disjoint.
    heard
        Rows of the voice as the machine heard them.
    labels
        Of the voice model.

    Returns
    -------
    The same rows; each has the label with the most seconds of the coding inside it (of equals, the
    one that comes first), `uncertain` where most of it was not coded, or `no_speech` where the
    machine found none either.
    """
    rows, starts = [], _starts(coded)
    for row in heard:
        label = _most(coded, starts, row)
        named = is_emotion(label)
        distribution = row.distribution if named else None
        rows.append(
            replace(
                row,
                emotion=label,
                confidence=_probability(distribution, labels, label),
                distribution=distribution,
            )
        )
    return tuple(rows)


def coded_speech(
    coded: Sequence[LabelledSpan], speech: SpeechTrack, duration_s: float, settings: SpeechSettings
) -> tuple[LabelledSpan, ...]:
    """What a person coded of the voice, on the person's own bounds.

    Returns
    -------
    Spans that tile [0, `duration_s`]; time that was not coded is `uncertain`, or `no_speech` where
    the machine found none either. Neighbours differ.
    """
    tiles = tiled(coded, duration_s)
    starts = np.asarray([tile.span.start_s for tile in tiles])
    ends = np.asarray([tile.span.end_s for tile in tiles])
    spoken_s = spoken_before(speech.speech, ends) - spoken_before(speech.speech, starts)
    silent = is_silent(spoken_s, settings.min_speech_s)
    return joined(
        [
            replace(tile, emotion=NO_SPEECH) if quiet and tile.emotion == UNCERTAIN else tile
            for tile, quiet in zip(tiles, silent.tolist(), strict=True)
        ]
    )


def coded_pieces(
    pieces: Sequence[VideoInterval], rows: Sequence[VideoInterval]
) -> tuple[VideoInterval, ...]:
    """Pieces of coded rows with the label of their row instead of the machine's judgement."""
    starts = np.asarray([row.span.start_s for row in rows])
    middles = np.asarray([piece.span.centre_s for piece in pieces])
    owners = np.maximum(np.searchsorted(starts, middles, side="right") - 1, 0)
    return tuple(
        replace(piece, emotion=rows[owner].emotion, confidence=None)
        for piece, owner in zip(pieces, owners.tolist(), strict=True)
    )


def coded_sequence(
    machine: LabelSequence, coded: Sequence[LabelledSpan], space: Sequence[str], bridge: Bridge
) -> LabelSequence:
    """The voice in the shared labels as a person coded it, on the person's own bounds.

    The distributions stay the model's; where the person names no emotion there is none.

    Parameters
    ----------
    machine
        What the model gave, over the whole recording.
    coded
        Spans in order of time, disjoint.
    space
        The shared labels.
    bridge
        The shared label space.
    """
    if not len(machine.label):
        return machine
    low_s, high_s = float(machine.edges_s[0]), float(machine.edges_s[-1])
    bounds_s = [
        bound for labelled in coded for bound in (labelled.span.start_s, labelled.span.end_s)
    ]
    edges_s = np.unique(np.clip(np.append(machine.edges_s, bounds_s), low_s, high_s))
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    codes = {name: code for code, name in enumerate(space)}
    # One more than there are spans: what is in no span has neither label nor name.
    shared = [codes.get(bridge.shared(labelled.emotion), MISSING) for labelled in coded]
    emotions = [is_emotion(labelled.emotion) for labelled in coded]
    starts = _starts(coded)
    ends = np.asarray([labelled.span.end_s for labelled in coded] + [np.inf])
    index = np.searchsorted(starts, middle_s, side="right") - 1
    index = np.where((index >= 0) & (middle_s < ends[index]), index, len(coded))
    named = np.asarray([*emotions, False])[index]
    label = np.where(named, np.asarray([*shared, MISSING])[index], MISSING).astype(np.int64)
    distribution = machine.distribution[piece_at(machine, middle_s)].copy()
    distribution[~named] = np.nan
    return LabelSequence(edges_s, label, distribution)


def tiled(coded: Sequence[LabelledSpan], duration_s: float) -> tuple[LabelledSpan, ...]:
    """Spans cut to the recording, with `uncertain` between them; neighbours differ."""
    tiles: list[LabelledSpan] = []

    def add(start_s: float, end_s: float, label: str) -> None:
        if end_s - start_s <= TIME_TOLERANCE_S:
            return
        if tiles and tiles[-1].emotion == label:
            start_s = tiles.pop().span.start_s
        tiles.append(LabelledSpan(Span(start_s, end_s), label))

    at_s = 0.0
    for labelled in coded:
        start_s = max(at_s, min(labelled.span.start_s, duration_s))
        end_s = min(labelled.span.end_s, duration_s)
        # Coders and files count milliseconds, recordings end between two of them.
        if duration_s - end_s < HALF_MILLISECOND_S:
            end_s = duration_s
        if end_s - start_s <= TIME_TOLERANCE_S:
            continue
        add(at_s, start_s, UNCERTAIN)
        add(start_s, end_s, labelled.emotion)
        at_s = end_s
    add(at_s, duration_s, UNCERTAIN)
    return tuple(tiles)


def mixed_seconds(coded: Sequence[LabelledSpan], rows: Sequence[AudioInterval]) -> float:
    """Seconds of a coding of the voice that carry another label than the row they are in."""
    starts = _starts(coded)
    return sum(
        labelled.span.overlap_s(row.span)
        for row in rows
        for labelled in _inside(coded, starts, row.span)
        if labelled.emotion != row.emotion
    )


def _starts(coded: Sequence[LabelledSpan]) -> DoubleArray:
    return np.asarray([labelled.span.start_s for labelled in coded], dtype=np.float64)


def _inside(
    coded: Sequence[LabelledSpan], starts: DoubleArray, span: Span
) -> Sequence[LabelledSpan]:
    """The spans that may overlap `span`; `starts` are theirs."""
    first = max(int(np.searchsorted(starts, span.start_s, side="right")) - 1, 0)
    return coded[first : int(np.searchsorted(starts, span.end_s))]


def _most(coded: Sequence[LabelledSpan], starts: DoubleArray, row: AudioInterval) -> str:
    """Label with the most seconds inside a row; what was not coded counts as one."""
    seconds: dict[str, float] = {}
    for labelled in _inside(coded, starts, row.span):
        shared_s = labelled.span.overlap_s(row.span)
        if shared_s > 0:
            seconds[labelled.emotion] = seconds.get(labelled.emotion, 0.0) + shared_s
    left_s = row.span.duration_s - sum(seconds.values())
    label = max(seconds, key=seconds.__getitem__, default="")
    if label and seconds[label] >= left_s:
        return label
    return NO_SPEECH if row.emotion == NO_SPEECH else UNCERTAIN


def _probability(
    distribution: tuple[float, ...] | None, labels: Sequence[str], label: str
) -> float | None:
    """What a model gave to a label; None where it gave nothing or does not know the label."""
    if distribution is None or label not in labels:
        return None
    return distribution[list(labels).index(label)]


class _Measure:
    """Means of the readings over any spans that tile a recording.

    A frame counts with the time that it is on screen inside a span, so that a bound between two
    frames parts the frame before it.
    """

    def __init__(self, faces: FaceTrack, duration_s: float, bounds_s: DoubleArray) -> None:
        timeline = build_timeline(faces.time_s, duration_s)
        cuts = bounds_s[(bounds_s > 0) & (bounds_s < duration_s)]
        edges_s = np.union1d(timeline.edges_s, cuts)
        cell = np.searchsorted(timeline.edges_s, edges_s[:-1], side="right") - 1
        self._frame = timeline.frame[cell]
        held = self._frame >= 0
        self._held_s = np.where(held, np.diff(edges_s), 0.0)
        self._starts = np.searchsorted(edges_s, bounds_s[:-1])
        seen = np.where(held, faces.valid[self._frame] if len(faces) else False, False)
        self._seen_s = np.where(seen, self._held_s, 0.0)
        self.seen_s = np.add.reduceat(self._seen_s, self._starts)
        row = np.searchsorted(bounds_s[1:-1], faces.time_s[faces.looked_at], side="right")
        self.frames = np.bincount(row, minlength=len(bounds_s) - 1)

    def means(self, values: FloatArray | None) -> DoubleArray:
        """Means over the seen frames of each span, float64 (R, columns); NaN where none is seen."""
        if values is None or not len(values):
            columns = 1 if values is None or values.ndim == 1 else values.shape[1]
            return np.full((len(self._starts), columns), np.nan)
        table = values if values.ndim == 2 else values[:, np.newaxis]
        cells = table[self._frame].astype(np.float64)
        present = ~np.isnan(cells) & (self._seen_s > 0)[:, np.newaxis]
        weight_s = present * self._seen_s[:, np.newaxis]
        total = np.add.reduceat(np.where(present, cells, 0.0) * weight_s, self._starts, axis=0)
        seconds = np.add.reduceat(weight_s, self._starts, axis=0)
        means: DoubleArray = np.divide(
            total, seconds, out=np.full(total.shape, np.nan), where=seconds > 0
        )
        return means
