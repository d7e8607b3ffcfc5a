"""The emotion head on the trained encoder: one linear layer on the encoder's statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.training.voice.data import Clip
from emoreport.training.voice.encoder import Encoder
from emoreport.training.voice.labels import LABELS, TRAINED_LABELS

Change = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the encoder says of every clip and its changed copies.

    Attributes
    ----------
    values
        (variants, clips, 1536) float32; variant 0 is the clip as recorded.
    labels
        (clips,) int64 indices into ``TRAINED_LABELS``.
    speakers, corpora
        One name per clip.
    """

    values: Tensor
    labels: Tensor
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]

    def of_speakers(self, speakers: frozenset[str], *, left_out: bool) -> Tensor:
        """Indices of the clips of the given speakers, or of everybody else's."""
        chosen = [i for i, name in enumerate(self.speakers) if (name in speakers) != left_out]
        return torch.tensor(chosen, dtype=torch.long)


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """Everything that decides the training of a head except the data.

    Attributes
    ----------
    steps, batch
        Batches drawn with replacement.
    learning_rate, weight_decay
        AdamW; the rate climbs for a tenth of the run and then falls along a cosine.
    dropout
        Share of the statistics hidden from each example.
    label_smoothing
        Share of each target that is spread over all labels.
    mixup
        Parameter of the Beta distribution of mixup; 0 = none.
    degraded, noisy
        Changed copies per clip: by `augment.degrade` and by `augment.make_noisy`.
    clean_share
        Share of the draws that take the clip as recorded whatever else is there.
    seed
        Seeds weights, draws and changes.
    """

    steps: int = 600
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout: float = 0.3
    label_smoothing: float = 0.1
    mixup: float = 0.2
    degraded: int = 1
    noisy: int = 3
    clean_share: float = 0.4
    seed: int = 1


class VoiceModel(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """What is exported: audio (N, T) → logits (N, 7), the mean of the heads given."""

    def __init__(self, encoder: Encoder, heads: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.encoder = encoder
        # The mean of linear layers is a linear layer.
        self.classify = nn.Linear(heads[0].in_features, len(LABELS))
        with torch.no_grad():
            for name in ("weight", "bias"):
                mean = torch.stack([getattr(head, name) for head in heads]).mean(dim=0)
                getattr(self.classify, name).copy_(mean[: len(LABELS)])

    def forward(self, audio: Tensor) -> Tensor:
        """Logits in the order of ``LABELS``; the auxiliary outputs are dropped."""
        return self.classify(self.encoder(audio))


def embed(
    clips: Sequence[Clip], encoder: Encoder, changes: Sequence[Change], seed: int
) -> Statistics:
    """Run the encoder over every clip as recorded and once after each of the changes.

    Each copy's generator is its own, so that the result does not depend on the clips' order.
    """
    rows = []
    for number, clip in enumerate(clips):
        samples = (clip.samples / 32768.0).astype(np.float32)
        copies = [
            samples,
            *(
                change(samples, np.random.default_rng((seed, number, change_number)))
                for change_number, change in enumerate(changes)
            ),
        ]
        rows.append(torch.stack([statistics_of(encoder, copy) for copy in copies]))
    return Statistics(
        values=torch.stack(rows, dim=1),
        labels=torch.tensor([clip.label for clip in clips]),
        speakers=tuple(clip.speaker for clip in clips),
        corpora=tuple(clip.corpus for clip in clips),
    )


def statistics_of(encoder: Encoder, samples: NDArray[np.float32]) -> Tensor:
    """The encoder's statistics (1536,) of (T,) samples."""
    with torch.no_grad():
        return encoder(torch.from_numpy(np.ascontiguousarray(samples, np.float32))[None])[0]


def train_head(statistics: Statistics, chosen: Tensor, recipe: HeadRecipe) -> nn.Linear:
    """Fit one head to the chosen clips.

    Returns
    -------
    torch.nn.Linear
        On statistics as they come from the encoder: the standardisation is folded in.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    clean = statistics.values[0, chosen]
    centre, scale = clean.mean(dim=0), clean.std(dim=0) + 1e-6
    head = nn.Linear(clean.shape[1], len(TRAINED_LABELS))
    optimiser = torch.optim.AdamW(
        head.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=max(recipe.steps, 40), pct_start=0.1
    )
    weights = sampling_weights(statistics, chosen)
    for _ in range(recipe.steps):
        features, targets = _draw(statistics, chosen, weights, recipe, generator)
        features, targets = _mix((features - centre) / scale, targets, recipe.mixup, rng)
        logits = head(nn.functional.dropout(features, recipe.dropout))
        loss = nn.functional.cross_entropy(logits, targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        head.weight /= scale
        head.bias -= head.weight @ centre
    return head.requires_grad_(requires_grad=False)


def _draw(
    statistics: Statistics,
    chosen: Tensor,
    weights: Tensor,
    recipe: HeadRecipe,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """One batch: statistics (batch, 1536) and soft targets (batch, labels)."""
    places = torch.multinomial(weights, recipe.batch, replacement=True, generator=generator)
    variants = torch.randint(len(statistics.values), (recipe.batch,), generator=generator)
    variants *= torch.rand(recipe.batch, generator=generator) >= recipe.clean_share
    clips = chosen[places]
    targets = nn.functional.one_hot(statistics.labels[clips], len(TRAINED_LABELS)).float()
    smoothing = recipe.label_smoothing
    return statistics.values[variants, clips], targets * (1.0 - smoothing) + smoothing / len(
        TRAINED_LABELS
    )


def _mix(
    features: Tensor, targets: Tensor, strength: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Blend each example with another one of the batch (mixup of Zhang et al., 2018)."""
    if strength <= 0.0:
        return features, targets
    share = torch.from_numpy(rng.beta(strength, strength, (len(features), 1))).float()
    share = torch.maximum(share, 1.0 - share)
    partner = torch.from_numpy(rng.permutation(len(features)))
    return (
        share * features + (1.0 - share) * features[partner],
        share * targets + (1.0 - share) * targets[partner],
    )


def sampling_weights(statistics: Statistics, chosen: Tensor) -> Tensor:
    """How often to draw each chosen clip: (clips,) float64, sums to 1.

    Corpora share the draws by the square root of their size, so that a large one leads without
    drowning the others; within a corpus every emotion is drawn equally often.
    """
    keys = [(statistics.corpora[i], int(statistics.labels[i])) for i in chosen.tolist()]
    in_corpus: dict[str, int] = {}
    in_class: dict[tuple[str, int], int] = {}
    for key in keys:
        in_corpus[key[0]] = in_corpus.get(key[0], 0) + 1
        in_class[key] = in_class.get(key, 0) + 1
    classes = {corpus: sum(key[0] == corpus for key in in_class) for corpus in in_corpus}
    weights = [in_corpus[key[0]] ** 0.5 / classes[key[0]] / in_class[key] for key in keys]
    total = torch.tensor(weights, dtype=torch.float64)
    return total / total.sum()
