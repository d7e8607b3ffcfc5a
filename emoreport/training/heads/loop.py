"""Train one network: seeded, stopped early on validation data, and resumable after a kill.

Own code, not Lightning: that would take the place of about sixty lines here (the epochs, the
checkpoint, the progress) and bring eleven packages (docs/decisions/0009).
"""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from emoreport.atomic import write_file
from emoreport.records import HeadTask
from emoreport.training.heads.event_log import append_events
from emoreport.training.heads.networks import HeadNetwork, Scales
from emoreport.training.heads.recipe import Recipe
from emoreport.training.heads.windows import (
    Window,
    batch_of,
    label_weights,
    labels_of_windows,
    loss_of,
)

LARGEST_GRADIENT: Final = 1.0
METRICS_FILE: Final = "metrics.csv"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training data came to; `validation` is better the higher it is."""

    epoch: int
    loss: float
    validation: float
    best: float
    seconds: float


class Trainer:
    """One training: its network, its optimiser and how far it is.

    Parameters
    ----------
    network
        Made under the recipe's seed.
    recipe
        How it is trained.
    task, outputs
        What it answers, and K.
    windows
        Of the training recordings.
    validate
        Score of a network on the validation recordings; higher is better.
    identity
        What else decides the result (digest of the data, split): a checkpoint of another training
        is not taken up.
    """

    def __init__(
        self,
        network: HeadNetwork,
        recipe: Recipe,
        *,
        task: HeadTask,
        outputs: int,
        windows: Sequence[Window],
        validate: Callable[[HeadNetwork], float],
        identity: str = "",
    ) -> None:
        self.network, self.recipe, self.task = network, recipe, task
        self._outputs, self._windows, self._validate = outputs, windows, validate
        self._identity = f"{recipe.document()} {task} {identity}"
        self._weights = label_weights(task, windows, outputs)
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._order = torch.Generator().manual_seed(recipe.seed)
        self._best = {name: value.clone() for name, value in network.state_dict().items()}
        self.history: list[Epoch] = []

    @property
    def best_epoch(self) -> int:
        """The epoch of the best validation score, from 1; 0 before the first."""
        best = max(self.history, key=lambda one: one.validation, default=None)
        return 0 if best is None else best.epoch

    @property
    def is_done(self) -> bool:
        """Whether all epochs are over, or the last ones brought nothing."""
        epoch = len(self.history)
        return epoch >= self.recipe.epochs or epoch - self.best_epoch >= self.recipe.patience > 0

    def run_epoch(self) -> Epoch:
        """Train on every window once and look at the validation data."""
        begun = time.perf_counter()
        self.network.train()
        losses = [self._step(batch) for batch in self._batches()]
        self.network.eval()
        validation = self._validate(self.network)
        before = max((one.validation for one in self.history), default=-float("inf"))
        if validation > before or not self.history:
            self._best = {n: value.clone() for n, value in self.network.state_dict().items()}
        epoch = Epoch(
            epoch=len(self.history) + 1,
            loss=sum(losses) / len(losses),
            validation=validation,
            best=max(before, validation),
            seconds=time.perf_counter() - begun,
        )
        self.history.append(epoch)
        return epoch

    def finish(self) -> HeadNetwork:
        """The network with the weights of the best epoch, in evaluation mode."""
        self.network.load_state_dict(self._best)
        self.network.eval()
        return self.network

    def _batches(self) -> list[list[Window]]:
        order = torch.randperm(len(self._windows), generator=self._order).tolist()
        size = self.recipe.batch
        return [
            [self._windows[index] for index in order[start : start + size]]
            for start in range(0, len(order), size)
        ]

    def _step(self, windows: list[Window]) -> float:
        inputs, labels = batch_of(windows, self.recipe)
        logits = self.network(*inputs)
        if self.recipe.unit == "window":
            labels = labels_of_windows(self.task, labels, self._outputs)
            logits = logits.unsqueeze(1)
        loss = loss_of(self.task, logits, labels, self._weights)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self._optimiser.step()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Store the whole state, random numbers included; the file appears whole."""
        state = {
            "identity": self._identity,
            "network": self.network.state_dict(),
            "best": self._best,
            "optimiser": self._optimiser.state_dict(),
            "order": self._order.get_state(),
            "random": torch.get_rng_state(),
            "history": [asdict(epoch) for epoch in self.history],
        }
        stream = io.BytesIO()
        torch.save(state, stream)
        write_file(path, stream.getvalue())

    def load(self, path: Path) -> bool:
        """Take up a stored state; False where it is that of another training."""
        state = torch.load(path, weights_only=True)
        if state["identity"] != self._identity:
            return False
        self.network.load_state_dict(state["network"])
        self._best = state["best"]
        self._optimiser.load_state_dict(state["optimiser"])
        self._order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        return True


def make_network(
    recipe: Recipe,
    scales: Scales,
    outputs: int,
) -> HeadNetwork:
    """A network whose first weights, and dropout later, follow from the recipe's seed."""
    torch.manual_seed(recipe.seed)
    return HeadNetwork(recipe, scales, outputs)


def train(trainer: Trainer, folder: Path, name: str) -> HeadNetwork:
    """Run all epochs that are left; return the network of the best one.

    Parameters
    ----------
    folder
        Where the log (metrics.csv, and one that TensorBoard reads) and the checkpoint go.
    name
        Of the network, where there are two.
    """
    checkpoint = folder / f"checkpoint-{name}.pt"
    if checkpoint.is_file() and trainer.load(checkpoint):
        print(f"{name}: resumed after epoch {len(trainer.history)}", file=sys.stderr)
    with _progress() as progress:
        bar = progress.add_task(name, total=trainer.recipe.epochs, completed=len(trainer.history))
        while not trainer.is_done:
            epoch = trainer.run_epoch()
            trainer.save(checkpoint)
            _log(folder, name, epoch)
            told = f"loss {epoch.loss:.3f}, validation {epoch.validation:.3f}"
            progress.update(bar, advance=1, description=f"{name}: {told}")
            if not sys.stderr.isatty():
                print(f"{name}: epoch {epoch.epoch}, {told}", file=sys.stderr)
    return trainer.finish()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _log(folder: Path, name: str, epoch: Epoch) -> None:
    row = {"network": name, **asdict(epoch)}
    path = folder / METRICS_FILE
    begun = path.is_file()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row))
        if not begun:
            writer.writeheader()
        writer.writerow(row)
    scalars = {"loss": epoch.loss, "validation": epoch.validation}
    append_events(folder, epoch.epoch, {f"{name}/{key}": one for key, one in scalars.items()})
