"""Small models that come with the package and read neither faces nor voices: letters, text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Unpack

from emoreport.errors import ModelError
from emoreport.models.families import Placement
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.integrity import checked_file
from emoreport.models.store.model_metadata import REINSTALL, read_document
from emoreport.records import ModelRecord

THREADS: Final = 1
"""These networks are small."""


@dataclass(frozen=True, slots=True)
class ShippedFacts:
    """What the metadata of such a model say.

    Attributes
    ----------
    name, kind, version, licence
        As in run.json.
    path, sha256
        The graph and its digest.
    language
        ISO 639-1 code.
    document
        The rest.
    """

    name: str
    kind: str
    version: str
    licence: str
    path: Path
    sha256: str
    language: str
    document: Mapping[str, Any]


def read_shipped(metadata: Path | None, file: str, kind: str) -> ShippedFacts:
    """Read and check metadata and digest of a model.

    Parameters
    ----------
    metadata
        The JSON file; None for that of the package.
    file
        Its name in the package.
    kind
        What it must describe.

    Raises
    ------
    ModelError
        When the files are missing or are not those described.
    """

    def facts(document: dict[str, Any], folder: Path) -> ShippedFacts:
        name = str(document["file"])
        if Path(name).name != name:
            raise ValueError(f"file must be a plain name, not {name!r}")
        if document["kind"] != kind:
            raise ValueError(f"it describes a {document['kind']} model")
        texts = {key: str(document[key]) for key in ("name", "version", "licence", "language")}
        digest = str(document["sha256"]).lower()
        return ShippedFacts(
            kind=kind, path=folder / name, sha256=digest, document=document, **texts
        )

    own = Path(str(resources.files("emoreport"))) / "weights" / file
    found = read_document(metadata or own, facts, remedy=REINSTALL)
    checked_file(found.path, found.sha256, remedy=REINSTALL)
    return found


class ShippedModel:
    """What such models share: checked files, an open graph, and the record of both.

    Parameters
    ----------
    facts
        From `read_shipped`.
    inputs, output
        Tensors that the graph must have: all inputs, and an output among others.
    labels
        Class names, where it has some.
    running
        As for an `Opener`; `THREADS` where it asks for none.

    Raises
    ------
    ModelError
        When the graph cannot be loaded or has other inputs and outputs.
    """

    def __init__(
        self,
        facts: ShippedFacts,
        inputs: set[str],
        output: str,
        *,
        labels: tuple[str, ...] = (),
        **running: Unpack[Placement],
    ) -> None:
        self._facts = facts
        self._session = open_graph(
            facts.path,
            runtime=running.get("runtime", "auto"),
            device=running.get("device", "auto"),
            threads=running.get("threads", 0) or THREADS,
        )
        if set(self._session.inputs) != inputs or output not in self._session.outputs:
            raise ModelError(
                "models.graph_ends",
                inputs=sorted(self._session.inputs),
                outputs=sorted(self._session.outputs),
                file=facts.path,
            )
        self.language = facts.language
        self.record = ModelRecord(
            name=facts.name,
            kind=facts.kind,
            version=facts.version,
            labels=labels,
            files={facts.path.name: facts.sha256},
            runtime=self._session.runtime,
            device=self._session.device,
            licence=facts.licence,
            reason=running.get("reason", ""),
        )
