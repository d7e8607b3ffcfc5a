"""Train, calibrate and export the compact face-emotion model."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from emoreport.training.face.data import load_ferplus, load_posed, split_inner
from emoreport.training.face.package import METADATA_FILE, Parts, write_model
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
    parser.add_argument("--checkpoint", type=Path, help="stored after each epoch, then resumed")
    parser.add_argument("--float32", action="store_true", help="train without bfloat16")
    parser.add_argument("--rate", type=float, default=1.0, help="times the rates of the recipe")
    parser.add_argument("--posed", type=Path, help="posed faces to fit too: an .npz with subjects")
    parser.add_argument(
        "--fifth", type=int, default=0, choices=range(5), help="which fifth of them to leave out"
    )
    parser.add_argument("--start", type=Path, help="graph of a finished model to go on from")
    parser.add_argument("--no-robustness", action="store_true", help="leave that table out")
    return parser.parse_args(arguments)


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
    options.out.mkdir(parents=True, exist_ok=True)
    posed = None if options.posed is None else load_posed(options.posed, options.fifth)
    trainer = Trainer(
        recipe,
        fitting,
        None if posed is None else posed[0],
        start=options.start,
        half=not options.float32,
    )
    net = fit(trainer, dev, options.checkpoint)
    metadata = write_model(
        net,
        recipe,
        fitting,
        Parts(dev, valid, posed),
        options.out,
        start=options.start,
        robust=not options.no_robustness,
    )
    print(json.dumps({"metadata": METADATA_FILE, "figures": metadata["figures"]}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
