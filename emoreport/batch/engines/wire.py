"""Encode messages between the parent and its worker processes: JSON lines, never pickles.

A decoder that a hostile file has taken over could write anything: the parent reads data only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from emoreport import errors
from emoreport.batch.engine import Failed, Finished, NoVideo, Opened, VideoJob, VideoOutcome
from emoreport.errors import EmoreportError

MAX_LINE: Final = 16_000_000
"""A longer line than this is no message of ours, bytes."""

_OUTCOMES: Final[Mapping[str, type[Any]]] = {
    kind.__name__: kind for kind in (Finished, Failed, NoVideo)
}


class WireError(ValueError):
    """A line is no message."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as a line; bytes of names that are no text become escapes and come back."""
    return json.dumps(message, allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message of a line.

    Raises
    ------
    WireError
        When it is none.
    """
    try:
        message = json.loads(line)
    except ValueError as error:
        raise WireError(f"no message: {line[:80]!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise WireError(f"no message: {line[:80]!r}")
    return message


def job_document(job: VideoJob) -> dict[str, Any]:
    """A job as JSON values."""
    return asdict(job)


def read_job(document: Mapping[str, Any]) -> VideoJob:
    """The job that `job_document` turned into JSON values."""
    return VideoJob(**document)


def outcome_document(outcome: VideoOutcome) -> dict[str, Any]:
    """An outcome as JSON values, without its job: the receiver knows that."""
    facts = {name: getattr(outcome, name) for name in type(outcome).__slots__ if name != "job"}
    return {"type": type(outcome).__name__, **facts}


def read_outcome(job: VideoJob, document: Mapping[str, Any]) -> VideoOutcome:
    """The outcome that `outcome_document` turned into JSON values.

    Raises
    ------
    WireError
        When it is none.
    """
    facts = {name: value for name, value in document.items() if name != "type"}
    for name in ("files", "warnings"):
        if name in facts:
            facts[name] = tuple(facts[name])
    try:
        outcome: VideoOutcome = _OUTCOMES[document["type"]](job=job, **facts)
    except (KeyError, TypeError) as error:
        raise WireError(f"no outcome: {error!r}") from error
    return outcome


def opened_document(opened: Opened) -> dict[str, Any]:
    """What a worker says of its models, as JSON values."""
    return asdict(opened)


def read_opened(document: Mapping[str, Any]) -> Opened:
    """What `opened_document` turned into JSON values."""
    return Opened(
        fingerprint=document["fingerprint"],
        readings=document["readings"],
        columns=tuple((name, kind) for name, kind in document["columns"]),
        models=tuple(document["models"]),
    )


def error_document(error: EmoreportError) -> dict[str, Any]:
    """An error as JSON values; of a room's own kind of error the public one above it is named."""
    kinds = (kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return {
        "type": next(kinds),
        "cause": error.cause,
        "remedy": error.remedy,
        "file": error.file,
    }


def read_error(document: Mapping[str, Any]) -> EmoreportError:
    """The error that `error_document` turned into JSON values; of its class if that is public."""
    kind = getattr(errors, str(document["type"]), EmoreportError)
    if not isinstance(kind, type) or not issubclass(kind, EmoreportError):
        kind = EmoreportError
    return kind(document["cause"], remedy=document["remedy"], file=document["file"])
