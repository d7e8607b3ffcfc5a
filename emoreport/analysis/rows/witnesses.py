"""What a second model, the witness, says of the same rows, and where it firmly contradicts.

Firm is what rests on enough at the level *normal* of the abstention, the witness's entropy, margin
and distance in the place of the first model's. Labels are compared through the bridge, as those of
face and voice are: a label that the other model cannot give contradicts nothing. The model below a
trained head is a witness that is shown and not heeded (docs/decisions/0013-trained-heads.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.abstention import (
    DEFAULT_LEVEL,
    FACE_RULES,
    VOICE_RULES,
    Level,
    Rule,
    usable_windows,
)
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.doubt import DISTANCE
from emoreport.analysis.rows.evidence import FrameEvidence, normalised_entropy, voice_evidence
from emoreport.records import (
    WITNESS_MEASURE,
    DoubleArray,
    FaceTrack,
    SpeechTrack,
    WitnessReadings,
)
from emoreport.results import (
    AudioInterval,
    FaceEvidence,
    VideoInterval,
    VoiceEvidence,
    WitnessVerdict,
)
from emoreport.vocabulary import is_emotion

_Row = TypeVar("_Row", VideoInterval, AudioInterval)
_Track = TypeVar("_Track", FaceTrack, SpeechTrack)


def witness_track(track: _Track) -> _Track | None:
    """The readings with the witness as the first model, and the first as its witness.

    What either measures changes places too; the first model's own valence and arousal are left
    out. None without a witness.
    """
    if track.witness is None:
        return None
    first = WitnessReadings(track.labels, track.probabilities, track.witness.is_heeded)
    labels, probabilities = track.witness.labels, track.witness.probabilities
    extra = dict(track.extra)
    for name, beside in WITNESS_MEASURE.items():
        measured = {beside: extra.pop(name, None), name: extra.pop(beside, None)}
        extra |= {key: values for key, values in measured.items() if values is not None}
    swapped = replace(track, labels=labels, probabilities=probabilities, witness=first, extra=extra)
    if isinstance(swapped, FaceTrack):
        return replace(swapped, valence=None, arousal=None)
    return swapped


def with_face_witness(
    frames: FrameEvidence, rows: Sequence[VideoInterval], bridge: Bridge = DEFAULT_BRIDGE
) -> tuple[VideoInterval, ...]:
    """Rows that tile the recording, each with what the witness says of it.

    Parameters
    ----------
    frames
        Evidence of the frames.
    rows
        Rows with their evidence.
    bridge
        The shared label space.
    """
    if not frames.witness_labels:
        return tuple(rows)
    means, away = frames.witness_means(rows), frames.witness_distances(rows)
    shared = [
        None if row.evidence is None else replace(row.evidence, distance=none_if_nan(far))
        for row, far in zip(rows, away.tolist(), strict=True)
    ]
    rules = FACE_RULES if frames.heeds_witness else ()
    return _beside(rows, frames.labels, means, shared, frames.witness_labels, rules, bridge)


def with_voice_witness(
    rows: Sequence[AudioInterval],
    heard: Sequence[AudioInterval],
    speech: SpeechTrack,
    bridge: Bridge = DEFAULT_BRIDGE,
) -> tuple[AudioInterval, ...]:
    """Rows of the voice, each with what the witness says of it.

    Parameters
    ----------
    rows
        Rows with their evidence.
    heard
        The same spans as they are heard with `witness_track`.
    speech
        Voice readings.
    bridge
        The shared label space.
    """
    other = witness_track(speech)
    if other is None:
        return tuple(rows)
    unknown = (np.nan,) * len(other.labels)
    means = np.asarray([row.distribution or unknown for row in heard], dtype=np.float64)
    means = means.reshape(len(rows), len(other.labels))
    facts = voice_evidence(other, heard, distance=other.extra.get(DISTANCE))
    shared = [
        None if row.evidence is None else replace(row.evidence, distance=own.distance)
        for row, own in zip(rows, facts, strict=True)
    ]
    rules = VOICE_RULES if speech.witness is not None and speech.witness.is_heeded else ()
    return _beside(rows, speech.labels, means, shared, other.labels, rules, bridge)


def firm_windows(speech: SpeechTrack, level: Level, bridge: Bridge = DEFAULT_BRIDGE) -> BoolArray:
    """Voice windows that rest on enough and that no witness contradicts; bool (M,)."""
    usable = usable_windows(speech, level)
    other = witness_track(speech)
    unheeded = other is None or other.witness is None or not other.witness.is_heeded
    if other is None or unheeded or level == "off" or not speech.labels:
        return usable
    both = usable_windows(speech, DEFAULT_LEVEL) & usable_windows(other, DEFAULT_LEVEL)
    best = zip(_best(speech), _best(other), strict=True)
    space = bridge.shared_space(speech.labels, other.labels)
    differ = [
        first != second and first in space and second in space
        for first, second in ((bridge.shared(one), bridge.shared(two)) for one, two in best)
    ]
    return usable & ~(both & np.asarray(differ, dtype=np.bool_))


def _best(speech: SpeechTrack) -> list[str]:
    """Label of each window's largest probability; of an unjudged window the first."""
    best = np.nan_to_num(speech.probabilities, nan=0.0).argmax(axis=1)
    return [speech.labels[index] for index in best.tolist()]


def _beside(
    rows: Sequence[_Row],
    labels: Sequence[str],
    means: DoubleArray,
    shared: Sequence[FaceEvidence | VoiceEvidence | None],
    witness_labels: Sequence[str],
    rules: Sequence[Rule],
    bridge: Bridge,
) -> tuple[_Row, ...]:
    """Rows with the witness's verdict.

    `means` are its mean probabilities, float64 (R, K), `shared` its evidence but entropy and
    margin, which follow from these. Without `rules`, the witness is not heeded.
    """
    entropy, ranked = normalised_entropy(means), np.sort(means, axis=1)
    margin = ranked[:, -1] - ranked[:, -2] if means.shape[1] > 1 else np.ones(len(means))
    told = []
    for row, shares, beside, doubt, lead in zip(rows, means, shared, entropy, margin, strict=True):
        if (
            row.evidence is None
            or beside is None
            or not is_emotion(row.emotion)
            or np.isnan(shares).any()
        ):
            told.append(row)
            continue
        emotion = witness_labels[int(shares.argmax())]
        match, distance = bridge.compare(
            row.emotion, row.distribution, labels, emotion, shares.tolist(), witness_labels
        )
        own = replace(beside, entropy=float(doubt), margin=float(lead))
        firm = bool(rules) and all(
            not rule.hits(facts, DEFAULT_LEVEL) for rule in rules for facts in (row.evidence, own)
        )
        contradiction = distance if firm and match is False else None
        told.append(
            replace(
                row,
                evidence=replace(row.evidence, contradiction=contradiction),
                witness=WitnessVerdict(emotion, None if distance is None else 1.0 - distance),
            )
        )
    return tuple(told)
