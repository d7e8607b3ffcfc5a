from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.errors import SettingsError
from emoreport.run.bridge import load_bridge


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_bridges(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text("[bridge]\nenthusiasm = 'surprise'\n", encoding=encoding)
    assert load_bridge(str(path)).shared("enthusiasm") == "surprise"
    assert load_bridge("default").shared("enthusiasm") == "happiness"


@pytest.mark.parametrize(
    "content", ["", "[bridge]\njoy = 'happiness'", "bridge = 3", "[bridge", "[bridge]\nfear = 3"]
)
def test_bad_bridges_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(content)
    with pytest.raises(SettingsError):
        load_bridge(str(path))
