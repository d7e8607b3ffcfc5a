"""State events of a BORIS project (.boris): one observation, one tier per behavioural category.

BORIS stores no START and no STOP: of the events of one behaviour and one subject, every other one
ends what the one before began. Point events have no length and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from emoreport.exchange.readers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
)

STATE: Final = "State event"
"""What the types of behaviours with a length begin with."""


def read_boris(text: str) -> list[RawTier]:
    """Tiers by category; the label is the code, without the category in front.

    Raises
    ------
    FormatError
        When it is no BORIS project, holds several observations with events, shifts their time, or a
        state has no end.
    """
    try:
        project = json.loads(text)
        behaviours = {
            str(entry["code"]): (str(entry.get("category") or ""), str(entry["type"]))
            for entry in project["behaviors_conf"].values()
        }
        observations = {
            str(name): entry for name, entry in project["observations"].items() if entry["events"]
        }
        if len(observations) != 1:
            names = ", ".join(repr(name[:60]) for name in observations) or "none"
            raise FormatError(f"needs one observation with events, it has {names}")
        (observation,) = observations.values()
        if float(observation.get("time offset") or 0) != 0:
            raise FormatError("shifts its events by a time offset against the video")
        return _tiers(observation["events"], behaviours)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # ValueError holds those of the JSON and of its numbers.
        raise FormatError(f"is no project of BORIS ({type(error).__name__})") from error


def _tiers(events: Iterable[list[Any]], behaviours: Mapping[str, tuple[str, str]]) -> list[RawTier]:
    """Spans of every category.

    Parameters
    ----------
    events
        [time in seconds, subject, code, …], in any order.
    behaviours
        Category and type by code.
    """
    times: dict[tuple[str, str], list[int]] = {}
    for count, event in enumerate(events):
        if count >= MAX_ANNOTATIONS:
            raise FormatError(f"holds more than {MAX_ANNOTATIONS} events")
        code = str(event[2])
        if code not in behaviours:
            raise FormatError(f"holds an event {code[:60]!r} that its ethogram lacks")
        if behaviours[code][1].startswith(STATE):
            moment_ms = round(float(event[0]) * 1000.0)
            times.setdefault((str(event[1]), code), []).append(moment_ms)
    tiers: dict[str, list[RawSpan]] = {
        category: [] for category, kind in behaviours.values() if kind.startswith(STATE)
    }
    for (_, code), moments in times.items():
        category = behaviours[code][0]
        place = f"behaviour {code[:60]!r}"
        if len(moments) % 2:
            raise FormatError(f"{place} starts without an end")
        moments.sort()
        tiers[category] += [
            checked_span(start_ms, end_ms, code.removeprefix(f"{category}_"), place)
            for start_ms, end_ms in zip(moments[::2], moments[1::2], strict=True)
        ]
    return [RawTier(name, tuple(spans)) for name, spans in tiers.items()]
