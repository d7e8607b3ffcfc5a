"""The emotion head: one linear layer on the encoder's statistics and the measures of prosody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoreport.models.families.voice_clips import SHORTEST_CLIP_S, repeated
from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.data import Clip
from emoreport.training.voice.encoder import STATISTICS, Encoder
from emoreport.training.voice.labels import CLIP_LABELS, LABELS, LEVELS, TRAINED_LABELS
from emoreport.training.voice.prosody import MEASURES, Prosody

CORPUS_WEIGHTS = {"nemo": 2.0, "ravdess": 2.0, "baved": 0.5, "tuxpaint": 0.5}
"""How much more than by its size a corpus is drawn.

The two with the most emotions lead; levels of arousal and plain neutral take part.
"""

FEATURES = STATISTICS + MEASURES
LOGITS = "logits"
"""Output of the graph that holds the emotions; others are measures of a clip, (N,)."""


def _targets() -> Tensor:
    rows = [LEVELS.get(name, (name,)) for name in CLIP_LABELS]
    return torch.tensor([[float(own in row) / len(row) for own in TRAINED_LABELS] for row in rows])


TARGETS = _targets()
"""(clip labels, trained labels): what a clip of each label teaches."""

Change = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the encoder says of every clip and its changed copies.

    Attributes
    ----------
    values
        (variants, clips, 1593) float32: the encoder's statistics, then the measures of `Prosody`;
        variant 0 is the clip as recorded.
    labels
        (clips,) int64 indices into ``CLIP_LABELS``.
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
    changes
        Names of functions of `augment`: each makes one changed copy of every clip.
    clean_share
        Share of the draws that take the clip as recorded whatever else is there.
    neutral_shift
        Added to the logit of neutral in the end: classes are drawn equally often, speech is not.
    seed
        Seeds weights, draws and changes.
    """

    steps: int = 500
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout: float = 0.3
    label_smoothing: float = 0.1
    mixup: float = 0.2
    changes: tuple[str, ...] = ("rerecord", "recut", "telephone_call", "bury")
    clean_share: float = 0.3
    neutral_shift: float = 1.25
    seed: int = 1


