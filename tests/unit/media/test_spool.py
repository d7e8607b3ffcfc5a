import errno
import tempfile

import numpy as np
import pytest

from emoreport.errors import OutputError
from emoreport.media.spool import SampleSpool

FAR = 10**9


@pytest.fixture
def spool():
    spool = SampleSpool()
    yield spool
    spool.close()


def ramp(count: int, start: int = 0) -> np.ndarray:
    return (np.arange(start, start + count) / 32768).astype(np.float32)


def test_samples_come_back_exactly_in_any_order(spool):
    spool.write(0, ramp(1000), limit=FAR)
    np.testing.assert_array_equal(spool.read(500, 1000), ramp(500, 500))
    np.testing.assert_array_equal(spool.read(0, 500), ramp(500))


def test_holes_and_outsides_are_zero(spool):
    spool.write(10, ramp(5, 1), limit=FAR)
    spool.write(20, ramp(5, 1), limit=FAR)
    expected = np.zeros(35, dtype=np.float32)
    expected[15:20] = expected[25:30] = ramp(5, 1)
    np.testing.assert_array_equal(spool.read(-5, 30), expected)
    assert (spool.first, spool.end, spool.written) == (10, 25, 10)


def test_what_lies_before_zero_is_dropped(spool):
    spool.write(-3, ramp(5), limit=FAR)
    np.testing.assert_array_equal(spool.read(0, 2), ramp(2, 3))


def test_overlaps_keep_what_came_first(spool):
    spool.write(0, ramp(10, 100), limit=FAR)
    spool.write(5, ramp(10, 200), limit=FAR)
    np.testing.assert_array_equal(spool.read(0, 15), [*ramp(10, 100), *ramp(5, 205)])
    assert spool.written == 15


def test_nothing_is_kept_past_the_limit(spool):
    spool.write(0, ramp(10), limit=4)
    spool.write(10, ramp(10), limit=4)
    assert spool.end == 4


def test_samples_are_clipped_and_nan_is_silence(spool):
    spool.write(0, np.array([2.0, -2.0, np.nan, np.inf], dtype=np.float32), limit=FAR)
    found = spool.read(0, 4)
    assert found.tolist() == [pytest.approx(1.0, abs=1e-4), -1.0, 0.0, pytest.approx(1.0, abs=1e-4)]


def test_reading_backwards_or_nothing_gives_nothing(spool):
    spool.write(0, ramp(10), limit=FAR)
    assert len(spool.read(5, 5)) == 0
    assert len(spool.read(7, 5)) == 0


def test_no_file_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = SampleSpool()
    spool.write(0, ramp(10), limit=FAR)
    spool.close()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_temporary_folder_is_an_output_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="TMPDIR"):
        SampleSpool()


def test_a_full_disk_is_an_output_error(spool):
    class Full:
        def seek(self, position):
            return position

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    real, spool._file = spool._file, Full()
    try:
        with pytest.raises(OutputError, match="No space left"):
            spool.write(0, ramp(10), limit=FAR)
    finally:
        spool._file = real
