"""What frames are labelled with: expressions, action units, valence and arousal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from emoreport.vocabulary import ACTION_UNITS, AFFWILD2_ORDER

TaskName = Literal["expr", "au", "va"]


@dataclass(frozen=True, slots=True)
class Task:
    """One way of labelling a frame, named and ordered as in the ABAW competitions.

    Attributes
    ----------
    name
        ``expr``, ``au`` or ``va``.
    columns
        Classes, action units or dimensions.
    width
        Numbers in a line of a label file.
    lowest, highest
        Range of a label; whatever is below is unlabelled.
    """

    name: TaskName
    columns: tuple[str, ...]
    width: int
    lowest: float
    highest: float


_EXPRESSIONS: Final = tuple(map(str.capitalize, AFFWILD2_ORDER))
EXPR: Final = Task("expr", _EXPRESSIONS, 1, 0, len(_EXPRESSIONS) - 1)
AU: Final = Task("au", ACTION_UNITS, len(ACTION_UNITS), 0, 1)
VA: Final = Task("va", ("valence", "arousal"), 2, -1, 1)
TASKS: Final[dict[TaskName, Task]] = {task.name: task for task in (EXPR, AU, VA)}
