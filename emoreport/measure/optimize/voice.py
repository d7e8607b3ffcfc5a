"""Export a voice model in several forms, measure them on speech; keep the fastest equal one."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.errors import ModelError, SettingsError
from emoreport.measure.optimize.bench import (
    AUTO,
    Announce,
    Answers,
    Bench,
    check_form,
    circumstances,
    even_indices,
    say,
    timed,
)
from emoreport.media.sound import read_sound
from emoreport.messages import spoken
from emoreport.models.families import family_of
from emoreport.models.families.aniemore import local_aniemore  # noqa: F401 - OPTIMIZERS names it
from emoreport.models.families.voice_network import (
    VoiceCheckpoint,
    VoiceNetworkModel,
    VoiceSource,
    open_form,
)
from emoreport.models.runtimes.derived_graphs import fix_shapes, quantise
from emoreport.models.runtimes.exporting import export_graph
from emoreport.models.runtimes.forms import (
    BFLOAT16,
    FLOAT32,
    INT8,
    TORCH,
    Form,
    FormsRecord,
    MeasuredForm,
    keep,
    making,
)
from emoreport.models.runtimes.runners import INSTALL
from emoreport.models.store.registry import PulledModel
from emoreport.records import SAMPLE_RATE_HZ, DecodeOutcome, FloatArray, Span
from emoreport.settings import Settings, SpeechSettings
from emoreport.speech.activity import SileroDetector
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
UNIT: Final = "× real time"

RANGE_CLIPS: Final = 16
"""So many of the clips set the ranges of 8-bit numbers."""
LEAST_WINDOWS: Final = 10
MOST_WINDOWS: Final = 100
"""So many clips are judged by every form: enough to see one disagreement in a hundred."""
HOP_S: Final = 1.0
LEAST_SPEECH: Final = 0.5
"""Share of a window that must be speech."""


def optimize_voice_model(
    pulled: PulledModel,
    recordings: Sequence[Path],
    *,
    settings: Settings | None = None,
    form: str = AUTO,
    announce: Announce,
) -> FormsRecord:
    """Make the exported forms of a checkpoint, measure them, keep the one that is to run.

    Parameters
    ----------
    pulled
        The model.
    recordings
        Recordings of speech like that which the model is to judge. Speed and agreement are
        measured on their windows.
    settings
        Threads inside one run; defaults if None.
    form
        ``auto`` takes the fastest form that answers as torch does in float32, within the
        tolerance of `MeasuredForm.equal`, quantised ones left out. The name of a form takes that
        one, whatever its agreement: it is stated in the record.
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
    threads = (settings or Settings()).runtime.threads
    check_form(form, FORMS)
    source = family_of("voice", pulled).source_of(pulled)
    checkpoint = source.checkpoint
    clips = speech_clips(recordings, checkpoint.min_window_s)
    with making(pulled, lambda: announce(say("waiting", spoken()))) as staging:
        bench = _measured(pulled, source, clips, staging, threads, announce)
        measured_on = circumstances(recordings, threads) | {
            "windows": len(clips),
            "window_s": checkpoint.min_window_s,
            "windows_at_once": CLIPS_AT_ONCE,
            "windows_for_8_bit_ranges": min(len(clips), RANGE_CLIPS),
        }
        record = bench.record(pulled, form, unit=UNIT, measured_on=measured_on, kept=_kept)
        return keep(pulled, staging, record)


def _measured(
    pulled: PulledModel,
    source: VoiceSource,
    clips: Sequence[FloatArray],
    folder: Path,
    threads: int,
    announce: Announce,
) -> Bench:
    """Make all forms in `folder` and measure them; only one is in memory at a time."""
    bench = Bench(announce)

    def answers(form: Form) -> Answers:
        runner = open_form(source, form, device="cpu", threads=threads)
        model = VoiceNetworkModel(source.checkpoint, runner, pulled.files, pulled)
        probabilities, speed = timed(model.predict, clips, CLIPS_AT_ONCE, _seconds)
        return Answers(probabilities, speed, model.record.runtime)

    announce(say("measuring", spoken(), form=REFERENCE.name))
    bench.add(REFERENCE, answers(REFERENCE))
    announce(say("exporting", spoken()))
    gc.collect()
    export_source(source, folder / GRAPH)
    # The network and its export refer to each other; quantising needs their room.
    gc.collect()
    announce(say("quantising", spoken()))
    derive_graphs(folder, source.checkpoint, clips)
    for form in exported_forms(folder):
        bench.measure(form, partial(answers, form))
    return bench


def _seconds(clips: Sequence[FloatArray]) -> float:
    return sum(map(len, clips)) / SAMPLE_RATE_HZ


def _kept(form: MeasuredForm, chosen: str) -> bool:
    """Whether the files of a form stay: all share the float32 graph but the quantised ones."""
    return form.name == chosen or form.precision != INT8


def exported_forms(folder: Path) -> list[Form]:
    """All forms but the reference, their graphs in `folder`."""
    return [
        Form(TORCH, BFLOAT16),
        *(
            Form(runtime, precision, folder / graph, folder / window if window else None)
            for runtime, precision, graph, window in EXPORTED
        ),
    ]


def export_source(source: VoiceSource, target: Path) -> None:
    """Write a network as a graph whose axes of clips and of time are free.

    Raises
    ------
    ModelError
        As for `export_graph`, or when torch is not installed.
    """
    try:
        network = source.load()
    except ImportError as error:
        raise ModelError(
            "optimize.needs_torch", checkpoint=source.checkpoint.name, error=error, remedy=INSTALL
        ) from error
    examples = source.checkpoint.examples()
    fixed = [
        (name, axis) for name, example in examples.items() for axis in range(1, example.ndim - 1)
    ]
    export_graph(network, examples, target, fixed=fixed)


def derive_graphs(folder: Path, checkpoint: VoiceCheckpoint, clips: Sequence[FloatArray]) -> None:
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
    samples = (dict(batch.feeds) for clip in chosen for batch in checkpoint.batches([clip]))
    quantise(folder / GRAPH, folder / QUANTISED, samples)
    silence = np.zeros(round(checkpoint.min_window_s * SAMPLE_RATE_HZ), dtype=np.float32)
    (batch,) = checkpoint.batches([silence])
    shapes = {name: array.shape for name, array in batch.feeds.items()}
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
    clips: list[FloatArray] = []
    for path in recordings:
        track = _Sound(read_sound(path))
        windows = window_grid(0.0, track.end_s, window_s=window_s, hop_s=HOP_S)
        starts = [window.start_s for window in windows]
        ends = [window.end_s for window in windows]
        heard_s = speech_seconds(detector.detect(track), starts, ends)
        clips += [
            track.read(window)
            for window, speech_s in zip(windows, heard_s, strict=True)
            if speech_s >= LEAST_SPEECH * window_s
        ]
    if len(clips) < LEAST_WINDOWS:
        raise SettingsError("optimize.too_few_windows", count=len(clips), needed=LEAST_WINDOWS)
    return [clips[index] for index in even_indices(len(clips), MOST_WINDOWS)]


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
        samples = np.zeros(last - first, dtype=np.float32)
        inside = self._samples[first:last]
        samples[: len(inside)] = inside
        return samples

    def close(self) -> None:
        """Nothing is held open."""
