"""The two files of a model: the graph and the metadata beside it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emoreport.training.face.graph import INPUT_NAME, build_graph
from emoreport.training.face.quantise import quantised

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnx

    from emoreport.training.face.metrics import FloatArray
    from emoreport.training.face.network import CompactFaceNet


@dataclass(frozen=True, slots=True)
class Form:
    """How the net is laid down in the graph.

    Attributes
    ----------
    mirror
        Average the answers for the picture and its mirror image: twice the time.
    integers
        Do the large convolutions in 8-bit integers: less than half the time.
    rows_px
        Rows by which the picture and its mirror image are cut lower (negative: higher): two crops
        tell more than one, in the same time.
    """

    mirror: bool
    integers: bool
    rows_px: tuple[int, int] = (0, 0)


FLOAT_FORM: Final = Form(mirror=False, integers=False)


def write_graph(
    net: CompactFaceNet,
    path: Path,
    form: Form = FLOAT_FORM,
    samples: npt.NDArray[np.uint8] | None = None,
) -> str:
    """Write the graph of a deployable net; return the file's SHA-256.

    Parameters
    ----------
    samples
        (N, 48, 48) uint8 pictures that show the ranges of the maps; needed for integers.

    Raises
    ------
    ValueError
        If integers are asked for without samples.
    """
    model, heavy = build_graph(net, mirror=form.mirror, rows_px=form.rows_px)
    if form.integers:
        if samples is None:
            raise ValueError("integer convolutions need sample pictures for their ranges")
        model = quantised(model, heavy, samples)
    return store_graph(model, path)


def store_graph(model: onnx.ModelProto, path: Path) -> str:
    """Write a graph; return the file's SHA-256."""
    payload = model.SerializeToString(deterministic=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)
    return hashlib.sha256(payload).hexdigest()


def run_graph(path: Path, images: npt.NDArray[np.uint8], threads: int = 1) -> FloatArray:
    """Return logits (N, 8) of ONNX Runtime for uint8 pictures (N, 48, 48)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    parts = [
        session.run(None, {INPUT_NAME: images[k : k + 64, None].astype(np.float32)})[0]
        for k in range(0, len(images), 64)
    ]
    return np.concatenate(parts)


def code_sha256() -> str:
    """Return the hash over this package's source files, in the order of their names."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def git_revision() -> str:
    """Return the commit of this source tree, or ``unknown`` outside of a repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "HEAD"],  # noqa: S607 - git is found on the path
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def write_metadata(path: Path, metadata: dict[str, Any]) -> None:
    """Write the metadata as indented UTF-8 JSON."""
    text = json.dumps(metadata, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
