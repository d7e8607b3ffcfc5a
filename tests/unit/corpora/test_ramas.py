"""Annotations of RAMAS are read moment by moment, each row holding until the annotator's next."""

import pytest

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.ramas import LABELS, is_ramas, read_ramas

HEAD = "Time,Angry,Sad,Disgusted,Happy,Scared,Surprised,Neutral,Shame,Tiredness,ID"


def row(time, annotator, *seen):
    names = HEAD.split(",")[1:-1]
    return ",".join([str(time), *(str(int(name in seen)) for name in names), str(annotator)])


def annotations(folder, *rows, name="10dec_O11_1"):
    within = folder / "Annotations_by_files"
    within.mkdir(parents=True, exist_ok=True)
    path = within / f"{name}_ann.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return folder


def seen(recording):
    return [
        {label: int(count) for label, count in zip(LABELS, votes, strict=True) if count}
        for votes in recording.votes
    ]


def test_annotators_of_one_moment_are_counted(tmp_path):
    annotations(
        tmp_path,
        *(row(0, 1, "Angry"), row(0, 2, "Angry", "Sad"), row(0, 3, "Tiredness")),
        *(row(1, 1), row(1, 2, "Scared"), row(1, 3, "Neutral")),
    )
    (recording,) = read_ramas(tmp_path)
    assert (recording.file, recording.person) == ("10dec_O11_1", "10dec/1")
    assert recording.start_s.tolist() == [0, 1]
    assert recording.end_s.tolist() == [1, 2]
    assert seen(recording) == [{"anger": 2, "sadness": 1}, {"fear": 1, "neutral": 1}]


def test_a_row_holds_until_the_next_one_of_the_same_annotator(tmp_path):
    annotations(
        tmp_path,
        *(row(0, 1, "Happy"), row(2, 1, "Sad"), row(4, 1)),
        *(row(1, 2, "Happy"), row(2, 2, "Happy")),
    )
    (recording,) = read_ramas(tmp_path / "Annotations_by_files")
    assert recording.start_s.tolist() == [0, 1, 2, 4]
    # The second annotator begins at 1 and holds on for a step after 2.
    assert seen(recording) == [
        {"happiness": 1},
        {"happiness": 2},
        {"sadness": 1, "happiness": 1},
        {},
    ]


def test_actors_are_named_where_a_table_names_them(tmp_path):
    annotations(tmp_path, row(0, 1, "Happy"))
    annotations(tmp_path, row(0, 1, "Happy"), name="19dec_C3_1")
    (tmp_path / "Docs").mkdir()
    (tmp_path / "Docs" / "actors_descr.csv").write_text(
        "Date,ID,Name\n10.12.2016,1,Ann\n19.12.2016,1,Ann\n", encoding="utf-8"
    )
    assert [recording.person for recording in read_ramas(tmp_path)] == ["Ann", "Ann"]


def test_a_recording_without_rows_has_no_moments(tmp_path):
    (recording,) = read_ramas(annotations(tmp_path))
    assert recording.votes.shape == (0, 7)
    assert len(recording.end_s) == 0


def test_other_folders_and_tables_are_told_apart(tmp_path):
    assert not is_ramas(tmp_path)
    assert not is_ramas(tmp_path / "nowhere")
    annotations(tmp_path, row("x", 1))
    assert is_ramas(tmp_path)
    with pytest.raises(CorpusError, match="line 2 has no number"):
        read_ramas(tmp_path)
    (tmp_path / "Annotations_by_files" / "10dec_O11_1_ann.csv").write_text(
        "Time,Angry,ID\n0,1,1\n", encoding="utf-8"
    )
    with pytest.raises(CorpusError, match="lacks a column"):
        read_ramas(tmp_path)
