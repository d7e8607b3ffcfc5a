"""Face, voice and words of one talk against each other, as figures that talks are compared in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.bootstrap import along_time
from emoreport.analysis.mismatch.modalities import (
    FACE,
    TEXT,
    VOICE,
    Modality,
    departures,
    in_common,
    joined,
)
from emoreport.analysis.mismatch.three_way import fleiss_along_time, same_labels
from emoreport.analysis.numeric.blocks import BIN_S
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.rows.sequences import JointSequence
from emoreport.analysis.transitions.talk_figures import (
    DEPARTS,
    FLEISS_KAPPA,
    PAIR_KAPPA,
    Measure,
)

NAMES: Final = (FACE, VOICE, TEXT)


def agreement_measures(face: Modality, voice: Modality, text: Modality) -> tuple[Measure, ...]:
    """Kappa of each pair, Fleiss' kappa of all three, and how often each of them departs.

    The figures are those of `mismatch.modalities`; what is known along the time is added here.

    Parameters
    ----------
    face, voice, text
        Each on its own time, over the whole talk.
    """
    return tuple(_measures(face, voice, text))


def _measures(face: Modality, voice: Modality, text: Modality) -> Iterator[Measure]:
    sides = dict(zip(NAMES, (face, voice, text), strict=True))
    for first, second in combinations(NAMES, 2):
        joint = joined(sides[first], sides[second])
        yield _of_pair(PAIR_KAPPA[first, second], joint, "kappa")
    alike = in_common(face, voice, text)
    yield Measure(FLEISS_KAPPA, None, fleiss_along_time(alike, BIN_S), _rarer(same_labels(alike)))
    for name, joint in departures(alike).items():
        yield _of_pair(DEPARTS[name], joint, "disagreement")


def _of_pair(measure: str, joint: JointSequence, figure: str) -> Measure:
    course = along_time(joint, figure, BIN_S)
    return Measure(measure, None, course, _rarer(same_labels((joint.face, joint.voice))))


def _rarer(same: BoolArray) -> int:
    """How many stretches there are of the rarer kind: the same label, or not; bool (C,)."""
    starts = same[np.append(True, same[1:] != same[:-1])[: len(same)]]
    return int(min(starts.sum(), (~starts).sum()))
