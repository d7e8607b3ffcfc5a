"""What a head was trained on is found again, however its name is written."""

import pytest

from emoreport.heads.known import KnownNames
from tests.fixtures.heads import head_metadata


def known(**split):
    return KnownNames(head_metadata(data={"split": split}))


@pytest.mark.parametrize(
    "name", ["video5", "video5_left", "video5_right", "video5.mp4", "talks/video5.mp4"]
)
@pytest.mark.parametrize("listed", ["video5", "video5_left", "videos/video5.avi"])
def test_a_recording_is_known_by_any_of_its_names(name, listed):
    assert known(train=[listed]).holds([name])
    assert known(validation=[listed]).holds(["another", name])


def test_what_is_tested_on_and_other_names_are_not_known():
    names = known(train=["video5"], test=["video6"])
    assert not names.holds(["video6", "video55", "video", ""])
    assert names
    assert not known(test=["video6"])
    assert not KnownNames(head_metadata())


def test_another_recording_of_a_person_is_known_where_the_head_names_people():
    data = {"split": {"train": ["talk1"]}, "split_people": {"train": ["Ann"], "test": ["Bo"]}}
    names = KnownNames(head_metadata(data=data))
    assert names.holds(["talk9", "Ann"])
    assert not names.holds(["talk9", "Bo"])


def test_a_dot_inside_a_name_is_no_suffix():
    assert not known(train=["talk.1"]).holds(["talk.2"])
