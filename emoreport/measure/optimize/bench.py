"""Run the forms of one model over the same material: how fast they are, how far they agree."""

from __future__ import annotations

import gc
import importlib.util
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from emoreport.errors import EmoreportError, ModelError, SettingsError
from emoreport.messages import Words, spoken
from emoreport.models.runtimes.forms import INT8, Form, FormsRecord, MeasuredForm, library_versions
from emoreport.models.store.integrity import digest_file
from emoreport.models.store.registry import PulledModel
from emoreport.records import FloatArray

AUTO: Final = "auto"
say: Final = Words("cli.models.optimize")
"""Said once, where two processes would do the same."""

Announce = Callable[[str], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Answers:
    """What one form said of all of the material.

    Attributes
    ----------
    probabilities
        (N, K), a row for each window or face.
    speed
        What it judged in one second at best, in the unit of the record.
    runtime
        As in run.json: library, version, any other precision.
    """

    probabilities: FloatArray
    speed: float
    runtime: str


class Bench:
    """Measures the forms of one model, one after the other; the first one is the reference.

    Parameters
    ----------
    announce
        Is told each step.

    Attributes
    ----------
    measured
        What was measured, the reference first.
    failed
        ``{name of a form: why it did not run here}``.
    """

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._reference: FloatArray | None = None
        self.measured: list[MeasuredForm] = []
        self.failed: dict[str, str] = {}

    def add(self, form: Form, answers: Answers) -> None:
        """Note what a form did; the first one noted is what the others are compared with."""
        if self._reference is None:
            self._reference = answers.probabilities
        probabilities, reference = answers.probabilities, self._reference
        self.measured.append(
            MeasuredForm(
                runtime=form.runtime,
                precision=form.precision,
                version=answers.runtime.split()[1],
                graph="" if form.graph is None else form.graph.name,
                window="" if form.window is None else form.window.name,
                speed=round(answers.speed, 2),
                max_difference=float(np.abs(probabilities - reference).max()),
                same_label=float((probabilities.argmax(axis=1) == reference.argmax(axis=1)).mean()),
            )
        )

    def measure(self, form: Form, answer: Callable[[], Answers]) -> None:
        """Run one form by `answer`; one that cannot run here is noted with the reason."""
        gc.collect()
        if importlib.util.find_spec(form.runtime) is None:
            self.failed[form.name] = f"{form.runtime} is not installed"
            return
        self._announce(say("measuring", spoken(), form=form.name))
        try:
            self.add(form, answer())
        except EmoreportError as error:
            self.failed[form.name] = error.cause

    def chosen(self, form: str) -> str:
        """Name of the form that is to run.

        Parameters
        ----------
        form
            ``auto`` for the fastest one that is equal to the reference, quantised ones left out;
            or the name of a form.

        Raises
        ------
        ModelError
            When the form named does not run here.
        """
        if form == AUTO:
            equal = [
                candidate
                for candidate in self.measured
                if candidate.equal and candidate.precision != INT8
            ]
            return max(equal, key=lambda candidate: candidate.speed).name
        if form in self.failed:
            raise ModelError("optimize.form_fails", form=form, error=self.failed[form])
        return form

    def record(
        self,
        pulled: PulledModel,
        form: str,
        *,
        unit: str,
        measured_on: Mapping[str, Any],
        kept: Callable[[MeasuredForm, str], bool],
    ) -> FormsRecord:
        """The record of what was measured.

        Parameters
        ----------
        pulled
            The model.
        form
            As for `chosen`.
        unit, measured_on
            As in `FormsRecord`.
        kept
            Whether a form can run from now on, given the name of the chosen one.

        Raises
        ------
        ModelError
            As for `chosen`.
        """
        chosen = self.chosen(form)
        return FormsRecord(
            model=pulled.name,
            source=dict(pulled.files),
            versions=library_versions(),
            measured_on=measured_on,
            unit=unit,
            forms=tuple(
                replace(candidate, kept=kept(candidate, chosen)) for candidate in self.measured
            ),
            failed=self.failed,
            chosen=chosen,
        )


def check_form(form: str, forms: Sequence[str]) -> None:
    """Refuse the name of a form that this model does not have.

    Raises
    ------
    SettingsError
        When it is neither ``auto`` nor one of `forms`.
    """
    if form not in {AUTO, *forms}:
        raise SettingsError("optimize.no_form", form=form, auto=AUTO, forms=", ".join(forms))


def timed(
    judge: Callable[[Sequence[Item]], FloatArray],
    material: Sequence[Item],
    at_once: int,
    amount: Callable[[Sequence[Item]], float],
) -> tuple[FloatArray, float]:
    """Judge all of the material in groups and time it.

    Parameters
    ----------
    judge
        N items → (N, K).
    material
        The items, one or more.
    at_once
        Items in a group.
    amount
        How much a group is, in the unit of the speed.

    Returns
    -------
    Probabilities of all items, and the amount judged in a second by the fastest group: forms are
    measured minutes apart, and that group is least touched by what else ran.
    """
    groups = [material[first : first + at_once] for first in range(0, len(material), at_once)]
    # The first run of a shape makes the runtimes prepare for it.
    judge(groups[0])
    probabilities, rates = [], []
    for group in groups:
        start = time.perf_counter()
        probabilities.append(judge(group))
        rates.append(amount(group) / (time.perf_counter() - start))
    return np.concatenate(probabilities), max(rates)


def even_indices(count: int, most: int) -> list[int]:
    """Places of at most `most` of `count` items, spread evenly, the first and the last included."""
    return [int(index) for index in np.linspace(0, count - 1, min(count, most)).round()]


def circumstances(recordings: Sequence[Path], threads: int) -> dict[str, Any]:
    """The recordings by digest and the machine, as the record of the forms holds them."""
    return {
        "recordings": [
            {"name": path.name, "sha256": digest_file(path).sha256} for path in recordings
        ],
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
    }
