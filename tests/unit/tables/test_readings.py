import dataclasses
import hashlib
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emoreport.errors import StoredReadingsError
from emoreport.records import FaceTrack, SoundContour, Span, SpeechTrack
from emoreport.tables.readings import (
    read_contour,
    read_frames,
    read_speech,
    write_contour,
    write_frames,
    write_speech,
)
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.results import face_track, speech_track, with_witness

WRITERS = {FaceTrack: write_frames, SpeechTrack: write_speech, SoundContour: write_contour}
READERS = {FaceTrack: read_frames, SpeechTrack: read_speech, SoundContour: read_contour}


def stored(track):
    stream = io.BytesIO()
    WRITERS[type(track)](stream, track)
    return stream.getvalue()


def restored(track, folder):
    path = folder / "readings.parquet"
    path.write_bytes(stored(track))
    return READERS[type(track)](path)


def assert_same(found, expected):
    for field in dataclasses.fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, np.ndarray):
            assert_same_array(one, other)
        elif field.name == "extra":
            assert list(one) == list(other)
            for name in other:
                assert_same_array(one[name], other[name])
        elif field.name == "witness" and other is not None:
            assert one.labels == other.labels
            assert_same_array(one.probabilities, other.probabilities)
        else:
            assert one == other


def assert_same_array(one, other):
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.tobytes() == other.tobytes()
    assert one.flags.writeable


@pytest.mark.parametrize("frames", [0, 1, 8, 500])
@pytest.mark.parametrize("extra", [(), ("yaw_deg", "blur")])
@pytest.mark.parametrize("dimensions", [False, True])
def test_frames_come_back_bit_for_bit(tmp_path, frames, extra, dimensions):
    track = face_track(frames, dimensions=dimensions, extra=extra)
    assert_same(restored(track, tmp_path), track)


@pytest.mark.parametrize("windows", [0, 1, 5, 400])
def test_speech_comes_back_bit_for_bit(tmp_path, windows):
    track = speech_track(windows)
    assert_same(restored(track, tmp_path), track)


@pytest.mark.parametrize("rows", [0, 1, 400])
def test_a_witness_comes_back_bit_for_bit_behind_all_other_columns(tmp_path, rows):
    faces = with_witness(face_track(rows, dimensions=True, extra=("yaw_deg",)), EMOTIONS[:7])
    speech = with_witness(dataclasses.replace(speech_track(rows), extra={"snr_db": f4(rows)}))
    for track in (faces, speech):
        assert_same(restored(track, tmp_path), track)
        names = pq.read_table(io.BytesIO(stored(track))).column_names
        alone = pq.read_table(io.BytesIO(stored(dataclasses.replace(track, witness=None))))
        assert names[: len(alone.column_names)] == alone.column_names
        added = [f"witness_p_{label}" for label in track.witness.labels]
        assert names[len(alone.column_names) :] == added


@pytest.mark.parametrize("name", ["witness_p_", "witness_p_fear"])
def test_a_witness_that_cannot_be_is_refused(tmp_path, name):
    content = pq.read_table(io.BytesIO(stored(speech_track(3)))).replace_schema_metadata()
    path = tmp_path / "speech.parquet"
    pq.write_table(content.append_column(name, pa.array([0.5, 7.0, 0.5])), path)
    with pytest.raises(StoredReadingsError):
        read_speech(path)


def f4(rows):
    return np.linspace(-1, 1, rows, dtype=np.float32)


def test_further_columns_of_the_speech_come_back(tmp_path):
    extra = {"snr_db": np.array([12.5, np.nan, -3], "f4"), "clipping": np.zeros(3, "f4")}
    track = dataclasses.replace(speech_track(3), extra=extra)
    assert_same(restored(track, tmp_path), track)


def test_shots_come_back_as_the_last_column(tmp_path):
    shot = np.repeat([1, 2, 3], [3, 1, 4]).astype(np.int64)
    track = dataclasses.replace(with_witness(face_track(8), EMOTIONS[:7]), shot=shot)
    assert_same(restored(track, tmp_path), track)
    assert pq.read_table(io.BytesIO(stored(track))).column_names[-1] == "shot"


