"""Planted mismatches: clips of one actor as a talk, some with the voice of another emotion.

Face and voice of every clip are labelled by heads that never met the actor. In a share of the
clips the voice is then exchanged for that of a clip in which the same actor plays another emotion.
What the program says of mismatches must tell these clips from the others, and these talks from
those with the voices left where they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emoreport.analysis.mismatch.agreement import agreement
from emoreport.analysis.mismatch.bootstrap import block_bootstrap
from emoreport.analysis.mismatch.shift_test import ALPHA, shift_test, verdict
from emoreport.analysis.rows.sequences import JointSequence, LabelSequence, join
from emoreport.records import DoubleArray
from emoreport.training.acted.clips import ActedClips
from emoreport.training.acted.scores import DRAWS, figure

SHARES: Final = (0.0, 0.25, 0.5, 1.0)
SHUFFLED: Final = "shuffled"
"""All voices in a random order: what is left of the agreement is chance."""
TALKS: Final = 10
"""Orders of the clips, and draws of the swaps, per actor and share."""
ACTORS_IN_A_ROW: Final = 3
"""Clips of one actor last four minutes; intervals of the agreement need seven."""
BOOTSTRAP_DRAWS: Final = 999
VERDICTS: Final = ("less", "as_much", "more", "not_enough_data")

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Talk:
    """Clips one after the other.

    Attributes
    ----------
    seconds
        float64 (n,), length of each clip.
    face, voice
        float64 (n, K), distributions of the face of each clip and of the voice put to it.
    swapped
        bool (n,), clips with another clip's voice.
    """

    seconds: DoubleArray
    face: DoubleArray
    voice: DoubleArray
    swapped: Flags

    @property
    def severity(self) -> DoubleArray:
        """float64 (n,), distance of the two distributions, 0–1."""
        return np.asarray(0.5 * np.abs(self.face - self.voice).sum(axis=1))

    @property
    def marked(self) -> Flags:
        """bool (n,), clips that the program calls a mismatch: the labels differ."""
        return np.asarray(self.face.argmax(axis=1) != self.voice.argmax(axis=1))

    @property
    def joint(self) -> JointSequence:
        """Face and voice on one time axis."""
        edges_s = np.append(0.0, np.cumsum(self.seconds))
        face, voice = (
            LabelSequence(edges_s, given.argmax(axis=1).astype(np.int64), given)
            for given in (self.face, self.voice)
        )
        return join(face, voice)


def figures(
    clips: ActedClips, face: DoubleArray, voice: DoubleArray, seed: int = 0
) -> dict[str, Any]:
    """What is found of planted swaps, by the share of clips that were swapped.

    Parameters
    ----------
    clips
        Of all actors.
    face, voice
        float64 (N, K), what heads that never met the actor give to either.
    seed
        Of the orders and of the swaps.

    Returns
    -------
    By share: how well clips and talks are told apart, 95 % intervals drawn over actors.
    """
    generator = np.random.default_rng(seed)
    result = {}
    for share in (*SHARES, SHUFFLED):
        by_actor = {
            str(actor): [talk(clips, face, voice, actor, share, generator) for _ in range(TALKS)]
            for actor in np.unique(clips.speakers)
        }
        name = share if isinstance(share, str) else f"{share:g}"
        result[name] = {**_clips(by_actor), **_talks(by_actor)}
    return result


def talk(
    clips: ActedClips,
    face: DoubleArray,
    voice: DoubleArray,
    actor: str,
    share: float | str,
    generator: np.random.Generator,
) -> Talk:
    """All clips of an actor in a random order, `share` of them with another emotion's voice."""
    own = generator.permutation(np.flatnonzero(clips.speakers == actor))
    swapped = np.zeros(len(own), np.bool_)
    heard = own.copy()
    if isinstance(share, str):
        heard = generator.permutation(own)
        swapped = heard != own
    else:
        swapped[generator.permutation(len(own))[: round(share * len(own))]] = True
        for at in np.flatnonzero(swapped):
            heard[at] = generator.choice(own[clips.classes[own] != clips.classes[own[at]]])
    return Talk(clips.seconds[own], face[own], voice[heard], swapped)


