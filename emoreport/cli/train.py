"""``emoreport train``: the compact models, as the shipped weights were, and heads over features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoreport.cli.train_head import head
from emoreport.cli.training_process import run_training
from emoreport.errors import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[Path, typer.Option("--data", help="train.data")]
Out = Annotated[Path, typer.Option("--out", help="train.out")]
Epochs = Annotated[int | None, typer.Option("--epochs", help="train.epochs")]
Threads = Annotated[int | None, typer.Option("--threads", help="train.threads")]


Teacher = Annotated[
    Path,
    typer.Option(
        "--teacher",
        help="train.teacher",
    ),
]


app.command("head")(head)


@app.command("face")
def face(data: Data, out: Out, epochs: Epochs = None, threads: Threads = None) -> int:
    """Train the compact face-emotion model."""
    more = [] if epochs is None else ["--epochs", str(epochs)]
    return _train("face", data, out, threads, more)


@app.command("voice")
def voice(data: Data, teacher: Teacher, out: Out, threads: Threads = None) -> int:
    """Train the compact voice-emotion model."""
    if not teacher.is_file():
        raise SettingsError("train.no_teacher", file=teacher)
    return _train("voice", data, out, threads, ["--teacher", str(teacher)])


def _train(kind: str, data: Path, out: Path, threads: int | None, more: list[str]) -> int:
    if not data.is_dir():
        raise SettingsError("train.no_data", file=data)
    more += [] if threads is None else ["--threads", str(threads)]
    return run_training(kind, "--data", data, "--out", out, *more)
