"""Train a head from features and labels; `emoreport train head` runs this."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch

from emoreport.atomic import output_error
from emoreport.errors import EmoreportError
from emoreport.messages import speaking, text
from emoreport.records import Modality
from emoreport.training.heads.recipe import ARCHITECTURES, Recipe
from emoreport.training.heads.system import Job, train_head

TASKS: Final = ("expr", "au", "va", "clips")
FROM: Final[Mapping[str, tuple[Modality, ...]]] = {
    "face": ("face",),
    "voice": ("voice",),
    "both": ("face", "voice"),
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; defaults are those of the recipe."""
    usual = Recipe()
    parser = argparse.ArgumentParser(prog="python -m emoreport.training.heads", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="modalities", choices=FROM, default="both")
    parser.add_argument("--fusion", choices=("early", "late"), default=usual.fusion)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=usual.architecture)
    parser.add_argument("--rate", type=float, default=usual.rate_hz)
    parser.add_argument("--window", type=float, default=usual.window_s)
    parser.add_argument("--split", type=Path)
    parser.add_argument("--people", type=Path)
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--patience", type=int, default=usual.patience)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--learning-rate", type=float, default=usual.learning_rate)
    parser.add_argument("--width", type=int, default=usual.width)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--name", default="")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--lang", default="en")
    return parser.parse_args(arguments)


def job_of(options: argparse.Namespace) -> Job:
    """The training that the options ask for."""
    recipe = Recipe(
        architecture=options.architecture,
        modalities=FROM[options.modalities],
        fusion=options.fusion,
        rate_hz=options.rate,
        window_s=options.window,
        hop_s=options.window * 2 / 3,
        width=options.width,
        epochs=options.epochs,
        patience=options.patience,
        batch=options.batch,
        learning_rate=options.learning_rate,
        seed=options.seed,
    )
    return Job(
        task=options.task,
        labels=options.labels,
        features=options.features,
        out=options.out,
        recipe=recipe,
        split=options.split,
        people=options.people,
        name=options.name,
        overwrite=options.overwrite,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one training; return the exit status."""
    options = parse(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    with speaking(options.lang):
        try:
            train_head(job_of(options))
        except EmoreportError as error:
            print(f"{text('cli.line.error', options.lang)}: {error}", file=sys.stderr)
            return error.exit_code
        except OSError as error:
            refused = output_error(error, error.filename or options.out)
            print(f"{text('cli.line.error', options.lang)}: {refused}", file=sys.stderr)
            return refused.exit_code
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
