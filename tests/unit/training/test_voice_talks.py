"""Talks put together from clips, and the intensity of a voice: on made-up readings."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from emoreport.training.voice import intensity, metrics, talks  # noqa: E402
from emoreport.training.voice.head import HeadRecipe, Statistics  # noqa: E402
from emoreport.training.voice.labels import CLIP_LABELS, LABELS  # noqa: E402

NEUTRAL, ANGER, SADNESS = (LABELS.index(name) for name in ("neutral", "anger", "sadness"))


def shifted_corpora(shift: float) -> metrics.LeftOut:
    """Three corpora of 4 speakers; all readings of the last one are shifted towards surprise."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.repeat([NEUTRAL, ANGER, SADNESS], 12), 12)
    corpora = np.repeat(["one", "two", "far"], len(labels) // 3)
    speakers = np.array([f"{corpus}/{place // 36 % 4}" for place, corpus in enumerate(corpora)])
    logits = rng.normal(0.0, 1.0, (len(labels), len(LABELS)))
    logits[np.arange(len(labels)), labels] += 2.0
    logits[corpora == "far", LABELS.index("surprise")] += shift
    return metrics.LeftOut(logits, labels, speakers, corpora, np.zeros(len(labels), np.int64))


@pytest.mark.parametrize(
    ("regime", "wanted"),
    [
        (talks.Regime(200, 0.9), 0.9),
        (talks.Regime(200, 0.3), 0.3),
        (talks.Regime(200, 1.0), 1.0),
        (talks.Regime(200, None), 0.1),
    ],
)
def test_a_talk_is_of_one_speaker_and_has_the_share_asked_for(regime, wanted) -> None:
    said = shifted_corpora(0.0)
    made = list(talks.talks(said, "two", regime))
    assert len(made) == 4 * talks.FROM_FEW
    for chosen in made:
        assert set(said.corpora[chosen]) == {"two"}
        assert len(set(said.speakers[chosen])) == 1
        assert len(chosen) == 200
    shares = [(said.labels[chosen] == NEUTRAL).mean() for chosen in made]
    assert np.mean(shares) == pytest.approx(wanted, abs=0.03)


def test_one_emotion_fills_four_fifths_where_it_is_to_dominate() -> None:
    said = shifted_corpora(0.0)
    for chosen in talks.talks(said, "two", talks.Regime(200, None)):
        counts = np.bincount(said.labels[chosen])
        assert counts.argmax() != NEUTRAL
        assert counts.max() == pytest.approx(160, abs=25)


def test_what_a_corpus_adds_to_every_clip_goes() -> None:
    said = shifted_corpora(4.0)
    usual = talks.usual_voice(said, 1.0, without="far")
    levels = dict.fromkeys(("far", "one"), (1.0, usual))
    found = talks.figures(said, levels)["30 clips, 60 % neutral"]
    (alone, held), near = found["far"], found["one"]
    assert alone["macro"] < 0.4
    assert held["macro"] > alone["macro"] + 0.1
    assert near[1]["macro"] > near[0]["macro"] - 0.03
    assert found["mean"][0]["macro"] == pytest.approx(
        (alone["macro"] + near[0]["macro"]) / 2, abs=1e-3
    )


def test_the_usual_voice_is_balanced_and_never_from_the_corpus_left_out() -> None:
    said = shifted_corpora(4.0)
    without, everything = talks.usual_voice(said, 1.0, "far"), talks.usual_voice(said, 1.0)
    surprise = LABELS.index("surprise")
    assert everything[surprise] > without[surprise] + 0.8
    assert without[[NEUTRAL, ANGER, SADNESS]].std() < 0.15
    level = talks.recording_level(said, 1.0)
    np.testing.assert_array_equal(level.usual, everything)


def test_the_table_has_a_mean_and_leaves_out_what_cannot_be() -> None:
    said = shifted_corpora(1.0)
    usual = talks.usual_voice(said, 1.0)
    levels = dict.fromkeys(("one", "two", "far"), (1.0, usual))
    table = talks.markdown(talks.figures(said, levels))
    rows = [row.split("|")[1:-1] for row in table.splitlines()]
    assert len(rows) == 2 + len(talks.REGIMES)
    assert {len(row) for row in rows} == {5}
    single = dict(zip(rows[0], next(row for row in rows if "single" in row[0]), strict=True))
    each = [float(single[f" {name} "].split()[0]) for name in ("one", "two", "far")]
    assert float(single[" mean "].split()[0]) == pytest.approx(np.mean(each), abs=0.011)


def test_a_corpus_of_whose_speakers_no_such_talk_can_be_made_is_left_out() -> None:
    said = shifted_corpora(0.0)
    few = said.select((said.corpora != "two") | (said.labels != SADNESS))
    levels = dict.fromkeys(("one", "two", "far"), (1.0, talks.usual_voice(said, 1.0)))
    table = talks.figures(few, levels)
    assert set(table["30 clips, 80 % one emotion"]) == {"one", "far", "mean"}
    assert set(table["30 clips, all neutral"]) == {"one", "two", "far", "mean"}
    single = said.select(said.labels == NEUTRAL)
    assert list(talks.figures(single, levels)) == ["30 clips, all neutral"]


def aroused(speakers: int = 4) -> Statistics:
    """Two corpora; the first eight values grow with arousal, the last with the corpus."""
    rng = torch.Generator().manual_seed(0)
    names = ["level0", "level1", "level2", "calm"] * 20 + ["sadness", "neutral", "anger"] * 30
    labels = torch.tensor([CLIP_LABELS.index(name) for name in names])
    values = torch.randn(1, len(labels), 20, generator=rng)
    arousal = torch.nan_to_num(intensity.TARGETS[labels, 0], nan=0.0)
    values[0, :, :8] += 8.0 * arousal[:, None]
    values[0, :80, -1] += 5.0
    return Statistics(
        values=values,
        labels=labels,
        speakers=tuple(f"levels/{i % speakers}" for i in range(80))
        + tuple(f"acted/{i % speakers}" for i in range(90)),
        corpora=("levels",) * 80 + ("acted",) * 90,
    )


def test_labels_teach_the_arousal_of_their_words_and_calm_teaches_nothing() -> None:
    told = {name: intensity.target_of(name) for name in CLIP_LABELS}
    assert told["sadness"] < told["neutral"] == 0.5 < told["disgust"] < told["anger"]
    assert told["level0"] < told["level1"] == 0.5 < told["level2"]
    assert np.isnan(told["calm"])
    assert all(0 < value < 1 for value in told.values() if not np.isnan(value))


def test_arousal_is_found_in_a_corpus_never_heard() -> None:
    statistics = aroused()
    recipe = HeadRecipe(steps=200, batch=64, dropout=0.0, learning_rate=1e-2)
    found = intensity.left_out_intensity(statistics, recipe)
    assert ((found > 0) & (found < 1)).all()
    figures = intensity.intensity_figures(statistics, found)
    assert figures["levels"]["level2 above level0"] > 0.9
    assert figures["acted"]["anger above sadness"] > 0.9
    assert figures["acted"]["anger above neutral"] > 0.8
    assert set(figures["levels"]) >= {"level0", "calm"}
