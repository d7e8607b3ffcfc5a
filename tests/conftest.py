"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.fixtures.media import run_ffmpeg

# Property tests check results, not speed: a busy machine must not fail them.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def talk() -> Path:
    """The sample recording."""
    return Path(__file__).parents[1] / "samples" / "talk.mp4"


@pytest.fixture(scope="session")
def clip(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four seconds of the sample: a face that talks."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    run_ffmpeg("-i", talk, "-t", "4", "-c:v", "libx264", "-preset", "veryfast", path)
    return path
