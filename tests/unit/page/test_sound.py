import json

import numpy as np
import pytest

from emoreport.page.sound import COLUMNS, MEASURES, picture, sound_document
from emoreport.records import SoundContour
from tests.fixtures.page import findings
from tests.fixtures.readings import with_acoustics


def contour(f0_hz, level_db):
    time_s = np.arange(len(f0_hz)) / 100
    return SoundContour(time_s, np.asarray(f0_hz, np.float32), np.asarray(level_db, np.float32))


def test_a_talk_without_acoustics_has_no_such_block():
    assert sound_document(findings()) is None


def test_every_row_is_there_with_its_measures():
    made = with_acoustics(findings())
    document = sound_document(made)
    rows = document["rows"]
    assert set(rows) == {"start", "end", *MEASURES}
    assert {len(values) for values in rows.values()} == {len(made.analysis.audio_intervals)}
    assert rows["pauses"] == [1.0] * len(rows["start"])
    assert rows["f0_median_vs_own_st"] == [None] * len(rows["start"])
    assert document["usual_hz"] == pytest.approx(made.speech.usual("f0_median_hz"), abs=1e-3)
    json.dumps(document, allow_nan=False)


def test_the_picture_shows_pitch_from_the_usual_one_and_the_mean_level():
    # Two frames per column.
    f0_hz = np.repeat([100.0] * 200 + [200.0] * 100 + [np.nan] * (COLUMNS - 300), 2)
    pitch_st, level_db = picture(contour(f0_hz, [-20.0] * len(f0_hz)), COLUMNS / 50, 100.0)
    assert len(pitch_st) == len(level_db) == COLUMNS
    assert pitch_st[50] == pytest.approx(0.0)
    assert pitch_st[250] == pytest.approx(12.0)
    assert pitch_st[400] is None
    assert level_db[400] == pytest.approx(-20.0)


def test_where_nobody_speaks_the_picture_is_empty():
    pitch_st, level_db = picture(contour([120.0] * 100, [-20.0] * 100), 10.0, 120.0)
    assert pitch_st[COLUMNS // 10 + 1 :] == [None] * (COLUMNS - COLUMNS // 10 - 1)
    assert level_db[-1] is None


def test_without_a_usual_pitch_none_is_shown():
    pitch_st, level_db = picture(contour([np.nan] * 100, [-20.0] * 100), 1.0, None)
    assert pitch_st == [None] * 50
    assert None not in level_db
