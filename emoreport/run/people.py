"""Whose face a report is about: the readings of one person among those of all who were seen."""

from __future__ import annotations

import errno
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.people.corrections import chosen_person
from emoreport.analysis.people.grouping import people_of
from emoreport.atomic import output_error
from emoreport.errors import SettingsError
from emoreport.records import (
    ActionTrack,
    DoubleArray,
    FaceTrack,
    IntArray,
    Person,
    RunRecord,
    RunWarning,
    SeenFaces,
    TrackAppearance,
)
from emoreport.run.folder import stored_run
from emoreport.tables.store import KNOWN_FILES, RUN_FILE

SEVERAL: Final = "several_people"
FOLDER: Final = "person_"
"""How the folder of another person's tables begins, in that of the recording."""
LONGEST_LOOK_S: Final = 0.25
"""A look at the actions is of the face that led at most so long before."""


def settled(
    run: RunRecord,
    wanted: str,
    faces: FaceTrack,
    seen: SeenFaces | None,
    appearance: TrackAppearance | None,
    people: Sequence[Person] | None = None,
) -> tuple[RunRecord, FaceTrack]:
    """The run with all who were seen, and the readings of the person who is wanted.

    Parameters
    ----------
    run
        Of a fresh run, which names nobody yet, or of a stored one.
    wanted
        The setting ``person``.
    faces
        Of a fresh run the readings of the face that leads, of a stored one those of its person.
    seen, appearance
        All faces, and what their tracks look like; None where one track is all that was seen.
    people
        Who was seen; None for those of the stored run, or to find out from what faces look like.

    Raises
    ------
    SettingsError
        When nobody is called so, or the readings of that person are not kept.
    """
    if people is None:
        people = run.people or people_of(seen, appearance, faces, run.media.duration_s)
    person = chosen_person(people, wanted)
    if person is None:
        return run, faces
    warnings = [warning for warning in run.warnings if warning.key != SEVERAL]
    if len(people) > 1:  # which says more than that there are several faces
        warnings = [warning for warning in warnings if warning.key != "several_faces"]
        named = {"count": len(people), "person": person.shown_name}
        warnings.append(RunWarning(SEVERAL, named))
    new = replace(run, people=tuple(people), person=person.key, warnings=tuple(warnings))
    if _is_held(run, new) or (seen is None and len(people) == 1):
        return new, faces
    if seen is None:
        raise SettingsError("people.elsewhere", person=person.shown_name)
    if len(people) == 1:
        return new, seen.leading(faces)
    return new, seen.readings_of(person.tracks, faces)


def _is_held(before: RunRecord, run: RunRecord) -> bool:
    """Whether the readings that a run had are those of the person whom it is about now."""
    if before.person is None:  # those of the face that leads
        return len(run.people) == 1
    held, wanted = (
        next(person.tracks for person in each.people if person.key == each.person)
        for each in (before, run)
    )
    alone = len(before.people) == 1, len(run.people) == 1
    return before.person == run.person and held == wanted and alone[0] == alone[1]


def own_actions(
    actions: ActionTrack | None, seen: SeenFaces | None, people: Sequence[Person], key: str | None
) -> ActionTrack | None:
    """The actions of one person: those of looks at another face are not known.

    Parameters
    ----------
    actions
        Of the face that leads, whoever it is; None without any.
    seen, people
        All faces, and the people that they are.
    key
        The person's.
    """
    person = next((each for each in people if each.key == key), None)
    if actions is None or seen is None or person is None or len(people) == 1:
        return actions
    tracks = person.tracks

    def is_theirs(time_s: DoubleArray) -> NDArray[np.bool_]:
        return ~np.isin(_leading(seen, time_s), tracks)

    hidden = is_theirs(actions.time_s)
    eyes = actions.eyes
    if eyes is not None:
        opening = np.where(is_theirs(eyes.time_s), np.float32(np.nan), eyes.opening)
        eyes = replace(eyes, opening=opening)
    values = {
        name: np.where(hidden, np.float32(np.nan), each) for name, each in actions.values.items()
    }
    return replace(actions, values=values, eyes=eyes)


def _leading(seen: SeenFaces, time_s: DoubleArray) -> IntArray:
    """The track of the face that led at each of some times, int64; 0 where none did."""
    led_s, tracks = seen.time_s[seen.leads], seen.track[seen.leads]
    at = np.searchsorted(led_s, time_s + 1e-6) - 1
    known = (at >= 0) & (time_s - led_s[np.maximum(at, 0)] <= LONGEST_LOOK_S)
    return np.where(known, tracks[np.maximum(at, 0)], 0)


def named_actions(
    actions: ActionTrack | None, seen: SeenFaces | None, people: Sequence[Person]
) -> ActionTrack | None:
    """The actions with whose they are, for their files; parameters as for `own_actions`."""
    if actions is None or not people:
        return actions
    of = {track: person.shown_name for person in people for track in person.tracks}

    def names(time_s: DoubleArray, found: NDArray[np.bool_]) -> NDArray[np.object_]:
        if seen is None:
            whose = np.full(len(time_s), people[0].shown_name, dtype=object)
        else:
            tracks = _leading(seen, time_s).tolist()
            whose = np.array([of.get(track) for track in tracks], dtype=object)
        whose[~found] = None
        return whose

    eyes = actions.eyes
    if eyes is not None:
        eyes = replace(eyes, person=names(eyes.time_s, ~np.isnan(eyes.opening)))
    return replace(actions, eyes=eyes, person=names(actions.time_s, actions.seen))


def folder_of(key: str) -> str:
    """Name of the folder of a person's tables in that of the recording."""
    return f"{FOLDER}{key}"


def remove_others(folder: Path, sha256: str, kept: Collection[Path]) -> None:
    """Remove the tables of people that an earlier run left; other files stay, and so do links.

    Parameters
    ----------
    folder
        The recording's results.
    sha256
        Digest of the recording: results of another one are left alone.
    kept
        Folders that stay.

    Raises
    ------
    OutputError
        When one cannot be removed.
    """
    for old in sorted(folder.glob(f"{FOLDER}*")):
        if old in kept or old.is_symlink() or stored_run(old, sha256) is None:
            continue
        try:
            for name in (RUN_FILE, *KNOWN_FILES):
                (old / name).unlink(missing_ok=True)
            old.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise output_error(error, old) from error
