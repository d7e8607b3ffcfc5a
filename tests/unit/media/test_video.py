import gc
import itertools
import tracemalloc

import numpy as np
import pytest
from av.video.frame import VideoFrame

from emoreport.errors import MediaError, SettingsError
from emoreport.media import open_video
from emoreport.media.pixels import Orientation
from tests.fixtures.media import (
    BLUE,
    RED,
    Film,
    Sound,
    constant_rate,
    edit_list,
    is_upright,
    joined_clocks,
    no_audio,
    number_picture,
    read_number,
    rotated,
    run_ffmpeg,
    several_streams,
    steady_times,
    tone,
    variable_rate,
    write_media,
)

VPX = {"deadline": "realtime", "cpu-used": "8"}


def read(path, **options):
    """(index, time, number) of every frame, and the outcome."""
    with open_video(path, **options) as video:
        frames = [(frame.index, frame.time_s, read_number(frame.rgb)) for frame in video]
        return frames, video.outcome


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi"])
@pytest.mark.parametrize("fps", [25.0, 30.0, 50.0])
def test_frame_k_of_a_constant_rate_is_at_k_over_fps(tmp_path, suffix, fps):
    path = constant_rate(tmp_path / f"a{suffix}", fps=fps, seconds=1.0, sound=tone(1.0))
    frames, outcome = read(path)
    count = round(fps)
    assert [number for _, _, number in frames] == list(range(count))
    assert [index for index, _, _ in frames] == list(range(count))
    tolerance = 0.0006 if suffix == ".mkv" else 1e-5
    expected = [k / fps for k in range(count)]
    assert [time_s for _, time_s, _ in frames] == pytest.approx(expected, abs=tolerance)
    assert outcome.duration_s == pytest.approx(1.0, abs=0.002)
    assert (outcome.frames, outcome.decode_failures) == (count, 0)
    assert outcome.time_quality == ("estimated" if suffix == ".avi" else "exact")


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
def test_a_clock_that_starts_late_starts_at_zero(tmp_path, suffix):
    frames, outcome = read(constant_rate(tmp_path / f"a{suffix}", seconds=1.0))
    assert [number for _, _, number in frames] == list(range(25))
    assert [time_s for _, time_s, _ in frames] == pytest.approx(steady_times(1.0), abs=0.001)
    assert outcome.duration_s == pytest.approx(1.0, abs=0.002)
    assert outcome.time_quality == "exact"


def test_webm(tmp_path):
    film = Film(steady_times(0.4), codec="libvpx", options=VPX)
    frames, _ = read(write_media(tmp_path / "a.webm", [film]))
    assert [number for _, _, number in frames] == list(range(10))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_variable_rate_keeps_its_times(tmp_path, suffix):
    times_s = [0.0, 0.04, 0.3, 0.35, 1.0, 1.013, 2.5]
    frames, outcome = read(variable_rate(tmp_path / f"a{suffix}", times_s))
    assert [time_s for _, time_s, _ in frames] == pytest.approx(times_s, abs=0.0006)
    assert [number for _, _, number in frames] == list(range(7))
    assert outcome.duration_s > 2.5
    assert outcome.time_quality == "exact"


def test_a_raw_stream_has_estimated_times(tmp_path):
    frames, outcome = read(no_audio(tmp_path / "a.h264"))
    assert len(frames) == 25
    assert outcome.time_quality == "estimated"
    assert outcome.notes


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_frames_are_upright(tmp_path, turn):
    path = rotated(tmp_path / "a.mp4", turn) if turn else no_audio(tmp_path / "a.mp4")
    with open_video(path) as video:
        for number, frame in enumerate(video):
            assert frame.rgb.shape == ((160, 120, 3) if turn else (120, 160, 3))
            assert frame.rgb.dtype == np.uint8
            assert frame.rgb.flags.c_contiguous
            assert is_upright(frame.rgb)
            assert read_number(frame.rgb) == number
    assert video.info.rotation_deg == turn


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), [[1, 2], [3, 4], [5, 6]]),
        ((-1, 0, 0, 1), [[2, 1], [4, 3], [6, 5]]),
        ((1, 0, 0, -1), [[5, 6], [3, 4], [1, 2]]),
        ((-1, 0, 0, -1), [[6, 5], [4, 3], [2, 1]]),
        ((0, 1, -1, 0), [[5, 3, 1], [6, 4, 2]]),
        ((0, -1, 1, 0), [[2, 4, 6], [1, 3, 5]]),
        ((0, 1, 1, 0), [[1, 3, 5], [2, 4, 6]]),
        ((0, -1, -1, 0), [[6, 4, 2], [5, 3, 1]]),
    ],
)
def test_every_display_matrix_turns_the_picture_as_the_standard_says(matrix, shown):
    a, b, c, d = (value << 16 for value in matrix)
    content = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32).tobytes()
    stored = np.repeat(np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8)[:, :, None], 3, axis=2)
    assert Orientation.of_matrix(content).apply(stored)[:, :, 0].tolist() == shown


