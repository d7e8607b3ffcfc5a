"""Fit the correction of the class bias of the Dusha voice model on acted speech.

The model says "neutral" far too often of acted clips. The correction is one number per class that
is taken from the logits: the logarithm of the class prior that the model acts as if it had, which
is its mean probability over clips among which every class is equally frequent (one step of the
procedure of Saerens, Latinne and Decaestecker, Neural Computation 14, 2002). It is taken from the
clips of half of the speakers, each corpus and each class in it counting the same. What it changes
is stated on the other half of the speakers, who served no choice.

Offsets of the greatest likelihood would be larger, for the model is too sure of itself; they help
on one of the corpora and take every neutral clip of the other one away.

Run: ``python -m emoreport.training.dusha_bias --checkpoint FILE --data FOLDER --out TOML``
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.softmax import softmax
from emoreport.models.families.dusha import LABELS, open_dusha
from emoreport.models.store.integrity import digest_file
from emoreport.models.store.registry import PulledModel
from emoreport.training.voice.data import Clip, read_corpora
from emoreport.training.voice.labels import CLIP_LABELS

SAID_AS: Final[Mapping[str, str]] = {
    "anger": "anger",
    "sadness": "sadness",
    "neutral": "neutral",
    "happiness": "positive",
}
"""Class of the model for each emotion of the corpora; clips of other emotions are left out."""

CLIPS_AT_ONCE: Final = 32

DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says of labelled clips.

    Attributes
    ----------
    logits
        float64 (N, 4), up to a constant per row.
    truth
        int64 (N,), 0–3.
    speakers, corpora
        (N,) names.
    """

    logits: DoubleArray
    truth: IntArray
    speakers: NDArray[np.str_]
    corpora: NDArray[np.str_]

    def select(self, chosen: NDArray[np.bool_]) -> Said:
        """The chosen clips only."""
        return Said(
            self.logits[chosen], self.truth[chosen], self.speakers[chosen], self.corpora[chosen]
        )


def listen(checkpoint: Path, clips: Sequence[Clip], threads: int) -> Said:
    """Run the model over all clips of the four classes."""
    digest = digest_file(checkpoint, remedy="give the published checkpoint").sha256
    pulled = PulledModel(None, "dusha", checkpoint.parent, {checkpoint.name: digest})
    model = open_dusha(pulled, threads=threads)
    chosen = [clip for clip in clips if CLIP_LABELS[clip.label] in SAID_AS]
    parts = [
        model.predict(
            [clip.samples.astype(np.float32) / 32768.0 for clip in chosen[at : at + CLIPS_AT_ONCE]]
        )
        for at in range(0, len(chosen), CLIPS_AT_ONCE)
    ]
    names = [SAID_AS[CLIP_LABELS[clip.label]] for clip in chosen]
    return Said(
        np.log(np.maximum(np.concatenate(parts), 1e-30), dtype=np.float64),
        np.array([LABELS.index(name) for name in names]),
        np.array([clip.speaker for clip in chosen]),
        np.array([clip.corpus for clip in chosen]),
    )


def fitting_speakers(speakers: NDArray[np.str_]) -> frozenset[str]:
    """Every second speaker of each corpus, in sorted order, the first included."""
    names = sorted(set(speakers.tolist()))
    corpora = sorted({name.partition("/")[0] for name in names})
    return frozenset(
        name
        for corpus in corpora
        for name in [speaker for speaker in names if speaker.partition("/")[0] == corpus][::2]
    )


def balanced_weights(said: Said) -> DoubleArray:
    """(N,) weights of total 1: each corpus counts the same, and each class in it."""
    weights = np.zeros(len(said.truth))
    corpora = np.unique(said.corpora)
    for corpus in corpora:
        classes = np.unique(said.truth[said.corpora == corpus])
        for label in classes:
            chosen = (said.corpora == corpus) & (said.truth == label)
            weights[chosen] = 1.0 / (len(corpora) * len(classes) * chosen.sum())
    return weights


