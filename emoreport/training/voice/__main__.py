"""Make the compact voice model anew: train without some speakers each, measure, calibrate, export.

The shipped model is the mean of the networks of all folds. The printed figures are those of each
fold's own network on the speakers that it never heard.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from emoreport.training.voice import evaluate, export, robustness
from emoreport.training.voice.augment import degrade
from emoreport.training.voice.bank import Bank, build_bank
from emoreport.training.voice.crossval import (
    N_FOLDS,
    cross_validate,
    figures_per_corpus,
    train_folds,
)
from emoreport.training.voice.data import read_corpora
from emoreport.training.voice.features import MelPower
from emoreport.training.voice.network import VoiceModel, VoiceNet
from emoreport.training.voice.train import Recipe

LOG = logging.getLogger(__name__)
VERSION = "1.0.0"
BANK_SEED = 7
ENSEMBLE_SHARPENING = 0.86
"""Best temperature of a mean of networks over that of one of them.

Members disagree about a voice that none of them has heard, so their mean is less confident than it
deserves to be. Measured with networks that were all trained without the same speakers: 0.82 with
six networks on fold 0, 0.90 with four on fold 1. The shipped mean itself can't be measured so, for
it has heard everybody.
"""
TERMS = "CC BY-NC-SA 4.0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    recipe = Recipe()
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    work = options.work or options.out / "work"
    bank = load_bank(options.data, work, recipe)
    networks = train_folds(bank, recipe, options.folds, options.members, work)
    figures = left_out_figures(bank, networks, recipe)
    if options.conditions:
        clips = read_corpora(options.data, work / "decoded.npz")
        figures["macro_recall_by_condition"] = robustness.recall_by_condition(
            clips, networks, recipe.front_end
        )
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if not options.cross_validate:
        ship(bank, recipe, networks, options.out, figures)
    return 0


def load_bank(data: Path, work: Path, recipe: Recipe) -> Bank:
    """The feature bank of a data folder; kept in ``work`` between runs."""
    stored = work / "bank.pt"
    if stored.exists():
        return Bank(**torch.load(stored, weights_only=True))
    clips = read_corpora(data, work / "decoded.npz")
    LOG.info("%d clips; computing features of %d variants each", len(clips), recipe.variants + 1)
    mel = MelPower(recipe.front_end)
    bank = build_bank(clips, mel, recipe.variants, degrade, BANK_SEED)
    torch.save({name: getattr(bank, name) for name in Bank.__slots__}, stored)
    return bank


def left_out_figures(
    bank: Bank, networks: Mapping[int, Sequence[VoiceNet]], recipe: Recipe
) -> dict[str, Any]:
    """Recall, calibration and the effect of short windows on left-out speakers."""
    said = cross_validate(bank, networks)
    temperature = evaluate.fit_temperature(
        said.labels, said.logits, evaluate.corpus_weights(said.corpora)
    )
    figures: dict[str, Any] = {
        "left_out_speakers": figures_per_corpus(said),
        "macro_recall_by_window": robustness.recall_by_window(bank, networks, recipe.front_end),
        "temperature_of_one_network": round(temperature, 4),
    }
    if len(networks) > 1:
        before, after = evaluate.cross_validated_calibration(said)
        figures["calibration_error_uncalibrated"] = round(before, 4)
        figures["calibration_error_cross_validated"] = {
            name: round(value, 4) for name, value in after.items()
        }
    return figures


def ship(
    bank: Bank,
    recipe: Recipe,
    networks: Mapping[int, Sequence[VoiceNet]],
    out: Path,
    figures: dict[str, Any],
) -> None:
    """Write the mean of all networks as one graph, with its metadata, into ``out``."""
    members = [network for fold in networks.values() for network in fold]
    model = VoiceModel(recipe.front_end, members).eval()
    graph = out / export.GRAPH_NAME
    export.export_graph(model, graph)
    difference = export.difference_to_torch(model, graph)
    LOG.info("graph and PyTorch differ by %.1e at most", difference)
    sharpening = ENSEMBLE_SHARPENING if len(members) > 1 else 1.0
    training = {
        "data": {
            corpus: f"{bank.corpora.count(corpus)} clips, "
            f"{len({s for s in bank.speakers if s.startswith(corpus + '/')})} speakers"
            for corpus in sorted(set(bank.corpora))
        },
        "terms": TERMS,
        "recipe": asdict(recipe),
        "members": len(members),
        "views_of_members": [list(member.view_names) for member in members],
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "git_revision": export.git_revision(),
        "code_sha256": export.code_sha256(),
    }
    export.write_metadata(
        out,
        version=VERSION,
        temperature=figures["temperature_of_one_network"] * sharpening,
        training=training,
        figures=figures,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emoreport.training.voice", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with labels.csv and the corpora"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for voice_compact.onnx and .json"
    )
    parser.add_argument(
        "--work", type=Path, help="folder for features and networks (default: OUT/work)"
    )
    parser.add_argument("--epochs", type=int, help="epochs per network (default: the recipe's)")
    parser.add_argument(
        "--members", type=int, default=1, help="networks per fold (default: %(default)s)"
    )
    parser.add_argument(
        "--folds",
        type=_fold_list,
        default=tuple(range(N_FOLDS)),
        help="folds to train and ship, such as 0,1 (default: all of 0-6)",
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument(
        "--conditions", action="store_true", help="also measure recall under degraded sound"
    )
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="print the figures on left-out speakers and export nothing",
    )
    return parser


def _fold_list(text: str) -> tuple[int, ...]:
    folds = tuple(int(part) for part in text.split(","))
    if not all(0 <= fold < N_FOLDS for fold in folds):
        raise argparse.ArgumentTypeError(f"folds are numbered 0 to {N_FOLDS - 1}")
    return folds


if __name__ == "__main__":
    raise SystemExit(main())
