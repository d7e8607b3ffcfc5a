"""What a run.json must hold before anything is worked out from it.

Folders of results are passed on by people. A value of the wrong kind is found here, by its name,
and not by whatever would use it first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from emoreport.messages import text
from emoreport.records import ModelRecord

LONGEST_S: Final = 1e6
"""Eleven days; videos of more than one are refused."""
SHORTEST_S: Final = 1e-6
"""A tenth of the shortest frame that is believed."""
MOST: Final = 1e12
"""Pixels, frames, failures, bytes: no recording has as many."""

_RECORD: Final = {field.name: field.default is MISSING for field in fields(ModelRecord)}
"""Whether a field of a model's record must be there."""


def check_document(document: Mapping[str, Any]) -> None:
    """Check what tables, pages and exports are made of.

    Parameters
    ----------
    document
        Content of run.json.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        When something is missing or of the wrong kind; the message names it.
    """
    given, media = document["input"], document["media"]
    _texts("input", given, ("name", "sha256"), ("path", "from_folder"))
    os.fsencode(given["name"])  # a name that no file can have
    _numbers("input", given, ("player_start_s", "bytes"), MOST)
    _texts("versions", document["versions"], ("emoreport",))
    _texts("run.json", document, (), ("created", "time_quality"))
    _numbers("run.json", document, ("decode_failures",), MOST)
    _numbers("media", media, ("duration_s",), LONGEST_S)
    _expect(media["duration_s"] >= SHORTEST_S, "media.duration_s is no length of a video")
    _numbers("media", media, ("frame_rate_hz", "width_px", "height_px", "frames"), MOST)
    for stream in media.get("streams", ()):
        _texts("a stream", stream, (), ("kind",))
    _expect(isinstance(document["settings"], dict), "settings are no table")
    for role in ("face", "speech"):
        _texts(f"models.{role}", document["models"][role], ("name",))
    for role, model in document["models"].items():
        _check_model(role, model)
    _expect(isinstance(document["warnings"], list), "warnings are no list")
    for entry in document["warnings"]:
        text(f"cli.warning.{entry['key']}", "en", **entry["values"])


def _check_model(role: str, model: Mapping[str, Any]) -> None:
    place = f"models.{role}"
    _texts(place, model, (), ("name", "kind", "version", "runtime", "device", "licence", "reason"))
    labels, files = model.get("labels", []), model.get("files", {})
    _expect(isinstance(labels, list), f"{place}.labels are no list")
    _expect(isinstance(files, dict), f"{place}.files are no table")
    known = all(isinstance(one, str) for one in (*labels, *files.values()))
    _expect(known, f"{place} holds labels or digests that are no texts")
    if "runtime" in model:
        missing = {name for name, needed in _RECORD.items() if needed} - set(model)
        _expect(not missing, f"{place} lacks {', '.join(sorted(missing))}")
        _expect(set(model) <= set(_RECORD), f"{place} holds more than a model's record")


def _texts(
    place: str, holder: Mapping[str, Any], needed: tuple[str, ...], others: tuple[str, ...] = ()
) -> None:
    for name in needed:
        _expect(isinstance(holder[name], str), f"{place}.{name} is no text")
    for name in others:
        value = holder.get(name)
        _expect(value is None or isinstance(value, str), f"{place}.{name} is no text")


def _numbers(place: str, holder: Mapping[str, Any], names: tuple[str, ...], most: float) -> None:
    """Check that values are numbers from zero to `most`, or unknown; NaN is neither."""
    for name in names:
        value = holder.get(name)
        if value is None:
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        _expect(number and 0 <= value <= most, f"{place}.{name} is no sensible number")


def _expect(kept: bool, complaint: str) -> None:
    if not kept:
        raise ValueError(complaint)
