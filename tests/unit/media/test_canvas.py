"""Pictures as players show them: square pixels, and one canvas for a recording of several sizes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.media import open_video, probe
from emoreport.media.canvas import on_canvas
from emoreport.media.pixels import square_size
from emoreport.records import Box, Frame, Placement, RgbPicture
from tests.fixtures.media import constant_rate, is_upright, read_number, resized, run_ffmpeg

RATIOS = [Fraction(2), Fraction(1, 2), Fraction(4, 3), Fraction(16, 11), Fraction(8, 9)]


def with_pixels(tmp_path, ratio, suffix=".mp4", turn_deg=0):
    """Recording of 160 × 120 stored pixels that are not square."""
    plain = constant_rate(tmp_path / "plain.mp4", seconds=0.4)
    sar, path = tmp_path / "sar.mp4", tmp_path / f"a{suffix}"
    run_ffmpeg("-i", plain, "-vf", f"setsar={ratio.numerator}/{ratio.denominator}", sar)
    run_ffmpeg("-display_rotation", str(-turn_deg), "-i", sar, "-c", "copy", path)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".mov"])
@pytest.mark.parametrize("ratio", RATIOS)
def test_pictures_are_read_as_players_show_them(tmp_path, ratio, suffix):
    path = with_pixels(tmp_path, ratio, suffix)
    width, height = square_size(160, 120, ratio)
    assert Fraction(width, height) == pytest.approx(Fraction(160, 120) * ratio, rel=0.01)
    info = probe(path)
    assert (info.width_px, info.height_px) == (width, height)
    with open_video(path) as video:
        frames = [(frame.rgb.shape, read_number(frame.rgb), frame.placement) for frame in video]
    assert {shape for shape, _, _ in frames} == {(height, width, 3)}
    assert [number for _, number, _ in frames] == list(range(10))
    assert all(placement.is_whole for _, _, placement in frames)
    used = next(stream for stream in info.streams if stream.used)
    assert used.details["pixel_aspect"] == f"{ratio.numerator}:{ratio.denominator}"


def test_a_turned_picture_is_widened_before_it_is_turned(tmp_path):
    path = with_pixels(tmp_path, Fraction(2), turn_deg=90)
    info = probe(path)
    assert (info.width_px, info.height_px) == (120, 320)
    with open_video(path) as video:
        assert next(iter(video)).rgb.shape == (320, 120, 3)


@pytest.mark.parametrize("ratio", [Fraction(1), Fraction(100), Fraction(1, 100)])
def test_square_and_impossible_pixels_are_square(tmp_path, ratio):
    info = probe(with_pixels(tmp_path, ratio))
    assert (info.width_px, info.height_px) == (160, 120)


def test_a_broadcast_that_changes_its_pixels_is_followed(tmp_path):
    parts = []
    for name, ratio in (("a", Fraction(1)), ("b", Fraction(2))):
        folder = tmp_path / name
        folder.mkdir()
        parts.append(with_pixels(folder, ratio, ".ts").read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    with open_video(path) as video:
        frames = list(video)
    assert [frame.rgb.shape[1] for frame in frames[:8]] == [160] * 8
    assert [frame.rgb.shape[1] for frame in frames[-8:]] == [320] * 8
    assert {frame.placement.canvas_px for frame in frames} == {(160, 120)}
    assert frames[-1].placement.area_px == (0, 30, 160, 60)


# --------------------------------------------------------------------------- one canvas


SIZES = [(240, 180), (80, 60), (120, 160), (320, 120)]


@pytest.mark.parametrize("size_px", SIZES)
def test_boxes_and_pictures_are_laid_on_the_canvas_alike(size_px):
    width, height = size_px
    rgb = np.full((height, width, 3), 200, np.uint8)
    box = Box(0.25 * width, 0.5 * height, 0.25 * width, 0.25 * height)
    left, top = round(box.x), round(box.y)
    rgb[top : top + round(box.height), left : left + round(box.width)] = (250, 0, 0)
    frame = Frame(0, 0.0, RgbPicture(rgb), (160, 120))
    shown = on_canvas(frame)
    assert shown.shape == (120, 160, 3)
    red = np.argwhere((shown[:, :, 0] > 230) & (shown[:, :, 1] < 60))
    (first_y, first_x), (last_y, last_x) = red.min(axis=0), red.max(axis=0)
    laid = frame.placement.box(box)
    found = [first_x, first_y, last_x + 1 - first_x, last_y + 1 - first_y]
    assert found == pytest.approx([laid.x, laid.y, laid.width, laid.height], abs=1.6)


@given(*[st.integers(1, 4000)] * 4)
def test_nothing_is_stretched_and_nothing_is_cut(width, height, wide, high):
    placement = Placement((width, height), (wide, high))
    left, top, shown_width, shown_height = placement.area_px
    assert 0 <= left <= wide - shown_width
    assert 0 <= top <= high - shown_height
    assert shown_width == wide or shown_height == high
    error_px = abs(shown_width * height - shown_height * width) / max(width, height)
    assert error_px <= 1.0
    whole = placement.box(Box(0, 0, width, height))
    assert (whole.x, whole.y) == (left, top)
    assert (whole.width, whole.height) == pytest.approx((shown_width, shown_height))


def test_a_picture_of_the_canvas_itself_is_not_copied():
    rgb = np.zeros((120, 160, 3), np.uint8)
    assert on_canvas(Frame(0, 0.0, RgbPicture(rgb), (160, 120))) is rgb
    assert on_canvas(Frame(0, 0.0, RgbPicture(rgb))) is rgb


def test_frames_keep_their_own_size_and_know_the_canvas(tmp_path):
    path = resized(tmp_path / "a.ts", [(160, 120), (240, 180), (120, 160)])
    with open_video(path) as video:
        frames = list(video)
    assert {frame.rgb.shape[1::-1] for frame in frames} == {(160, 120), (240, 180), (120, 160)}
    assert {frame.placement.canvas_px for frame in frames} == {(160, 120)}
    for frame in frames:
        left, top, width, height = frame.placement.area_px
        part = on_canvas(frame)[top : top + height, left : left + width]
        assert is_upright(part)
        assert read_number(part) == read_number(frame.rgb)


# --------------------------------------------------------------------------- ranges of values


def first_picture(path):
    with open_video(path) as video:
        rgb = next(iter(video)).rgb
        return rgb.astype(int), dict(video.outcome.warnings)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_full_and_limited_range_give_the_same_picture(tmp_path, pixels, suffix):
    plain = constant_rate(tmp_path / "plain.mp4", seconds=0.2)
    pictures = []
    for name in ("tv", "pc"):
        path = tmp_path / f"{name}{suffix}"
        run_ffmpeg(
            "-i", plain, "-vf", f"scale=out_range={name}:out_color_matrix=bt709",
            "-pix_fmt", pixels, "-color_range", name, "-colorspace", "bt709", "-c:v", "libx264",
            "-crf", "10", path,
        )  # fmt: skip
        rgb, warnings = first_picture(path)
        assert warnings == {}
        pictures.append(rgb)
    assert np.abs(pictures[0] - pictures[1]).mean() < 3
    assert np.abs(np.percentile(pictures[0] - pictures[1], [5, 95])).max() < 8


@pytest.mark.parametrize(("transfer", "name"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_high_dynamic_range_is_said(tmp_path, suffix, transfer, name):
    path = tmp_path / f"a{suffix}"
    run_ffmpeg(
        "-i", constant_rate(tmp_path / "plain.mp4", seconds=0.2), "-vf",
        f"format=yuv420p10le,setparams=color_trc={transfer}:color_primaries=bt2020"
        ":colorspace=bt2020nc", "-c:v", "libx264", path,
    )  # fmt: skip
    assert first_picture(path)[1] == {"high_dynamic_range": {"transfer": name}}
