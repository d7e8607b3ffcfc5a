"""What the recipe of the letters keeps between runs."""

from __future__ import annotations

from pathlib import Path

from emoreport.training.letters.data import kept


def test_what_is_kept_is_made_once_in_a_folder_that_need_not_be_there(tmp_path: Path) -> None:
    asked = []
    for _ in range(2):
        assert (
            kept(tmp_path / "new" / "work" / "spoken.pickle", lambda: asked.append(1) or []) == []
        )
    assert asked == [1]
