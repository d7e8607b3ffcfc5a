"""What taking articulation off the face does to planted talks, where the truth is known.

    python -m benchmarks.validity_articulation

Surprise wanders about one half for five minutes while words come in phrases, their times off by
60 ms. Speech adds what the table names: a bias to what the model reads, or something that the
person shows. Printed is the share of the frames whose label, after a second of smoothing, is not
the one of the face as it is: as read, with the effects of words and open vowels taken off, and with
that of open vowels alone, as `--correct-articulation` does it. Means of 60 talks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emoreport.analysis.mismatch.articulation import STEP_S, articulation, mouth_work
from emoreport.analysis.mismatch.articulation_off import ALPHA, without_articulation
from emoreport.analysis.mismatch.lag import boxcar
from emoreport.records import FaceTrack, Word
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.talking import judged_talk

TALKS = 60
SURPRISE = EMOTIONS.index("surprise")
CASES = (
    {},
    {"in_speech": 0.15},
    {"at_vowels": 0.3},
    {"in_speech": 0.1, "at_vowels": 0.2},
    {"felt": 0.15},
    {"felt": 0.15, "at_vowels": 0.2},
)


def without_both(faces: FaceTrack, words: list[Word], duration_s: float) -> FaceTrack:
    """Words and open vowels taken off surprise, where they explain more than chance does."""
    row = articulation(faces, words, duration_s)[SURPRISE]
    if row.explained.p_value is None or row.explained.p_value > ALPHA:
        return faces
    said, opened = mouth_work(words, len(faces))
    predictors = np.column_stack((np.ones(len(faces)), said, opened))
    read = faces.probabilities.astype(np.float64)
    _, by_words, by_vowels = np.linalg.lstsq(predictors, read[:, SURPRISE], rcond=None)[0]
    read[:, SURPRISE] -= by_words * said + by_vowels * opened
    return replace(faces, probabilities=read)


def wrong(seed: int, planted: dict[str, float]) -> list[float]:
    """Shares of the frames with a wrong label in one talk."""
    truth, read, words, duration_s = judged_talk(seed, **planted)
    seen = (
        read,
        without_both(read, words, duration_s),
        without_articulation(read, words, duration_s),
    )
    label, *labels = (
        boxcar(faces.probabilities[:, SURPRISE].astype(np.float64), 1.0 / STEP_S) > 0.5
        for faces in (truth, *seen)
    )
    return [float(np.mean(found != label)) for found in labels]


def main() -> None:
    """Print the table."""
    print("| planted | as read | words and vowels off | vowels off |\n|---|---|---|---|")
    for planted in CASES:
        means = np.mean([wrong(seed, planted) for seed in range(TALKS)], axis=0)
        name = ", ".join(f"{key} {value}" for key, value in planted.items()) or "nothing"
        print(f"| {name} |", " | ".join(f"{100 * mean:.1f} %" for mean in means), "|")


if __name__ == "__main__":
    main()
