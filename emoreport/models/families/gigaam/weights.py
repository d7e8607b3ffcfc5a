"""The settings and tensors of a GigaAM-Emo checkpoint, read as data and checked, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.families.gigaam.sound import BANDS, HOP_SAMPLES, WINDOW_SAMPLES, filters
from emoreport.models.families.log_mel import hann
from emoreport.models.families.tensor_fit import GET_AGAIN
from emoreport.models.runtimes.torch_files import read_checkpoint
from emoreport.records import SAMPLE_RATE_HZ

SUBSAMPLING: Final = 4
"""Frames of the spectrogram to one of the encoder."""

FRONT_END: Final[Mapping[str, Any]] = {
    "_target_": "gigaam.preprocess.FeatureExtractor",
    "sample_rate": SAMPLE_RATE_HZ,
    "features": BANDS,
    "n_fft": WINDOW_SAMPLES,
    "win_length": WINDOW_SAMPLES,
    "hop_length": HOP_SAMPLES,
    "mel_scale": "htk",
    "mel_norm": None,
    "center": True,
}
ENCODER: Final[Mapping[str, Any]] = {
    "_target_": "gigaam.encoder.ConformerEncoder",
    "feat_in": BANDS,
    "subsampling": "conv2d",
    "subs_kernel_size": 3,
    "subsampling_factor": SUBSAMPLING,
    "self_attention_model": "rel_pos",
    "conv_norm_type": "batch_norm",
}
HEAD: Final[Mapping[str, Any]] = {"_target_": "torch.nn.Linear", "bias": True}
"""What the settings may say of each part: this and nothing else. What they leave out is so too."""

SIZES: Final[Mapping[str, int]] = {
    "n_layers": 16,
    "d_model": 768,
    "n_heads": 16,
    "ff_expansion_factor": 4,
    "conv_kernel_size": 31,
}
"""Sizes of the encoder, and what its publisher's code takes where the settings leave one out."""
NO_MATTER: Final = frozenset({"pos_emb_max_len", "flash_attn", "activation_checkpointing"})
"""How others compute the same."""

WINDOW: Final = "preprocessor.featurizer.0.spectrogram.window"
FILTERS: Final = "preprocessor.featurizer.0.mel_scale.fb"
"""Constants of the front end that are stored with the weights."""


@dataclass(frozen=True, slots=True)
class Size:
    """Layers, width, heads, factor of the feed-forward layers and kernel of the encoder."""

    layers: int
    width: int
    heads: int
    expansion: int
    kernel: int


def read_weights(path: Path, classes: tuple[str, ...]) -> tuple[Size, dict[str, NDArray[Any]]]:
    """Read a checkpoint.

    Parameters
    ----------
    path
        The file.
    classes
        Names that it has to give its classes, in this order.

    Returns
    -------
    Size of the encoder, and tensors of encoder and head by name.

    Raises
    ------
    ModelError
        When the file is no such checkpoint, or describes another network, front end or classes.
    """
    contents = read_checkpoint(path)
    settings, tensors = contents.get("cfg"), contents.get("state_dict")
    if not isinstance(settings, dict) or not isinstance(tensors, dict):
        raise ModelError("models.no_state", remedy=GET_AGAIN, file=path)
    _check_classes(settings.get("id2name"), classes, path)
    _part(settings, "preprocessor", FRONT_END, (), path)
    encoder = _part(settings, "encoder", ENCODER, (*SIZES, *NO_MATTER), path)
    size = _size(encoder, path)
    head = _part(settings, "head", HEAD, ("in_features", "out_features"), path)
    if (head.get("in_features"), head.get("out_features")) != (size.width, len(classes)):
        raise ModelError("models.head", head=head, remedy=GET_AGAIN, file=path)
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, np.ndarray):
            raise ModelError("models.no_tensor", name=name, remedy=GET_AGAIN, file=path)
    _check_front_end(tensors, path)
    return size, tensors


def _check_classes(stated: object, classes: tuple[str, ...], path: Path) -> None:
    names = stated
    if isinstance(stated, dict):
        names = [stated.get(index) for index in range(len(stated))]
    if names != list(classes):
        raise ModelError(
            "models.other_classes", stated=stated, expected=", ".join(classes), file=path
        )


def _part(
    settings: Mapping[Any, Any],
    name: str,
    known: Mapping[str, Any],
    free: tuple[str, ...],
    path: Path,
) -> Mapping[str, Any]:
    """Settings of one part of the model; anything else than is known of it is refused."""
    part = settings.get(name)
    if not isinstance(part, dict):
        raise ModelError("models.not_described", name=name, remedy=GET_AGAIN, file=path)
    for key, value in part.items():
        if key in free:
            continue
        if key not in known or value != known[key]:
            expected = f"only {known[key]!r} is understood" if key in known else "is not understood"
            raise ModelError(
                "models.other_value",
                name=name,
                field=key,
                value=value,
                expected=expected,
                file=path,
            )
    return part


def _size(encoder: Mapping[str, Any], path: Path) -> Size:
    sizes = [encoder.get(key, usual) for key, usual in SIZES.items()]
    if not all(type(value) is int and 0 < value < 10_000 for value in sizes):
        raise ModelError("models.encoder", sizes=sizes, remedy=GET_AGAIN, file=path)
    layers, width, heads, expansion, kernel = sizes
    if width % heads or width % 2 or not kernel % 2:
        raise ModelError("models.encoder", sizes=sizes, remedy=GET_AGAIN, file=path)
    return Size(layers, width, heads, expansion, kernel)


def _check_front_end(tensors: dict[str, NDArray[Any]], path: Path) -> None:
    """Take out the constants of the front end; they must be those of `sound`."""
    for name, own in ((WINDOW, hann(WINDOW_SAMPLES)), (FILTERS, filters().T)):
        stored = tensors.pop(name, None)
        if stored is not None and (
            stored.shape != own.shape or not np.allclose(stored, own, atol=1e-3)
        ):
            raise ModelError(
                "models.window",
                name=name,
                samples=WINDOW_SAMPLES,
                bands=BANDS,
                remedy=GET_AGAIN,
                file=path,
            )