class VoiceModel(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """What is exported: audio (N, T) → logits (N, 7), then one number per clip and measure.

    Parameters
    ----------
    encoder
        Frozen.
    heads
        The logits are the mean of what they say.
    measures
        By name, what turns features (N, F) into numbers (N,).
    """

    def __init__(
        self,
        encoder: Encoder,
        heads: Sequence[nn.Linear],
        measures: Mapping[str, nn.Module] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.prosody = Prosody()
        # The mean of linear layers is a linear layer.
        self.classify = nn.Linear(heads[0].in_features, len(LABELS))
        with torch.no_grad():
            for name in ("weight", "bias"):
                mean = torch.stack([getattr(head, name) for head in heads]).mean(dim=0)
                getattr(self.classify, name).copy_(mean[: len(LABELS)])
        self.measures = nn.ModuleDict(measures)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what `forward` returns."""
        return (LOGITS, *self.measures)

    def forward(self, audio: Tensor) -> tuple[Tensor, ...]:
        """Logits in the order of ``LABELS``; the auxiliary outputs are dropped. Then measures."""
        seen = features(self.encoder, self.prosody, audio)
        return (self.classify(seen), *(measure(seen) for measure in self.measures.values()))


def features(encoder: Encoder, prosody: Prosody, audio: Tensor) -> Tensor:
    """What the head sees of audio (N, T): (N, 1593)."""
    mel = encoder.mel(audio)
    return torch.cat([encoder.statistics_of(mel), prosody(audio, mel)], dim=1)


def embed(
    clips: Sequence[Clip], encoder: Encoder, changes: Sequence[Change], seed: int
) -> Statistics:
    """Run the encoder over every clip as recorded and once after each of the changes.

    Each copy's generator is its own, so that the result does not depend on the clips' order.
    """
    rows, prosody = [], Prosody().eval()
    for number, clip in enumerate(clips):
        samples = (clip.samples / 32768.0).astype(np.float32)
        copies = [
            samples,
            *(
                change(samples, np.random.default_rng((seed, number, change_number)))
                for change_number, change in enumerate(changes)
            ),
        ]
        rows.append(torch.stack([_features_of(encoder, prosody, copy) for copy in copies]))
    return Statistics(
        values=torch.stack(rows, dim=1),
        labels=torch.tensor([clip.label for clip in clips]),
        speakers=tuple(clip.speaker for clip in clips),
        corpora=tuple(clip.corpus for clip in clips),
    )


def _features_of(encoder: Encoder, prosody: Prosody, samples: NDArray[np.float32]) -> Tensor:
    """(T,) samples → (1593,); a clip below `SHORTEST_CLIP_S` is repeated, as in use."""
    shortest = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
    whole = repeated(samples, shortest)
    with torch.no_grad():
        return features(encoder, prosody, torch.from_numpy(whole.astype(np.float32))[None])[0]


def train_head(statistics: Statistics, chosen: Tensor, recipe: HeadRecipe) -> nn.Linear:
    """Fit one head to the chosen clips.

    Returns
    -------
    torch.nn.Linear
        On statistics as they come from the encoder: the standardisation is folded in.
    """
    smoothing = recipe.label_smoothing
    targets = TARGETS * (1.0 - smoothing) + smoothing / len(TRAINED_LABELS)
    head = fit_linear(statistics, chosen, recipe, targets, nn.functional.cross_entropy)
    head.bias[LABELS.index("neutral")] += recipe.neutral_shift
    return head


def fit_linear(
    statistics: Statistics,
    chosen: Tensor,
    recipe: HeadRecipe,
    targets: Tensor,
    loss_of: Callable[[Tensor, Tensor], Tensor],
) -> nn.Linear:
    """Fit one linear layer to the chosen clips.

    Parameters
    ----------
    statistics, chosen, recipe
        What to learn from, which clips, and how.
    targets
        (clip labels, outputs): what a clip of each label teaches.
    loss_of
        Takes the outputs and targets of a batch, both (batch, outputs).

    Returns
    -------
    torch.nn.Linear
        Frozen, on statistics as they come from the encoder: the standardisation is folded in.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    clean = statistics.values[0, chosen]
    centre, scale = clean.mean(dim=0), clean.std(dim=0) + 1e-6
    layer = nn.Linear(clean.shape[1], targets.shape[1])
    optimiser = torch.optim.AdamW(
        layer.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=max(recipe.steps, 40), pct_start=0.1
    )
    weights = sampling_weights(statistics, chosen)
    for _ in range(recipe.steps):
        features, labels = _draw(statistics, chosen, weights, recipe, generator)
        mixed, wanted = _mix((features - centre) / scale, targets[labels], recipe.mixup, rng)
        loss = loss_of(layer(nn.functional.dropout(mixed, recipe.dropout)), wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        layer.weight /= scale
        layer.bias -= layer.weight @ centre
    return layer.requires_grad_(requires_grad=False)


def _draw(
    statistics: Statistics,
    chosen: Tensor,
    weights: Tensor,
    recipe: HeadRecipe,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """One batch: features (batch, 1593) and labels (batch,)."""
    places = torch.multinomial(weights, recipe.batch, replacement=True, generator=generator)
    variants = torch.randint(len(statistics.values), (recipe.batch,), generator=generator)
    variants *= torch.rand(recipe.batch, generator=generator) >= recipe.clean_share
    clips = chosen[places]
    return statistics.values[variants, clips], statistics.labels[clips]


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

    Corpora share the draws by the square root of their size and by `CORPUS_WEIGHTS`, so that a
    large one leads without drowning the others; within a corpus every emotion is drawn equally
    often.
    """
    keys = [(statistics.corpora[i], int(statistics.labels[i])) for i in chosen.tolist()]
    in_corpus = Counter(corpus for corpus, _ in keys)
    in_class = Counter(keys)
    classes = Counter(corpus for corpus, _ in in_class)
    weights = [
        CORPUS_WEIGHTS.get(key[0], 1.0) * in_corpus[key[0]] ** 0.5 / classes[key[0]] / in_class[key]
        for key in keys
    ]
    total = torch.tensor(weights, dtype=torch.float64)
    return total / total.sum()