def false_alarms(talks: int = 600, clips: int = 60, emotions: int = 8) -> dict[str, float]:
    """How often the shift test errs (p ≤ 0.05) on talks of clips whose labels are pure chance.

    Parameters
    ----------
    talks, clips, emotions
        Number of talks, of clips in each, and of labels, all as frequent.

    Returns
    -------
    Shares of the talks: ``common``, where face and voice change at the same moments, from clip to
    clip, and ``own``, where each changes at moments of its own.
    """
    generator = np.random.default_rng(0)

    def piecewise(edges_s: DoubleArray) -> LabelSequence:
        label = generator.integers(emotions, size=clips)
        return LabelSequence(edges_s, label, np.eye(emotions)[label])

    def edges(end_s: float) -> DoubleArray:
        lengths_s = generator.uniform(3.0, 4.5, clips)
        edges_s: DoubleArray = np.append(0.0, np.cumsum(lengths_s))
        return edges_s * (end_s / float(edges_s[-1]))

    errors = {"common": 0, "own": 0}
    for _ in range(talks):
        face_s, voice_s = edges(3.7 * clips), edges(3.7 * clips)
        for name, bounds_s in (("common", face_s), ("own", voice_s)):
            test = shift_test(join(piecewise(face_s), piecewise(bounds_s)))
            errors[name] += test.p_value is not None and test.p_value <= ALPHA
    return {name: round(count / talks, 4) for name, count in errors.items()}


def joined(talks: Sequence[Talk]) -> Talk:
    """Several talks as one."""
    return Talk(
        *(
            np.concatenate([getattr(each, name) for each in talks])
            for name in ("seconds", "face", "voice", "swapped")
        )
    )


def ranked_above(these: DoubleArray, others: DoubleArray) -> float:
    """Chance that one of `these` is above one of `others`: the area under the ROC curve."""
    order = np.sort(others)
    below = np.searchsorted(order, these, side="left")
    not_above = np.searchsorted(order, these, side="right")
    return float((below + not_above).mean() / (2 * len(others)))


def _clips(by_actor: Mapping[str, Sequence[Talk]]) -> dict[str, Any]:
    """How well the swapped clips are told from the others of the same actor."""
    marked_swapped, marked_others, ranked = [], [], []
    for talks in by_actor.values():
        whole = joined(talks)
        own, marked, severity = whole.swapped, whole.marked, whole.severity
        marked_swapped.append(marked[own].mean() if own.any() else np.nan)
        marked_others.append(marked[~own].mean() if not own.all() else np.nan)
        both = own.any() and not own.all()
        ranked.append(ranked_above(severity[own], severity[~own]) if both else np.nan)
    return {
        "marked_swapped": _over_actors(marked_swapped),
        "marked_others": _over_actors(marked_others),
        "roc_auc": _over_actors(ranked),
    }


def _talks(by_actor: Mapping[str, Sequence[Talk]]) -> dict[str, Any]:
    """Share of mismatches beside chance, and the verdicts."""
    observed: list[float] = []
    expected: list[float] = []
    kappa: list[float] = []
    verdicts: Counter[str] = Counter()
    for talks in by_actor.values():
        measured = [agreement(each.joint) for each in talks]
        verdicts.update(map(_verdict, talks))
        for values, name in (
            (observed, "disagreement"),
            (expected, "expected_disagreement"),
            (kappa, "kappa"),
        ):
            values.append(float(np.mean([getattr(each, name) for each in measured])))
    rows = [
        list(by_actor.values())[first : first + ACTORS_IN_A_ROW]
        for first in range(0, len(by_actor), ACTORS_IN_A_ROW)
    ]
    in_a_row = Counter(_verdict(joined(talks)) for row in rows for talks in zip(*row, strict=True))
    return {
        "mismatch_share": _over_actors(observed),
        "expected_share": _over_actors(expected),
        "kappa": _over_actors(kappa),
        "verdicts": {name: verdicts[name] for name in VERDICTS},
        "verdicts_in_a_row": {name: in_a_row[name] for name in VERDICTS},
    }


def _verdict(whole: Talk) -> str:
    """What the program says of the labels of a talk."""
    joint = whole.joint
    return verdict(shift_test(joint), block_bootstrap(joint, draws=BOOTSTRAP_DRAWS).kappa)


def _over_actors(values: Sequence[float]) -> dict[str, float] | None:
    """Mean over actors with its 95 % interval; None where there is nothing to measure."""
    known = np.asarray(values)
    if np.isnan(known).any():
        return None
    generator = np.random.default_rng(0)
    drawn = known[generator.integers(0, len(known), (DRAWS, len(known)))].mean(axis=1)
    return figure(float(known.mean()), drawn)
