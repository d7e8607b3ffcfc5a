"""The small form of the soak; `make soak` runs the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.soak import soak


@pytest.mark.slow
def test_a_batch_that_is_killed_again_and_again_ends_with_the_same_tables(tmp_path: Path) -> None:
    result = soak(tmp_path, videos=12, bad=2, kills=3, within_s=2.0)
    assert result.problems() == []
    # The kill of a worker finds none where a quick machine has ended them already.
    assert result.kills["tree"] == result.kills["parent"] == 1
    assert (result.finished, result.failed) == (10, 2)
    assert result.compared_files > 100