@pytest.mark.parametrize("shot", [[2, 2, 3], [1, 1, 3], [2, 1, 1], [0, 1, 1]])
def test_shots_out_of_order_are_refused(tmp_path, shot):
    track = dataclasses.replace(face_track(3), shot=np.asarray(shot, np.int64))
    with pytest.raises(StoredReadingsError, match="numbered in order"):
        restored(track, tmp_path)


def test_two_columns_of_the_speech_cannot_share_a_name():
    track = dataclasses.replace(speech_track(3), extra={"start_s": np.zeros(3, "f4")})
    with pytest.raises(ValueError, match="one name"):
        write_speech(io.BytesIO(), track)


def test_wider_numbers_of_further_columns_are_kept(tmp_path):
    track = dataclasses.replace(face_track(3), extra={"blur": np.array([0.1, np.nan, 1 / 3])})
    assert_same(restored(track, tmp_path), track)


def test_speech_without_a_model_comes_back(tmp_path):
    nothing = np.empty(0)
    track = SpeechTrack((), nothing, nothing, nothing, np.empty((0, 0), np.float32), ())
    assert_same(restored(track, tmp_path), track)
    windows = dataclasses.replace(speech_track(3), labels=(), probabilities=np.empty((3, 0), "f4"))
    assert_same(restored(windows, tmp_path), windows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.data(), frames=st.integers(0, 12))
def test_any_frames_come_back(tmp_path, data, frames):
    def floats(width, *shape, low=-1e30, high=1e30):
        numbers = st.floats(low, high, width=width) | st.just(float("nan"))
        return data.draw(arrays.arrays(f"f{width // 8}", shape, elements=numbers))

    step = data.draw(arrays.arrays("f8", frames, elements=st.floats(1e-6, 1e3)))
    count = arrays.arrays("i8", frames, elements=st.integers(0, 2**62))
    track = FaceTrack(
        labels=EMOTIONS,
        time_s=np.cumsum(step),
        frame=data.draw(count),
        faces=data.draw(count),
        box=floats(32, frames, 4, low=-(2.0**99), high=2.0**99),
        detection_score=floats(32, frames, low=0, high=1),
        probabilities=floats(32, frames, 8, low=0, high=1),
    )
    found = restored(track, tmp_path)
    assert_same(found, track)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.floats(0, 20), max_size=20, unique=True))
def test_any_spans_come_back_with_and_without_the_files_own_description(tmp_path, bounds):
    ordered = sorted(bounds)
    spans = tuple(Span(one, two) for one, two in zip(ordered[::2], ordered[1::2], strict=False))
    grid = np.arange(-1.0, 21.0, 2.5)
    track = SpeechTrack(
        labels=("anger",),
        start_s=grid,
        end_s=grid + 3.0,
        speech_s=np.zeros(len(grid)),
        probabilities=np.ones((len(grid), 1), np.float32),
        speech=spans,
    )
    assert restored(track, tmp_path).speech == spans
    path = tmp_path / "plain.parquet"
    pq.write_table(pq.read_table(io.BytesIO(stored(track))).replace_schema_metadata(None), path)
    assert read_speech(path).speech == spans


def test_the_columns_are_the_public_ones():
    table = pq.read_table(io.BytesIO(stored(face_track(4, dimensions=True, extra=("blur",)))))
    assert table.column_names == [
        *["time_s", "frame", "faces", "x", "y", "width", "height", "detection_score"],
        *(f"p_{label}" for label in EMOTIONS),
        "emotion",
        "valence",
        "arousal",
        "blur",
    ]
    assert [str(kind) for kind in table.schema.types[:5]] == [
        "double",
        "int64",
        "int64",
        "float",
        "float",
    ]
    speech = pq.read_table(io.BytesIO(stored(speech_track())))
    assert speech.column_names[:3] == ["start_s", "end_s", "speech_seconds"]
    assert str(speech.schema.field("speech_spans").type) == "list<element: double>"


