"""Open a BERT network that judges texts; all its files are read as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.bert.graph import LOGITS, MASK, PIECES, BertSize, bert_graph
from emoreport.models.families.bert.labels import PARTNERS, own_labels, shares
from emoreport.models.families.bert.wordpiece import WordPieces
from emoreport.models.runtimes.graphs import GraphSession
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.safetensors_files import read_safetensors
from emoreport.models.runtimes.torch_files import read_state_dict
from emoreport.models.store.registry import PulledModel
from emoreport.records import FloatArray, ModelRecord

CONFIG: Final = "config.json"
VOCABULARY: Final = "vocab.txt"
SPELLING: Final = "tokenizer_config.json"
WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")
LONGEST: Final = 512
"""Pieces of a text that are read; a clause has a few dozen."""
BATCH: Final = 32
SEVERAL: Final = "multi_label_classification"
KNOWN: Final[Mapping[str, Any]] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
}
"""What a configuration may say of these: this and nothing else. What it leaves out is so too."""
SIZES: Final[Mapping[str, str]] = {
    "vocabulary": "vocab_size",
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "inner": "intermediate_size",
    "positions": "max_position_embeddings",
    "kinds": "type_vocab_size",
}
_MOST: Final = 1_000_000


def open_bert(
    pulled: PulledModel,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    reason: str = "",
) -> BertModel:
    """Open a text-emotion model from the files that the hub holds; PyTorch is not needed.

    Parameters
    ----------
    pulled
        The model's files on this machine, or a local folder in the same layout.
    runtime, device, threads
        As for `open_graph`.
    reason
        Why this model was chosen, for run.json.

    Raises
    ------
    ModelError
        When a file is missing or not of this network, the registry contradicts the classes, or
        runtime or device is missing.
    """
    folder = pulled.folder
    config = _read_object(folder / CONFIG)
    published, several = _classes(pulled, config, folder / CONFIG)
    size = _size(config, len(published), folder / CONFIG)
    lower = _read_object(folder / SPELLING).get("do_lower_case", True) is not False
    pieces = WordPieces(folder / VOCABULARY, lower=lower, longest=min(LONGEST, size.positions))
    if len(pieces) > size.vocabulary:
        raise ModelError("models.lacks", names=f"{len(pieces)} word pieces", file=folder / CONFIG)
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise ModelError("models.no_weights", weights=", ".join(WEIGHTS), file=folder)
    read = read_safetensors if weights.suffix == ".safetensors" else read_state_dict
    session = open_graph(
        bert_graph(read(weights), size, file=weights),
        runtime=runtime,
        device=device,
        threads=threads,
        file=weights,
    )
    registered = pulled.registered
    record = ModelRecord(
        name=pulled.name,
        kind="text",
        version=pulled.revision,
        labels=own_labels(published),
        files=pulled.files,
        runtime=session.runtime,
        device=session.device,
        licence="" if registered is None else registered.weights_licence,
        reason=reason,
    )
    language = "ru" if registered is None else registered.details["language"]
    return BertModel(session, pieces, record, published, several=several, language=language)


class BertModel:
    """Text-emotion model: texts → shares of emotions.

    Parameters
    ----------
    session
        The loaded graph.
    pieces
        Cuts texts into pieces.
    record
        What run.json says of the model.
    published
        Classes in the order of the output, by their published names.
    several
        Whether each class is a question of its own; see `shares`.
    language
        ISO 639-1 code of the texts that it knows.
    """

    def __init__(
        self,
        session: GraphSession,
        pieces: WordPieces,
        record: ModelRecord,
        published: Sequence[str],
        *,
        several: bool,
        language: str,
    ) -> None:
        self._session = session
        self._pieces = pieces
        self._published = tuple(published)
        self._several = several
        self.record = record
        self.labels = record.labels
        self.language = language

    def predict(self, texts: Sequence[str]) -> FloatArray:
        """N texts → float32 (N, K); rows sum to 1.

        Raises
        ------
        ModelError
            When the network cannot be run.
        """
        result = np.empty((len(texts), len(self.labels)), np.float32)
        numbered = [self._pieces.numbers(text) for text in texts]
        # Texts of about one length together: little is filled up.
        order = sorted(range(len(texts)), key=lambda index: len(numbered[index]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            logits = self._logits([numbered[row] for row in rows])
            result[rows] = shares(logits, self._published, several=self._several)
        return result

    def _logits(self, numbered: Sequence[Sequence[int]]) -> FloatArray:
        longest = max(map(len, numbered))
        pieces = np.full((len(numbered), longest), self._pieces.fill, np.int64)
        mask = np.zeros_like(pieces)
        for row, numbers in enumerate(numbered):
            pieces[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        logits: FloatArray = self._session.run({PIECES: pieces, MASK: mask})[LOGITS]
        return logits


def _read_object(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError("file.unreadable", error=error.strerror or error, file=path) from error
    except (ValueError, RecursionError) as error:
        raise ModelError("models.no_object", file=path) from error
    if not isinstance(content, dict):
        raise ModelError("models.no_object", file=path)
    return content


def _classes(
    pulled: PulledModel, config: Mapping[str, Any], path: Path
) -> tuple[tuple[str, ...], bool]:
    """Published classes in the order of the output, and whether a text may be of several."""
    names = config.get("id2label")
    if not isinstance(names, dict) or set(names) != {str(n) for n in range(len(names))}:
        raise ModelError("models.no_emotions", file=path)
    stated = tuple(str(names[str(number)]).casefold() for number in range(len(names)))
    registered = pulled.registered
    if registered is not None:
        expected = tuple(registered.details["class_order"])
        if all(name == f"label_{number}" for number, name in enumerate(stated)):
            stated = expected if len(stated) == len(expected) else stated
        if stated != expected or own_labels(expected) != registered.labels:
            raise ModelError(
                "models.other_labels", stated=stated, expected=", ".join(expected), file=path
            )
        return expected, bool(registered.details["several"])
    if not stated or not set(stated) <= set(PARTNERS):
        raise ModelError("models.labels", labels=stated, file=path)
    return stated, config.get("problem_type") == SEVERAL


def _size(config: Mapping[str, Any], classes: int, path: Path) -> BertSize:
    for field, known in KNOWN.items():
        if config.get(field, known) != known:
            raise ModelError(
                "models.other_value",
                name="config.json",
                field=field,
                value=config[field],
                expected=f"only {known!r} is understood",
                file=path,
            )
    sizes = {own: config.get(field) for own, field in SIZES.items()}
    if not all(type(value) is int and 0 < value < _MOST for value in sizes.values()):
        raise ModelError("models.encoder", sizes=list(sizes.values()), file=path)
    epsilon = config.get("layer_norm_eps", 1e-12)
    size = BertSize(**sizes, classes=classes, epsilon=float(epsilon))  # type: ignore[arg-type] # checked
    if size.width % size.heads:
        raise ModelError("models.encoder", sizes=[size.width, size.heads], file=path)
    return size
