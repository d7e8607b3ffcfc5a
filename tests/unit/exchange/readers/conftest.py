"""What the tests of the readers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoreport.exchange.readers import Coding, Tiers, read_codings
from emoreport.exchange.writers.tiers import face_labels, voice_labels


def tiers(**values: Any) -> Tiers:
    """Tiers as they are without any option."""
    facts: dict[str, Any] = {
        "face": None,
        "voice": None,
        "modality": None,
        "mapping": {},
        "face_labels": face_labels(()),
        "voice_labels": voice_labels(()),
    }
    return Tiers(**{**facts, **values})


Read = Callable[..., list[Coding]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads content under a file name."""

    def call(name: str, content: str | bytes, **values: Any) -> list[Coding]:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_codings(file, tiers(**values))

    return call


def spans(track: Any) -> list[tuple[float, float, str]]:
    return [(entry.span.start_s, entry.span.end_s, entry.emotion) for entry in track]
