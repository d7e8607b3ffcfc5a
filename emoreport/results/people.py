"""What is told of each person of a recording."""

from __future__ import annotations

from dataclasses import dataclass

from emoreport.records import Span


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """One row of people.csv.

    Attributes
    ----------
    person
        The name that a user gave, else the key.
    seconds, share
        How long the face is seen, and the share of the recording.
    speaking_s
        How long the person speaks; None where that was not told.
    dominant_emotion
        The emotion of the face with the most seconds; None without any.
    first_seen_s
        When the face is first seen; None where it is not.
    key
        A, B, …: by seconds seen, unless the people were put right.
    is_chosen
        Whether the tables are about this person.
    spans
        When the face is seen: its tracks, in order of time; empty where nobody else was followed.
    """

    person: str
    seconds: float
    share: float | None
    speaking_s: float | None
    dominant_emotion: str | None
    first_seen_s: float | None
    key: str
    is_chosen: bool
    spans: tuple[Span, ...] = ()
