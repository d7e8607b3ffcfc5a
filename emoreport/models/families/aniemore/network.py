"""The networks in torch: built from the configuration, filled strictly from the weights.

This is the only module of the room that imports torch and transformers; import it lazily.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import (
    HubertConfig,
    HubertForSequenceClassification,
    HubertModel,
    PreTrainedModel,
    Wav2Vec2Config,
    Wav2Vec2ForSequenceClassification,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMForSequenceClassification,
    WavLMModel,
)

from emoreport.errors import ModelError
from emoreport.models.families.aniemore.checkpoint import Checkpoint
from emoreport.models.families.tensor_fit import GET_AGAIN, check_fit, listed, shapes

CLASSES: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2Model, Wav2Vec2ForSequenceClassification),
    "wavlm": (WavLMConfig, WavLMModel, WavLMForSequenceClassification),
    "hubert": (HubertConfig, HubertModel, HubertForSequenceClassification),
}
"""Configuration, encoder and encoder with transformers' own head, by family."""

NOT_FOR_BUILDING: Final = frozenset(
    {
        "architectures",
        "auto_map",
        "dtype",
        "id2label",
        "label2id",
        "model_type",
        "num_labels",
        "quantization_config",
        "torch_dtype",
        "transformers_version",
    }
)
"""Entries of config.json that say how others load the file, or that are checked elsewhere."""

TRAINING_ONLY: Final = ("masked_spec_embed",)
"""Last parts of the names of tensors that only training reads: what SpecAugment writes over masked
frames. Checkpoints may lack it or carry it without need; it cannot change a result."""

LEGACY: Final[Mapping[str, str]] = {
    ".pos_conv_embed.conv.weight_g": ".pos_conv_embed.conv.parametrizations.weight.original0",
    ".pos_conv_embed.conv.weight_v": ".pos_conv_embed.conv.parametrizations.weight.original1",
}
"""Names that weight normalisation gave its tensors before torch 2.1, and those since."""


class PooledHead(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Two layers on pooled frames: float (N, H) → logits (N, K)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, classes)

    def forward(self, pooled: Tensor) -> Tensor:
        """Dense layer, tanh, projection; the dropout of training has no place here."""
        return self.out_proj(torch.tanh(self.dense(pooled)))


