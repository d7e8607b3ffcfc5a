"""Count the changes from one emotion to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from emoreport.results import Transition, VideoInterval
from emoreport.vocabulary import ALL_LABELS, is_emotion


def count_transitions(intervals: Sequence[VideoInterval]) -> tuple[Transition, ...]:
    """Count every ordered pair of neighbouring emotions.

    `no_face`, `uncertain` and cuts break the chain: n emotion rows in an unbroken chain make n − 1
    transitions. Rows of one emotion on both sides of a cut are no change.

    Returns
    -------
    One entry per pair that occurred, in canonical order of the labels; `probability` is the count
    over all departures from the pair's origin.
    """
    counts = Counter(
        (here.emotion, there.emotion)
        for here, there in pairwise(intervals)
        if is_emotion(here.emotion)
        and is_emotion(there.emotion)
        and here.emotion != there.emotion
        and not there.after_cut
    )
    departures: Counter[str] = Counter()
    for (origin, _), count in counts.items():
        departures[origin] += count
    order = {label: rank for rank, label in enumerate(ALL_LABELS)}
    pairs = sorted(counts, key=lambda pair: (order[pair[0]], order[pair[1]]))
    return tuple(
        Transition(
            origin, target, counts[origin, target], counts[origin, target] / departures[origin]
        )
        for origin, target in pairs
    )
