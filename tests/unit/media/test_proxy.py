import av
import numpy as np
import pytest

from emoreport.errors import InputNotFoundError
from emoreport.media.proxy import small_copy
from tests.fixtures.media import constant_rate, late_audio, no_audio, rotated, tone, variable_rate


def read(content, tmp_path):
    """Streams of a copy, the times of its pictures, and the last picture."""
    path = tmp_path / "copy.mp4"
    path.write_bytes(content)
    with av.open(str(path)) as container:
        kinds = {stream.type: stream.codec_context.name for stream in container.streams}
        frames = list(container.decode(video=0))
    return kinds, [float(frame.time) for frame in frames], frames[-1]


def test_a_copy_is_h264_and_aac_at_the_same_times(tmp_path):
    source = constant_rate(
        tmp_path / "talk.mkv", seconds=2.0, fps=25.0, sound=tone(2.0), size_px=(1280, 720)
    )
    content = small_copy(source)
    kinds, times_s, last = read(content, tmp_path)
    assert kinds["video"].endswith("264")
    assert kinds["audio"].startswith("aac")
    assert (last.width, last.height) == (426, 240)
    assert times_s == pytest.approx(np.arange(25) * 0.08, abs=0.001)


def test_progress_ends_at_the_end_of_the_recording(tmp_path):
    source = constant_rate(tmp_path / "talk.mkv", seconds=2.0, fps=25.0, sound=tone(2.0))
    told = []
    small_copy(source, progress=lambda *values: told.append(values))
    assert {stage for stage, _, _ in told} == {"page"}
    done_s = [done for _, done, _ in told]
    assert done_s == sorted(done_s)
    assert len(told) > 20
    assert told[-1] == ("page", pytest.approx(2.0, abs=0.05), done_s[-1])


def test_a_small_recording_is_not_enlarged(tmp_path):
    content = small_copy(no_audio(tmp_path / "talk.mp4"))
    kinds, _, last = read(content, tmp_path)
    assert set(kinds) == {"video"}
    assert (last.width, last.height) == (160, 120)


def test_pictures_of_a_varying_rate_keep_their_times(tmp_path):
    times_s = [0.0, 0.1, 0.5, 1.7, 1.9]
    _, found_s, _ = read(small_copy(variable_rate(tmp_path / "vfr.mkv", times_s)), tmp_path)
    assert found_s == pytest.approx(times_s, abs=0.002)


def test_the_picture_stands_upright(tmp_path):
    _, _, last = read(small_copy(rotated(tmp_path / "talk.mp4", 90)), tmp_path)
    assert last.height > last.width


def test_late_sound_stays_late(tmp_path):
    path = tmp_path / "copy.mp4"
    path.write_bytes(small_copy(late_audio(tmp_path / "late.mp4", delay_s=0.5)))
    with av.open(str(path)) as container:
        heard = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate_hz = container.streams.audio[0].rate
    loud = np.flatnonzero(np.abs(np.concatenate(heard)) > 0.1)[0] / rate_hz
    assert loud == pytest.approx(0.5, abs=0.06)


def test_a_recording_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputNotFoundError):
        small_copy(tmp_path / "gone.mp4")
