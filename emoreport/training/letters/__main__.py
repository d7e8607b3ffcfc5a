"""Make the letter model: speak, find the letters, train, measure on what was left out, export.

Run as ``python -m emoreport.training.letters --data ../shared/data --out emoreport/weights
--work DIR``. Needs Debian's ``espeak-ng`` and, but for ``--without-festvox``, ``festvox-ru``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

from emoreport.records import FloatArray
from emoreport.training.letters.data import (
    Example,
    Utterance,
    example,
    kept,
    kept_festvox,
    speak,
    utterances_of,
)
from emoreport.training.letters.network import LetterNet
from emoreport.training.letters.package import write_model
from emoreport.training.letters.texts import boundaries
from emoreport.training.letters.train import Recipe, train

SPOKEN: Final = 6000
HELD_OUT: Final = 120
"""Sentences at the end of the book, which the network never hears."""
VERSIONS: Final = 4
"""How often each sentence of festvox-ru is heard through other equipment, besides as it is."""
SEED: Final = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the model or, without festvox-ru in training, measure what that costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="what is kept between runs")
    parser.add_argument("--without-festvox", action="store_true")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--spoken", type=int, default=SPOKEN)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    read = kept_festvox(options.work)
    spoken = kept(
        options.work / f"spoken-{options.spoken}.pickle",
        lambda: utterances_of(speak(options.data, options.spoken, SEED)),
    )
    taught, held_out = read[:-HELD_OUT], read[-HELD_OUT:]
    rng = np.random.default_rng(SEED)
    examples = [example(each, rng) for each in spoken]
    if not options.without_festvox:
        examples += _versions(taught, rng)
    recipe = Recipe(epochs=options.epochs)
    name = "without-festvox.pt" if options.without_festvox else "all.pt"
    net = train(examples, recipe, options.work / name)
    figures = {"festvox_held_out": boundaries(_read_by(net), held_out)}
    if options.without_festvox:
        figures["festvox_all"] = boundaries(_read_by(net), read)
    print(figures)
    facts = {
        "training": {
            "spoken_by_espeak": len(spoken),
            "festvox_sentences": 0 if options.without_festvox else len(taught),
        },
        "figures": figures,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    write_model(net, options.out, recipe, facts)


def _versions(utterances: Sequence[Utterance], rng: np.random.Generator) -> list[Example]:
    changed = [example(each, rng) for each in utterances for _ in range(VERSIONS)]
    return [*(example(each) for each in utterances), *changed]


def _read_by(net: LetterNet) -> Callable[[Utterance], FloatArray]:
    """Log posteriors of an utterance, as a network in training tells them."""

    def posteriors(utterance: Utterance) -> FloatArray:
        spectrogram = torch.from_numpy(example(utterance).spectrogram.astype(np.float32))
        with torch.no_grad():
            return np.asarray(net(spectrogram[None])[0].numpy(), np.float32)

    return posteriors


if __name__ == "__main__":
    main()
