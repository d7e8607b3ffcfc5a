"""The text-emotion model of the package: Russian sentences by their words and pieces of words.

Two parts answer and are averaged: a linear one over hashed pieces (characters, words, pairs of
words), and small convolutions over the words. Either knows how each of the two collections that it
learned from puts things, and a gate tells which one a text is like. All of it is one graph; this
module turns text into numbers and answers into probabilities.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.families import Placement
from emoreport.models.families.shipped import ShippedFacts, ShippedModel, read_shipped
from emoreport.models.store.model_metadata import FOLDER_METADATA, REINSTALL
from emoreport.models.store.registry import PulledModel
from emoreport.records import FloatArray, IntArray
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS

METADATA_FILE: Final = "text_compact.json"
KIND: Final = "text"
INPUTS: Final = {"pieces", "weights", "words"}
PIECES: Final = 1 << 17
"""Buckets of the linear part; number 0 is none."""
WORD_PIECES: Final = 1 << 14
"""Buckets of the convolutions; number 0 is none."""
MOST_WORDS: Final = 40
MOST_PIECES_OF_A_WORD: Final = 24
TEXTS_AT_ONCE: Final = 32
_TOKEN: Final = re.compile(r"\w+|[!?]+|\.\.+|[()]+|[^\w\s]")


def open_text(model: PulledModel, **running: Unpack[Placement]) -> CompactTextModel:
    """Open the text model of the package, or of a local folder; see `Opener`."""
    own = model.registered is not None
    return CompactTextModel(None if own else model.folder / FOLDER_METADATA, **running)


def tokens(text: str) -> list[str]:
    """Words and signs of a text, lower case, ё as е."""
    return _TOKEN.findall(text.casefold().replace("ё", "е"))


def _bucket(piece: str, buckets: int) -> int:
    return 1 + zlib.crc32(piece.encode()) % (buckets - 1)


def pieces(text: str) -> tuple[list[int], list[float]]:
    """Buckets of a text's pieces, and one plus the logarithm of how often each is there."""
    words = tokens(text)
    names = [f"w{word}" for word in words]
    names += [f"b{first} {second}" for first, second in pairwise(words)]
    names += [f"c{part}" for word in words for part in _parts(word, (2, 3, 4, 5))]
    counts = Counter(_bucket(name, PIECES) for name in names)
    return list(counts), [1.0 + float(np.log(count)) for count in counts.values()]


def word_pieces(text: str) -> IntArray:
    """Buckets of the pieces of each word, int64 (words, `MOST_PIECES_OF_A_WORD`), 0 for none."""
    words = tokens(text)[:MOST_WORDS]
    table = np.zeros((len(words), MOST_PIECES_OF_A_WORD), np.int64)
    for row, word in enumerate(words):
        names = [f"<{word}>", *_parts(word, (3, 4, 5))][:MOST_PIECES_OF_A_WORD]
        table[row, : len(names)] = [_bucket(name, WORD_PIECES) for name in names]
    return table


def _parts(word: str, lengths: Sequence[int]) -> list[str]:
    marked = f"<{word}>"
    return [
        marked[start : start + length]
        for length in lengths
        for start in range(len(marked) - length + 1)
    ]


def batch(texts: Sequence[str]) -> tuple[IntArray, FloatArray, IntArray]:
    """What the graph takes of N texts.

    Returns
    -------
    int64 (N, P) buckets and float32 (N, P) weights of the pieces, 0 where a text has fewer; int64
    (N, W, `MOST_PIECES_OF_A_WORD`), W ≥ 1.
    """
    found = [pieces(text) for text in texts]
    own = [word_pieces(text) for text in texts]
    most = max([1, *(len(buckets) for buckets, _ in found)])
    words = max([1, *(len(table) for table in own)])
    buckets = np.zeros((len(texts), most), np.int64)
    weights = np.zeros((len(texts), most), np.float32)
    tables = np.zeros((len(texts), words, MOST_PIECES_OF_A_WORD), np.int64)
    for row, ((ids, values), table) in enumerate(zip(found, own, strict=True)):
        buckets[row, : len(ids)] = ids
        weights[row, : len(values)] = values
        tables[row, : len(table)] = table
    return buckets, weights, tables


class CompactTextModel(ShippedModel):
    """Emotions of Russian sentences; see `TextEmotionModel`.

    Parameters
    ----------
    metadata
        The JSON file; None for that of the package.
    running
        As for an `Opener`.

    Raises
    ------
    ModelError
        When the files are missing, are not those described, or do not fit together.
    """

    def __init__(self, metadata: Path | None = None, **running: Unpack[Placement]) -> None:
        facts = read_shipped(metadata, METADATA_FILE, KIND)
        self.labels = _labels(facts)
        super().__init__(facts, INPUTS, "scores", labels=self.labels, **running)

    def scores(self, texts: Sequence[str]) -> FloatArray:
        """How surely each emotion is in each text, alone or beside others.

        Returns
        -------
        float32 (N, K), 0–1; rows need not sum to 1.

        Raises
        ------
        ModelError
            When inference fails.
        """
        parts = [np.zeros((0, len(self.labels)), np.float32)]
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            own, weights, words = batch(texts[start : start + TEXTS_AT_ONCE])
            feeds: dict[str, NDArray[Any]] = {"pieces": own, "weights": weights, "words": words}
            parts.append(np.asarray(self._session.run(feeds, ["scores"])["scores"], np.float32))
        table = np.concatenate(parts)
        if table.shape != (len(texts), len(self.labels)) or not np.isfinite(table).all():
            raise ModelError("models.output", shape=table.shape, file=self._facts.path)
        return table

    def predict(self, texts: Sequence[str]) -> FloatArray:
        """Probabilities of N texts, float32 (N, K); rows sum to 1.

        They are the scores over their sum: what a text says most surely has the largest share.

        Raises
        ------
        ModelError
            When inference fails.
        """
        scores = np.maximum(self.scores(texts), 1e-6)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), np.float32)


def _labels(facts: ShippedFacts) -> tuple[str, ...]:
    labels = tuple(map(str, facts.document.get("labels", ())))
    known = {*EMOTIONS, *VOICE_ONLY_EMOTIONS}
    if not labels or len(set(labels)) != len(labels) or not known.issuperset(labels):
        raise ModelError("models.labels", labels=labels, remedy=REINSTALL, file=facts.path)
    return labels
