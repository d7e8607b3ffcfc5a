"""Face and voice as two sequences of labels, each with its own boundaries in time.

The rows of the tables give the voice over the spans of the face. That is what a reader wants, but
no base for inference: a long row averages more windows than a short one, and how long a row is
depends on the face, so that two voices that are equally unrelated to the face would be judged
differently. Here every voice window speaks for its own stretch of time instead.

Both modalities are reduced to the shared labels of a bridge (docs/decisions/0004-label-bridge.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.voice_segmentation import voice_cells
from emoreport.records import DoubleArray, IntArray, SpeechTrack, TextReadings
from emoreport.results import VideoInterval
from emoreport.vocabulary import is_emotion

MISSING: Final = -1
"""Code of a stretch without a comparable label."""


@dataclass(frozen=True, slots=True)
class LabelSequence:
    """What one modality gave, piece by piece; the pieces tile one stretch of time.

    Attributes
    ----------
    edges_s
        float64 (C + 1,), strictly increasing seconds; (1,) for no piece.
    label
        int64 (C,), position among the shared labels, `MISSING` where there is none (no face, no
        speech, uncertain, or a label that the other model cannot give).
    distribution
        float64 (C, K), probabilities over the shared labels, rows sum to 1; NaN rows where unknown.
    """

    edges_s: DoubleArray
    label: IntArray
    distribution: DoubleArray

    @property
    def labels(self) -> int:
        """Number of shared labels K."""
        return self.distribution.shape[1]


@dataclass(frozen=True, slots=True)
class JointSequence:
    """Face and voice on their common refinement.

    Attributes
    ----------
    edges_s
        float64 (C + 1,), seconds; all bounds of either sequence.
    face, voice
        The sequences.
    face_piece, voice_piece
        int64 (C,), which piece of either sequence a cell is in; -1 outside of it.
    """

    edges_s: DoubleArray
    face: LabelSequence
    voice: LabelSequence
    face_piece: IntArray
    voice_piece: IntArray

    @property
    def labels(self) -> int:
        """Number of shared labels K."""
        return self.face.labels

    @property
    def length_s(self) -> DoubleArray:
        """float64 (C,), seconds of each cell."""
        return np.diff(self.edges_s)

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last bound."""
        return float(self.edges_s[-1] - self.edges_s[0])

    @property
    def face_label(self) -> IntArray:
        """int64 (C,), label of the face or `MISSING`."""
        return labels_of(self.face, self.face_piece)

    @property
    def voice_label(self) -> IntArray:
        """int64 (C,), label of the voice or `MISSING`."""
        return labels_of(self.voice, self.voice_piece)

    @property
    def compared(self) -> BoolArray:
        """bool (C,), cells where both modalities have a label."""
        both: BoolArray = (self.face_label != MISSING) & (self.voice_label != MISSING)
        return both


def face_sequence(
    rows: Sequence[VideoInterval],
    face_labels: Sequence[str],
    voice_labels: Sequence[str],
    bridge: Bridge = DEFAULT_BRIDGE,
) -> LabelSequence:
    """Rows of the face in the shared labels.

    Parameters
    ----------
    rows
        Rows that tile the recording; may be empty.
    face_labels, voice_labels
        What the two models can give.
    bridge
        The shared label space.
    """
    space = bridge.shared_space(face_labels, voice_labels)
    if not rows:
        return _nothing(len(space))
    edges_s = np.asarray([row.span.start_s for row in rows] + [rows[-1].span.end_s])
    unknown = (np.nan,) * len(face_labels)
    table = np.asarray([row.distribution or unknown for row in rows], dtype=np.float64)
    codes = {name: code for code, name in enumerate(space)}
    label = [
        codes.get(bridge.shared(row.emotion), MISSING) if is_emotion(row.emotion) else MISSING
        for row in rows
    ]
    kept = np.diff(edges_s) > 0
    return LabelSequence(
        edges_s=np.append(edges_s[:-1][kept], edges_s[-1]),
        label=np.asarray(label, dtype=np.int64)[kept],
        distribution=_shared_distributions(table, face_labels, space, bridge)[kept],
    )


def voice_sequence(
    speech: SpeechTrack,
    duration_s: float,
    face_labels: Sequence[str],
    bridge: Bridge = DEFAULT_BRIDGE,
    usable: BoolArray | None = None,
) -> LabelSequence:
    """Voice windows in the shared labels, on the voice's own time.

    At any time of detected speech the window with the nearest centre speaks; where that window was
    not judged, and outside of speech, the voice is missing.

    Parameters
    ----------
    speech
        Windows in order of time and spans of speech; may be empty.
    duration_s
        Length of the recording; the sequence covers [0, `duration_s`].
    face_labels
        What the face model can give.
    bridge
        The shared label space.
    usable
        bool (M,), windows with enough evidence; None: all that were judged.
    """
    space = bridge.shared_space(face_labels, speech.labels)
    if duration_s <= 0:
        return _nothing(len(space))
    everything = np.ones(len(speech), dtype=np.bool_)
    cells, spoken = voice_cells(speech, duration_s, everything)
    label = np.full(len(cells), MISSING, dtype=np.int64)
    distribution = np.full((len(cells), len(space)), np.nan)
    if len(speech) and speech.labels:
        judged = ~np.isnan(speech.probabilities).any(axis=1)
        judged &= True if usable is None else usable
        heard = spoken & cells.held_by(judged)
        window = cells.frame[heard]
        rows = np.asarray(speech.probabilities, dtype=np.float64)
        label[heard] = _best_labels(rows, speech.labels, space, bridge)[window]
        distribution[heard] = _shared_distributions(rows, speech.labels, space, bridge)[window]
    return LabelSequence(cells.edges_s, label, distribution)