def fit_offsets(said: Said) -> DoubleArray:
    """Logarithm (4,) of the prior that the model acts on, less its mean.

    Every class must occur in every corpus.
    """
    prior = balanced_weights(said) @ softmax(said.logits)
    offsets = np.log(prior)
    return np.asarray(offsets - offsets.mean())


def figures(said: Said, offsets: DoubleArray) -> dict[str, float]:
    """Macro recall, recall per class and share of clips called neutral."""
    predicted = (said.logits - offsets).argmax(axis=1)
    recalls = {
        label: float((predicted[said.truth == index] == index).mean())
        for index, label in enumerate(LABELS)
    }
    return {
        "clips": len(said.truth),
        "speakers": len(set(said.speakers.tolist())),
        "macro_recall": float(np.mean(list(recalls.values()))),
        **{f"recall_{label}": value for label, value in recalls.items()},
        "called_neutral": float((predicted == LABELS.index("neutral")).mean()),
    }


def effect(said: Said, offsets: DoubleArray) -> dict[str, dict[str, dict[str, float]]]:
    """Figures per corpus without and with the correction."""
    return {
        str(corpus): {
            "without": figures(said.select(said.corpora == corpus), np.zeros(len(LABELS))),
            "with": figures(said.select(said.corpora == corpus), offsets),
        }
        for corpus in np.unique(said.corpora)
    }


def across_corpora(said: Said) -> dict[str, dict[str, float]]:
    """Macro recall on each corpus without and with offsets fitted on the other corpora only."""
    recalls = {}
    for corpus in np.unique(said.corpora):
        own = said.corpora == corpus
        offsets = fit_offsets(said.select(~own))
        recalls[str(corpus)] = {
            "without": figures(said.select(own), np.zeros(len(LABELS)))["macro_recall"],
            "with": figures(said.select(own), offsets)["macro_recall"],
        }
    return recalls


def document(said: Said, checkpoint_sha256: str, command: str) -> dict[str, Any]:
    """Everything that dusha_bias.toml holds."""
    speakers = fitting_speakers(said.speakers)
    fitted = np.isin(said.speakers, sorted(speakers))
    seen, unseen = said.select(fitted), said.select(~fitted)
    offsets = fit_offsets(seen)
    return {
        "checkpoint_sha256": checkpoint_sha256,
        "offsets": dict(zip(LABELS, np.round(offsets, 4).tolist(), strict=True)),
        "provenance": {
            "command": command,
            "corpora": sorted(set(said.corpora.tolist())),
            "classes": dict(SAID_AS),
            "fitted_on_clips": len(seen.truth),
            "fitted_on_speakers": sorted(speakers),
        },
        "across_corpora": across_corpora(said),
        "unseen_speakers": effect(unseen, np.round(offsets, 4)),
    }


def write_toml(content: Mapping[str, Any], path: Path) -> None:
    """Write nested tables of numbers, texts and lists of texts."""
    head = (
        "# Taken from the logits of the Dusha voice model with --speech-bias acted.\n"
        "# Written by emoreport/training/dusha_bias.py, which says how the numbers are fitted.\n"
    )
    path.write_text(head + "\n".join(_lines(content, "")) + "\n", encoding="utf-8")


def _lines(table: Mapping[str, Any], name: str) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"\n[{name}]"] if name and plain else []
    for key, value in plain.items():
        lines.append(f"{key} = {_value(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _lines(value, f"{name}.{key}" if name else key)
    return lines


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(element) for element in value) + "]"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoreport.training.dusha_bias", description=__doc__
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="the published checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="folder with labels.csv, corpora")
    parser.add_argument("--out", type=Path, required=True, help="the TOML file to write")
    parser.add_argument("--cache", type=Path, help="file that keeps the decoded clips between runs")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    options = parser.parse_args(arguments)
    said = listen(options.checkpoint, read_corpora(options.data, options.cache), options.threads)
    command = (
        f"{parser.prog} --checkpoint {options.checkpoint.name} --data {options.data.name} "
        f"--out {options.out.name}"
    )
    digest = digest_file(options.checkpoint, remedy="give the published checkpoint").sha256
    content = document(said, digest, command)
    write_toml(content, options.out)
    print(options.out.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
