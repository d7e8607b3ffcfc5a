"""Label files of Aff-Wild2 are read as they are published, and written so again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.corpora.abaw import CorpusError, read_abaw, write_abaw
from emoreport.corpora.tasks import AU, EXPR, TASKS, VA
from emoreport.errors import InputNotFoundError

HEAD = {
    "expr": "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other",
    "au": "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26",
    "va": "valence,arousal",
}


def written(tmp_path, task, *lines, name="12-24-1920x1080.txt"):
    (tmp_path / name).write_text("\n".join([HEAD[task], *lines]) + "\n", encoding="utf-8")
    return read_abaw(tmp_path, TASKS[task])


def test_expressions(tmp_path):
    labels = written(tmp_path, "expr", "0", "-1", "7")
    assert list(labels) == ["12-24-1920x1080"]
    np.testing.assert_array_equal(labels["12-24-1920x1080"], [[0], [np.nan], [7]])


def test_action_units_with_one_unlabelled_count_as_unlabelled(tmp_path):
    labels = written(tmp_path, "au", ",".join("1" * 12), ",".join(["0"] * 11 + ["-1"]))
    found = labels["12-24-1920x1080"]
    assert found[0].tolist() == [1] * 12
    assert np.isnan(found[1]).all()


def test_valence_and_arousal(tmp_path):
    found = written(tmp_path, "va", "0.5,-1", "-5,-5", "-5.0,0.2")["12-24-1920x1080"]
    assert found[0].tolist() == [0.5, -1]
    assert np.isnan(found[1:]).all()


def test_two_people_of_a_video_are_two_files_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "readme.md").write_text("not labels", encoding="utf-8")
    written(tmp_path, "expr", "1", name="video5_left.txt")
    assert list(written(tmp_path, "expr", "2", name="video5_right.txt")) == [
        "video5_left",
        "video5_right",
    ]


@pytest.mark.parametrize(
    ("task", "lines", "said"),
    [
        ("expr", ["8"], "line 2 is '8'"),
        ("expr", ["0", "x"], "line 3 holds no number"),
        ("expr", ["0", ""], "line 3 holds no number"),
        ("expr", ["nan"], "line 2 is 'nan'"),
        ("va", ["0.1"], "line 2 is '0.1'"),
        ("va", ["0.1,1.5"], "line 2 is '0.1,1.5'"),
        ("au", ["1,0"], "line 2 is '1,0'"),
    ],
)
def test_a_bad_line_is_named(tmp_path, task, lines, said):
    with pytest.raises(CorpusError, match=said):
        written(tmp_path, task, *lines)


def test_files_of_another_task_are_refused(tmp_path):
    written(tmp_path, "expr", "1")
    with pytest.raises(CorpusError, match="the first line is"):
        read_abaw(tmp_path, VA)


def test_an_empty_or_missing_folder_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"no \.txt file"):
        read_abaw(tmp_path, EXPR)
    with pytest.raises(InputNotFoundError):
        read_abaw(tmp_path / "nowhere", EXPR)


@given(st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=1, max_size=8))
def test_expressions_come_back_as_they_were_written(tmp_path_factory, codes):
    folder = tmp_path_factory.mktemp("abaw")
    values = np.array([[np.nan if code is None else code] for code in codes])
    (path,) = write_abaw(folder, EXPR, {"video": values})
    assert path.read_text(encoding="utf-8").splitlines()[0] == HEAD["expr"]
    np.testing.assert_array_equal(read_abaw(folder, EXPR)["video"], values)


@pytest.mark.parametrize("task", [AU, VA])
def test_other_tasks_come_back_too(tmp_path, task):
    values = np.full((3, task.width), 0.0)
    values[0], values[1] = 1.0, np.nan
    write_abaw(tmp_path, task, {"video": values})
    np.testing.assert_array_equal(read_abaw(tmp_path, task)["video"], values)