def test_an_edit_list_is_honoured(tmp_path):
    start_s = 0.42
    frames, outcome = read(edit_list(tmp_path / "a.mp4", start_s=start_s))
    numbers = [number for _, _, number in frames]
    assert numbers == list(range(numbers[0], 50))
    assert abs(numbers[0] / 25 - start_s) <= 0.04
    shown = [number / 25 - numbers[0] / 25 for number in numbers]
    assert [time_s for _, time_s, _ in frames] == pytest.approx(shown, abs=0.04)
    assert outcome.duration_s == pytest.approx(2.0 - start_s, abs=0.05)


def test_a_restarted_clock_loses_nothing(tmp_path):
    frames, outcome = read(joined_clocks(tmp_path / "a.ts"))
    assert [number for _, _, number in frames] == [*range(25), *range(500, 525)]
    times_s = [time_s for _, time_s, _ in frames]
    steps_s = np.diff(times_s)
    assert np.delete(steps_s, 24) == pytest.approx(0.04, abs=0.002)
    assert 0.04 <= steps_s[24] < 0.1  # the sound of the first part ends a little later
    assert outcome.time_quality == "repaired"


@pytest.mark.parametrize(("default", "first"), [(0, 0), (1, 500)])
def test_the_default_stream_is_read(tmp_path, default, first):
    frames, _ = read(several_streams(tmp_path / "a.mkv", default=default))
    assert frames[0][2] == first


def test_a_rate_gives_the_frames_of_its_grid_with_their_own_index(tmp_path):
    frames, outcome = read(constant_rate(tmp_path / "a.mp4"), fps="5")
    assert [index for index, _, _ in frames] == list(range(0, 50, 5))
    assert [number for _, _, number in frames] == list(range(0, 50, 5))
    assert outcome.frames == 10
    assert outcome.duration_s == pytest.approx(2.0)


def test_a_rate_above_the_source_gives_every_frame(tmp_path):
    frames, _ = read(constant_rate(tmp_path / "a.mkv", fps=30.0), fps="60")
    assert len(frames) == 60


def test_nonsense_rates_are_refused_before_the_file_is_opened(tmp_path):
    with pytest.raises(SettingsError):
        open_video(tmp_path / "gone.mp4", fps="often")


@pytest.mark.parametrize(
    ("pixel_format", "options"),
    [
        ("yuv420p", {"colorprim": "bt709", "colormatrix": "bt709"}),
        ("yuv420p", {"colormatrix": "smpte170m"}),
        ("yuv420p", {"colormatrix": "bt709", "range": "pc"}),
        ("yuv420p", {}),
        ("yuv420p10le", {}),
        ("yuv444p", {}),
    ],
)
def test_colours_follow_matrix_and_range(tmp_path, pixel_format, options):
    path = write_coloured(tmp_path / "a.mp4", pixel_format, options)
    with open_video(path) as video:
        rgb = next(iter(video)).rgb
    np.testing.assert_allclose(rgb[90, 40], RED, atol=6)
    np.testing.assert_allclose(rgb[90, 120], BLUE, atol=6)


