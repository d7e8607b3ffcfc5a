"""Export: the model as one ONNX graph, its metadata, and a check against PyTorch."""

from __future__ import annotations

import hashlib
import json
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.head import LOGITS, VoiceModel
from emoreport.training.voice.labels import LABELS

GRAPH_NAME = "voice_compact.onnx"
METADATA_NAME = "voice_compact.json"
MIN_WINDOW_S = 3.0
MAX_WINDOW_S = 12.0
SHORTEST_AUDIO_S = 0.5
OPSET = 18


def export_graph(model: VoiceModel, path: Path) -> None:
    """Write the graph: input ``audio`` (N, T), both axes free; outputs have N rows."""
    model.eval()
    example = torch.zeros(2, SAMPLE_RATE_HZ)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The tracing exporter is announced as deprecated, but the newer one of torch 2.13 fails on
        # free axes here. What the warnings fear is checked: see difference_to_torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example,),
            str(path),
            input_names=["audio"],
            output_names=list(model.outputs),
            dynamic_axes={
                "audio": {0: "clips", 1: "samples"},
                **{name: {0: "clips"} for name in model.outputs},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def difference_to_torch(model: VoiceModel, path: Path, seed: int = 0) -> float:
    """Largest difference between the graph and PyTorch, over lengths and batch sizes."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    worst = 0.0
    for clips, seconds in ((1, SHORTEST_AUDIO_S), (1, 3.0), (3, 2.345), (1, 30.0)):
        audio = rng.normal(0.0, 0.1, (clips, int(seconds * SAMPLE_RATE_HZ))).astype(np.float32)
        with torch.no_grad():
            expected = model(torch.from_numpy(audio))
        found_all = session.run(model.outputs, {"audio": audio})
        for wanted, found in zip(expected, found_all, strict=True):
            worst = max(worst, float(np.abs(wanted.numpy() - found).max()))
    return worst


def write_metadata(
    folder: Path,
    *,
    version: str,
    temperature: float,
    recording: dict[str, Any],
    training: dict[str, Any],
    figures: dict[str, Any],
    normalisation: str,
    terms: str,
) -> None:
    """Write the JSON that tells an adapter how to feed the graph and how to read its logits."""
    graph = folder / GRAPH_NAME
    metadata = {
        "name": "compact",
        "kind": "voice",
        "version": version,
        "file": GRAPH_NAME,
        "sha256": hashlib.sha256(graph.read_bytes()).hexdigest(),
        "labels": list(LABELS),
        "input": {
            "name": "audio",
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "channels": 1,
            "range": [-1, 1],
        },
        "output": {"name": LOGITS},
        "min_window_s": MIN_WINDOW_S,
        "max_window_s": MAX_WINDOW_S,
        "normalisation": normalisation,
        "temperature": round(temperature, 4),
        "recording": recording,
        "training": training,
        "figures": figures,
        "licence": terms,
    }
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    (folder / METADATA_NAME).write_text(text, encoding="utf-8")


def code_sha256() -> str:
    """Hash over the training package's own modules, in the order of their names."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.name.encode())
        digest.update(module.read_bytes())
    return digest.hexdigest()


def git_revision() -> str | None:
    """The commit of the working tree that holds this package, or None outside of one."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607  (whichever git the user has)
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
