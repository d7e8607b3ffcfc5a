from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from emoreport.media import probe
from emoreport.media.aspect import pixel_aspect
from tests.fixtures import media
from tests.fixtures.media import run_ffmpeg


@pytest.mark.parametrize(("turn_deg", "expected"), [(0, Fraction(16, 11)), (90, Fraction(11, 16))])
def test_pixels_that_are_not_square_are_told_of_the_upright_picture(
    tmp_path: Path, turn_deg: int, expected: Fraction
) -> None:
    plain, path = tmp_path / "plain.mp4", tmp_path / "wide.mp4"
    run_ffmpeg(
        "-i", media.constant_rate(plain, seconds=0.4), "-vf", "setsar=16/11", tmp_path / "sar.mp4"
    )  # fmt: skip
    run_ffmpeg("-display_rotation", str(-turn_deg), "-i", tmp_path / "sar.mp4", "-c", "copy", path)
    assert pixel_aspect(path, probe(path)) == expected


def test_pixels_are_square_where_nothing_else_is_said(tmp_path: Path) -> None:
    path = media.constant_rate(tmp_path / "a.avi", seconds=0.4)
    assert pixel_aspect(path, probe(path)) == 1
