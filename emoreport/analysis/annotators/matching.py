"""Pair the moments of two lists one to one, the closest ones together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emoreport.errors import SettingsError

MAX_COMBINATIONS: Final = 4_000_000
"""Two thousand changes on either side without a pause longer than the tolerance."""


def match_moments(
    first: Sequence[int], second: Sequence[int], tolerance: int
) -> list[tuple[int, int]]:
    """Pair moments one to one: as many pairs as possible, and of these the closest ones.

    Parameters
    ----------
    first, second
        Sorted moments.
    tolerance
        Farthest distance within a pair.

    Raises
    ------
    SettingsError
        When too many moments are closer together than the tolerance.

    Returns
    -------
    Pairs in order of time. Pairs on a line never need to cross, so that a walk over both lists
    finds the best ones; moments farther apart than the tolerance are looked at separately.
    """
    marked = sorted([(moment, 0) for moment in first] + [(moment, 1) for moment in second])
    pairs: list[tuple[int, int]] = []
    group: list[tuple[int, int]] = []
    for moment, side in marked:
        if group and moment - group[-1][0] > tolerance:
            pairs += _match_group(group, tolerance)
            group = []
        group.append((moment, side))
    return pairs + _match_group(group, tolerance)


def _match_group(group: Sequence[tuple[int, int]], tolerance: int) -> list[tuple[int, int]]:
    first = [moment for moment, side in group if side == 0]
    second = [moment for moment, side in group if side == 1]
    if len(first) * len(second) > MAX_COMBINATIONS:
        raise SettingsError("annotators.too_many_labels")
    # best[i][j]: (pairs, minus their summed distance) of the first i and the first j moments.
    best = [[(0, 0)] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, mine in enumerate(first, start=1):
        for j, theirs in enumerate(second, start=1):
            options = [best[i - 1][j], best[i][j - 1]]
            if abs(mine - theirs) <= tolerance:
                count, cost = best[i - 1][j - 1]
                options.append((count + 1, cost - abs(mine - theirs)))
            best[i][j] = max(options)
    pairs = []
    i, j = len(first), len(second)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((first[i], second[j]))
    return pairs[::-1]
