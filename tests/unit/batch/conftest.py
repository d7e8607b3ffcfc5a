from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures import media
from tests.unit.batch.inline import Batch


@pytest.fixture(scope="session")
def shorts(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Contents of short videos, all different."""
    folder = tmp_path_factory.mktemp("shorts")
    return [
        media.no_audio(folder / f"{number}.mp4", seconds=0.2 + 0.04 * number).read_bytes()
        for number in range(5)
    ]


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    folder = tmp_path / "videos"
    folder.mkdir()
    return Batch(folder, tmp_path / "out")
