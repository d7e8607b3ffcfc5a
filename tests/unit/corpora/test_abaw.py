"""Label files of Aff-Wild2 are read as they are published, and written so again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.corpora.abaw import read_abaw, write_abaw
from emoreport.corpora.errors import CorpusError
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
    write_abaw(folder, EXPR, {"video": values})
    path = folder / "video.txt"
    assert path.read_text(encoding="utf-8").splitlines()[0] == HEAD["expr"]
    np.testing.assert_array_equal(read_abaw(folder, EXPR)["video"], values)


@pytest.mark.parametrize("task", [AU, VA])
def test_other_tasks_come_back_too(tmp_path, task):
    values = np.full((3, task.width), 0.0)
    values[0], values[1] = 1.0, np.nan
    write_abaw(tmp_path, task, {"video": values})
    np.testing.assert_array_equal(read_abaw(tmp_path, task)["video"], values)


PICTURES = """image,valence,arousal,expression,aus
video5_left/00002.jpg,0.25,-5,3,1,0,0,0,0,0,0,0,0,0,0,1
video5_left/00004.jpg,0.25,-0.5,-1,1,0,0,0,0,0,-1,0,0,0,0,1
12-24/00001.jpg,-5,-5,7,0,0,0,0,0,0,0,0,0,0,0,0
"""


def test_one_file_of_all_tasks_has_a_line_for_each_picture(tmp_path):
    path = tmp_path / "validation_set_annotations.txt"
    path.write_text(PICTURES, encoding="utf-8")
    nan = np.nan
    expressions = read_abaw(path, EXPR)
    assert list(expressions) == ["video5_left", "12-24"]
    np.testing.assert_array_equal(expressions["video5_left"], [[nan], [3], [nan], [nan]])
    np.testing.assert_array_equal(expressions["12-24"], [[7]])
    affect = read_abaw(path, VA)["video5_left"]
    np.testing.assert_array_equal(affect, [[nan] * 2, [nan] * 2, [nan] * 2, [0.25, -0.5]])
    units = read_abaw(path, AU)["video5_left"]
    assert units[1].tolist() == [1, *[0] * 10, 1]
    assert np.isnan(units[[0, 2, 3]]).all()


def test_a_submission_of_one_task_is_read_too(tmp_path):
    path = tmp_path / "predictions.txt"
    path.write_text("image_location,valence,arousal\na/00003.jpg,0.1,0.2\n", encoding="utf-8")
    np.testing.assert_array_equal(read_abaw(path, VA)["a"][2], [0.1, 0.2])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("00003.jpg,1", "line 2 begins with '00003.jpg'"),
        ("a/face.jpg,1", "line 2 begins with 'a/face.jpg'"),
        ("a/00000.jpg,1", "line 2 begins with"),
        ("../a/00001.jpg,1", "line 2 begins with"),
        ("/a/00001.jpg,1", "line 2 begins with"),
        ("a/00001.jpg,1,2", "line 2 is '1,2'"),
        ("a/00001.jpg,0.5", r"line 2 is '0\.5'"),
    ],
)
def test_a_bad_line_of_a_picture_is_named(tmp_path, line, said):
    path = tmp_path / "labels.txt"
    path.write_text(f"image,expression\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=said):
        read_abaw(path, EXPR)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="the first line is 'hello'"):
        read_abaw(path, EXPR)
