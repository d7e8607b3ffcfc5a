"""What a user puts right in the people of a recording: names, two that are one, one that is two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoreport.analysis.people.grouping import key_of
from emoreport.errors import SettingsError
from emoreport.records import Person, find_person
from emoreport.settings import MOST_SEEN


@dataclass(frozen=True, slots=True)
class Corrections:
    """Corrections in the order in which they are made: splits, then merges, then names.

    Attributes
    ----------
    split
        People, each of whose tracks becomes a person of its own.
    merge
        Pairs: the first one is in truth the second, whose key and name stay.
    rename
        Pairs: a person, and the name; an empty one takes a name away.
    """

    split: tuple[str, ...] = ()
    merge: tuple[tuple[str, str], ...] = ()
    rename: tuple[tuple[str, str], ...] = ()


def corrected(people: Sequence[Person], corrections: Corrections) -> tuple[Person, ...]:
    """The people after the corrections; keys of those who are left stay as they are.

    Raises
    ------
    SettingsError
        When there is no such person, one is merged with itself, or two would have one name.
    """
    left = list(people)
    for wanted in corrections.split:
        person = known(left, wanted)
        first, *others = person.tracks
        left[left.index(person)] = replace(person, tracks=(first,))
        for track in others:
            left.append(Person(_free_key(left), (track,)))
    for wanted, into in corrections.merge:
        person, whole = known(left, wanted), known(left, into)
        if person is whole:
            raise SettingsError("people.itself", person=wanted)
        tracks = tuple(sorted({*whole.tracks, *person.tracks}))
        seconds = whole.seconds + person.seconds
        left[left.index(whole)] = replace(whole, tracks=tracks, seconds=seconds)
        left.remove(person)
    for wanted, name in corrections.rename:
        person = known(left, wanted)
        other = find_person(left, name) if name else None
        if other is not None and other is not person:
            raise SettingsError("people.same_name", name=name, person=other.key)
        left[left.index(person)] = replace(person, name=name.strip() or None)
    return tuple(left)


def known(people: Sequence[Person], wanted: str) -> Person:
    """The person of a key or a name.

    Raises
    ------
    SettingsError
        When there is none; it names all.
    """
    person = find_person(people, wanted)
    if person is None:
        names = ", ".join(
            person.key if person.name is None else f"{person.key} ({person.name})"
            for person in people
        )
        raise SettingsError("people.unknown", person=wanted, people=names)
    return person


def chosen_person(people: Sequence[Person], wanted: str) -> Person | None:
    """Whose face the tables are about: ``auto`` is the person seen longest; None without any.

    Raises
    ------
    SettingsError
        When nobody is called so; it names all.
    """
    if wanted == MOST_SEEN:
        return max(people, key=lambda person: round(person.seconds, 6), default=None)
    return known(people, wanted)


def same_person(wanted: str, before: Sequence[Person], people: Sequence[Person]) -> str:
    """What to call a person who is wanted after the people were put right: by the first track."""
    if wanted == MOST_SEEN:
        return wanted
    track = known(before, wanted).tracks[0]
    return next(person.key for person in people if track in person.tracks)


def _free_key(people: Sequence[Person]) -> str:
    taken = {person.key for person in people}
    number = len(people)
    while key_of(number) in taken:
        number += 1
    return key_of(number)