def text_sequence(
    readings: TextReadings, duration_s: float, bridge: Bridge = DEFAULT_BRIDGE
) -> LabelSequence:
    """Clauses in the shared labels of the text model itself, on their own time.

    Between clauses, and where a clause has too few words, the text is missing.

    Parameters
    ----------
    readings
        Clauses in order of their start; one that begins before another has ended is cut there.
    duration_s
        Length of the recording; the sequence covers [0, `duration_s`].
    bridge
        The shared label space.
    """
    space = bridge.shared_space(readings.labels, readings.labels)
    if duration_s <= 0:
        return _nothing(len(space))
    ends_s = np.minimum(np.maximum.accumulate(readings.end_s), duration_s)
    starts_s = np.maximum(readings.start_s, np.append(0.0, ends_s)[:-1])
    kept = np.flatnonzero(starts_s < ends_s)
    knots_s = np.column_stack((starts_s[kept], ends_s[kept])).ravel()
    edges_s, first = np.unique(np.concatenate(([0.0], knots_s, [duration_s])), return_index=True)
    # Knots alternate: from an odd one on (0 is before the first) a clause runs, else a gap.
    after = np.searchsorted(knots_s, edges_s[:-1], side="right")
    inside = after % 2 == 1
    clause = kept[after[inside] // 2]
    table = np.asarray(readings.probabilities, dtype=np.float64)
    label = np.full(len(first) - 1, MISSING, dtype=np.int64)
    distribution = np.full((len(label), len(space)), np.nan)
    label[inside] = _best_labels(table, readings.labels, space, bridge)[clause]
    distribution[inside] = _shared_distributions(table, readings.labels, space, bridge)[clause]
    label[np.isnan(distribution).any(axis=1)] = MISSING
    return LabelSequence(edges_s, label, distribution)


def in_space(sequence: LabelSequence, own: Sequence[str], space: Sequence[str]) -> LabelSequence:
    """The same in fewer labels; what is not among them is missing.

    Parameters
    ----------
    sequence
        In the labels `own`.
    own, space
        Shared labels, the second some of the first.
    """
    place = [own.index(name) for name in space]
    code = np.full(len(own) + 1, MISSING, dtype=np.int64)  # the last is that of MISSING
    code[place] = np.arange(len(space))
    mass = sequence.distribution[:, place]
    return LabelSequence(sequence.edges_s, code[sequence.label], _rescaled(mass))


def join(face: LabelSequence, voice: LabelSequence) -> JointSequence:
    """Lay two sequences over each other; time that only one covers is missing in the other.

    Raises
    ------
    ValueError
        When they differ in their number of labels.
    """
    if face.labels != voice.labels:
        raise ValueError(f"{face.labels} labels of the face, {voice.labels} of the voice")
    edges_s = np.unique(np.concatenate((face.edges_s, voice.edges_s)))
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    return JointSequence(
        edges_s=edges_s,
        face=face,
        voice=voice,
        face_piece=piece_at(face, middle_s),
        voice_piece=piece_at(voice, middle_s),
    )


def piece_at(sequence: LabelSequence, time_s: DoubleArray) -> IntArray:
    """Which piece each time is in, int64 (T,); -1 outside."""
    piece = np.searchsorted(sequence.edges_s, time_s, side="right") - 1
    return np.where((piece < 0) | (piece >= len(sequence.label)), -1, piece).astype(np.int64)


def labels_of(sequence: LabelSequence, piece: IntArray) -> IntArray:
    """Label of each piece, int64; `MISSING` for -1, which means "outside"."""
    padded: IntArray = np.append(sequence.label, MISSING)
    return padded[piece]


def _nothing(labels: int) -> LabelSequence:
    return LabelSequence(np.zeros(1), np.zeros(0, dtype=np.int64), np.zeros((0, labels)))


def _best_labels(
    rows: DoubleArray, labels: Sequence[str], space: Sequence[str], bridge: Bridge
) -> IntArray:
    """Shared label of each row's most probable class, `MISSING` where it has no partner."""
    codes = {name: code for code, name in enumerate(space)}
    of_class = np.asarray(
        [codes.get(bridge.shared(name), MISSING) for name in labels], dtype=np.int64
    )
    best: IntArray = of_class[np.argmax(np.nan_to_num(rows, nan=-1.0), axis=1)]
    return best


def _shared_distributions(
    table: DoubleArray, labels: Sequence[str], space: Sequence[str], bridge: Bridge
) -> DoubleArray:
    """Sum what falls on one shared label, leave the rest out, renormalise: (C, K)."""
    member = np.asarray(
        [[float(bridge.shared(name) == shared) for shared in space] for name in labels]
    ).reshape(len(labels), len(space))
    return _rescaled(table @ member)


def _rescaled(mass: DoubleArray) -> DoubleArray:
    """Rows that sum to 1, float64 (C, K); NaN where there is no mass."""
    total = mass.sum(axis=1, keepdims=True)
    shares: DoubleArray = np.divide(mass, total, out=np.full(mass.shape, np.nan), where=total > 0)
    return shares
