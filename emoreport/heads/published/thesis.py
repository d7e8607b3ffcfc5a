"""The multilayer perceptrons of a thesis on Aff-Wild2 (GitHub, bichuyen99): PyTorch state dicts.

Eight of the published files hold a head: for expressions, action units, or valence and arousal,
from the features of one video frame and of the sound at its time. Their tensors tell the task and
how many features there are. They do not tell which: 1408 numbers are those of an EfficientNet-B2,
or those of an EfficientNet-B0 and of VGGish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.heads.published.graphs import GraphWriter
from emoreport.heads.published.head import FACE, VOICE, PublishedHead, check_tensors
from emoreport.models.families.tensor_fit import Shape
from emoreport.models.runtimes.torch_files import read_state_dict
from emoreport.records import FeatureSource, Modality
from emoreport.vocabulary import ACTION_UNITS, AFFWILD2_ORDER

HIDDEN: Final = 128
NORM_EPSILON: Final = 1e-5
"""Of batch normalisation; PyTorch's default."""
THRESHOLD: Final = 0.5
COUNTERS: Final = "num_batches_tracked"
"""End of the names of whole numbers; nothing is computed with them."""
LICENCE: Final = "none stated by the authors; ask them before you use or pass on the weights"
Task = Literal["expr", "au", "va"]
State = Mapping[str, NDArray[Any]]

LABELS: Final[Mapping[Task, tuple[str, ...]]] = {
    "expr": AFFWILD2_ORDER,
    "au": ACTION_UNITS,
    "va": ("valence", "arousal"),
}

B2: Final = FeatureSource("face", "hsemotion/enet_b2_8_best", 1408)
B0: Final = FeatureSource("face", "hsemotion/enet_b0_8_va_mtl", 1280)
VGGISH: Final = FeatureSource("voice", "vggish", 128)
WAV2VEC2: Final = FeatureSource("voice", "wav2vec2-base", 768, layer="layer:12")


@dataclass(frozen=True, slots=True)
class _Published:
    """One of the eight files."""

    task: Task
    face: FeatureSource
    voice: FeatureSource | None = None

    @property
    def width(self) -> int:
        return self.face.width + (self.voice.width if self.voice else 0)

    @property
    def sources(self) -> dict[Modality, FeatureSource]:
        face: dict[Modality, FeatureSource] = {FACE: self.face}
        return face | ({VOICE: self.voice} if self.voice else {})

    @property
    def choice(self) -> str:
        """What ``--features`` calls its features."""
        return "+".join(source.model.rpartition("/")[2] for source in self.sources.values())


PUBLISHED: Final[Mapping[str, _Published]] = {
    "best_EXPR_mlp_visual": _Published("expr", B2),
    "best_EXPR_mlp_visual_vggish": _Published("expr", B2, VGGISH),
    "best_EXPR_mlp_visual_wav2vec2": _Published("expr", B2, WAV2VEC2),
    "best_AU_mlp_visual": _Published("au", B2),
    "best_AU_mlp_visual_vggish": _Published("au", B2, VGGISH),
    "best_AU_mlp_visual_wav2vec2": _Published("au", B2, WAV2VEC2),
    "best_AU_mlp_effnet_b0_vggish": _Published("au", B0, VGGISH),
    "best_VA_mlp_visual": _Published("va", B2),
}
"""The files that hold a head, by name."""


def read_thesis_head(file: Path, features: str = "") -> PublishedHead:
    """Read one of the heads.

    Parameters
    ----------
    file
        A state dict, ``….pth``.
    features
        Which features it takes (``enet_b2_8_best``, ``enet_b0_8_va_mtl+vggish`` …); needed only
        where the tensors leave it open and the file has another name than its authors gave it.

    Raises
    ------
    ModelError
        When the file cannot be read, a tensor is missing, left over, of another shape or type or
        not finite, or the features are not known.
    """
    state = read_state_dict(file)
    task, width = _task(state), _width(state, file)
    check_tensors(state, _expected(task, width), file, counters=COUNTERS)
    known = _known(task, width, features, file)
    graph = GraphWriter()
    joined = _joined(graph, known)
    if task == "va":
        parts = (_unbounded(graph, joined, state, part) for part in ("vhead", "ahead"))
        output = graph.node("Tanh", graph.node("Concat", *parts, axis=-1))
    else:
        output = _classes(graph, joined, state, task)
    return PublishedHead(
        name=f"bichuyen99/{file.stem}",
        task=task,
        labels=LABELS[task],
        features=known.sources,
        graph=graph.finished(output, known.sources, ("N", "T", len(LABELS[task]))),
        licence=LICENCE,
        recipe={
            "source": "github.com/bichuyen99/Audiovisual_emotion_recognition",
            "file": file.name,
            "trained_on": "Aff-Wild2, official training videos",
        },
        thresholds=(THRESHOLD,) * len(ACTION_UNITS) if task == "au" else (),
    )


