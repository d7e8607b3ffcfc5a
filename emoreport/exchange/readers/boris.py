"""Read a BORIS project (.boris): the state events of one observation, a tier per category.

BORIS stores no START and no STOP: of the events of one behaviour and one subject, every other one
ends what the one before began. Point events have no length and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emoreport.messages import Phrase
from emoreport.tiers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    raw_tier,
    same_file_name,
)
from emoreport.vocabulary import ALL_LABELS

STATE: Final = "State event"
"""What the types of behaviours with a length begin with."""

UNNAMED: Final = ""
"""Name of the tier of behaviours without a category."""

MODALITIES: Final = ("face", "voice")
CLOCK: Final = "1"
"""The player whose position is the time of the events."""


_NO_PROJECT: Final = (
    *(ValueError, OverflowError),  # of the JSON and of its numbers
    *(KeyError, TypeError, AttributeError, IndexError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class _Medium:
    """One recording of an observation: where it begins and ends on the clock of the events.

    Attributes
    ----------
    path
        As the project holds it.
    start_ms
        None where the project does not say it.
    end_ms
        None for the last one of its player: what comes after it is no other recording's.
    """

    path: str
    start_ms: int | None
    end_ms: int | None


def read_boris(text: str, observation: str | None, video: str | None) -> list[RawTier]:
    """Tiers by category; the label is the code, without the category in front.

    Parameters
    ----------
    text
        The project.
    observation
        Name of the observation to read; None: the only one with events, or the only one of the
        recording.
    video
        Name of the recording that was analysed; None if it is not known. Where an observation
        plays several one after the other or one later than the other, times are those of this one.

    Raises
    ------
    FormatError
        When it is no BORIS project, the observation cannot be told, or its times cannot be laid on
        those of the recording.
    """
    try:
        project = json.loads(text)
        behaviours = {
            str(behaviour["code"]): (_category(behaviour), str(behaviour["type"]))
            for behaviour in project["behaviors_conf"].values()
        }
        observed = _observation(project["observations"], observation, video)
        medium = _recording(observed, video)
        return [
            raw_tier(name, _within(spans, medium))
            for name, spans in _tiers(observed["events"], behaviours)
        ]
    except _NO_PROJECT as error:
        raise FormatError("coding.not_boris", name=type(error).__name__) from error


def _category(behaviour: Mapping[str, Any]) -> str:
    """Category of a behaviour; codes such as face_anger say it themselves where it is missing."""
    category, code = str(behaviour.get("category") or UNNAMED), str(behaviour["code"])
    modality, _, label = code.partition("_")
    says_it = modality in MODALITIES and label in ALL_LABELS
    return modality if category == UNNAMED and says_it else category


def _observation(
    observations: Mapping[str, Any], wanted: str | None, video: str | None
) -> Mapping[str, Any]:
    names: dict[str, Mapping[str, Any]]
    names = {str(name): observation for name, observation in observations.items()}
    if wanted is not None and wanted in names:
        return names[wanted]
    coded = {name: observation for name, observation in names.items() if observation["events"]}
    listed = ", ".join(repr(name[:60]) for name in (names if wanted else coded)) or "–"
    if wanted is not None:
        raise FormatError("coding.no_observation", wanted=wanted, names=listed)
    ours = [
        observation
        for observation in coded.values()
        if len(coded) == 1
        or any(same_file_name(medium.path, video) for medium in _media(observation))
    ]
    if len(ours) != 1:
        raise FormatError("coding.which_observation" if coded else "coding.no_events", names=listed)
    return ours[0]


def _recording(observation: Mapping[str, Any], video: str | None) -> _Medium:
    """The medium of an observation that is the recording.

    Raises
    ------
    FormatError
        When its times are not those of any recording, or it is not clear of which.
    """
    if float(observation.get("time offset") or 0) != 0:
        raise FormatError("coding.time_offset")
    if observation.get("media_creation_date_as_offset"):
        raise FormatError("coding.media_date")
    kind = str(observation.get("type") or "MEDIA")
    if kind != "MEDIA":
        raise FormatError("coding.not_a_recording", kind=kind[:20])
    media = list(_media(observation))
    candidates = [medium for medium in media if same_file_name(medium.path, video)] or media
    places = {(medium.start_ms, medium.end_ms): medium for medium in candidates}
    names = ", ".join(repr(medium.path[-60:]) for medium in media)
    if len(places) > 1:
        raise FormatError(
            "coding.several_media",
            names=names,
            video=video or Phrase("errors.coding.the_recording"),
        )
    (medium,) = places.values() or (_Medium("", 0, None),)
    if medium.start_ms is None:
        raise FormatError("coding.media_start", name=medium.path[-60:], names=names)
    return medium


def _media(observation: Mapping[str, Any]) -> Iterator[_Medium]:
    """All media of an observation.

    Those queued in the first player follow each other by their lengths, and the clock runs on;
    another player begins its only medium at its offset, whatever that is.
    """
    info = observation.get("media_info") or {}
    lengths, offsets = info.get("length") or {}, info.get("offset") or {}
    players = observation.get("file") or {}
    for player, paths in players.items():
        second = observation.get("time offset second player") if player == "2" else 0
        start_ms: int | None = _ms(offsets.get(player) or second or 0)
        if (start_ms != 0) if player == CLOCK else len(paths) > 1:
            start_ms = None
        for number, path in enumerate(paths, start=1):
            end_ms = None
            if start_ms is not None and number < len(paths) and path in lengths:
                end_ms = start_ms + _ms(lengths[path])
            yield _Medium(str(path), start_ms, end_ms)
            start_ms = end_ms


def _ms(seconds: Any) -> int:  # noqa: ANN401 - whatever a project holds
    return round(float(seconds) * 1000.0)


def _within(spans: Iterable[RawSpan], medium: _Medium) -> Iterator[RawSpan]:
    """The parts of the spans within a medium, in its own time."""
    start_ms = medium.start_ms or 0
    if (start_ms, medium.end_ms) == (0, None):
        yield from spans
        return
    for span in spans:
        first_ms = max(span.start_ms, start_ms) - start_ms
        last_ms = span.end_ms if medium.end_ms is None else min(span.end_ms, medium.end_ms)
        if last_ms - start_ms > first_ms:
            yield RawSpan(first_ms, last_ms - start_ms, span.text)


def _tiers(
    events: Iterable[list[Any]], behaviours: Mapping[str, tuple[str, str]]
) -> list[tuple[str, Iterator[RawSpan]]]:
    """Spans of every category.

    Parameters
    ----------
    events
        [time in seconds, subject, code, …], in any order.
    behaviours
        Category and type by code.
    """
    moments: dict[str, dict[tuple[str, str], list[int]]] = {
        category: {} for category, kind in behaviours.values() if kind.startswith(STATE)
    }
    for count, event in enumerate(events):
        if count >= MAX_ANNOTATIONS:
            raise FormatError("coding.too_many_events", limit=MAX_ANNOTATIONS)
        code = str(event[2])
        if code not in behaviours:
            raise FormatError("coding.foreign_event", code=code[:60])
        category, kind = behaviours[code]
        if kind.startswith(STATE):
            moments[category].setdefault((str(event[1]), code), []).append(_ms(event[0]))
    return [(category, _states(category, times)) for category, times in moments.items()]


def _states(category: str, times: Mapping[tuple[str, str], list[int]]) -> Iterator[RawSpan]:
    for (_, code), moments in times.items():
        location = Phrase("errors.coding.place.behaviour", {"code": code[:60]})
        if len(moments) % 2:
            raise FormatError("coding.no_end", location=location)
        moments.sort()
        label = code.removeprefix(f"{category}_")
        for start_ms, end_ms in zip(moments[::2], moments[1::2], strict=True):
            yield checked_span(start_ms, end_ms, label, location)
