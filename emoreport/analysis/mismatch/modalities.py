"""The rows of modalities: face, voice and words against each other, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import Agreement, agreement
from emoreport.analysis.mismatch.articulation import Effect, articulation
from emoreport.analysis.mismatch.bootstrap import Interval, Intervals, block_bootstrap
from emoreport.analysis.mismatch.lag import MAX_BRIDGE_S, STEP_S, LagResult, lead_and_lag
from emoreport.analysis.mismatch.shift_test import MismatchStatistics, ShiftTest, shift_test
from emoreport.analysis.mismatch.three_way import Sequences, consensus, labelled_at, three_way
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.relabelling import coded_sequence
from emoreport.analysis.rows.sequences import (
    MISSING,
    JointSequence,
    LabelSequence,
    face_sequence,
    in_space,
    join,
    piece_at,
    text_sequence,
    voice_sequence,
)
from emoreport.records import (
    DoubleArray,
    FaceTrack,
    LabelledSpan,
    SpeechTrack,
    TextReadings,
    Transcript,
)
from emoreport.results import ModalityStatistic, VideoInterval

FACE, VOICE, TEXT, ALL = "face", "voice", "text", "all"

PULSE_S: Final = 1.0
"""A change of label counts for this long about its moment: closer is no better known."""


@dataclass(frozen=True, slots=True)
class Modality:
    """One modality in the shared labels of its own model.

    Attributes
    ----------
    labels
        What its model can give, in shared labels, in canonical order.
    sequence
        Its labels, coded by their place among `labels`.
    """

    labels: tuple[str, ...]
    sequence: LabelSequence


def modality_statistics(
    transcript: Transcript | None,
    text: TextReadings | None,
    rows: Sequence[VideoInterval],
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    bridge: Bridge,
    face_voice: MismatchStatistics,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None = None,
) -> tuple[ModalityStatistic, ...]:
    """Lay out face, voice and words against each other; nothing without words.

    Parameters
    ----------
    transcript, text
        The words, and what they say; None without any.
    rows, faces, speech, duration_s, bridge, usable, coded
        As for `statistics.face_against_voice`.
    face_voice
        What that found.
    """
    found: list[ModalityStatistic] = []
    if text is not None:
        found += three_modalities(
            face_modality(rows, faces.labels, bridge),
            voice_modality(speech, duration_s, bridge, usable, coded),
            text_modality(text, duration_s, bridge),
            face_voice,
        )
    if transcript is not None and transcript.words:
        found += talking(faces, transcript, duration_s)
    return tuple(found)


def face_modality(rows: Sequence[VideoInterval], labels: Sequence[str], bridge: Bridge) -> Modality:
    """Rows of the face in the labels of its own model, `labels`."""
    return Modality(_own_labels(labels, bridge), face_sequence(rows, labels, labels, bridge))


def voice_modality(
    speech: SpeechTrack,
    duration_s: float,
    bridge: Bridge,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None = None,
) -> Modality:
    """Windows of the voice in the labels of its own model; `coded` takes their place."""
    labels = _own_labels(speech.labels, bridge)
    heard = voice_sequence(speech, duration_s, speech.labels, bridge, usable)
    if coded is not None:
        heard = coded_sequence(heard, coded, labels, bridge)
    return Modality(labels, heard)


def text_modality(text: TextReadings, duration_s: float, bridge: Bridge) -> Modality:
    """Clauses in the labels of the text model."""
    return Modality(_own_labels(text.labels, bridge), text_sequence(text, duration_s, bridge))


def three_modalities(
    face: Modality, voice: Modality, text: Modality, face_voice: MismatchStatistics
) -> Iterator[ModalityStatistic]:
    """Lay out how far face, voice and words agree, which departs, and which changes first.

    Parameters
    ----------
    face, voice, text
        Each on its own time.
    face_voice
        Face against voice, as the table of mismatch statistics has it.
    """
    sides = {FACE: face, VOICE: voice, TEXT: text}
    for first, second in combinations(sides, 2):
        joint = joined(sides[first], sides[second])
        if (first, second) == (FACE, VOICE):
            known = face_voice.agreement, face_voice.label_test, face_voice.intervals
        else:
            known = agreement(joint), shift_test(joint), block_bootstrap(joint)
        yield from _pair(f"{first}_{second}", joint, face.sequence, *known)
    alike = in_common(face, voice, text)
    yield from _all_three(alike)
    for name, joint in departures(alike).items():
        yield _departure(name, joint, face.sequence)
    for first in (FACE, VOICE):
        yield _lag(f"{first}_{TEXT}", change_lag(sides[first].sequence, text.sequence))


def joined(first: Modality, second: Modality) -> JointSequence:
    """Two modalities on one time axis, in the labels that they have in common."""
    space = tuple(name for name in first.labels if name in second.labels)
    return join(*(in_space(side.sequence, side.labels, space) for side in (first, second)))


def in_common(face: Modality, voice: Modality, text: Modality) -> Sequences:
    """Face, voice and words in the labels that all three have."""
    sides = (face, voice, text)
    space = [name for name in face.labels if all(name in side.labels for side in sides)]
    seen, heard, said = (in_space(side.sequence, side.labels, space) for side in sides)
    return seen, heard, said


def departures(alike: Sequences) -> dict[str, JointSequence]:
    """By modality: it against the label on which the other two agree."""
    face, voice, text = alike
    others = {FACE: (face, voice, text), VOICE: (voice, face, text), TEXT: (text, face, voice)}
    return {name: join(own, consensus(*two)) for name, (own, *two) in others.items()}


def change_lag(first: LabelSequence, second: LabelSequence) -> LagResult:
    """By how much the changes of the second label follow those of the first.

    A change is the start of a piece whose label is another than that of the last piece with one;
    over more than `MAX_BRIDGE_S` without a label nothing is a change. Of the text, that is the
    onset of a clause. The two series of changes are those of `lead_and_lag`.
    """
    end_s = min(float(side.edges_s[-1]) for side in (first, second))
    grid_s = np.arange(int(end_s / STEP_S)) * STEP_S
    return lead_and_lag(grid_s, _pulses(first, grid_s), grid_s, _pulses(second, grid_s))


def talking(
    faces: FaceTrack, transcript: Transcript, duration_s: float
) -> Iterator[ModalityStatistic]:
    """What of the face's probabilities goes with articulation, emotion by emotion."""
    for row in articulation(faces, transcript.words, duration_s):
        for name, unit, effect in (
            ("in_speech", "probability", row.in_speech),
            ("at_open_vowels", "probability", row.at_open_vowels),
            ("explained_by_speech", "share", row.explained),
        ):
            yield _effect(name, unit, row.emotion, effect, row.known_s)


