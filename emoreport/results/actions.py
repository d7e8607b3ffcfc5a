"""What a face did, apart from any emotion: events, means over rows, sums over the talk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from emoreport.records import Span

BLINK: Final = "blink"
SMILE: Final = "smile"
MOUTH_OPEN: Final = "mouth_open"
ActionName = Literal["blink", "smile", "mouth_open"]
ACTIONS: Final[tuple[ActionName, ...]] = (BLINK, SMILE, MOUTH_OPEN)


@dataclass(frozen=True, slots=True)
class ActionEvent:
    """One action with a beginning and an end.

    Attributes
    ----------
    action
        What happened.
    span
        From when to when.
    peak_s
        When it was strongest.
    peak
        How strong it was then: of a blink the share of the opening that the eyes lost, of a smile
        its score, of the mouth its opening.
    with_eyes
        Of a smile, whether the eyes narrowed with it; None where that cannot be told, and of other
        actions.
    """

    action: ActionName
    span: Span
    peak_s: float
    peak: float
    with_eyes: bool | None = None


@dataclass(frozen=True, slots=True)
class ActionInterval:
    """What the face did in one row of the face.

    Attributes
    ----------
    span, emotion
        Those of the row.
    looks
        Looks that found the face.
    means
        Mean of each measure over these looks; None where it is not known.
    blinks
        Blinks that are at their deepest in the row; None where they cannot be counted.
    """

    span: Span
    emotion: str
    looks: int
    means: Mapping[str, float | None]
    blinks: int | None


@dataclass(frozen=True, slots=True)
class ActionSummary:
    """What the face did in the whole talk.

    Attributes
    ----------
    looks
        Looks that found the face.
    eyes_s
        Seconds in which the eyes were watched often enough to count blinks.
    blinks, blinks_per_minute
        How many, and over the seconds watched; None where they cannot be counted.
    blink_s
        Median length of a blink, at half of its depth, seconds; None without any.
    smiles, smile_s
        Smiles and their seconds.
    smiles_with_eyes
        Smiles with which the eyes narrowed; None where that cannot be told.
    mouth_openings
        How often the mouth was wide open.
    """

    looks: int
    eyes_s: float
    blinks: int | None
    blinks_per_minute: float | None
    blink_s: float | None
    smiles: int
    smile_s: float
    smiles_with_eyes: int | None
    mouth_openings: int