def _task(state: State) -> Task:
    """What the names and sizes of the tensors make it; a misfit is told by `check_tensors`."""
    if any(name.startswith(("vhead.", "ahead.")) for name in state):
        return "va"
    last = state.get("fc2.bias")
    return "au" if last is not None and last.shape == (len(ACTION_UNITS),) else "expr"


def _width(state: State, file: Path) -> int:
    """Features that the first layer takes."""
    widths = {
        int(tensor.shape[1])
        for name in ("fc1.weight", "vhead.0.weight", "ahead.0.weight")
        if (tensor := state.get(name)) is not None and tensor.ndim == 2
    }
    if len(widths) != 1:
        raise ModelError("published.no_first_layer", widths=sorted(widths), file=file)
    return widths.pop()


def _expected(task: Task, width: int) -> dict[str, Shape]:
    """Shape of every tensor by name."""
    if task != "va":
        classes = len(LABELS[task])
        return {
            "fc1.weight": (HIDDEN, width),
            "fc1.bias": (HIDDEN,),
            "fc2.weight": (classes, HIDDEN),
            "fc2.bias": (classes,),
        }
    part: dict[str, Shape] = {"0.weight": (HIDDEN, width), "0.bias": (HIDDEN,)}
    part |= {f"1.{name}": (HIDDEN,) for name in ("weight", "bias", "running_mean", "running_var")}
    part |= {"1.num_batches_tracked": (), "2.weight": (1, HIDDEN), "2.bias": (1,)}
    return {f"{head}.{name}": shape for head in ("vhead", "ahead") for name, shape in part.items()}


def _known(task: Task, width: int, features: str, file: Path) -> _Published:
    """Which features these are: by their number, else by the option, else by the file's name."""
    of_task = {name: head for name, head in PUBLISHED.items() if head.task == task}
    fitting = {name: head for name, head in of_task.items() if head.width == width}
    if not fitting:
        known = ", ".join(map(str, sorted({head.width for head in of_task.values()})))
        raise ModelError("published.width", width=width, task=task, known=known, file=file)
    choices = {head.choice: head for head in fitting.values()}
    if features and features not in choices:
        raise ModelError(
            "published.other_features",
            features=features,
            width=width,
            choices=", ".join(choices),
            file=file,
        )
    if features:
        return choices[features]
    if len(choices) > 1 and file.stem not in fitting:
        raise ModelError("published.ambiguous", width=width, choices=", ".join(choices), file=file)
    return fitting.get(file.stem) or next(iter(choices.values()))


def _joined(graph: GraphWriter, known: _Published) -> str:
    return graph.node("Concat", FACE, VOICE, axis=-1) if known.voice else FACE


def _classes(graph: GraphWriter, source: str, state: State, task: Task) -> str:
    """Probabilities (N, T, K): two layers with a ReLU between them."""
    hidden = graph.linear(source, state["fc1.weight"].T, state["fc1.bias"])
    logits = graph.linear(graph.node("Relu", hidden), state["fc2.weight"].T, state["fc2.bias"])
    return graph.node("Sigmoid", logits) if task == "au" else graph.node("Softmax", logits, axis=-1)


def _unbounded(graph: GraphWriter, source: str, state: State, part: str) -> str:
    """One dimension (N, T, 1) before the tanh: linear, batch normalisation as trained, linear."""
    stored = {name.removeprefix(f"{part}."): tensor for name, tensor in state.items()}
    hidden = graph.linear(source, stored["0.weight"].T, stored["0.bias"])
    scale = stored["1.weight"] / np.sqrt(stored["1.running_var"] + np.float32(NORM_EPSILON))
    shift = stored["1.bias"] - stored["1.running_mean"] * scale
    scaled = graph.node("Mul", hidden, graph.value(scale))
    normalised = graph.node("Add", scaled, graph.value(shift))
    return graph.linear(normalised, stored["2.weight"].T, stored["2.bias"])
