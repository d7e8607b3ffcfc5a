"""Damaged recordings: each one decodes as far as it goes or is refused with a MediaError."""

import itertools
import subprocess
import sys

import pytest

from emoreport.errors import MediaError
from emoreport.media import open_audio, open_video, probe
from emoreport.records import Span
from tests.fixtures.media import (
    Film,
    Sound,
    constant_rate,
    corrupt,
    damage_packets,
    fast_start,
    joined_clocks,
    overwrite,
    read_number,
    steady_times,
    tone,
    truncate,
    write_media,
)

SUFFIXES = [".mp4", ".mkv", ".ts", ".avi", ".flv"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    made = {
        suffix: constant_rate(folder / f"whole{suffix}", seconds=1.0, sound=tone(1.0))
        for suffix in SUFFIXES
    }
    made["fast"] = fast_start(folder / "fast.mp4", seconds=1.0, sound=tone(1.0))
    return made


def read_all(path) -> int:
    """Read everything that can be read; return the number of frames, 0 if refused."""
    try:
        with open_video(path, threads=1) as video:
            times_s = [frame.time_s for frame in video]
            outcome = video.outcome
            track = open_audio(path, video.info, duration_s=outcome.duration_s)
    except MediaError as error:
        refusal = str(error)
        assert refusal.startswith(f"{path}: decode: ")
        return 0
    assert all(early < late for early, late in itertools.pairwise(times_s))
    assert outcome.duration_s > times_s[-1] >= 0
    assert outcome.frames == len(times_s)
    if track is not None:
        with track:
            assert len(track.read(Span(0.0, 1.0))) == 16000
    return len(times_s)


@pytest.mark.parametrize("kind", [*SUFFIXES, "fast"])
def test_random_truncations(sources, tmp_path, kind):
    counts = [
        read_all(truncate(sources[kind], tmp_path / f"cut{sources[kind].suffix}", fraction=k / 17))
        for k in range(17)
    ]
    assert counts[0] == 0
    assert kind == ".mp4" or max(counts) > 12


@pytest.mark.parametrize("n_bytes", [1, 20, 300])
@pytest.mark.parametrize("kind", SUFFIXES)
def test_random_corruptions(sources, tmp_path, kind, n_bytes):
    counts = [
        read_all(corrupt(sources[kind], tmp_path / f"bad{kind}", seed=seed, n_bytes=n_bytes))
        for seed in range(12)
    ]
    assert max(counts) >= (20 if n_bytes < 300 else 0)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_corrupted_header(sources, tmp_path, kind):
    for seed in range(12):
        path = tmp_path / f"bad{kind}"
        corrupt(sources[kind], path, seed=seed, n_bytes=30, within=(0.0, 0.1))
        assert read_all(path) >= 0
        corrupt(sources[kind], path, seed=seed, n_bytes=30, within=(0.9, 1.0))
        assert read_all(path) >= 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".flv", ".mov"])
def test_damaged_pictures_are_counted_and_reading_goes_on_behind_them(tmp_path, suffix):
    source = constant_rate(tmp_path / f"whole{suffix}", seconds=4.0)
    path = damage_packets(source, tmp_path / f"bad{suffix}", "video", span_s=(1.5, 2.0))
    with open_video(path) as video:
        frames = [(frame.time_s, read_number(frame.rgb)) for frame in video]
    outcome = video.outcome
    assert outcome.decode_failures >= 10
    assert outcome.duration_s == pytest.approx(4.0, abs=0.05)
    before = [number for time_s, number in frames if time_s < 1.42]
    behind = [(time_s, number) for time_s, number in frames if time_s > 2.5]
    assert before == list(range(len(before)))
    assert len(before) >= 34
    assert [number for _, number in behind][-36:] == list(range(64, 100))
    if suffix != ".avi":  # it has no times: what is lost there moves the rest
        found = [time_s for time_s, _ in behind]
        assert found == pytest.approx([number / 25 for _, number in behind], abs=0.002)


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_a_hole_in_the_file_is_counted_and_reading_goes_on_behind_it(tmp_path, suffix):
    source = constant_rate(tmp_path / f"whole{suffix}", seconds=4.0)
    path = overwrite(source, tmp_path / f"bad{suffix}", within=(0.45, 0.55))
    with open_video(path) as video:
        frames = [(frame.time_s, read_number(frame.rgb)) for frame in video]
    outcome = video.outcome
    assert outcome.decode_failures > 0
    assert outcome.duration_s == pytest.approx(4.0, abs=0.05)
    assert [number for _, number in frames[:30]] == list(range(30))
    assert [number for _, number in frames[-25:]] == list(range(75, 100))
    assert [time_s for time_s, _ in frames[-25:]] == pytest.approx(
        [number / 25 for number in range(75, 100)], abs=0.002
    )