def test_emotion_is_the_likeliest_label_and_gaps_are_null():
    track = face_track(6)
    rows = pq.read_table(io.BytesIO(stored(track))).to_pylist()
    assert [row["emotion"] is None for row in rows] == [False, False, True, True, False, False]
    assert rows[0]["emotion"] == EMOTIONS[int(track.probabilities[0].argmax())]
    gap = rows[2]
    assert all(gap[name] is None for name in ("x", "height", "detection_score", "p_fear"))
    assert (gap["frame"], gap["faces"]) == (2, 0)


def test_spans_of_a_window_are_clipped_to_it():
    track = dataclasses.replace(
        speech_track(2),
        start_s=np.array([0.0, 1.0]),
        end_s=np.array([1.0, 2.0]),
        speech=(Span(0.25, 0.5), Span(0.75, 1.5), Span(2.0, 3.0)),
    )
    table = pq.read_table(io.BytesIO(stored(track)))
    assert table.column("speech_spans").to_pylist() == [[0.25, 0.5, 0.75, 1.0], [1.0, 1.5]]


@pytest.mark.parametrize(
    "track",
    [
        with_witness(face_track(6, dimensions=True, extra=("blur",))),
        face_track(0),
        speech_track(3),
        speech_track(0),
    ],
    ids=["frames", "no frames", "speech", "no speech"],
)
def test_the_data_frame_of_readings_is_the_stored_table(track):
    shown = pd.read_parquet(io.BytesIO(stored(track)))
    pd.testing.assert_frame_equal(track.to_frame(), shown, check_dtype=len(track) > 0)


@pytest.mark.parametrize("name", ["time_s", "p_anger", "emotion", "valence"])
def test_a_further_column_cannot_take_the_name_of_another(name):
    track = face_track(2, dimensions=True, extra=(name,))
    with pytest.raises(ValueError, match="one name"):
        stored(track)


# --------------------------------------------------------------------- files that are not fine


def refused(path, read, match):
    with pytest.raises(StoredReadingsError, match=match) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "--overwrite" in str(caught.value)


@pytest.mark.parametrize("read", [read_frames, read_speech])
def test_missing_files_and_folders(tmp_path, read):
    refused(tmp_path / "frames.parquet", read, "no such file")
    refused(tmp_path, read, "cannot be read")


@pytest.mark.parametrize("read", [read_frames, read_speech])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=300), framed=st.booleans())
def test_random_bytes(tmp_path, read, content, framed):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1" + content + b"PAR1" if framed else content)
    with pytest.raises(StoredReadingsError):
        read(path)


@pytest.mark.parametrize("track", [face_track(5), speech_track(3)], ids=["frames", "speech"])
def test_a_file_cut_off_anywhere(tmp_path, track):
    whole, path = stored(track), tmp_path / "x.parquet"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(StoredReadingsError):
            READERS[type(track)](path)


@pytest.mark.parametrize("track", [face_track(5), speech_track(3)], ids=["frames", "speech"])
def test_a_changed_byte_is_noticed_or_harmless(tmp_path, track):
    whole, path = stored(track), tmp_path / "x.parquet"
    noticed = 0
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            found = READERS[type(track)](path)
        except StoredReadingsError:
            noticed += 1
        else:
            assert_same(found, track)
    assert noticed > 0


def test_the_other_kind_of_readings_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(stored(speech_track()))
    refused(path, read_frames, "is not a file of readings")
    path.write_bytes(stored(face_track()))
    refused(path, read_speech, "is not a file of readings")


def changed(track, path, change, *, keep=False):
    """Store `track` with its Arrow table changed, by default as a program unaware of emoreport."""
    table = pq.read_table(io.BytesIO(stored(track)))
    pq.write_table(change(table if keep else table.replace_schema_metadata(None)), path)


