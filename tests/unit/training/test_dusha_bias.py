"""Fitting the class bias of the Dusha model: on made-up logits, and the whole command."""

import csv
import hashlib
import io
import tarfile
import tomllib
import wave

import numpy as np
import pytest

from emoreport.analysis.numeric.softmax import softmax
from emoreport.models.families.dusha import LABELS
from emoreport.training.dusha_bias import (
    Said,
    balanced_weights,
    effect,
    figures,
    fit_offsets,
    fitting_speakers,
    main,
)
from tests.fixtures.audio import RATE_HZ, noise, tone, voice
from tests.fixtures.dusha import random_network, saved

SPEAKERS = ("a/1", "a/2", "a/3", "b/1", "b/2")


def said(bias=(0.0, 0.0, 0.0, 0.0), clips=400, seed=0, counts=(1, 1, 1, 1)):
    """Logits that favour some classes; each clip's own class is raised by 2 on average."""
    chance = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), np.array(counts) * clips)
    logits = chance.normal(0.0, 0.5, (len(truth), 4)) + np.array(bias)
    logits[np.arange(len(truth)), truth] += 2.0
    speakers = np.array(SPEAKERS)[np.arange(len(truth)) % len(SPEAKERS)]
    corpora = np.array([name.partition("/")[0] for name in speakers])
    return Said(logits, truth, speakers, corpora)


def test_each_corpus_and_each_class_in_it_counts_the_same():
    uneven = said(counts=(1, 2, 6, 1))
    weights = balanced_weights(uneven)
    assert weights.sum() == pytest.approx(1)
    for corpus in ("a", "b"):
        for label in range(4):
            chosen = (uneven.corpora == corpus) & (uneven.truth == label)
            assert weights[chosen].sum() == pytest.approx(1 / 8)


def test_a_fair_model_gets_no_offsets():
    np.testing.assert_allclose(fit_offsets(said()), 0, atol=0.05)


def test_the_class_that_is_favoured_gets_the_largest_offset_and_the_mean_is_zero():
    offsets = fit_offsets(said(bias=(0.0, -1.0, 3.0, 0.0)))
    assert offsets.mean() == pytest.approx(0)
    assert offsets.argmax() == 2
    assert offsets.argmin() == 1


def test_offsets_are_the_logarithm_of_the_mean_probability_over_even_classes():
    uneven = said(bias=(0.5, 0.0, 1.0, -1.0), counts=(1, 3, 1, 2))
    means = [
        softmax(uneven.logits[(uneven.corpora == corpus) & (uneven.truth == label)]).mean(axis=0)
        for corpus in ("a", "b")
        for label in range(4)
    ]
    expected = np.log(np.mean(means, axis=0))
    np.testing.assert_allclose(fit_offsets(uneven), expected - expected.mean())


def test_taking_the_offsets_away_mends_a_biased_model():
    biased = said(bias=(0.0, -1.0, 3.0, 0.0))
    before = figures(biased, np.zeros(4))
    after = figures(biased, fit_offsets(biased))
    assert after["macro_recall"] > before["macro_recall"] + 0.2
    assert after["called_neutral"] < before["called_neutral"]


def test_figures_count_what_is_there():
    logits = np.log(
        np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]] * 2 + [[0.1, 0.6, 0.2, 0.1]])
    )
    truth = np.array([0, 0, 2, 2, 1])
    names = np.array(["a/1"] * 5)
    found = figures(
        Said(
            np.vstack([logits, logits[:1]]),
            np.append(truth, 3),
            np.append(names, "a/2"),
            np.array(["a"] * 6),
        ),
        np.zeros(4),
    )
    assert found["clips"] == 6
    assert found["speakers"] == 2
    assert found["recall_anger"] == 0.5
    assert found["recall_sadness"] == 1.0
    assert found["recall_positive"] == 0.0
    assert found["macro_recall"] == pytest.approx((0.5 + 1.0 + 0.5 + 0.0) / 4)
    assert found["called_neutral"] == pytest.approx(2 / 6)


def test_every_second_speaker_of_each_corpus_is_fitted_on():
    assert fitting_speakers(np.array(SPEAKERS * 3)) == {"a/1", "a/3", "b/1"}


def test_the_effect_is_told_per_corpus():
    found = effect(said(bias=(0, 0, 2, 0)), np.array([-0.5, -0.5, 1.5, -0.5]))
    assert set(found) == {"a", "b"}
    assert found["a"]["with"]["macro_recall"] > found["a"]["without"]["macro_recall"]


# ------------------------------------------------------------------------------- the command


def sounds(emotion, speaker):
    makers = {"anger": voice, "sadness": tone, "neutral": noise, "happiness": voice, "fear": noise}
    extra = {} if makers[emotion] is tone else {"seed": speaker + len(emotion)}
    return makers[emotion](0.5, **extra)


@pytest.fixture
def corpora(tmp_path):
    folder = tmp_path / "speech"
    folder.mkdir()
    rows = []
    for corpus in ("one", "two"):
        with tarfile.open(folder / f"{corpus}.tar", "w") as archive:
            for speaker in range(3):
                for emotion in ("anger", "sadness", "neutral", "happiness", "fear"):
                    name = f"{corpus}/{speaker}_{emotion}.wav"
                    content = io.BytesIO()
                    with wave.open(content, "wb") as target:
                        target.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
                        samples = np.round(sounds(emotion, speaker) * 32767).astype("<i2")
                        target.writeframes(samples.tobytes())
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content.getvalue())
                    archive.addfile(entry, io.BytesIO(content.getvalue()))
                    rows.append([corpus, name, emotion, f"s{speaker}", "xx"])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["corpus", "file", "emotion", "speaker", "language"], *rows])
    return folder


def test_the_command_writes_what_the_package_reads(corpora, tmp_path):
    model = saved(tmp_path / "model", random_network().state_dict())
    checkpoint = model.folder / "weights.pt"
    out = tmp_path / "bias.toml"
    arguments = ["--checkpoint", str(checkpoint), "--data", str(corpora), "--out", str(out)]
    assert main(arguments) == 0
    document = tomllib.loads(out.read_text(encoding="utf-8"))
    assert document["checkpoint_sha256"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert list(document["offsets"]) == list(LABELS)
    assert sum(document["offsets"].values()) == pytest.approx(0, abs=4e-4)
    provenance = document["provenance"]
    assert provenance["fitted_on_speakers"] == ["one/s0", "one/s2", "two/s0", "two/s2"]
    assert provenance["fitted_on_clips"] == 16, "clips of fear have no class to go to"
    assert str(tmp_path) not in provenance["command"]
    unseen = document["unseen_speakers"]
    assert [unseen[corpus]["with"]["clips"] for corpus in ("one", "two")] == [4, 4]
    assert set(document["across_corpora"]["one"]) == {"with", "without"}