@pytest.mark.parametrize("fraction", [0.5, 0.7, 0.9])
def test_a_cut_tail_is_analysed_up_to_the_cut_and_told(tmp_path, fraction):
    source = fast_start(tmp_path / "whole.mp4", seconds=4.0)
    path = truncate(source, tmp_path / "cut.mp4", fraction=fraction)
    with open_video(path) as video:
        numbers = [read_number(frame.rgb) for frame in video]
    assert 0 < len(numbers) < 100
    assert numbers == list(range(len(numbers)))
    assert video.outcome.decode_failures > 0


def test_a_cut_between_two_packets_is_told_too(tmp_path):
    source = constant_rate(tmp_path / "whole.mkv", seconds=4.0)
    import av

    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux() if packet.size]
    cut = source.read_bytes().find(bytes(packets[40])) - 7
    path = tmp_path / "cut.mkv"
    path.write_bytes(source.read_bytes()[:cut])
    with open_video(path) as video:
        numbers = [read_number(frame.rgb) for frame in video]
    assert len(numbers) >= 35
    assert video.outcome.decode_failures > 0
    assert "its header announces" in " ".join(video.outcome.notes)


def test_garbage_pictures_are_a_media_error(tmp_path):
    source = fast_start(tmp_path / "whole.mp4", seconds=1.0)
    start = source.read_bytes().find(b"mdat") / source.stat().st_size
    path = overwrite(source, tmp_path / "bad.mp4", within=(start + 0.01, 1.0))
    with open_video(path) as video, pytest.raises(MediaError, match="no frame can be decoded"):
        list(video)
    assert video.outcome.frames == 0


def test_a_clock_that_starts_again_and_again_ends(tmp_path):
    parts = [joined_clocks(tmp_path / f"{k}.ts", seconds=0.8).read_bytes() for k in range(4)]
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(parts))
    assert read_all(path) == 160


def test_damage_prints_nothing(tmp_path):
    source = constant_rate(tmp_path / "whole.mkv", seconds=1.0, sound=tone(1.0))
    path = corrupt(source, tmp_path / "bad.mkv", seed=3, n_bytes=300, within=(0.3, 0.9))
    code = (
        "import sys; from emoreport.media import *; v = open_video(sys.argv[1]);"
        "n = len(list(v)); open_audio(sys.argv[1], v.info, duration_s=None).close(); print(n)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, path], capture_output=True, check=True
    )
    assert int(done.stdout) > 0
    assert done.stderr == b""


def test_a_change_of_size_midway_is_followed(tmp_path):
    parts = []
    for number, size_px in enumerate([(160, 120), (320, 240)]):
        film = Film(steady_times(0.4), size_px=size_px, first_number=500 * number)
        part = write_media(tmp_path / f"{number}.ts", [film], [Sound(tone(0.4))])
        parts.append(part.read_bytes())
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(parts))
    with open_video(path) as video:
        shapes = {frame.rgb.shape for frame in video}
    assert shapes == {(120, 160, 3), (240, 320, 3)}
    assert probe(path).width_px == 160