def with_column(name, values):
    def change(table):
        return table.set_column(table.column_names.index(name), name, pa.array(values))

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table.drop_columns(["x"]), "it has the columns"),
        (lambda table: table.drop_columns(["emotion"]), "it has the columns"),
        (lambda table: table.select(table.column_names[::-1]), "it has the columns"),
        (lambda table: table.append_column("x", table.column("x")), "no name of its own"),
        (lambda table: table.rename_columns({"p_fear": "p_"}), "no name of its own"),
        (
            lambda table: table.drop_columns([f"p_{label}" for label in EMOTIONS]),
            "no probability columns",
        ),
        (with_column("time_s", [0.0, 0.5, 0.5, 1.0]), "does not increase"),
        (with_column("time_s", [0.0, None, 0.5, 1.0]), "lacks values"),
        (with_column("time_s", [0.0, 1.0, 2.0, float("inf")]), "not finite"),
        (with_column("frame", ["a", "b", "c", "d"]), "is damaged"),
        (with_column("frame", [0.5, 1.0, 2.0, 3.0]), "is damaged"),
        (with_column("p_fear", [0.1, 2.0, 0.1, 0.1]), "outside 0–1"),
        (with_column("p_fear", [[0.1], [0.1], [0.1], [0.1]]), "is damaged"),
    ],
)
def test_frames_of_another_layout_are_refused(tmp_path, change, match):
    path = tmp_path / "x.parquet"
    changed(face_track(4), path, change)
    refused(path, read_frames, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (with_column("end_s", [0.0, 0.0, 0.0]), "out of order"),
        (with_column("start_s", [2.0, 1.0, 0.0]), "out of order"),
        (with_column("speech_spans", [[0.0], [], []]), "is not a file of readings"),
        (with_column("speech_spans", [[1.0, 0.0], [], []]), "ends before it starts"),
        (with_column("speech_spans", ["a", "b", "c"]), "is not a file of readings"),
    ],
)
def test_speech_of_another_layout_is_refused(tmp_path, change, match):
    path = tmp_path / "x.parquet"
    changed(speech_track(3), path, change)
    refused(path, read_speech, match)


def test_a_description_that_contradicts_the_columns_is_refused(tmp_path):
    path = tmp_path / "x.parquet"

    def rename(table):
        renamed = table.rename_columns({"p_fear": "p_joy"})
        return renamed.replace_schema_metadata(table.schema.metadata)

    changed(face_track(4), path, rename, keep=True)
    refused(path, read_frames, "disagree")


@pytest.mark.parametrize("facts", [b'{"layout": 2}', b"[]", b"{", b"\xff"])
def test_a_description_of_another_layout_or_none_is_refused(tmp_path, facts):
    path = tmp_path / "x.parquet"
    digest = hashlib.sha256(facts).hexdigest()
    metadata = {"emoreport": facts, "emoreport.sha256": digest}
    changed(face_track(4), path, lambda table: table.replace_schema_metadata(metadata))
    refused(path, read_frames, "is not a file of readings")


def test_a_file_that_pandas_wrote_anew_is_taken(tmp_path):
    track, path = face_track(6, dimensions=True), tmp_path / "x.parquet"
    path.write_bytes(stored(track))
    pd.read_parquet(path).to_parquet(path)
    assert_same(read_frames(path), track)


def contour(frames, *, seed=0):
    random = np.random.default_rng(seed)
    f0_hz = random.uniform(80, 300, frames).astype(np.float32)
    f0_hz[::3] = np.nan
    level_db = random.uniform(-60, -10, frames).astype(np.float32)
    return SoundContour(np.cumsum(random.integers(1, 9, frames)) / 100, f0_hz, level_db)


@pytest.mark.parametrize("frames", [0, 1, 700])
def test_pitch_and_level_come_back_bit_for_bit(frames, tmp_path):
    assert_same(restored(contour(frames), tmp_path), contour(frames))


def test_a_run_without_pitch_and_level_has_none(tmp_path):
    assert read_contour(tmp_path / "sound.parquet") is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: stored(speech_track()),
        lambda content: stored(dataclasses.replace(contour(3), time_s=np.array([1.0, 0.5, 2.0]))),
        lambda content: stored(dataclasses.replace(contour(1), level_db=np.float32([np.nan]))),
    ],
    ids=["cut", "empty", "speech", "back in time", "no level"],
)
def test_what_is_no_contour_is_refused(spoil, tmp_path):
    path = tmp_path / "sound.parquet"
    path.write_bytes(spoil(stored(contour(50))))
    with pytest.raises(StoredReadingsError, match="analyse the video again"):
        read_contour(path)
