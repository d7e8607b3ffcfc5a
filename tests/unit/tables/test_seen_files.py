import dataclasses
import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoreport.errors import StoredReadingsError
from emoreport.tables.parquet_files import schema_metadata
from emoreport.tables.seen_files import FACES_FILE, TRACKS_FILE, read_seen, write_faces
from tests.fixtures.people import everyone_of, store_seen
from tests.fixtures.results import face_track, with_witness

FRAMES = face_track()


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        elif field.name == "extra":
            assert list(one) == list(other)
            for name in other:
                np.testing.assert_array_equal(one[name], other[name])
        elif field.name == "witness" and other is not None:
            assert one.labels == other.labels
            np.testing.assert_array_equal(one.probabilities, other.probabilities)
        else:
            assert one == other


@pytest.mark.parametrize("recogniser", ["", "sface"])
@pytest.mark.parametrize("frames", [FRAMES, with_witness(FRAMES)], ids=["alone", "witness"])
def test_faces_and_tracks_come_back_bit_for_bit(tmp_path, frames, recogniser):
    seen, appearance = everyone_of(frames, recogniser=recogniser)
    store_seen(tmp_path, seen, appearance)
    again = read_seen(tmp_path, frames)
    assert_same(again[0], seen)
    assert_same(again[1], appearance)


def test_without_the_file_nobody_else_was_followed(tmp_path):
    assert read_seen(tmp_path, FRAMES) == (None, None)


def test_two_columns_of_one_name_are_refused():
    seen, _ = everyone_of(FRAMES)
    doubled = replace(seen, extra={"track": seen.detection_score})
    with pytest.raises(ValueError, match="one name"):
        write_faces(io.BytesIO(), doubled)


def shifted(seen):
    return replace(seen, time_s=seen.time_s + 0.001)


def swapped(seen):
    return replace(seen, time_s=seen.time_s[::-1].copy())


def from_zero(seen):
    return replace(seen, track=seen.track - 1)


def boxless(seen):
    return replace(seen, box=np.full_like(seen.box, np.nan))


def renamed(seen):
    return replace(seen, labels=tuple(f"{label}s" for label in seen.labels))


WRONG = {
    shifted: "times are not those of the frames",
    swapped: "out of order",
    from_zero: "not numbered from 1",
    boxless: "no box",
    renamed: "classes are not those",
}


@pytest.mark.parametrize(
    ("change", "why"), WRONG.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_faces_that_do_not_fit_are_refused(tmp_path, change, why):
    seen, appearance = everyone_of(FRAMES)
    store_seen(tmp_path, change(seen), appearance)
    with pytest.raises(StoredReadingsError, match=why):
        read_seen(tmp_path, FRAMES)


def test_tracks_of_other_faces_are_refused(tmp_path):
    seen, appearance = everyone_of(FRAMES)
    store_seen(tmp_path, seen, replace(appearance, track=appearance.track + 1))
    with pytest.raises(StoredReadingsError, match="not those of the faces"):
        read_seen(tmp_path, FRAMES)


@pytest.mark.parametrize("lost", [FACES_FILE, TRACKS_FILE])
def test_a_file_that_is_lost_is_named(tmp_path, lost):
    store_seen(tmp_path, *everyone_of(FRAMES))
    (tmp_path / lost).unlink()
    with pytest.raises(StoredReadingsError, match="no such file"):
        read_seen(tmp_path, FRAMES)


@pytest.mark.parametrize("name", [FACES_FILE, TRACKS_FILE])
@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_damage_is_told(tmp_path, name, at):
    store_seen(tmp_path, *everyone_of(FRAMES))
    content = bytearray((tmp_path / name).read_bytes())
    place = int(at * len(content))
    content[place : place + 8] = bytes(255 - byte for byte in content[place : place + 8])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StoredReadingsError):
        read_seen(tmp_path, FRAMES)


RAGGED = {
    "uneven": [[1.0, 2.0], [3.0]],
    "null": [[1.0, 2.0], None],
    "not finite": [[1.0, 2.0], [float("nan"), 1.0]],
}


@pytest.mark.parametrize("rows", RAGGED.values(), ids=RAGGED)
def test_vectors_of_another_shape_are_refused(tmp_path, rows):
    store_seen(tmp_path, *everyone_of(FRAMES))
    facts = {"layout": 1, "content": "tracks", "recogniser": ""}
    content = pa.table(
        {"track": [1, 2], "descriptor": rows, "set_up": [[1.0], [1.0]]},
        metadata=schema_metadata(facts),
    )
    pq.write_table(content.replace_schema_metadata(schema_metadata(facts)), tmp_path / TRACKS_FILE)
    with pytest.raises(StoredReadingsError):
        read_seen(tmp_path, FRAMES)


def test_more_tracks_than_the_faces_have_are_refused_unread(tmp_path):
    seen, appearance = everyone_of(FRAMES)
    many = 100_000
    store_seen(
        tmp_path,
        seen,
        replace(
            appearance,
            track=np.arange(1, many + 1),
            descriptor=np.ones((many, 4), np.float32),
            set_up=np.ones((many, 4), np.float32),
        ),
    )
    with pytest.raises(StoredReadingsError, match="claims 100000 rows"):
        read_seen(tmp_path, FRAMES)