def _own_labels(labels: Sequence[str], bridge: Bridge) -> tuple[str, ...]:
    """The labels of one model in the shared space, in canonical order."""
    return bridge.shared_space(labels, labels)


def _pair(
    name: str,
    joint: JointSequence,
    face: LabelSequence,
    figures: Agreement,
    test: ShiftTest,
    intervals: Intervals,
) -> Iterator[ModalityStatistic]:
    note = figures.reason or test.reason or intervals.reason
    rows = _rows(face, joint, joint.compared)
    yield _row(
        "agreement",
        name,
        _other(figures.disagreement),
        _turned(intervals.disagreement),
        expected=_other(figures.expected_disagreement),
        p_value=test.p_value,
        seconds=figures.compared_s,
        rows=rows,
        note=note,
    )
    yield _row(
        "pair_kappa",
        name,
        figures.kappa,
        intervals.kappa,
        "coefficient",
        expected=None if figures.kappa is None else 0.0,
        seconds=figures.compared_s,
        rows=rows,
        note=note,
    )


def _all_three(alike: Sequences) -> Iterator[ModalityStatistic]:
    found = three_way(alike)
    for name, unit, joint, seconds, least in (
        ("agreement", "share", found.agreement, found.complete_s, 3),
        ("fleiss_kappa", "coefficient", found.fleiss, found.complete_s, 3),
        ("krippendorff_alpha", "coefficient", found.alpha, found.paired_s, 2),
    ):
        yield _row(
            name,
            ALL,
            joint.value,
            joint.interval,
            unit,
            expected=joint.expected,
            p_value=joint.test.p_value,
            seconds=seconds,
            rows=_rows_at(alike[0], labelled_at(alike, least)),
            note=joint.reason,
        )


