"""Splits are by person; one that is not is refused with the reason."""

from __future__ import annotations

from collections import Counter

import pytest

from emoreport.corpora.errors import CorpusError
from emoreport.training.heads.splits import PARTS, check_people, read_split, split_by_person


def people_of(count, takes=3):
    return {f"p{person}_{take}": f"p{person}" for person in range(count) for take in range(takes)}


def test_a_fifth_of_the_people_is_kept_for_testing_and_a_fifth_for_choosing():
    people = people_of(20)
    parts = split_by_person(people, {}, seed=1)
    assert Counter(parts.values()) == {"train": 36, "validation": 12, "test": 12}
    for person in set(people.values()):
        assert len({parts[name] for name in people if people[name] == person}) == 1
    assert parts == split_by_person(people, {}, seed=1)
    assert parts != split_by_person(people, {}, seed=2)


def test_the_publishers_validation_set_is_for_testing_only():
    people = people_of(12, takes=1)
    official = {name: "test" if name in {"p3_0", "p7_0"} else "train" for name in people}
    parts = split_by_person(people, official, seed=1)
    assert {name for name, part in parts.items() if part == "test"} == {"p3_0", "p7_0"}
    assert Counter(parts.values()) == {"train": 8, "validation": 2, "test": 2}


def test_a_person_in_two_parts_is_refused():
    people = people_of(3, takes=2)
    official = dict.fromkeys(people, "train") | {"p1_0": "test"}
    with pytest.raises(CorpusError, match=r"p1 is in test / (train|validation)"):
        split_by_person(people, official, seed=1)
    clipwise = dict.fromkeys(people, "train") | {"p0_1": "validation", "p1_1": "test"}
    with pytest.raises(CorpusError, match="hold for nobody else"):
        check_people(clipwise, people)


def test_too_few_people_are_refused():
    with pytest.raises(CorpusError, match="3 are needed"):
        split_by_person(people_of(2), {}, seed=1)
    assert set(split_by_person(people_of(3), {}, seed=1).values()) == set(PARTS)


def test_a_users_split_is_read(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("file,part\nA_1.mp4,Train\nb,validation\nc,test\n,train\n")
    names = ["a_1", "b", "c", "d"]
    assert read_split(path, names) == {"a_1": "train", "b": "validation", "c": "test"}
    for table, said in (
        ("file,part\nb,dev\n", "'dev'"),
        ("file,part\nz,train\n", "none of the recordings"),
        ("file,fold\nb,train\n", "lacks"),
    ):
        path.write_text(table)
        with pytest.raises(CorpusError, match=said):
            read_split(path, names)
    with pytest.raises(CorpusError, match="no recording is in the part validation"):
        check_people({"a": "train", "b": "test"}, {"a": "a", "b": "b"})
