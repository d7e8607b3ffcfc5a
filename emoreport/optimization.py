"""Exported forms of a voice model: made, measured on real speech, the fastest equal one kept."""

from __future__ import annotations

import gc
import importlib.util
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import EmoreportError, ModelError, SettingsError
from emoreport.media.sound import read_sound
from emoreport.models.derived_graphs import fix_shapes, quantise
from emoreport.models.integrity import digest_file
from emoreport.models.optimizing import (
    BFLOAT16,
    FLOAT32,
    INT8,
    TORCH,
    Form,
    FormsRecord,
    MeasuredForm,
    keep,
    library_versions,
    making,
)
from emoreport.models.registry import PulledModel
from emoreport.records import DecodeOutcome, FloatArray, Span
from emoreport.settings import SpeechSettings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.aniemore.batches import batches
from emoreport.speech.aniemore.checkpoint import SAMPLE_RATE_HZ, Checkpoint, read_checkpoint
from emoreport.speech.aniemore.exporting import export_graph
from emoreport.speech.aniemore.model import (
    AniemoreVoiceModel,
    open_form,
    own_frames,
    prepared_clip,
)
from emoreport.speech.aniemore.runners import AUDIO, FRAMES, TorchRunner, graph_feeds
from emoreport.speech.reading import CLIPS_AT_ONCE
from emoreport.speech.windows import speech_seconds, window_grid

GRAPH: Final = "model.onnx"
WINDOW: Final = "model-window.onnx"
QUANTISED: Final = "model-int8.onnx"
QUANTISED_WINDOW: Final = "model-int8-window.onnx"

REFERENCE: Final = Form(TORCH, FLOAT32)
"""What the others are compared with."""
EXPORTED: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("onnxruntime", FLOAT32, GRAPH, ""),
    ("openvino", FLOAT32, GRAPH, WINDOW),
    ("openvino", BFLOAT16, GRAPH, WINDOW),
    ("onnxruntime", INT8, QUANTISED, ""),
    ("openvino", INT8, QUANTISED, QUANTISED_WINDOW),
)
"""Runtime, precision, graph and graph of one window of the forms that are exported.

Shapes that are fixed spare OpenVINO a tenth of the time in bfloat16 and more in 8 bits; ONNX
Runtime runs both alike.
"""
FORMS: Final[tuple[str, ...]] = (
    REFERENCE.name,
    f"{TORCH}-{BFLOAT16}",
    *(f"{runtime}-{precision}" for runtime, precision, *_ in EXPORTED),
)
AUTO: Final = "auto"

RANGE_CLIPS: Final = 16
"""So many of the clips set the ranges of 8-bit numbers."""
LEAST_WINDOWS: Final = 10
MOST_WINDOWS: Final = 100
"""So many clips are judged by every form: enough to see one disagreement in a hundred."""
HOP_S: Final = 1.0
LEAST_SPEECH: Final = 0.5
"""Share of a window that must be speech."""

Announce = Callable[[str], None]


def optimize(
    pulled: PulledModel,
    speech: Sequence[Path],
    *,
    form: str = AUTO,
    threads: int = 0,
    announce: Announce,
) -> FormsRecord:
    """Make the exported forms of a checkpoint, measure them, keep the one that is to run.

    Parameters
    ----------
    pulled
        The model.
    speech
        Recordings of speech like that which the model is to judge. Speed and agreement are
        measured on their windows.
    form
        ``auto`` takes the fastest form that answers as torch does in float32, within the
        tolerance of `MeasuredForm.equal`, quantised ones left out. The name of a form takes that
        one, whatever its agreement: it is stated in the record.
    threads
        Threads inside one run; 0 lets the runtimes choose.
    announce
        Is told each step.

    Returns
    -------
    What was measured, as it was written beside the model.

    Raises
    ------
    SettingsError
        When the recordings hold too little speech or `form` is unknown.
    ModelError
        When the model cannot be loaded or exported, the form asked for does not run here, or the
        folder cannot be written.
    """
    if form not in {AUTO, *FORMS}:
        raise SettingsError(
            f"--form {form!r} is unknown", remedy=f"choose one of {AUTO}, {', '.join(FORMS)}"
        )
    checkpoint = read_checkpoint(pulled)
    clips = speech_clips(speech, checkpoint.min_window_s)
    waiting = "another process is making the forms of this model; waiting for it"
    with making(pulled, lambda: announce(waiting)) as staging:
        bench = _Bench(pulled, checkpoint, clips, threads, announce)
        bench.measure_reference(staging / GRAPH)
        # The network and its export refer to each other; quantising needs their room.
        gc.collect()
        announce("quantising")
        derive_graphs(staging, checkpoint, clips)
        for entry in exported_forms(staging):
            bench.measure(entry)
        chosen = _chosen(bench, form)
        record = FormsRecord(
            model=pulled.name,
            source=dict(pulled.files),
            versions=library_versions(),
            measured_on=_measured_on(speech, clips, checkpoint, threads),
            forms=tuple(replace(entry, kept=_kept(entry, chosen)) for entry in bench.measured),
            failed=bench.failed,
            chosen=chosen,
        )
        return keep(pulled, staging, record)


