"""What the charts and matrices of the workbook show, worked out from the shown tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from emoreport.tables.cells import Cell, ShownTable
from emoreport.vocabulary import ALL_LABELS, is_emotion

MAX_STRETCHES: Final = 120
"""Columns of a chart over time: more can neither be seen nor drawn quickly."""
WIDTHS_S: Final = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0),
)
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class Stretches:
    """A recording cut into stretches of equal length; the last one may be shorter.

    Attributes
    ----------
    width_s
        Their length, seconds.
    starts_s, lengths_s
        Where each begins and how long it is.
    """

    width_s: float
    starts_s: tuple[float, ...]
    lengths_s: tuple[float, ...]

    def cut(self, start_s: float, end_s: float) -> Iterator[tuple[int, float]]:
        """Yield ``(index, seconds)`` for each stretch that [start, end) shares time with."""
        index = int(start_s / self.width_s)
        while index < len(self.starts_s) and self.starts_s[index] < end_s:
            begin = self.starts_s[index]
            shared_s = min(end_s, begin + self.lengths_s[index]) - max(start_s, begin)
            if shared_s > 0:
                yield index, shared_s
            index += 1


@dataclass(frozen=True, slots=True)
class Matrix:
    """Numbers from a label (row) to a label (column); None where there can be none."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


def stretches(duration_s: float) -> Stretches:
    """Cut a recording into at most `MAX_STRETCHES` stretches of a round length."""
    room = duration_s / MAX_STRETCHES
    whole_hours = math.ceil(room / WIDTHS_S[-1]) * WIDTHS_S[-1]
    width_s = next((width for width in WIDTHS_S if width >= room), whole_hours)
    # In milliseconds, as the tables show times: 0.1 s times n is not exact.
    width_ms, end_ms = round(width_s * _MS_PER_S), round(duration_s * _MS_PER_S)
    starts = range(0, end_ms, width_ms)
    return Stretches(
        width_s,
        tuple(start / _MS_PER_S for start in starts),
        tuple(min(width_ms, end_ms - start) / _MS_PER_S for start in starts),
    )


def column(content: ShownTable, name: str) -> list[Cell]:
    """Cells of the column called `name`."""
    return content.columns[content.table.names.index(name)]


def rows(content: ShownTable, *names: str) -> Iterator[tuple[Cell, ...]]:
    """Cells of the columns called `names`, row by row."""
    return zip(*(column(content, name) for name in names), strict=True)


def label_seconds(intervals: ShownTable) -> dict[str, float]:
    """Seconds of each label that occurs, in the order of the vocabulary."""
    seconds: dict[str, float] = {}
    for label, duration in rows(intervals, "emotion", "duration"):
        seconds[str(label)] = seconds.get(str(label), 0.0) + _number(duration)
    return {label: seconds[label] for label in ALL_LABELS if label in seconds}


def shares_over_time(intervals: ShownTable, cut: Stretches) -> dict[str, list[float]]:
    """Share of each stretch that each label has, 0–1, by label in the order of the vocabulary."""
    shares = {label: [0.0] * len(cut.starts_s) for label in label_seconds(intervals)}
    for label, start, end in rows(intervals, "emotion", "start", "end"):
        for index, seconds in cut.cut(_number(start), _number(end)):
            shares[str(label)][index] += seconds / cut.lengths_s[index]
    return shares


def severity_over_time(comparisons: ShownTable, cut: Stretches) -> list[float | None]:
    """Largest severity of a mismatch that touches each stretch; None where there is none."""
    largest: list[float | None] = [None] * len(cut.starts_s)
    names = ("start", "end", "match", "severity")
    for start, end, match, severity in rows(comparisons, *names):
        if match is False and severity is not None:
            for index, _ in cut.cut(_number(start), _number(end)):
                largest[index] = max(_number(severity), largest[index] or 0.0)
    return largest


def never_compared(comparisons: ShownTable, cut: Stretches) -> list[bool]:
    """Whether face and voice could not be compared anywhere in each stretch."""
    never = [True] * len(cut.starts_s)
    for start, end, match in rows(comparisons, "start", "end", "match"):
        if match is not None:
            for index, _ in cut.cut(_number(start), _number(end)):
                never[index] = False
    return never


def transition_counts(tables: Mapping[str, ShownTable]) -> Matrix:
    """How often each emotion of the face was followed by each other one; 0 for never.

    No emotion follows itself: None.
    """
    counts = {
        (str(origin), str(target)): _number(count)
        for origin, target, count in rows(tables["transitions"], "from", "to", "count")
    }
    shown = label_seconds(tables["video_intervals"])
    labels = [label for label in shown if is_emotion(label)]
    never = {
        (origin, target): 0.0 for origin, target in product(labels, labels) if origin != target
    }
    return _matrix(labels, labels, never | counts)


def expected_counts(tables: Mapping[str, ShownTable], labels: Sequence[str]) -> Matrix | None:
    """What chance would give for each pair among `labels`; None where nothing was tested."""
    names = ("statistic", "setting", "scope", "emotion", "to", "expected")
    by_pair = {
        (str(origin), str(target)): _number(expected)
        for statistic, setting, scope, origin, target, expected in rows(
            tables["transition_statistics"], *names
        )
        if (statistic, setting, scope) == ("pair_count", None, "all") and expected is not None
    }
    return _matrix(labels, labels, by_pair) if by_pair else None


def face_by_voice(comparisons: ShownTable) -> Matrix:
    """Seconds of each label of the face with each label of the voice, but where others speak."""
    seconds: dict[tuple[str, str], float] = {}
    names = ("face_emotion", "voice_emotion", "duration", "not_compared_because")
    for seen, heard, duration, reason in rows(comparisons, *names):
        if reason is not None:
            continue
        pair = str(seen), str(heard)
        seconds[pair] = seconds.get(pair, 0.0) + _number(duration)
    faces = [label for label in ALL_LABELS if any(seen == label for seen, _ in seconds)]
    voices = [label for label in ALL_LABELS if any(heard == label for _, heard in seconds)]
    return _matrix(faces, voices, dict.fromkeys(product(faces, voices), 0.0) | seconds)


def _matrix(
    faces: Sequence[str], others: Sequence[str], by_pair: Mapping[tuple[str, str], float]
) -> Matrix:
    cells = tuple(tuple(by_pair.get((face, other)) for other in others) for face in faces)
    return Matrix(tuple(faces), tuple(others), cells)


def _number(cell: Cell) -> float:
    if not isinstance(cell, (int, float)):
        raise TypeError(f"{cell!r} is no number")
    return float(cell)
