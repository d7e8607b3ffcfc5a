"""Labelled clips are read from tables and from the names that corpora give their files."""

import pytest

from emoreport.corpora.errors import CorpusError
from emoreport.corpora.layouts import read_labelled_clips
from emoreport.errors import InputNotFoundError


def empty_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_name_of_ravdess_says_all(tmp_path):
    empty_files(tmp_path, "Actor_12/03-01-05-02-02-01-12.wav")
    (clip,), guessed = read_labelled_clips(tmp_path)
    assert guessed is None
    assert (clip.file, clip.stem) == (
        "Actor_12/03-01-05-02-02-01-12.wav",
        "03-01-05-02-02-01-12",
    )
    assert (clip.label, clip.written) == ("anger", "angry")
    assert (clip.person, clip.corpus) == ("ravdess/12", "ravdess")
    assert dict(clip.facts) == {
        "modality": "voice",
        "channel": "speech",
        "intensity": "strong",
        "statement": "Dogs are sitting by the door",
        "repetition": "1",
        "sex": "female",
    }


@pytest.mark.parametrize("others", [(), ("03-01-01-01-01-01-01.wav",)])
def test_calm_is_not_neutral_in_ravdess_even_where_neutral_is_missing(tmp_path, others):
    empty_files(tmp_path, "03-01-02-01-01-01-01.wav", *others)
    clips, _ = read_labelled_clips(tmp_path)
    assert next(clip.label for clip in clips if clip.written == "calm") == "calm"


def test_a_name_of_crema_d_says_actor_emotion_and_level(tmp_path):
    empty_files(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1091_IEO_SAD_HI.wav")
    (first, second), _ = read_labelled_clips(tmp_path)
    assert (first.label, first.written, first.person) == ("anger", "ANG", "crema-d/1001")
    assert dict(first.facts) == {"sentence": "DFA", "intensity": "unspecified"}
    assert (second.label, second.facts["intensity"]) == ("sadness", "high")


def test_runs_and_clips_are_taken_and_other_files_are_not(tmp_path):
    empty_files(
        tmp_path,
        "01-01-03-01-01-01-01/frames.parquet",
        "01-01-03-01-01-01-01/03-01-03-01-01-01-01.vtt",
        "03-01-03-01-01-01-01.wav",
        "03-01-09-01-01-01-01.wav",
        "1001_DFA_XYZ_XX.wav",
        "readme.txt",
    )
    clips, _ = read_labelled_clips(tmp_path)
    assert [clip.file for clip in clips] == ["01-01-03-01-01-01-01", "03-01-03-01-01-01-01.wav"]


TABLE = """corpus,file,emotion,speaker,language
a,a/1.ogg,happy,01,en
a,a/2.ogg,calm,01,en
b,b/1.ogg,спокойствие,01,ru
b,b/2.ogg,нейтральное,02,ru
"""


@pytest.mark.parametrize("name", ["labels.csv", "mine.csv"])
def test_a_table_names_people_by_corpus(tmp_path, name):
    (tmp_path / name).write_text(TABLE, encoding="utf-8")
    clips, _ = read_labelled_clips(tmp_path if name == "labels.csv" else tmp_path / name)
    assert [clip.person for clip in clips] == ["a/01", "a/01", "b/01", "b/02"]
    # Corpus b has a neutral of its own, so calm is something else there.
    assert [clip.label for clip in clips] == ["happiness", "neutral", "спокойствие", "neutral"]
    assert clips[0].written == "happy"
    assert clips[2].facts == {"language": "ru"}


def test_a_table_without_corpus_or_speaker(tmp_path):
    (tmp_path / "labels.csv").write_text("file;emotion\nx.wav;anger\n", encoding="utf-8")
    (clip,), _ = read_labelled_clips(tmp_path)
    assert (clip.person, clip.corpus, dict(clip.facts)) == ("", "", {})


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(InputNotFoundError):
        read_labelled_clips(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="neither labels"):
        read_labelled_clips(tmp_path)
    (tmp_path / "labels.csv").write_text("file,speaker\nx.wav,1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="lacks a column"):
        read_labelled_clips(tmp_path)