def exported_forms(folder: Path) -> list[Form]:
    """All forms but the reference, their graphs in `folder`."""
    return [
        Form(TORCH, BFLOAT16),
        *(
            Form(runtime, precision, folder / graph, folder / window if window else None)
            for runtime, precision, graph, window in EXPORTED
        ),
    ]


def derive_graphs(folder: Path, checkpoint: Checkpoint, clips: Sequence[FloatArray]) -> None:
    """Write the other graphs beside the exported one.

    Parameters
    ----------
    folder
        Holds the graph that `export_graph` wrote; the others share its folder.
    checkpoint
        What it is of.
    clips
        Speech, to set the ranges of the 8-bit numbers by.

    Raises
    ------
    ModelError
        When a graph cannot be made.
    """
    chosen = clips[:: max(1, len(clips) // RANGE_CLIPS)][:RANGE_CLIPS]
    samples = (
        graph_feeds(batch.audio, own_frames(checkpoint, batch))
        for clip in chosen
        for batch in batches([prepared_clip(checkpoint, clip)], masks=False)
    )
    quantise(folder / GRAPH, folder / QUANTISED, samples)
    shapes = {AUDIO: (1, round(checkpoint.min_window_s * SAMPLE_RATE_HZ)), FRAMES: (1,)}
    for graph, window in ((GRAPH, WINDOW), (QUANTISED, QUANTISED_WINDOW)):
        fix_shapes(folder / graph, folder / window, shapes)


def speech_clips(recordings: Sequence[Path], window_s: float) -> list[FloatArray]:
    """Windows with speech, cut as the pipeline cuts them, at most `MOST_WINDOWS`.

    Raises
    ------
    SettingsError
        When there are fewer than `LEAST_WINDOWS`.
    InputNotFoundError, MediaError
        When a recording cannot be read.
    """
    detector = SileroDetector(SpeechSettings().speech_threshold)
    found: list[FloatArray] = []
    for path in recordings:
        track = _Sound(read_sound(path))
        windows = window_grid(0.0, track.end_s, window_s=window_s, hop_s=HOP_S)
        starts = [window.start_s for window in windows]
        ends = [window.end_s for window in windows]
        heard_s = speech_seconds(detector.detect(track), starts, ends)
        found += [
            track.read(window)
            for window, speech_s in zip(windows, heard_s, strict=True)
            if speech_s >= LEAST_SPEECH * window_s
        ]
    if len(found) < LEAST_WINDOWS:
        raise SettingsError(
            f"the recordings hold {len(found)} windows with speech, {LEAST_WINDOWS} are needed",
            remedy="give --speech a longer recording of a person talking",
        )
    chosen = np.linspace(0, len(found) - 1, min(len(found), MOST_WINDOWS)).round().astype(int)
    return [found[place] for place in chosen]


class _Bench:
    """Runs the forms one after the other over the same clips; only one is in memory at a time."""

    def __init__(
        self,
        pulled: PulledModel,
        checkpoint: Checkpoint,
        clips: Sequence[FloatArray],
        threads: int,
        announce: Announce,
    ) -> None:
        self._pulled, self._checkpoint, self._clips = pulled, checkpoint, clips
        self._threads, self._announce = threads, announce
        self._reference = np.zeros((0, 0), dtype=np.float32)
        self.measured: list[MeasuredForm] = []
        self.failed: dict[str, str] = {}

    def measure_reference(self, target: Path) -> None:
        """Measure torch in float32 and, while the network is in memory, export it to `target`."""
        self._announce(f"measuring {REFERENCE.name}")
        runner = TorchRunner(self._checkpoint, device="cpu", threads=self._threads)
        model = AniemoreVoiceModel(self._checkpoint, runner, self._pulled.files, self._pulled)
        self._reference, rate = self._run(model)
        self.measured.append(self._described(REFERENCE, model, self._reference, rate))
        self._announce("exporting")
        export_graph(runner.network, self._checkpoint, target)

    def measure(self, form: Form) -> None:
        """Measure one form; one that cannot run here is noted with the reason."""
        gc.collect()
        if importlib.util.find_spec(form.runtime) is None:
            self.failed[form.name] = f"{form.runtime} is not installed"
            return
        self._announce(f"measuring {form.name}")
        try:
            runner = open_form(self._checkpoint, form, device="cpu", threads=self._threads)
            model = AniemoreVoiceModel(self._checkpoint, runner, self._pulled.files, self._pulled)
            found, rate = self._run(model)
        except EmoreportError as error:
            self.failed[form.name] = error.cause
            return
        self.measured.append(self._described(form, model, found, rate))

    def _run(self, model: AniemoreVoiceModel) -> tuple[FloatArray, float]:
        """Probabilities of all clips, and seconds of sound judged in a second at best."""
        groups = [
            self._clips[first : first + CLIPS_AT_ONCE]
            for first in range(0, len(self._clips), CLIPS_AT_ONCE)
        ]
        # The first run of a shape makes the runtimes prepare for it.
        model.predict(groups[0])
        found, rates = [], []
        for group in groups:
            start = time.perf_counter()
            found.append(model.predict(group))
            elapsed_s = time.perf_counter() - start
            rates.append(sum(map(len, group)) / SAMPLE_RATE_HZ / elapsed_s)
        # Forms are measured minutes apart: the best group is least touched by what else ran.
        return np.concatenate(found), max(rates)

    def _described(
        self, form: Form, model: AniemoreVoiceModel, found: FloatArray, rate: float
    ) -> MeasuredForm:
        same = found.argmax(axis=1) == self._reference.argmax(axis=1)
        return MeasuredForm(
            runtime=form.runtime,
            precision=form.precision,
            version=model.record.runtime.split()[1],
            graph="" if form.graph is None else form.graph.name,
            window="" if form.window is None else form.window.name,
            times_real_time=round(rate, 2),
            max_difference=float(np.abs(found - self._reference).max()),
            same_label=float(same.mean()),
        )


def _chosen(bench: _Bench, form: str) -> str:
    """Name of the form that is to run."""
    if form == AUTO:
        equal = [entry for entry in bench.measured if entry.equal and entry.precision != INT8]
        return max(equal, key=lambda entry: entry.times_real_time).name
    if form in bench.failed:
        raise ModelError(
            f"{form} does not run here: {bench.failed[form]}", remedy="choose another form"
        )
    return form


def _kept(entry: MeasuredForm, chosen: str) -> bool:
    """Whether the files of a form stay: all share the float32 graph but the quantised ones."""
    return entry.name == chosen or entry.precision != INT8


def _measured_on(
    recordings: Sequence[Path], clips: Sequence[FloatArray], checkpoint: Checkpoint, threads: int
) -> dict[str, Any]:
    return {
        "recordings": [
            {"name": path.name, "sha256": digest_file(path).sha256} for path in recordings
        ],
        "windows": len(clips),
        "window_s": checkpoint.min_window_s,
        "windows_at_once": CLIPS_AT_ONCE,
        "windows_for_8_bit_ranges": min(len(clips), RANGE_CLIPS),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
    }


class _Sound:
    """A sound in memory, as a track."""

    sample_rate_hz = SAMPLE_RATE_HZ
    start_s = 0.0

    def __init__(self, samples: FloatArray) -> None:
        self._samples = samples
        self.end_s = len(samples) / SAMPLE_RATE_HZ

    @property
    def outcome(self) -> DecodeOutcome:
        return DecodeOutcome(self.end_s, len(self._samples), 0, "exact")

    def read(self, span: Span) -> FloatArray:
        first, last = (round(at_s * SAMPLE_RATE_HZ) for at_s in (span.start_s, span.end_s))
        found = np.zeros(last - first, dtype=np.float32)
        inside = self._samples[first:last]
        found[: len(inside)] = inside
        return found

    def close(self) -> None:
        """Nothing is held open."""