def _departure(name: str, joint: JointSequence, face: LabelSequence) -> ModalityStatistic:
    """One modality against the label on which the other two agree."""
    figures, test, intervals = agreement(joint), shift_test(joint), block_bootstrap(joint)
    departs = joint.compared & (joint.face_label != joint.voice_label)
    return _row(
        "departs",
        name,
        figures.disagreement,
        intervals.disagreement,
        expected=figures.expected_disagreement,
        p_value=test.p_value,
        seconds=figures.compared_s,
        rows=_rows(face, joint, departs),
        note=figures.reason or test.reason or intervals.reason,
    )


def _lag(name: str, lag: LagResult) -> ModalityStatistic:
    return _row(
        "words_after",
        name,
        lag.lag_s,
        lag.interval_s,
        "seconds",
        p_value=lag.p_value,
        note=lag.reason,
    )


def _effect(
    name: str, unit: str, emotion: str, effect: Effect, known_s: float
) -> ModalityStatistic:
    return _row(
        name,
        f"{FACE}_{TEXT}",
        effect.value,
        effect.interval,
        unit,
        expected=effect.expected,
        p_value=effect.p_value,
        seconds=known_s,
        note=effect.reason,
        emotion=emotion,
    )


def _row(
    name: str,
    modalities: str,
    value: float | None,
    interval: Interval | None,
    unit: str = "share",
    *,
    expected: float | None = None,
    p_value: float | None = None,
    seconds: float | None = None,
    rows: int | None = None,
    note: str | None = None,
    emotion: str | None = None,
) -> ModalityStatistic:
    low, high = interval or (None, None)
    return ModalityStatistic(
        name, modalities, unit, value, low, high, expected, p_value, seconds, rows, emotion, note
    )


def _rows(face: LabelSequence, joint: JointSequence, chosen: BoolArray) -> int:
    """How many rows of the face the chosen cells lie in."""
    return _rows_at(face, 0.5 * (joint.edges_s[1:] + joint.edges_s[:-1])[chosen])


def _rows_at(face: LabelSequence, time_s: DoubleArray) -> int:
    row = piece_at(face, time_s)
    return len(np.unique(row[row >= 0]))


def _pulses(sequence: LabelSequence, grid_s: DoubleArray) -> DoubleArray:
    """1 about every change, 0 where the label stays, NaN where it is unknown; float64 (T,)."""
    known = np.flatnonzero(sequence.label != MISSING)
    series = np.full(len(grid_s), np.nan)
    changes_s = []
    for place, piece in enumerate(known):
        start_s, end_s = sequence.edges_s[piece], sequence.edges_s[piece + 1]
        if place:
            last = known[place - 1]
            before_s = sequence.edges_s[last + 1]
            if start_s - before_s <= MAX_BRIDGE_S:
                if sequence.label[last] != sequence.label[piece]:
                    changes_s.append(start_s)
                start_s = before_s
        series[np.searchsorted(grid_s, start_s) : np.searchsorted(grid_s, end_s)] = 0.0
    for change_s in changes_s:
        low, high = np.searchsorted(grid_s, [change_s - 0.5 * PULSE_S, change_s + 0.5 * PULSE_S])
        series[low:high] = np.where(np.isnan(series[low:high]), np.nan, 1.0)
    return series


def _other(share: float | None) -> float | None:
    return None if share is None else 1.0 - share


def _turned(interval: Interval | None) -> Interval | None:
    return None if interval is None else (1.0 - interval[1], 1.0 - interval[0])
