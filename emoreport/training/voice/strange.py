"""Sounds that a voice model was not made for: how many are beyond its limit, what it calls them.

``python -m emoreport.training.voice.strange --model FOLDER [--sounds FOLDER]`` judges sounds made
by code and those in the folders inside FOLDER, in windows as a recording is read. A folder's name
is the name of its row; where it ends in ``=LABEL``, that is the truth.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoreport.models.families.compact import CompactVoiceModel
from emoreport.models.store.model_metadata import read_metadata
from emoreport.records import SAMPLE_RATE_HZ, FloatArray
from emoreport.training.doubt import tempered
from emoreport.training.voice.data import decode
from emoreport.training.voice.made_sounds import made_sounds
from emoreport.training.voice.model_files import METADATA_NAME

SHORTEST_S = 1.0
"""What is left over at the end of a recording is judged if it lasts so long."""
QUIETEST = 0.01
"""Windows whose peak is lower hold no sound."""
MADE = " (made by code)"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model says of the windows of one kind of sound.

    Attributes
    ----------
    distances
        (windows,); 1 is the limit.
    probabilities
        (windows, labels) as the model gives them.
    """

    distances: FloatArray
    probabilities: FloatArray


def judge(model: CompactVoiceModel, sounds: Iterator[tuple[str, FloatArray]]) -> dict[str, Judged]:
    """Kind of sound → what the model says of it."""
    windows: defaultdict[str, list[FloatArray]] = defaultdict(list)
    for kind, samples in sounds:
        windows[kind] += list(_windows(samples, model.min_window_s))
    judged = {}
    for kind, clips in windows.items():
        scores = model.measure(clips)
        judged[kind] = Judged(scores.measures["distance"], scores.probabilities)
    return judged


def recorded(folder: Path) -> Iterator[tuple[str, FloatArray]]:
    """The recordings in the folders inside `folder`, (name of the folder, samples)."""
    for group in sorted(path for path in folder.iterdir() if path.is_dir()):
        for file in sorted(path for path in group.rglob("*") if path.is_file()):
            yield group.name, np.asarray(decode(str(file)) / 32768.0, np.float32)


def markdown(judged: Mapping[str, Judged], labels: Sequence[str]) -> str:
    """One row per kind of sound."""
    head = ["sound", "windows", "beyond the limit", "distance, median", "called most often"]
    head += ["mean confidence", "after tempering", "right", "right within the limit"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for kind, said in judged.items():
        name, _, truth = kind.partition("=")
        best = np.array([labels[index] for index in said.probabilities.argmax(axis=1)])
        label, count = Counter(best.tolist()).most_common(1)[0]
        logits = np.log(np.maximum(said.probabilities.astype(np.float64), 1e-12))
        cautious = tempered(logits, said.distances.astype(np.float64))
        near = said.distances <= 1.0
        cells = [
            name,
            f"{len(best):,}",
            f"{np.mean(~near):.2f}",
            f"{np.median(said.distances):.2f}",
            f"{label} {count / len(best):.2f}",
            f"{said.probabilities.max(axis=1).mean():.2f}",
            f"{cautious.max(axis=1).mean():.2f}",
            f"{np.mean(best == truth):.2f}" if truth else "",
            f"{np.mean(best[near] == truth):.2f}" if truth and near.any() else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _windows(samples: FloatArray, window_s: float) -> Iterator[FloatArray]:
    length = round(window_s * SAMPLE_RATE_HZ)
    for start in range(0, len(samples), length):
        window = samples[start : start + length]
        if len(window) >= SHORTEST_S * SAMPLE_RATE_HZ and np.abs(window).max() >= QUIETEST:
            yield window


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a finished model; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoreport.training.voice.strange", description=__doc__
    )
    parser.add_argument("--model", type=Path, required=True, help="folder with voice_compact.json")
    parser.add_argument("--sounds", type=Path, help="folder of folders of recordings")
    options = parser.parse_args(arguments)
    metadata = read_metadata(options.model / METADATA_NAME, "voice", remedy="name another folder")
    model = CompactVoiceModel(metadata)
    judged = judge(model, ((kind + MADE, samples) for kind, samples in made_sounds()))
    if options.sounds is not None:
        judged |= judge(model, recorded(options.sounds))
    print(markdown(judged, model.labels))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
