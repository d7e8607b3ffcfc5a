"""From a trained net to the two files of a shipped model, with their figures."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from emoreport.training.face.calibrate import calibrate
from emoreport.training.face.data import LABELS, FerSet
from emoreport.training.face.framing import CROP
from emoreport.training.face.graph import INPUT_NAME, OUTPUT_NAME, SIDE_PX, deployable
from emoreport.training.face.metrics import figures
from emoreport.training.face.model_files import (
    Form,
    code_sha256,
    git_revision,
    run_graph,
    write_graph,
    write_metadata,
)
from emoreport.training.face.train import Recipe

if TYPE_CHECKING:
    from emoreport.training.face.network import CompactFaceNet

VERSION: Final = "2.0.0"
MODEL_FILE: Final = "face_compact.onnx"
METADATA_FILE: Final = "face_compact.json"
SHIPPED_FORM: Final = Form(mirror=True, integers=True, rows_px=(4, -3))
"""Costs about as much as the plain float form, and answers better."""
TERMS: Final = (
    "pictures: web photos of FER2013 (2013 Kaggle challenge), research use; labels: FERPlus, MIT"
)
POSED_TERMS: Final = "posed faces: CK+ (Lucey et al. 2010), research use"
_TIMED_BATCH: Final = 16
_SAMPLES: Final = 512


@dataclass(frozen=True, slots=True)
class Parts:
    """What a finished net is judged on.

    Attributes
    ----------
    dev
        Inner development part: temperature and offsets are chosen by it.
    valid
        Figures are stated on it and nothing is chosen.
    posed
        Posed faces, from `load_posed`: those fitted, and those of people left out.
    """

    dev: FerSet
    valid: FerSet
    posed: tuple[FerSet, FerSet] | None = None


def processor_ms_per_face(path: Path, threads: int, seconds: float = 0.3) -> float:
    """Return the median processor time per face of ONNX Runtime in batches of 16.

    Processor time, unlike wall time, means the same on a machine that does other things.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # A thread that spins while it waits would count as work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    faces = np.random.default_rng(0).integers(0, 256, (_TIMED_BATCH, 1, SIDE_PX, SIDE_PX))
    batch = {INPUT_NAME: faces.astype(np.float32)}
    session.run(None, batch)
    times_s: list[float] = []
    while sum(times_s) < seconds:
        start = time.process_time()
        session.run(None, batch)
        times_s.append(time.process_time() - start)
    return float(np.median(times_s)) / _TIMED_BATCH * 1e3


def measure(path: Path, temperature: float, parts: dict[str, FerSet]) -> dict[str, Any]:
    """Return the figures of a stored model on every named part."""
    measured: dict[str, Any] = {
        name: figures(run_graph(path, part.images), part.labels, temperature).as_dict()
        for name, part in parts.items()
    }
    measured["processor_ms_per_face_batch_16"] = {
        f"{threads}_threads": round(processor_ms_per_face(path, threads), 3)
        for threads in (1, min(2, os.cpu_count() or 1))
    }
    return measured


def write_model(
    net: CompactFaceNet,
    recipe: Recipe,
    fit: FerSet,
    parts: Parts,
    out: Path,
    *,
    start: Path | None = None,
    form: Form = SHIPPED_FORM,
) -> dict[str, Any]:
    """Calibrate, write graph and metadata into ``out``, return the metadata.

    Parameters
    ----------
    fit
        Everyday pictures fitted: their count is stated, the first show the ranges of the maps.
    parts
        What is chosen by, and what figures are stated on.
    start
        The graph that training began with, None for a new net.
    """
    path, samples = out / MODEL_FILE, fit.images[:_SAMPLES]

    def write(bias: npt.NDArray[np.float64]) -> str:
        return write_graph(deployable(net, bias), path, form, samples)

    write(np.zeros(len(LABELS)))
    plan = calibrate((run_graph(path, parts.dev.images), parts.dev.labels))
    digest = write(plan.bias)
    reported = {"inner_dev": parts.dev, "ferplus_valid": parts.valid.labelled()}
    posed_pictures = ""
    if parts.posed is not None:
        reported["posed_people_left_out"] = parts.posed[1]
        posed_pictures = (
            f"; {len(parts.posed[0])} posed faces of CK+, "
            f"{len(parts.posed[1])} faces of every fifth person left out"
        )
    metadata = {
        **_description(),
        "sha256": digest,
        "temperature": plan.temperature,
        "training": {
            "data": (
                f"ferplus_train: {len(fit)} pictures fitted, {len(parts.dev)} held out (inner_dev)"
                + posed_pictures
            ),
            "terms": TERMS if parts.posed is None else f"{TERMS}; {POSED_TERMS}",
            "recipe": asdict(recipe),
            "start_sha256": start and hashlib.sha256(start.read_bytes()).hexdigest(),
            "git_revision": git_revision(),
            "code_sha256": code_sha256(),
            "form": asdict(form),
            "class_offsets": dict(zip(LABELS, plan.bias.round(4).tolist(), strict=True)),
            "class_offsets_share": plan.share,
            "chosen_on": "inner_dev (temperature and offsets)",
        },
        "figures": measure(path, plan.temperature, reported),
    }
    write_metadata(out / METADATA_FILE, metadata)
    return metadata


def _description() -> dict[str, Any]:
    """Return what every training of this net has in common."""
    return {
        "name": "compact",
        "kind": "face",
        "version": VERSION,
        "licence": (
            "research, non-commercial: trained on the pictures of FER2013 (labels: FERPlus, MIT) "
            "and on CK+"
        ),
        "file": MODEL_FILE,
        "labels": list(LABELS),
        "input": {
            "name": INPUT_NAME,
            "height_px": SIDE_PX,
            "width_px": SIDE_PX,
            "channels": "grey",
            "range": [0, 255],
        },
        "output": {"name": OUTPUT_NAME},
        "normalisation": (
            "In the graph: each picture minus its mean, divided by the square root of its "
            "variance plus 100. Feed grey levels 0-255 (0.299 R + 0.587 G + 0.114 B)."
        ),
        "crop": CROP,
    }
