"""The models that emoreport knows by name: where their files come from and what they give.

The registry itself is data: registry.toml beside this module.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from emoreport.errors import SettingsError

if TYPE_CHECKING:
    from emoreport.records import ModelRecord

EntryKind = Literal["face", "voice", "detector", "words", "text", "people"]
SourceKind = Literal["package", "github", "huggingface", "https"]
REGISTRY_FILE: Final = "registry.toml"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    r"""One file of a model.

    Attributes
    ----------
    name
        Name under which the store keeps it; a plain file name.
    path
        Its path in its source.
    size_bytes, sha256, git_blob, md5
        What is known of its content beforehand; None where nothing is. `git_blob` is git's own
        object id: the SHA-1 of ``blob <size>\0`` and the content. `md5` is for a publisher who
        states nothing better.
    alternative_to
        Name of a file that makes this one unnecessary; "" where the file is always needed.
    """

    name: str
    path: str
    size_bytes: int | None = None
    sha256: str | None = None
    git_blob: str | None = None
    md5: str | None = None
    alternative_to: str = ""

    @property
    def has_digest(self) -> bool:
        """Whether its content is known beforehand."""
        return self.is_settled or self.md5 is not None

    @property
    def is_settled(self) -> bool:
        """Whether nobody can make another file with the digest that is known beforehand."""
        return self.sha256 is not None or self.git_blob is not None


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where the files come from.

    `base` is the scheme and host, `repository` is ``owner/name`` (or a path), `revision` a full
    commit id or, where none can be known beforehand, the name of a branch.
    """

    kind: SourceKind
    base: str = ""
    repository: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the registry.

    Attributes
    ----------
    name
        As ``--face`` and ``--speech`` take it.
    family
        What opens it: a key of `emoreport.models.families.OPENERS`.
    kind
        ``face``, ``voice``, ``text``, ``detector``, ``words`` (a speech recogniser) or
        ``people`` (a recogniser of faces).
    summary
        One line for lists.
    input
        What it wants to see or hear, one phrase.
    size_mb
        Size of the files in MB (10^6 bytes) as their publisher or its pages give it, where the
        exact one is not known beforehand; None where nobody says.
    source, files
        Where it comes from.
    labels
        Class names of the output columns, in their order, in this program's vocabulary; empty
        for detectors and recognisers.
    details
        What only adapters of this family read (input size, normalisation, …).
    code_licence, weights_licence, data_terms
        Terms of use, one phrase each.
    citation
        Publication to cite.
    extra
        Optional part of emoreport that must be installed to run it; "" for none.
    card
        Path of its card below docs/models.
    weakness
        What it is known to be bad at: a key of the words ``cli.models.weakness``.
    """

    name: str
    family: str
    kind: EntryKind
    summary: str
    source: ModelSource
    files: tuple[ModelFile, ...]
    labels: tuple[str, ...]
    code_licence: str
    weights_licence: str
    data_terms: str
    citation: str
    card: str
    input: str = ""
    size_mb: float | None = None
    extra: str = ""
    weakness: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pinned(self) -> bool:
        """Whether `source.revision` names one content for good, as a branch does not."""
        return self.source.kind != "huggingface" or bool(_COMMIT.fullmatch(self.source.revision))

    @property
    def file_groups(self) -> tuple[tuple[ModelFile, ...], ...]:
        """The files that are needed, each followed by its alternatives."""
        return tuple(
            (
                file,
                *(
                    alternative
                    for alternative in self.files
                    if alternative.alternative_to == file.name
                ),
            )
            for file in self.files
            if not file.alternative_to
        )


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model on this machine: pulled and checked, part of the package, or a local folder.

    Attributes
    ----------
    registered
        What the registry says of it; None for a local folder.
    name
        Name for run.json.
    folder
        Where the files are.
    files
        ``{file name: SHA-256}``; empty where the opener of the family checks them.
    revision
        Commit or version that the files are of; "" for a local folder.
    """

    registered: ModelEntry | None
    name: str
    folder: Path
    files: Mapping[str, str]
    revision: str = ""


@cache
def registry() -> Mapping[str, ModelEntry]:
    """Every model by ``name``, in the order of the file; compact models as ``compact-face`` etc."""
    text = resources.files(__package__).joinpath(REGISTRY_FILE).read_text(encoding="utf-8")
    document = tomllib.loads(text)
    families = document["family"]
    models = (_model(own, families.get(own["family"], {})) for own in document["model"])
    return {model.name: model for model in models}


def known_names(kind: EntryKind, *, extra: str | None = None) -> list[str]:
    """Names that help and messages give for the models of one kind.

    Parameters
    ----------
    kind
        What they judge.
    extra
        Only those that need this optional part; None leaves it open.

    Returns
    -------
    As `shown_names`; models that come with the package are left out.
    """
    return shown_names(
        model
        for model in registry().values()
        if model.kind == kind and model.source.kind != "package" and extra in {None, model.extra}
    )


def shown_names(models: Iterable[ModelEntry]) -> list[str]:
    """Names of models in brief: plain ones first, ``prefix/<name>`` for several of one prefix."""
    names = [model.name for model in models]
    several = Counter(name.partition("/")[0] for name in names if "/" in name)
    short = [
        f"{prefix}/<name>" if slash and several[prefix] > 1 else prefix + slash + rest
        for prefix, slash, rest in (name.partition("/") for name in names)
    ]
    return list(dict.fromkeys(sorted(short, key=lambda name: "/" in name)))


def weakness_of(model: ModelRecord) -> str:
    """What a model that ran is known to be bad at, as `ModelEntry.weakness`; "" if unknown."""
    # What is in brackets behind the name of a model says how it was run.
    name = model.name.partition(" (")[0]
    entries = registry()
    entry = entries.get(name) or entries.get(f"{name}-{model.kind}")
    return "" if entry is None else entry.weakness


def find_entry(name: str) -> ModelEntry:
    """Registry entry of a model.

    Raises
    ------
    SettingsError
        When there is no model of this name.
    """
    try:
        return registry()[name]
    except KeyError:
        raise SettingsError("models.unknown", name=name) from None


def _model(own: Mapping[str, Any], family: Mapping[str, Any]) -> ModelEntry:
    """A registry entry: the model's own facts, and for the rest those of its family."""
    facts = {**family, **own}
    for part in ("source", "details"):
        facts[part] = {**family.get(part, {}), **own.get(part, {})}
    files = tuple(ModelFile(**file) for file in facts.pop("file"))
    source = ModelSource(**facts.pop("source"))
    return ModelEntry(**{**facts, "labels": tuple(facts["labels"])}, source=source, files=files)
