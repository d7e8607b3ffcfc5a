"""A head is trained from end to end: what is planted is learned, what is not is not."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from emoreport.corpora.abaw import read_abaw  # noqa: E402
from emoreport.corpora.errors import CorpusError  # noqa: E402
from emoreport.corpora.frame_scores import score_frames  # noqa: E402
from emoreport.corpora.tasks import EXPR  # noqa: E402
from emoreport.errors import SettingsError  # noqa: E402
from emoreport.heads.head import open_head, scores_at  # noqa: E402
from emoreport.tables.feature_files import read_face  # noqa: E402
from emoreport.training.heads import loop  # noqa: E402
from emoreport.training.heads.__main__ import main  # noqa: E402
from emoreport.training.heads.recipe import ARCHITECTURES, Recipe  # noqa: E402
from emoreport.training.heads.system import Job, train_head  # noqa: E402
from tests.fixtures.labelled_features import make_clips, make_corpus  # noqa: E402

TINY = Recipe(
    window_s=1.6,
    hop_s=1.0,
    width=16,
    tcn_width=16,
    layers=1,
    epochs=8,
    patience=4,
    batch=16,
    learning_rate=1e-2,
    dropout=0.1,
)
SCORE = {"expr": "macro_f1", "au": "mean_f1_at_fitted", "va": "ccc_mean_pooled", "clips": "uar"}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """A corpus for each task, made once."""
    made = {}

    def corpus(task, **how):
        key = (task, *sorted(how.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp(task)
            make = make_clips if task == "clips" else make_corpus
            made[key] = make(folder, people=12) if task == "clips" else make(folder, task, **how)
        return made[key]

    return corpus


def trained(corpus, out, task, **changes):
    recipe = replace(TINY, **changes)
    return train_head(Job(task, corpus.labels, corpus.features, out, recipe))


def value(head, task, part="test"):
    return head.metrics[part]["scores"].get(SCORE[task], {"value": 0.0})["value"]


@pytest.mark.parametrize(
    ("task", "architecture"),
    [
        *(("expr", kind) for kind in ARCHITECTURES),
        *((task, kind) for task in ("au", "va", "clips") for kind in ("mlp", "stat-attention")),
    ],
)
def test_what_is_planted_is_learned(tmp_path, corpora, task, architecture):
    head = trained(corpora(task), tmp_path / "head", task, architecture=architecture)
    assert value(head, task) > value(head, task, "constant") + 0.25
    assert head.architecture == architecture
    assert open_head(tmp_path / "head").metadata == head


def test_what_is_not_there_is_not_learned(tmp_path, corpora):
    head = trained(corpora("expr", planted=False), tmp_path / "head", "expr")
    assert head.metrics["test"]["scores"]["uar"]["value"] < 0.4  # four classes


def test_late_fusion_beats_either_where_each_knows_half(tmp_path, corpora):
    corpus = corpora("expr", halves=True, seconds=20.0)
    found = {}
    for name, how in (
        ("face", {"modalities": ("face",)}),
        ("voice", {"modalities": ("voice",)}),
        ("late", {"fusion": "late"}),
        ("early", {}),
    ):
        head = trained(corpus, tmp_path / name, "expr", **how)
        found[name] = value(head, "expr")
        assert (head.late_weight is not None) == (name == "late")
    assert min(found["late"], found["early"]) > max(found["face"], found["voice"]) + 0.1
    tried = head.metrics["tried"]
    assert tried["face_weight"] == {}
    assert "mean 2 s" in tried["smoothing"]


def test_the_folder_gives_in_use_what_training_said(tmp_path, corpora):
    """Without torch, from the files of features, frame by frame."""
    corpus = corpora("expr")
    trained(corpus, tmp_path / "head", "expr", fusion="late", architecture="tcn")
    head = open_head(tmp_path / "head")
    told = head.metadata
    labels = read_abaw(corpus.labels, EXPR)
    test = {name: labels[name] for name in told.data["split"]["test"]}
    answers = {}
    for name, values in test.items():
        path = corpus.features / name / "features.parquet"
        (face,) = read_face(path)
        answers[name] = scores_at(head.run(path), face.time_s)[: len(values)]
    scores = score_frames(EXPR, test, answers).document()["scores"]
    assert scores["macro_f1"] == told.metrics["test"]["scores"]["macro_f1"]
    assert told.data["people"] == 10
    assert set(told.data["split"]) == {"train", "validation", "test"}
    assert len(told.data["digest"]) == 64


def test_a_killed_and_resumed_training_gives_the_same_head(tmp_path, corpora, monkeypatch):
    corpus = corpora("expr")
    how = {"architecture": "transformer", "dropout": 0.3, "epochs": 4}
    trained(corpus, tmp_path / "whole", "expr", **how)
    log, epochs = loop._log, []

    def killed(folder, name, epoch):
        log(folder, name, epoch)
        epochs.append(epoch.epoch)
        if len(epochs) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_log", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path / "cut", "expr", **how)
    assert not (tmp_path / "cut" / "model.json").exists()
    torch.manual_seed(99)  # another process
    trained(corpus, tmp_path / "cut", "expr", **how)
    assert epochs == [1, 2, 3, 4]
    assert (tmp_path / "cut" / "head.onnx").read_bytes() == (
        tmp_path / "whole" / "head.onnx"
    ).read_bytes()
    with (tmp_path / "cut" / "log" / "metrics.csv").open() as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["1", "2", "3", "4"]
    assert not list((tmp_path / "cut" / "log").glob("*.pt"))


def test_a_checkpoint_of_another_training_is_not_taken_up(tmp_path, corpora, monkeypatch):
    corpus = corpora("expr")
    monkeypatch.setattr(loop.Trainer, "finish", lambda self: pytest.fail("not so far"))
    monkeypatch.setattr(loop, "_log", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path / "head", "expr", width=8)
    monkeypatch.undo()
    head = trained(corpus, tmp_path / "head", "expr", width=16, epochs=2)
    assert head.recipe["width"] == 16


def test_dropout_works_in_training_and_not_in_judging(tmp_path, corpora, monkeypatch):
    modes = []
    make = loop.make_network

    def watched(*arguments):
        network = make(*arguments)
        network.register_forward_hook(lambda module, *_: modes.append(module.training))
        return network

    monkeypatch.setattr("emoreport.training.heads.system.make_network", watched)
    trained(corpora("expr"), tmp_path / "head", "expr", epochs=1)
    assert modes[0]
    assert not modes[-1]


def test_a_person_in_two_parts_is_refused(tmp_path, corpora):
    corpus = corpora("clips")
    names = sorted(path.name for path in corpus.features.iterdir())
    parts = ["train", "validation", "test"]
    rows = [f"{name},{parts[index % 3]}" for index, name in enumerate(names)]
    split = tmp_path / "split.csv"
    split.write_text("\n".join(["file,part", *rows]))
    with pytest.raises(CorpusError, match="hold for nobody else"):
        train_head(Job("clips", corpus.labels, corpus.features, tmp_path / "h", TINY, split))
    assert not (tmp_path / "h").exists()


def test_a_users_split_and_people_are_followed(tmp_path, corpora):
    corpus = corpora("expr")
    split, people = tmp_path / "split.csv", tmp_path / "people.csv"
    where = {0: "validation", 1: "test", 2: "test"}
    names = range(8)  # two are left out
    split.write_text("file,part\n" + "".join(f"video{n},{where.get(n, 'train')}\n" for n in names))
    people.write_text("file,person\nvideo1,Ann\nvideo2,Ann\n")
    recipe = replace(TINY, epochs=2, modalities=("face",))
    job = Job("expr", corpus.labels, corpus.features, tmp_path / "h", recipe, split, people)
    head = train_head(job)
    assert head.data["split"]["test"] == ["video1", "video2"]
    assert head.data["split_people"] == {
        "train": [f"video{number}" for number in range(3, 8)],
        "validation": ["video0"],
        "test": ["Ann"],
    }
    assert head.data["recordings"] == 8
    assert head.metrics["test"]["scores"]["macro_f1"]["low"] is None  # one person has no interval
    assert head.fusion == "none"


def test_what_cannot_be_judged_is_told_before_training(tmp_path, corpora):
    corpus = corpora("expr")
    shutil.copytree(corpus.labels, tmp_path / "labels")
    for path in (tmp_path / "labels").iterdir():
        if path.stem in {"video8", "video9"}:
            head, *lines = path.read_text().splitlines()
            path.write_text("\n".join([head, *("-1" for _ in lines)]))
    parts = {8: "test", 9: "test", 0: "validation"}
    rows = [f"video{number},{parts.get(number, 'train')}\n" for number in range(10)]
    split = tmp_path / "split.csv"
    split.write_text("file,part\n" + "".join(rows))
    job = Job("expr", tmp_path / "labels", corpus.features, tmp_path / "h", TINY, split)
    with pytest.raises(CorpusError, match="no window of the test part"):
        train_head(job)
    with pytest.raises(SettingsError, match="multiple of 4"):
        train_head(replace(job, recipe=replace(TINY, width=10)))
    assert not (tmp_path / "h").exists()


def test_a_head_is_not_replaced_unasked(tmp_path, corpora):
    corpus = corpora("va")
    trained(corpus, tmp_path / "head", "va", epochs=1)
    with pytest.raises(SettingsError, match="already"):
        trained(corpus, tmp_path / "head", "va", epochs=1)
    job = Job("va", corpus.labels, corpus.features, tmp_path / "head", replace(TINY, epochs=2))
    train_head(replace(job, overwrite=True))
    with (tmp_path / "head" / "log" / "metrics.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 2  # the old log is gone


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, corpora, capsys):
    (tmp_path / "file").write_text("no folder")
    corpus = corpora("expr")
    places = ["--features", str(corpus.features), "--out", str(tmp_path / "file" / "head")]
    assert main(["expr", str(corpus.labels), *places, "--lang", "ru"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("ошибка: ")
    assert line.count("\n") == 1


def test_recordings_without_features_are_told_of(tmp_path, corpora):
    corpus = corpora("expr")
    shutil.copytree(corpus.features, tmp_path / "f")
    shutil.rmtree(tmp_path / "f" / "video3")
    head = train_head(
        Job("expr", corpus.labels, tmp_path / "f", tmp_path / "h", replace(TINY, epochs=1))
    )
    assert head.data["without_features"] == ["video3"]
    assert np.isfinite(value(head, "expr"))
