"""Speed and memory of an Aniemore voice model of true size, in every form that runs here.

    python benchmarks/aniemore.py                  # about ten minutes, 5 GB in the temporary folder

The checkpoint has the layout and the size of wav2vec2-xlsr-53 (24 layers, width 1024, 315 million
parameters) and random weights: speed and memory are those of the published model, agreement is
not, for the answers of random weights are flatter. Each form runs in a process of its own.
Clips of 3 s are what the pipeline gives; where a form has a graph for one length, it is made for
the length that is measured.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emoreport.measure.optimize.voice import (
    GRAPH,
    derive_graphs,
    export_source,
    exported_forms,
)
from emoreport.media.sound import read_sound
from emoreport.models.families.aniemore import aniemore_source, local_aniemore
from emoreport.models.families.aniemore.checkpoint import AUDIO, FRAMES
from emoreport.models.families.voice_network import VoiceNetworkModel, open_form
from emoreport.models.runtimes.derived_graphs import fix_shapes
from emoreport.models.runtimes.forms import FLOAT32, TORCH, Form
from emoreport.records import SAMPLE_RATE_HZ, FloatArray

SPEECH = Path(__file__).parents[1] / "samples" / "talk.mp4"
LABELS = ("anger", "disgust", "enthusiasm", "fear", "happiness", "neutral", "sadness")
CONFIG: dict[str, Any] = {
    "model_type": "wav2vec2",
    "architectures": ["Wav2Vec2ForSpeechClassification"],
    "conv_bias": True,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
    "hidden_size": 1024,
    "id2label": {str(index): label for index, label in enumerate(LABELS)},
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "pooling_mode": "mean",
}
SHAPES = ((3.0, (1, 8)), (5.0, (1,)), (12.0, (1,)))
"""Length of clips in seconds and how many at once; the pipeline gives eight of three seconds."""
NAMES = [Form(TORCH, FLOAT32).name, *(form.name for form in exported_forms(Path()))]
HOP_S = 1.0
ROUNDS = 5


def make_checkpoint(folder: Path) -> None:
    """Write a checkpoint of true size with random weights."""
    import torch
    from safetensors.torch import save_file
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    described = {key: value for key, value in CONFIG.items() if key != "id2label"}
    encoder = Wav2Vec2Model(Wav2Vec2Config(**described)).state_dict()
    weights = {f"wav2vec2.{name}": value.contiguous() for name, value in encoder.items()}
    width = CONFIG["hidden_size"]
    for name, rows in (("dense", width), ("out_proj", len(LABELS))):
        weights[f"classifier.{name}.weight"] = torch.randn(rows, width) / width**0.5
        weights[f"classifier.{name}.bias"] = torch.zeros(rows)
    print(f"parameters         {sum(value.numel() for value in weights.values()) / 1e6:.1f} M")
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    preprocessor = {"do_normalize": True, "feature_size": 1, "sampling_rate": SAMPLE_RATE_HZ}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor), encoding="utf-8")


def export(folder: Path, threads: int) -> None:
    """Write the graphs and print what it took."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    start = time.perf_counter()
    export_source(aniemore_source(local_aniemore(folder)), folder / GRAPH)
    print(f"export             {time.perf_counter() - start:.0f} s, peak {_peak_mb():.0f} MB")


def derive(folder: Path, speech: FloatArray) -> None:
    """Write the graphs of 8-bit weights and fixed shapes and print what it took."""
    start = time.perf_counter()
    checkpoint = aniemore_source(local_aniemore(folder)).checkpoint
    derive_graphs(folder, checkpoint, _clips(speech, 16, checkpoint.min_window_s))
    print(f"quantising         {time.perf_counter() - start:.0f} s, peak {_peak_mb():.0f} MB")


def open_model(folder: Path, name: str, threads: int, length_s: float) -> VoiceNetworkModel:
    """Open one form; a graph for one length is made for clips of `length_s`."""
    pulled = local_aniemore(folder)
    source = aniemore_source(pulled)
    forms = {form.name: form for form in (Form(TORCH, FLOAT32), *exported_forms(folder))}
    form = forms[name]
    if form.graph is not None and form.window is not None:
        window = form.graph.with_name(f"{form.graph.stem}-{length_s:g}s.onnx")
        shapes = {AUDIO: (1, round(length_s * SAMPLE_RATE_HZ)), FRAMES: (1,)}
        fix_shapes(form.graph, window, shapes)
        form = replace(form, window=window)
    runner = open_form(source, form, device="cpu", threads=threads)
    return VoiceNetworkModel(source.checkpoint, runner, pulled.files, pulled)