class PooledClassifier(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Encoder, pooling over time, `PooledHead`: the layout of the wav2vec2-xlsr-53 checkpoint.

    The publisher pools over all frames of a batch. Of a clip alone, which is how the model is
    used, all frames are the clip's own; so padding is left out here and a clip in a batch gets
    the answer that it gets alone.
    """

    def __init__(self, family: str, config: Any, pooling: str, classes: int) -> None:  # noqa: ANN401 - transformers is not typed here
        super().__init__()
        self._family, self._pooling = family, pooling
        # Its name is the prefix of the encoder's tensors in the checkpoint.
        self.add_module(family, CLASSES[family][1](config))
        self.classifier = PooledHead(config.hidden_size, classes)

    def forward(self, input_values: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Audio float (N, T), own frames int64 (N, 1) → logits (N, K)."""
        encoder = getattr(self, self._family)
        frames = encoder(input_values, attention_mask=attention_mask).last_hidden_state
        own = None
        if attention_mask is not None:
            own = own_frames(frames.shape[1], attention_mask).unsqueeze(-1)
        return self.classifier(self._pooled(frames, own))

    def _pooled(self, frames: Tensor, own: Tensor | None) -> Tensor:
        if self._pooling == "max":
            lowest = torch.finfo(frames.dtype).min
            return (frames if own is None else torch.where(own, frames, lowest)).amax(dim=1)
        if own is None:
            return frames.mean(dim=1) if self._pooling == "mean" else frames.sum(dim=1)
        total = torch.where(own, frames, 0.0).sum(dim=1)
        return total / own.sum(dim=1) if self._pooling == "mean" else total


class VoiceNetwork(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Either classifier behind one signature: normalised audio and its own frames → logits.

    Transformers takes a mask of samples and works out the frames itself, with divisions that
    become floating ones in an exported graph and come out wrong in bfloat16. Here the number of
    frames is given, and its method that makes a mask of frames is replaced.
    """

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier
        for part in classifier.modules():
            if isinstance(part, PreTrainedModel):
                part._get_feature_vector_attention_mask = own_frames  # noqa: SLF001 - see above

    def forward(self, audio: Tensor, frames: Tensor | None = None) -> Tensor:
        """Audio float (N, T), frames int64 (N,) that are not padding → logits (N, K)."""
        own = None if frames is None else frames.unsqueeze(1)
        output = self.classifier(audio, attention_mask=own)
        return output if isinstance(output, Tensor) else output.logits

    @property
    def layers(self) -> int:
        """Hidden layers after the convolutions."""
        return int(self._encoder.config.num_hidden_layers)

    def feature_width(self, layer: int | None) -> int:
        """Numbers per clip that `embed` gives."""
        head = self.classifier.classifier
        first = head.dense if isinstance(head, PooledHead) else head
        return int(first.in_features if layer is None else self._encoder.config.hidden_size)

    def embed(
        self, audio: Tensor, frames: Tensor | None = None, *, layer: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits (N, K), and what the head sees (N, W) or the mean over time of a hidden layer.

        Layer 0 is what the first one gets.
        """
        seen: dict[str, Any] = {}
        hooks = [
            self.classifier.classifier.register_forward_pre_hook(
                lambda _, inputs: seen.update(pooled=inputs[0])
            ),
            self._encoder.register_forward_hook(
                lambda _, __, output: seen.update(hidden=output.hidden_states)
            ),
        ]
        self._encoder.config.output_hidden_states = layer is not None
        try:
            logits = self(audio, frames)
        finally:
            for hook in hooks:
                hook.remove()
        if layer is None:
            return logits, seen["pooled"]
        hidden = seen["hidden"][layer]
        if frames is None:
            return logits, hidden.mean(dim=1)
        own = own_frames(hidden.shape[1], frames.unsqueeze(1)).unsqueeze(-1)
        return logits, torch.where(own, hidden, 0.0).sum(dim=1) / own.sum(dim=1)

    @property
    def _encoder(self) -> PreTrainedModel:
        encoders = tuple(encoder for _, encoder, _ in CLASSES.values())
        return next(part for part in self.classifier.modules() if isinstance(part, encoders))


def own_frames(length: int, frames: Tensor, add_adapter: bool | None = None) -> Tensor:
    """Which of `length` frames are a clip's own: counts int64 (N, 1) → bool (N, length)."""
    del add_adapter  # part of the method that this replaces; checkpoints have none
    return torch.arange(length, device=frames.device) < frames


def load_network(checkpoint: Checkpoint) -> VoiceNetwork:
    """Build the network and fill it from the checkpoint, float32, on the processor.

    Raises
    ------
    ModelError
        When the weights cannot be read, hold anything but tensors, or do not fit the network in
        every name and every shape: a tensor left at its random start would still give answers.
    """
    weights = _current_names(_read_weights(checkpoint.weights))
    head = checkpoint.head or _head(weights, checkpoint.weights)
    # Without memory or random numbers for weights that are replaced at once.
    with torch.device("meta"):
        classifier = _classifier(checkpoint, head)
    expected = shapes(classifier.state_dict())
    _settle_training_only(weights, expected)
    check_fit(shapes(weights), expected, checkpoint.weights)
    classifier.load_state_dict(weights, strict=True, assign=True)
    _bake_weight_norm(classifier)
    empty = [name for name, tensor in _tensors(classifier) if tensor.is_meta]
    if empty:
        raise ModelError(
            "models.lacks", names=listed(empty), remedy=GET_AGAIN, file=checkpoint.weights
        )
    network: VoiceNetwork = VoiceNetwork(classifier).eval().requires_grad_(False)
    if checkpoint.masks:
        _check_padding(network, checkpoint)
    return network


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a file by name, floating ones as float32. Nothing in the file is executed."""
    try:
        if path.suffix == ".safetensors":
            tensors = load_file(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "models.not_plain", error=_first_line(error), remedy=GET_AGAIN, file=path
        ) from error
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise ModelError(
            "file.unreadable", error=_first_line(error), remedy=GET_AGAIN, file=path
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(tensor, Tensor) for tensor in tensors.values()
    ):
        raise ModelError("models.not_named", remedy=GET_AGAIN, file=path)
    return {
        str(name): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _current_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in weights.items():
        for old, new in LEGACY.items():
            name = name.removesuffix(old) + new if name.endswith(old) else name  # noqa: PLW2901 - the name is brought up to date
        renamed[name] = tensor
    return renamed


def _head(names: Iterable[str], path: Path) -> str:
    """Which head a local checkpoint holds, from the names of its tensors."""
    parts = {name.partition(".")[0] for name in names}
    if "projector" in parts:
        return "sequence"
    if "classifier.dense.weight" in set(names):
        return "pooled"
    raise ModelError("models.no_head", remedy=GET_AGAIN, file=path)


def _classifier(checkpoint: Checkpoint, head: str) -> nn.Module:
    """Network without weights, on whatever device is the default."""
    config_class, _, with_own_head = CLASSES[checkpoint.family]
    entries = {
        name: value
        for name, value in checkpoint.config.items()
        if name not in NOT_FOR_BUILDING and not name.startswith("_")
    }
    try:
        config = config_class(
            **entries,
            id2label=dict(enumerate(checkpoint.classes)),
            label2id={name: index for index, name in enumerate(checkpoint.classes)},
            # The one that all three families have and every exporter understands.
            attn_implementation="eager",
        )
        if head == "sequence":
            return with_own_head(config)
        return PooledClassifier(
            checkpoint.family, config, checkpoint.pooling, len(checkpoint.classes)
        )
    except Exception as error:  # transformers checks configurations with errors of several kinds
        raise ModelError(
            "models.no_network", error=_first_line(error), remedy=GET_AGAIN, file=checkpoint.folder
        ) from error


def _settle_training_only(
    weights: dict[str, Tensor], expected: Mapping[str, tuple[int, ...]]
) -> None:
    for name in [*weights]:
        if name.endswith(TRAINING_ONLY) and name not in expected:
            del weights[name]
    for name, shape in expected.items():
        if name.endswith(TRAINING_ONLY) and name not in weights:
            weights[name] = torch.zeros(shape)


def _tensors(module: nn.Module) -> Iterable[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _bake_weight_norm(module: nn.Module) -> None:
    """Work out normalised weights once, not in every run."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight", leave_parametrized=True)


def _check_padding(network: VoiceNetwork, checkpoint: Checkpoint) -> None:
    """Make sure that padding changes nothing, in the release of transformers that is installed.

    `VoiceNetwork` replaces a method of transformers' own. Were that one renamed, clips of several
    lengths would get wrong answers without an error.
    """
    short, long = 2 * checkpoint.shortest_samples, 4 * checkpoint.shortest_samples
    audio = torch.zeros(2, long)
    audio[0] = torch.linspace(-1.0, 1.0, long) ** 3
    audio[1, :short] = torch.linspace(1.0, -1.0, short)
    frames = torch.tensor([checkpoint.frames(long), checkpoint.frames(short)])
    with torch.inference_mode():
        together, alone = network(audio, frames)[1:], network(audio[1:, :short])
    # Weights that give no numbers are found in use, where the error says so.
    if not torch.allclose(together, alone, rtol=1e-3, atol=1e-3, equal_nan=True):
        raise ModelError("models.padding", file=checkpoint.folder)
