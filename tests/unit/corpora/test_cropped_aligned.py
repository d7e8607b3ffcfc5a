"""Pictures of faces, one folder for each person of each video, are found frame by frame."""

import pytest

from emoreport.corpora.cropped_aligned import read_pictures
from emoreport.corpora.errors import CorpusError
from emoreport.errors import InputNotFoundError


def pictures(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_frames_are_counted_from_zero_and_may_be_missing(tmp_path):
    pictures(tmp_path, "b_left/00012.jpg", "b_left/00002.JPG", "a/100000.png", "a/99999.png")
    pictures(tmp_path, "a/.DS_Store", "readme.txt", "empty/notes.txt")
    found = list(read_pictures(tmp_path))
    assert [(one.video, one.frame) for one in found] == [
        ("a", 99998),
        ("a", 99999),
        ("b_left", 1),
        ("b_left", 11),
    ]
    assert found[2].path == tmp_path / "b_left" / "00002.JPG"


def test_the_folder_of_one_video_will_do(tmp_path):
    pictures(tmp_path / "video5_right", "00001.jpg")
    (found,) = read_pictures(tmp_path / "video5_right")
    assert (found.video, found.frame) == ("video5_right", 0)


@pytest.mark.parametrize("names", [["00000.jpg"], ["face.jpg"], ["00001.jpg", "1.jpg"]])
def test_other_names_are_refused(tmp_path, names):
    pictures(tmp_path / "a", *names)
    with pytest.raises(CorpusError, match="not named after one frame"):
        list(read_pictures(tmp_path))


def test_no_pictures_and_no_folder_are_named(tmp_path):
    with pytest.raises(CorpusError, match="no pictures"):
        list(read_pictures(tmp_path))
    with pytest.raises(InputNotFoundError):
        list(read_pictures(tmp_path / "nowhere"))
