"""Train, calibrate and export the compact face-emotion model."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from emoreport.training.face.data import FOLDS, FerSet, load_ferplus, load_posed, split_inner
from emoreport.training.face.metrics import Figures, figures
from emoreport.training.face.model_files import run_graph, write_metadata
from emoreport.training.face.package import METADATA_FILE, MODEL_FILE, Parts, write_model
from emoreport.training.face.train import Recipe, Trainer, fit

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; defaults are those of the recipe."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(prog="python -m emoreport.training.face", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of ferplus_train.npz, ferplus_valid.npz"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    parser.add_argument("--epochs", type=int, default=recipe.epochs)
    parser.add_argument("--batch", type=int, default=recipe.batch, help="pictures per step")
    parser.add_argument("--seed", type=int, default=recipe.seed)
    parser.add_argument("--dev-size", type=int, default=2400, help="pictures held out")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="state.pt: stored after each epoch as state.FIFTH.pt, then resumed",
    )
    parser.add_argument("--float32", action="store_true", help="train without bfloat16")
    parser.add_argument("--rate", type=float, default=1.0, help="times the rates of the recipe")
    parser.add_argument("--posed", type=Path, help="posed faces to fit too: an .npz with subjects")
    parser.add_argument(
        "--fifth", type=int, default=0, choices=range(5), help="which fifth of them to leave out"
    )
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="train four more, state figures on everybody, each judged by a net without them",
    )
    parser.add_argument("--start", type=Path, help="graph of a finished model to go on from")
    options = parser.parse_args(arguments)
    if options.cross_validate and options.posed is None:
        parser.error("--cross-validate needs --posed")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one training from the archives to the two files; return the exit status."""
    options = parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    torch.set_num_threads(options.threads)
    recipe = Recipe()
    recipe = replace(
        recipe,
        epochs=options.epochs,
        batch=options.batch,
        seed=options.seed,
        kernel_rate=recipe.kernel_rate * options.rate,
        other_rate=recipe.other_rate * options.rate,
    )
    if options.start is not None:  # small pictures would undo what the net can see
        recipe = replace(recipe, sides_px=recipe.sides_px[-1:])
    whole = load_ferplus(options.data / "ferplus_train.npz")
    valid = load_ferplus(options.data / "ferplus_valid.npz")
    fitting, dev = split_inner(whole, options.dev_size, recipe.seed)
    models = Models(recipe, fitting, dev, valid, options)
    metadata = models.write(options.fifth, options.out)
    if options.cross_validate:
        metadata["figures"]["posed_people_left_out_by_turns"] = models.by_turns().as_dict()
        write_metadata(options.out / METADATA_FILE, metadata)
    print(json.dumps({"metadata": METADATA_FILE, "figures": metadata["figures"]}, indent=2))
    return 0


@dataclass(frozen=True, slots=True)
class Models:
    """Trains one model for each fifth of the posed people that is left out.

    Attributes
    ----------
    fitting, dev, valid
        Everyday pictures: to fit, to choose temperature and offsets by, to report.
    options
        The command line.
    """

    recipe: Recipe
    fitting: FerSet
    dev: FerSet
    valid: FerSet
    options: argparse.Namespace

    def write(self, fifth: int, out: Path) -> dict[str, Any]:
        """Train a model without a fifth of the people, write its files, return its metadata."""
        options = self.options
        out.mkdir(parents=True, exist_ok=True)
        posed = None if options.posed is None else load_posed(options.posed, fifth)
        trainer = Trainer(
            self.recipe,
            self.fitting,
            None if posed is None else posed[0],
            start=options.start,
            half=not options.float32,
        )
        state = options.checkpoint
        net = fit(trainer, self.dev, state and state.with_suffix(f".{fifth}{state.suffix}"))
        parts = Parts(self.dev, self.valid, posed)
        return write_model(net, self.recipe, self.fitting, parts, out, start=options.start)

    def by_turns(self) -> Figures:
        """Figures over all posed people, each judged by the model that did not see them."""
        answers, labels = [], []
        for fifth in range(FOLDS):
            if fifth == self.options.fifth:
                out = self.options.out
            else:
                out = self.options.out / f"fifth_{fifth}"
                self.write(fifth, out)
            left_out = load_posed(self.options.posed, fifth)[1]
            metadata = json.loads((out / METADATA_FILE).read_text(encoding="utf-8"))
            logits = run_graph(out / MODEL_FILE, left_out.images)
            answers.append(logits / metadata["temperature"])
            labels.append(left_out.labels)
        return figures(np.concatenate(answers), np.concatenate(labels))


if __name__ == "__main__":
    raise SystemExit(main())
