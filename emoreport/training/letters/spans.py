"""Times of letters from times of phones: monotone alignment with a table that it learns itself."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from emoreport.training.letters.espeak import PAUSE

BOUNDARY: Final = "|"
"""Stands between words, takes pauses."""
MOST_PHONES: Final = 3
BAND: Final = 40
UNKNOWN: Final = 0.3
"""Added to every count."""
SPREAD: Final = 15.0
MORE_THAN_ONE: Final = 1.0
IMPOSSIBLE: Final = 1e9
PASSES: Final = 5

Cost = Callable[[str, str | None, int], float]
"""Of the ``number``-th phone of a letter; of no phone at all (None)."""
Ranges = list[tuple[int, int]]


def units_of(words: Iterable[Sequence[str]]) -> list[str]:
    """Letters of words with a `BOUNDARY` before, between and after."""
    units = [BOUNDARY]
    for word in words:
        units += [*word, BOUNDARY]
    return units


def learn_costs(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Cost:
    """Which phones belong to which letters, from (units, phones) of many utterances."""
    cost: Cost = _first_cost
    for _ in range(PASSES):
        counts: dict[str, Counter[str | None]] = defaultdict(Counter)
        for units, phones in pairs:
            ranges, _ = phones_of_units(units, phones, cost)
            for unit, (first, last) in zip(units, ranges or [], strict=False):
                if unit != BOUNDARY:
                    counts[unit].update(phones[first:last] if last > first else (None,))
        cost = _cost_from(counts)
    return cost


def _first_cost(_: str, phone: str | None, number: int) -> float:
    if phone is None:
        return 2.5
    return 1.0 + 1.5 * (number > 1)


def _cost_from(counts: Mapping[str, Counter[str | None]]) -> Cost:
    totals = {unit: counted.total() for unit, counted in counts.items()}

    def cost(unit: str, phone: str | None, number: int) -> float:
        seen = counts[unit][phone] if unit in counts else 0
        share = (seen + UNKNOWN) / (totals.get(unit, 0) + SPREAD)
        return MORE_THAN_ONE * (number > 1) - math.log(share)

    return cost


def phones_of_units(
    units: Sequence[str], phones: Sequence[str], cost: Cost
) -> tuple[Ranges | None, float]:
    """Range of phones of every unit, and the cost per unit; None where nothing fits."""
    rows, columns = len(units), len(phones)
    total = np.full((rows + 1, columns + 1), IMPOSSIBLE)
    taken = np.zeros((rows + 1, columns + 1), np.int8)
    total[0, 0] = 0.0
    for row, unit in enumerate(units):
        low = max(0, row * columns // rows - BAND)
        high = min(columns, (row + 1) * columns // rows + BAND)
        for column in range(low, high + 1):
            so_far = total[row, column]
            if so_far >= IMPOSSIBLE:
                continue
            for number, added in _choices(unit, phones[column : column + MOST_PHONES + 1], cost):
                if so_far + added < total[row + 1, column + number]:
                    total[row + 1, column + number] = so_far + added
                    taken[row + 1, column + number] = number
    if total[rows, columns] >= IMPOSSIBLE:
        return None, IMPOSSIBLE
    ranges, column = [], columns
    for row in range(rows, 0, -1):
        number = int(taken[row, column])
        ranges.append((column - number, column))
        column -= number
    return ranges[::-1], float(total[rows, columns]) / rows


def _choices(unit: str, following: Sequence[str], cost: Cost) -> list[tuple[int, float]]:
    """(phones taken, cost) that a unit may choose from, given the phones that come."""
    pauses = 0
    while pauses < len(following) and following[pauses] == PAUSE:
        pauses += 1
    if unit == BOUNDARY:
        return [(number, 0.0) for number in range(pauses + 1)]
    choices, added = [(0, cost(unit, None, 0))], 0.0
    for number, phone in enumerate(following[:MOST_PHONES], start=1):
        if phone == PAUSE:
            break
        added += cost(unit, phone, number)
        choices.append((number, added))
    return choices
