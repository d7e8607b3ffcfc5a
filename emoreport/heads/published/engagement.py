"""EmotiEffLib's engagement head: attention over 128 faces, Keras weights (Savchenko et al., 2022).

"Classifying emotions and engagement in online learning based on a single facial expression
recognition neural network", IEEE Transactions on Affective Computing 13(4), 2132-2143. A window is
128 faces in a row, each described by the features of an EfficientNet-B0 and by how much these vary
over the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.heads.published.graphs import GraphWriter
from emoreport.heads.published.head import FACE, PublishedHead, check_tensors
from emoreport.models.families.tensor_fit import Shape
from emoreport.models.runtimes.keras_files import read_keras_weights
from emoreport.records import FeatureSource, Modality

FEATURES: Final = 1280
HIDDEN: Final = 512
WINDOW_FACES: Final = 128
LABELS: Final = ("distracted", "engaged")
LICENCE: Final = "no licence of their own; published in an Apache-2.0 repository"
FACE_MODELS: Final = ("enet_b0_8_best_vgaf", "enet_b0_8_best_afew", "enet_b0_8_va_mtl")
"""Models whose features the publisher gives it, first the one that its library takes by itself."""
EXPECTED: Final[Mapping[str, Shape]] = {
    "e/e/kernel:0": (2 * FEATURES, 1),
    "e/e/bias:0": (1,),
    "hidden_FC/hidden_FC/kernel:0": (2 * FEATURES, HIDDEN),
    "hidden_FC/hidden_FC/bias:0": (HIDDEN,),
    "dense/dense/kernel:0": (HIDDEN, len(LABELS)),
    "dense/dense/bias:0": (len(LABELS),),
}


def read_engagement_head(file: Path, features: str = "") -> PublishedHead:
    """Read the head.

    Parameters
    ----------
    file
        Keras weights, ``engagement_single_attention.h5``.
    features
        One of `FACE_MODELS`; the first where it is "".

    Raises
    ------
    ModelError
        When h5py is not installed, the file cannot be read, a tensor is missing, left over, of
        another shape or not finite, or the features are not among those that it takes.
    """
    weights = read_keras_weights(file)
    check_tensors(weights, EXPECTED, file)
    model = features or FACE_MODELS[0]
    if model not in FACE_MODELS:
        raise ModelError(
            "published.other_features",
            features=features,
            width=FEATURES,
            choices=", ".join(FACE_MODELS),
            file=file,
        )
    sources: dict[Modality, FeatureSource] = {
        FACE: FeatureSource(FACE, f"hsemotion/{model}", FEATURES)
    }
    return PublishedHead(
        name=f"emotiefflib/{file.stem}",
        task="engagement",
        labels=LABELS,
        features=sources,
        graph=_graph(weights, sources),
        licence=LICENCE,
        recipe={
            "source": "github.com/sb-ai-lab/EmotiEffLib",
            "file": file.name,
            "trained_on": "not stated for this file",
        },
        unit="window",
        architecture="stat-attention",
        window=WINDOW_FACES,
        hop=1,
        counted="faces",
    )


def _graph(weights: Mapping[str, NDArray[Any]], sources: Mapping[Modality, FeatureSource]) -> bytes:
    """Features (N, T, 1280) of T faces → probabilities (N, 2).

    Published: every face has the standard deviations over the window before its own features
    (2560 numbers), a linear layer gives one number for each face, their softmax over the window
    weighs the 2560 numbers. The deviations are the same for every face: they add the same to each
    of these numbers, which the softmax takes out again, as it does the bias, and their weighted sum
    is what they are. So they are joined to the sum here, which spares the longer vectors.
    """
    graph = GraphWriter()
    over_faces = graph.axes(1)
    centred = graph.node("Sub", FACE, graph.node("ReduceMean", FACE, axes=[1], keepdims=1))
    variance = graph.node("ReduceMean", graph.node("Mul", centred, centred), axes=[1], keepdims=0)
    deviation = graph.node("Sqrt", variance)
    scores = graph.node("MatMul", FACE, graph.value(weights["e/e/kernel:0"][FEATURES:]))
    attention = graph.node("Softmax", scores, axis=1)
    summed = graph.node("ReduceSum", graph.node("Mul", FACE, attention), over_faces, keepdims=0)
    context = graph.node("Concat", deviation, summed, axis=-1)
    hidden = graph.linear(
        context, weights["hidden_FC/hidden_FC/kernel:0"], weights["hidden_FC/hidden_FC/bias:0"]
    )
    logits = graph.linear(
        graph.node("Relu", hidden), weights["dense/dense/kernel:0"], weights["dense/dense/bias:0"]
    )
    output = graph.node("Softmax", logits, axis=-1)
    return graph.finished(output, sources, ("N", len(LABELS)))
