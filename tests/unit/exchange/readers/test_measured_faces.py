"""CSV files as OpenFace and Py-Feat write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.exchange.readers import measured_faces
from emoreport.exchange.readers.measured_faces import read_measured_faces

OPENFACE = """\
frame, face_id, timestamp, confidence, success, pose_Rx, AU01_r, AU01_c
1, 0, 0.000, 0.98, 1, 0.017, 1.25, 1.00
2, 0, 0.033, 0.20, 0, 0.500, 5.00, 1.00
3, 0, 0.067, 0.97, 1, -0.020, 0.00, 0.00
"""
PYFEAT = """\
,input,frame,FaceRectX,FaceScore,AU01,anger,approx_time,Identity
0,talk.mp4,0,100.5,0.99,0.25,0.125,00:00,Person_0
1,talk.mp4,24,101.5,0.98,,0.250,00:01,Person_0
2,talk.mp4,48,102.5,0.97,0.75,0.375,00:02,Person_0
3,talk.mp4,48,300.0,0.90,0.50,0.500,00:02,Person_1
"""


def saved(folder: Path, text: str) -> Path:
    path = folder / "talk.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_openface_has_times_and_marks_what_it_lost(tmp_path: Path) -> None:
    found = read_measured_faces(saved(tmp_path, OPENFACE))
    assert found.program == "openface"
    assert found.columns == (
        "openface_confidence",
        "openface_pose_Rx",
        "openface_AU01_r",
        "openface_AU01_c",
    )
    assert found.frame is None
    assert found.time_s is not None
    assert found.time_s.tolist() == [0.0, 0.033, 0.067]
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.values[0], [0.98, 0.017, 1.25, 1.0], rtol=1e-6)
    assert np.isnan(found.values[1]).all()


def test_pyfeat_has_frames_and_not_whose_face_it_is(tmp_path: Path) -> None:
    found = read_measured_faces(saved(tmp_path, PYFEAT))
    assert found.program == "pyfeat"
    assert found.columns == ("pyfeat_FaceRectX", "pyfeat_FaceScore", "pyfeat_AU01", "pyfeat_anger")
    assert found.time_s is None
    assert found.frame is not None
    assert found.frame.tolist() == [0, 24, 48]
    np.testing.assert_allclose(found.values[0], [100.5, 0.99, 0.25, 0.125], rtol=1e-6)
    assert np.isnan(found.values[1]).tolist() == [False, False, True, False]
    assert np.isnan(found.values[2]).all()


def test_pieces_of_a_long_file_are_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_faces, "ROWS_AT_ONCE", 2)
    rows = [f"{n + 1}, 0, {n / 25:.3f}, 0.9, 1, 0, {n}, 0" for n in range(7)]
    rows[4] = rows[4].replace(" 4,", " -nan(ind),")  # as Windows writes what is no number
    found = read_measured_faces(saved(tmp_path, "\n".join([OPENFACE.splitlines()[0], *rows])))
    assert found.time_s is not None
    assert len(found.time_s) == 7
    wanted = [0, 1, 2, 3, np.nan, 5, 6]
    np.testing.assert_array_equal(found.values[:, 2], np.array(wanted, np.float32))


@pytest.mark.parametrize(
    "text",
    ["", "frame,time\n1,2\n", "a;b\n1;2\n", "timestamp,success\n", "timestamp,success\n1,1\n"],
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read_measured_faces(saved(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.csv"
    path.write_bytes(b"\x00\xff\xfe" * 100)
    with pytest.raises(SettingsError):
        read_measured_faces(path)
    with pytest.raises(InputNotFoundError):
        read_measured_faces(tmp_path / "nowhere.csv")
