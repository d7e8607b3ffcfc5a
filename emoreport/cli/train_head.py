"""``emoreport train head``: train a small network over features, and print what it scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from emoreport.cli.console import print_table
from emoreport.cli.score_tables import cell, score_name
from emoreport.cli.training_process import run_training
from emoreport.errors import EXIT_OK
from emoreport.messages import Words, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emoreport.heads.metadata import HeadMetadata

_word = Words("cli.train_head")
PARTS: Final = ("train", "validation", "test")

Task = Annotated[
    Literal["expr", "au", "va", "clips"],
    typer.Argument(metavar="expr|au|va|clips", help="train.head.task", show_default=False),
]
Labels = Annotated[
    Path, typer.Argument(metavar="LABELS", help="train.head.labels", show_default=False)
]
Features = Annotated[
    Path,
    typer.Option("--features", metavar="FOLDER", help="train.head.features", show_default=False),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="train.head.out", show_default=False)
]
Modalities = Annotated[
    Literal["face", "voice", "both"],
    typer.Option("--from", metavar="face|voice|both", help="train.head.from"),
]
FusionKind = Annotated[
    Literal["early", "late"],
    typer.Option("--fusion", metavar="early|late", help="train.head.fusion"),
]
Architecture = Annotated[
    Literal["mlp", "transformer", "tcn", "tcn-transformer", "stat", "fan", "stat-attention"],
    typer.Option("--architecture", metavar="NAME", help="train.head.architecture"),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", help="train.head.rate", min=0.1, max=200),
]
WindowLength = Annotated[
    float | None,
    typer.Option("--window", metavar="SECONDS", help="train.head.window", min=0.1, max=600),
]
SplitFile = Annotated[Path | None, typer.Option("--split", metavar="FILE", help="train.head.split")]
PeopleFile = Annotated[
    Path | None, typer.Option("--people", metavar="FILE", help="train.head.people")
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", metavar="N", help="train.head.epochs", min=1)
]
Patience = Annotated[
    int | None, typer.Option("--patience", metavar="N", help="train.head.patience", min=1)
]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", help="train.head.batch", min=1)]
LearningRate = Annotated[
    float | None,
    typer.Option("--learning-rate", metavar="N", help="train.head.learning_rate", min=1e-7, max=1),
]
Width = Annotated[
    int | None, typer.Option("--width", metavar="N", help="train.head.width", min=4, max=4096)
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="train.head.seed", min=0)]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="train.head.threads", min=1)
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="train.head.overwrite")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="train.head.name")]


def head(
    *,
    task: Task,
    labels: Labels,
    features: Features,
    out: Out,
    modalities: Modalities = "both",
    fusion: FusionKind = "early",
    architecture: Architecture = "mlp",
    rate: Rate = None,
    window: WindowLength = None,
    split: SplitFile = None,
    people: PeopleFile = None,
    epochs: Epochs = None,
    patience: Patience = None,
    batch: Batch = None,
    learning_rate: LearningRate = None,
    width: Width = None,
    seed: Seed = None,
    threads: Threads = None,
    name: Name = "",
    overwrite: Overwrite = False,
) -> int:
    """Train a head over features and judge it on people that it never met."""
    given: dict[str, Any] = {
        "--rate": rate,
        "--window": window,
        "--split": split,
        "--people": people,
        "--epochs": epochs,
        "--patience": patience,
        "--batch": batch,
        "--learning-rate": learning_rate,
        "--width": width,
        "--seed": seed,
        "--threads": threads,
        "--name": name or None,
    }
    options = [part for flag, value in given.items() if value is not None for part in (flag, value)]
    options += ["--overwrite"] if overwrite else []
    code = run_training(
        "heads",
        *(task, labels, "--features", features, "--out", out, "--from", modalities),
        *("--fusion", fusion, "--architecture", architecture, "--lang", spoken(), *options),
    )
    if code == EXIT_OK:
        from emoreport.heads.metadata import read_head

        _print(read_head(out), out, spoken())
    return code


def _print(trained: HeadMetadata, out: Path, lang: str) -> None:
    split, people = trained.data["split"], trained.data["split_people"]
    for part in PARTS:
        counts = {"recordings": len(split[part]), "people": len(people[part])}
        print(_word(f"part.{part}", lang, **counts))
    if trained.data["without_features"]:
        names = ", ".join(trained.data["without_features"])
        print(_word("without_features", lang, names=names))
    for line in _chosen(trained, lang):
        print(line)
    print()
    found = {part: trained.metrics[part]["scores"] for part in ("test", "constant", "validation")}
    print_table(
        ["", *(_word(f"column.{part}", lang) for part in ("test", "interval", *PARTS_BESIDE))],
        [
            [
                score_name(name, lang, given=True),
                _value(estimate, "value", lang),
                f"{_value(estimate, 'low', lang)}–{_value(estimate, 'high', lang)}",
                *(_value(found[part].get(name, {}), "value", lang) for part in PARTS_BESIDE),
            ]
            for name, estimate in found["test"].items()
        ],
    )
    print()
    print(_word("caveat", lang))
    print(_word("written", lang, folder=out))


PARTS_BESIDE: Final = ("constant", "validation")


def _chosen(trained: HeadMetadata, lang: str) -> list[str]:
    """What was chosen on validation data, a line each."""
    smoothing = trained.smoothing
    half = cell(smoothing.half_width_s, lang)
    lines = [_word(f"smoothing.{smoothing.kind}", lang, half=half)]
    if trained.late_weight is not None:
        lines.append(_word("late_weight", lang, share=cell(trained.late_weight, lang)))
    if trained.thresholds:
        pairs = zip(trained.labels, trained.thresholds, strict=True)
        told = ", ".join(f"{label} {cell(value, lang)}" for label, value in pairs)
        lines.append(_word("thresholds", lang, thresholds=told))
    return lines


def _value(estimate: Mapping[str, float | None], which: str, lang: str) -> str:
    value = estimate.get(which)
    return cell(float("nan") if value is None else value, lang)