def measure(folder: Path, name: str, threads: int, speech: FloatArray) -> dict[str, Any]:
    """Run one form on clips of every length."""
    found: dict[str, Any] = {"seconds": {}}
    for length_s, counts in SHAPES:
        start = time.perf_counter()
        model = open_model(folder, name, threads, length_s)
        opened_s = time.perf_counter() - start
        for count in counts:
            clips = _clips(speech, count, length_s)
            model.predict(clips)
            walls, processors = [], []
            for _ in range(ROUNDS):
                start, busy = time.perf_counter(), time.process_time()
                model.predict(clips)
                walls.append(time.perf_counter() - start)
                processors.append(time.process_time() - busy)
            found["seconds"][f"{count}x{length_s:g}"] = (
                statistics.median(walls),
                min(walls),
                min(processors),
            )
        if "open_s" not in found:
            found |= {
                "runtime": model.record.runtime,
                "open_s": opened_s,
                "probabilities": model.predict(_clips(speech, 16, length_s)).tolist(),
                # Of one open model, as the pipeline has it.
                "peak_mb": _peak_mb(),
            }
        del model
        gc.collect()
    return found


def _clips(speech: FloatArray, count: int, length_s: float) -> list[FloatArray]:
    samples = round(length_s * SAMPLE_RATE_HZ)
    starts = np.linspace(0, len(speech) - samples, count).astype(int)
    return [speech[start : start + samples] for start in starts]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(name: str, found: dict[str, Any], reference: FloatArray | None) -> None:
    """Print one form."""
    print(
        f"\n{name} ({found['runtime']}): opens in {found['open_s']:.1f} s, "
        f"peak {found['peak_mb']:.0f} MB"
    )
    for shape, (median_s, best_s, processor_s) in found["seconds"].items():
        count, length_s = (float(part) for part in shape.split("x"))
        heard_s = count * length_s
        line = (
            f"  {count:.0f} × {length_s:g} s  {median_s:.3f} s "
            f"(best {best_s:.3f}, processor {processor_s:.3f}), "
            f"{heard_s / median_s:.1f} (best {heard_s / best_s:.1f}) × real time"
        )
        if length_s == 3.0:
            line += f"; {count * HOP_S / median_s:.1f} s of recording per s at a hop of {HOP_S:g} s"
        print(line)
    if reference is not None:
        probabilities = np.array(found["probabilities"])
        same = (probabilities.argmax(axis=1) == reference.argmax(axis=1)).mean()
        difference = np.abs(probabilities - reference).max()
        print(f"  against torch-float32: largest |Δp| {difference:.5f}, same label {same:.0%}")


def _child(arguments: argparse.Namespace, *more: str) -> str:
    command = [sys.executable, __file__, "--work", str(arguments.work)]
    command += ["--threads", str(arguments.threads), "--speech", str(arguments.speech), *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(more)} failed with exit code {done.returncode}")
    return done.stdout


def run_all(arguments: argparse.Namespace) -> None:
    """Make the files and measure every form, each in a process of its own."""
    print(f"cores              {os.cpu_count()}, threads {arguments.threads}")
    for step in ("make", "export", "derive"):
        print(_child(arguments, "--step", step), end="", flush=True)
    reference = None
    for name in arguments.forms or NAMES:
        found = json.loads(_child(arguments, "--step", name))
        show(name, found, reference)
        sys.stdout.flush()
        if reference is None:
            reference = np.array(found["probabilities"])


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--forms", nargs="*", choices=NAMES)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step == "make":
        make_checkpoint(arguments.work)
    elif arguments.step == "export":
        export(arguments.work, arguments.threads)
    elif arguments.step == "derive":
        derive(arguments.work, read_sound(arguments.speech))
    elif arguments.step:
        speech = read_sound(arguments.speech)
        found = measure(arguments.work, arguments.step, arguments.threads, speech)
        print(json.dumps(found))
    elif arguments.work:
        run_all(arguments)
    else:
        with tempfile.TemporaryDirectory() as folder:
            arguments.work = Path(folder)
            run_all(arguments)


if __name__ == "__main__":
    main()
