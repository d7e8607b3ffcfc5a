"""From a trained network to the two files of the shipped letter model, with their figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from emoreport.training.letters.network import LetterNet
from emoreport.training.letters.train import Recipe
from emoreport.words.sounding import RUSSIAN_LETTERS

MODEL_FILE: Final = "letters_ru.onnx"
METADATA_FILE: Final = "letters_ru.json"
VERSION: Final = "1.0.0"
INPUT, OUTPUT = "log_mel", "log_posteriors"
SMALLEST_HALVED: Final = 256


def write_model(net: LetterNet, out: Path, recipe: Recipe, facts: Mapping[str, Any]) -> Path:
    """Write graph and metadata into ``out``; return the path of the graph."""
    path = out / MODEL_FILE
    example = torch.zeros(2, 64, 101)
    torch.onnx.export(
        net.eval(),
        (example,),
        str(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: "clips", 2: "frames"}, OUTPUT: {0: "clips", 1: "steps"}},
        dynamo=False,
    )
    halve_weights(path)
    metadata = {
        "name": "compact",
        "kind": "letters",
        "version": VERSION,
        "licence": (
            "Apache-2.0; trained on speech of eSpeak NG (texts: MIT and Apache-2.0) and on "
            "festvox-ru (free use with the notice kept)"
        ),
        "file": MODEL_FILE,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "language": "ru",
        "letters": RUSSIAN_LETTERS,
        "frame_s": 0.02,
        "blanks_between": False,
        "input": {"name": INPUT, "sample_rate_hz": 16_000},
        "output": {"name": OUTPUT},
        "training": {"recipe": asdict(recipe), **facts.get("training", {})},
        "figures": facts.get("figures", {}),
    }
    content = json.dumps(metadata, ensure_ascii=False, indent=1)
    (out / METADATA_FILE).write_text(content + "\n", encoding="utf-8")
    return path


def halve_weights(path: Path) -> None:
    """Keep the large weights of a graph in half precision; it calculates in single as before."""
    model = onnx.load(str(path))
    kept, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            kept.append(tensor)
            continue
        halved = f"{tensor.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), halved))
        casts.append(helper.make_node("Cast", [halved], [tensor.name], to=TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