def write_coloured(path, pixel_format, marks):
    """One picture, converted by the matrix and range that it is marked with."""
    import av

    matrix = {"bt709": 1, "smpte170m": 5}.get(marks.get("colormatrix", ""), 5)
    full = marks.get("range") == "pc"
    marking = ":".join(f"{name}={value}" for name, value in marks.items())
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        if marking:
            stream.options = {"crf": "4", "x264-params": marking}
        stream.width, stream.height, stream.pix_fmt = 160, 120, pixel_format
        if full:
            stream.codec_context.color_range = 2
        if "colormatrix" in marks:
            stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(number_picture(0), format="rgb24")
        frame = frame.reformat(
            format=pixel_format,
            dst_colorspace=matrix,
            dst_color_range=2 if full else 1,
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_odd_sizes_and_transparent_pictures(tmp_path):
    film = Film([0.0, 0.04], size_px=(150, 101), codec="ffv1", pixel_format="bgra", options={})
    with open_video(write_media(tmp_path / "a.mkv", [film])) as video:
        shapes = [(frame.rgb.shape, read_number(frame.rgb)) for frame in video]
    assert shapes == [((101, 150, 3), 0), ((101, 150, 3), 1)]


def test_frames_are_given_once(tmp_path):
    with open_video(no_audio(tmp_path / "a.mp4")) as video:
        assert len(list(video)) == 25
        with pytest.raises(MediaError, match="already"):
            iter(video)


def test_a_closed_video_gives_no_frames(tmp_path):
    video = open_video(no_audio(tmp_path / "a.mp4"))
    video.close()
    video.close()
    with pytest.raises(MediaError):
        iter(video)


def test_reading_may_stop_anywhere(tmp_path):
    with open_video(constant_rate(tmp_path / "a.mp4")) as video:
        few = list(itertools.islice(video, 3))
    assert [frame.index for frame in few] == [0, 1, 2]
    assert video.outcome.frames == 3


def test_a_frame_stays_as_it_was_while_others_are_read(tmp_path):
    with open_video(constant_rate(tmp_path / "a.mp4")) as video:
        kept = list(video)
    assert [read_number(frame.rgb) for frame in kept] == list(range(50))


def test_one_thread_reads_every_frame(tmp_path):
    with open_video(no_audio(tmp_path / "a.mp4"), threads=1) as video:
        assert video.info.width_px == 160
        assert len(list(video)) == 25


def test_memory_does_not_grow_with_length(tmp_path):
    path = constant_rate(tmp_path / "a.mp4", seconds=4.0)
    tracemalloc.start()
    try:
        with open_video(path) as video:
            peaks = []
            for frame in video:
                del frame
                peaks.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(peaks) == 100
    assert peaks[-1] - peaks[30] < 100_000


def test_decoded_pictures_do_not_wait_for_the_collector(tmp_path):
    path = constant_rate(tmp_path / "a.mp4", seconds=4.0)
    gc.collect()
    gc.disable()
    try:
        with open_video(path) as video:
            for frame in video:
                del frame
            kept = sum(type(each) is VideoFrame for each in gc.get_objects())
    finally:
        gc.enable()
    assert kept <= 2


# --------------------------------------------------------------------------- pictures and sound


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv", ".mov"])
def test_the_recording_goes_on_with_its_sound(tmp_path, suffix):
    path = constant_rate(tmp_path / f"a{suffix}", seconds=1.0, sound=tone(3.0))
    frames, outcome = read(path)
    assert len(frames) == 25
    assert outcome.duration_s == pytest.approx(3.0, abs=0.1)
    [(key, values)] = outcome.warnings
    assert key == "sound_beyond_picture"
    assert float(values["seconds"]) == pytest.approx(2.0, abs=0.11)
    assert outcome.time_quality == "exact"


def test_the_last_frame_of_sound_makes_no_video_longer(tmp_path):
    path = constant_rate(tmp_path / "a.mp4", seconds=1.0, sound=tone(1.3))
    _, outcome = read(path)
    assert outcome.duration_s == pytest.approx(1.0)
    assert outcome.warnings == ()


@pytest.mark.parametrize("fps", ["every", "0.5", "adaptive"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".flv", ".ts"])
def test_a_single_picture_is_shown_as_long_as_there_is_sound(tmp_path, suffix, fps):
    path = write_media(tmp_path / f"a{suffix}", [Film([0.0])], [Sound(tone(5.3))])
    with open_video(path, fps=fps) as video:
        frames = [(frame.index, frame.time_s, read_number(frame.rgb)) for frame in video]
        outcome = video.outcome
    assert {number for _, _, number in frames} == {0}
    assert [index for index, _, _ in frames] == sorted({index for index, _, _ in frames})
    longest_s = 2.1 if fps == "0.5" else 1.1
    times_s = [*(time_s for _, time_s, _ in frames), outcome.duration_s]
    assert np.diff(times_s).max() < longest_s
    assert outcome.duration_s == pytest.approx(5.3, abs=0.1)
    assert outcome.warnings == ()
    assert outcome.decode_failures == 0


def test_a_single_picture_without_sound_is_one_frame(tmp_path):
    frames, outcome = read(write_media(tmp_path / "a.mp4", [Film([0.0])]))
    assert len(frames) == 1
    assert outcome.duration_s < 0.1


# --------------------------------------------------------------------------- frame rate


def test_the_clock_of_a_container_is_no_frame_rate(tmp_path):
    path = tmp_path / "a.dv"
    run_ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=720x576:rate=25:duration=0.4",
        "-pix_fmt",
        "yuv420p",
        path,
    )
    with open_video(path) as video:
        assert video.info.frame_rate_hz == 25.0
        assert len(list(video)) == 10
        assert video.outcome.frame_rate_hz == 25.0


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".flv"])
def test_a_claimed_rate_that_the_times_contradict_is_not_given(tmp_path, suffix):
    path = write_media(tmp_path / f"a{suffix}", [Claimed(steady_times(2.0, 12.5))])
    with open_video(path) as video:
        assert len(list(video)) == 25
        assert video.outcome.frame_rate_hz == pytest.approx(12.5, rel=0.05)


class Claimed(Film):
    """Frames whose header names a rate that is not theirs."""

    @property
    def rate_hz(self):
        return 50


def test_a_rate_that_most_frames_keep_is_given(tmp_path):
    times_s = [time_s for time_s in steady_times(3.0) if not 0.5 <= time_s < 2.0]
    path = variable_rate(tmp_path / "a.ts", times_s)
    with open_video(path) as video:
        list(video)
        assert video.outcome.frame_rate_hz == pytest.approx(25.0)
