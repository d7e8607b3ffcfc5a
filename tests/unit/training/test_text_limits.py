"""Limits of doubt about texts: chosen on one half, told of the other."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the train extra is not installed")

import emoreport
from emoreport.analysis.rows.text import TEXT_RULES
from emoreport.text.clauses import LEAST_WORDS
from emoreport.training.text.data import CEDR, LABELS, Sentences, held_out
from emoreport.training.text.limits import Judged, choose, f1_both_ways, fragments, main, measure
from tests.fixtures.faces import SHARED, needs_shared

CARDS = Path(__file__).parents[3] / "docs" / "models"
WEIGHTS = Path(emoreport.__file__).parent / "weights"


def sure_of(place: int, share: float) -> np.ndarray:
    """A distribution that gives a label so much and the rest alike."""
    row = np.full(len(LABELS), (1.0 - share) / (len(LABELS) - 1), np.float32)
    row[place] = share
    return row


def collection(number: int, *, seed: int) -> tuple[Sentences, dict[str, np.ndarray]]:
    """Sentences, and answers that are the oftener right the surer they are."""
    rng = np.random.default_rng(seed)
    texts = tuple(f"{seed} слово {place}" for place in range(number))
    answers = {}
    truth = np.zeros((number, len(LABELS)), np.float32)
    for row, text in enumerate(texts):
        share = rng.uniform(0.15, 0.95)
        place = int(rng.integers(len(LABELS)))
        answers[text] = sure_of(place, share)
        right = rng.uniform() < 1.6 * (share - 0.2)
        truth[row, place if right else (place + 1) % len(LABELS)] = 1.0
    return Sentences(texts, truth), answers


def test_limits_are_where_too_few_are_right_and_are_told_of_other_sentences() -> None:
    one, answers = collection(3000, seed=1)
    other, more = collection(3000, seed=2)
    answers |= more

    def predict(texts):
        return np.array([answers[text] for text in texts]).reshape(-1, len(LABELS))

    found = measure(predict, {"a": one, "b": other})
    assert found["chosen_on"]["a"] + found["stated"]["a"]["sentences"] == 3000
    normal, strict = (found["limits"]["entropy"][level] for level in ("normal", "strict"))
    assert 0.0 < strict < normal < 1.0
    for name in ("a", "b"):
        row = found["stated"][name]
        levels = row["entropy"]["levels"]
        assert levels["strict"]["right_beyond"] == pytest.approx(0.5, abs=0.08)
        assert levels["normal"]["right_beyond"] <= levels["strict"]["right_beyond"]
        assert levels["strict"]["right_within"] > row["accuracy"] > 0.4
        accuracy = [*row["entropy"]["accuracy"].values()]
        assert accuracy == sorted(accuracy, reverse=True)
        assert row["most_frequent"] == pytest.approx(1 / 8, abs=0.05)


def judged(right: str, doubt: list[float]) -> Judged:
    """Answers by hand: + is right; a margin is what the entropy lacks to 1."""
    entropy = np.array(doubt)
    return Judged(
        np.array([sign == "+" for sign in right]), {"entropy": entropy, "margin": 1 - entropy}, 0.25
    )


def test_f1_both_ways_by_hand() -> None:
    truth = np.full((4, len(LABELS)), np.nan, np.float32)
    scores = np.zeros((4, len(LABELS)), np.float32)
    for label in ("neutral", *CEDR):
        truth[:, LABELS.index(label)] = [1, 1, 0, 0]
        scores[:, LABELS.index(label)] = [0.9, 0.1, 0.1, 0.1]
    thresholds = dict.fromkeys(("neutral", *CEDR), 0.5)
    found = f1_both_ways(scores, thresholds, Sentences(("а", "б", "в", "г"), truth))
    # Holds: one of two found, F1 2/3. Does not hold: two of two found and one too many, F1 4/5.
    assert found == dict.fromkeys((*thresholds, "shared"), round((2 / 3 + 4 / 5) / 2, 4))


def test_limits_by_hand() -> None:
    found = choose([judged("+++-+---", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.801])])
    # From 0.4 on one of five is right, from 0.1 on four of eight.
    assert found["entropy"] == {"normal": 0.4, "strict": 0.1}
    assert found["margin"] == {"normal": pytest.approx(0.6), "strict": pytest.approx(0.9)}
    level = choose([judged("+-+", [0.9, 0.9, 0.2])])
    assert level["entropy"] == {"normal": None, "strict": 0.9}
    every = choose([judged("++++", [0.1, 0.2, 0.3, 0.4])])
    assert every == {name: {"normal": None, "strict": None} for name in ("entropy", "margin")}


def test_every_collection_counts_alike() -> None:
    small, large = judged("+-", [0.1, 0.9]), judged("+" * 8 + "-" * 2, [0.9] * 10)
    assert choose([small])["entropy"]["strict"] == 0.1
    # Beyond 0.1: none of one, and 8 of 10; with equal weights that is 0.8 / (0.5 + 1).
    assert choose([small, large])["entropy"]["strict"] is None


def test_answers_of_which_a_collection_tells_nothing_count_for_nothing() -> None:
    truth = np.zeros((4, len(LABELS)), np.float32)
    truth[:, 0], truth[:, 1] = 1.0, np.nan
    rows = np.stack([sure_of(place, 0.9) for place in (0, 0, 2, 1)])
    found = Judged.of(lambda texts: rows, Sentences(("a", "b", "c", "d"), truth))
    assert found.right.tolist() == [True, True, False]


def test_fragments_are_words_in_a_row_of_long_sentences() -> None:
    long = "раз два три четыре пять шесть семь восемь девять"
    heard: list[str] = []

    def predict(texts):
        heard.extend(texts)
        return np.stack([sure_of(0, 0.9)] * len(texts))

    truth = np.zeros((2, len(LABELS)), np.float32)
    truth[:, 0] = 1.0
    found = fragments(predict, Sentences((long, "раз два"), truth))
    assert (found["sentences"], found["whole"], found["right"]["3"]) == (1, 1.0, 1.0)
    assert all(text in long for text in heard)
    assert sorted({len(text.split()) for text in heard}) == [1, 2, 3, 4, 6, 8, 9]


def test_the_limits_of_the_program_are_those_that_were_measured() -> None:
    measured = json.loads((CARDS / "compact-text.measured.json").read_text(encoding="utf-8"))
    rules = {rule.evidence: rule for rule in TEXT_RULES}
    entropy = measured["limits"]["entropy"]
    assert (rules["entropy"].normal, rules["entropy"].strict) == (
        entropy["normal"],
        entropy["strict"],
    )
    right = [part["right"] for part in measured["fragments"].values()]
    half = [n for n in right[0] if np.mean([each[n] for each in right]) >= 0.5]
    assert int(half[0]) == LEAST_WORDS == rules["judged_words"].normal


def test_the_tables_of_the_text_card_are_those_of_the_weights() -> None:
    path = CARDS / "make_compact_text.py"
    script = runpy.run_path(str(path))
    assert script["CARD"].read_text(encoding="utf-8") == script["page"](), f"run `python {path}`"


def test_the_command_measures_the_model_of_the_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    names = ["joy" if name == "happiness" else name for name in LABELS]
    lines = [f"я очень рад тебя видеть {number} раз,0,0,0,0,1,0,0,0" for number in range(12)]
    header = ",".join(["text", *names])
    (folder / "ru_izard_val.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    cedr = [f"мне так страшно и так грустно {number} дней,[{number % 5}]" for number in range(60)]
    (folder / "cedr_main_train.csv").write_text(
        "\n".join(["text,labels", *cedr]) + "\n", encoding="utf-8"
    )
    main(["--data", str(tmp_path), "--out", str(tmp_path)])
    found = json.loads((tmp_path / "compact-text.measured.json").read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == found
    weights = json.loads((WEIGHTS / "text_compact.json").read_text(encoding="utf-8"))
    assert found["files"] == {"text_compact.onnx": weights["sha256"]}
    assert found["chosen_on"]["ru_izard_val"] + found["stated"]["ru_izard_val"]["sentences"] == 12
    assert found["stated"]["ru_izard_val"]["accuracy"] == 1.0


@pytest.mark.shared
@needs_shared
def test_what_is_held_out_is_not_trained_on() -> None:
    held = held_out(SHARED / "text")
    assert {name: len(part) for name, part in held.items()} == {"ru_izard_val": 2240, "cedr": 1485}
