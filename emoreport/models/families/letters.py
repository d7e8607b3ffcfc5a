"""The letter model of the package: which letters of Russian speech are heard, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.log_mel import log_mel
from emoreport.models.families.voice_clips import checked_clip
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.integrity import checked_file
from emoreport.models.store.model_metadata import REINSTALL, read_document
from emoreport.records import FloatArray, ModelRecord

METADATA_FILE: Final = "letters_ru.json"
KIND: Final = "letters"
THREADS: Final = 1


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the metadata of a letter model say."""

    name: str
    version: str
    licence: str
    path: Path
    sha256: str
    language: str
    letters: str
    frame_s: float
    blanks_between: bool
    input_name: str
    output_name: str


class LetterModel:
    """Log posteriors of letters; class 0 is the blank (pause, noise, whatever is no letter).

    Parameters
    ----------
    metadata
        The JSON file; None for that of the package.
    threads
        Threads inside one run; 0 takes `THREADS`.
    runtime, device, reason
        As for `OnnxNetwork`.

    Raises
    ------
    ModelError
        When the files are missing, are not those described, or do not fit together.
    """

    def __init__(
        self,
        metadata: Path | None = None,
        *,
        threads: int = 0,
        runtime: str = "auto",
        device: str = "auto",
        reason: str = "",
    ) -> None:
        path = metadata or Path(str(resources.files("emoreport"))) / "weights" / METADATA_FILE
        facts = read_document(path, _facts, remedy=REINSTALL)
        checked_file(facts.path, facts.sha256, remedy=REINSTALL)
        self._facts = facts
        self._session = open_graph(
            facts.path, runtime=runtime, device=device, threads=threads or THREADS
        )
        inputs, outputs = self._session.inputs, self._session.outputs
        if set(inputs) != {facts.input_name} or facts.output_name not in outputs:
            raise ModelError(
                "models.graph_ends", inputs=sorted(inputs), outputs=sorted(outputs), file=facts.path
            )
        self.letters, self.language = facts.letters, facts.language
        self.frame_s, self.blanks_between = facts.frame_s, facts.blanks_between
        self.record = ModelRecord(
            name=facts.name,
            kind=KIND,
            version=facts.version,
            files={facts.path.name: facts.sha256},
            runtime=self._session.runtime,
            device=self._session.device,
            licence=facts.licence,
            reason=reason,
        )

    def log_posteriors(self, samples: FloatArray) -> FloatArray:
        """Log posteriors of every frame of a clip.

        Parameters
        ----------
        samples
            Mono, 16 kHz, float32 (n,), [-1, 1], n ≥ 1.

        Returns
        -------
        float32 (T, 1 + letters); frame t covers ``frame_s`` from ``t · frame_s`` on.

        Raises
        ------
        SpeechStageError
            When the clip is empty, not mono or not finite.
        ModelError
            When inference fails.
        """
        levels = log_mel(checked_clip(samples))[None]
        outputs = self._session.run({self._facts.input_name: levels}, [self._facts.output_name])
        table = np.asarray(outputs[self._facts.output_name], np.float32)
        if table.ndim != 3 or table.shape[2] != 1 + len(self.letters) or np.isnan(table).any():
            raise ModelError("models.output", shape=table.shape, file=self._facts.path)
        posteriors: FloatArray = table[0]
        return posteriors


def _facts(document: dict[str, Any], folder: Path) -> _Facts:
    name = str(document["file"])
    if Path(name).name != name:
        raise ValueError(f"file must be a plain name, not {name!r}")
    if document["kind"] != KIND:
        raise ValueError(f"it describes a {document['kind']} model")
    letters = str(document["letters"])
    frame_s = float(document["frame_s"])
    if not letters or len(set(letters)) != len(letters) or not 0 < frame_s < 1:
        raise ValueError(f"no letters or frames: {letters!r}, {frame_s}")
    return _Facts(
        name=str(document["name"]),
        version=str(document["version"]),
        licence=str(document["licence"]),
        path=folder / name,
        sha256=str(document["sha256"]).lower(),
        language=str(document["language"]),
        letters=letters,
        frame_s=frame_s,
        blanks_between=bool(document["blanks_between"]),
        input_name=str(document["input"]["name"]),
        output_name=str(document["output"]["name"]),
    )
