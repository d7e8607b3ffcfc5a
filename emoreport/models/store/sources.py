"""Plan a pull: the addresses of a model's files, and what is expected from each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from emoreport.errors import ModelError, remedy
from emoreport.messages import Phrase
from emoreport.models.store.connection import Patience
from emoreport.models.store.integrity import Expected
from emoreport.models.store.lockfile import PullRecord, expected_file
from emoreport.models.store.registry import ModelEntry, ModelFile

TAMPERED: Final = remedy("tampered")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to fetch.

    Attributes
    ----------
    name
        Its name in the store.
    url
        Its address.
    expected
        What it must be.
    remedy
        What helps if something else arrives.
    remedy_if_gone
        What helps if it is not there any more; None where nothing special does.
    """

    name: str
    url: str
    expected: Expected
    remedy: Phrase
    remedy_if_gone: Phrase | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull fetches.

    Attributes
    ----------
    revision
        Commit or version of the files.
    host
        Scheme and host of the addresses.
    groups
        One tuple for each file that is needed: the file, then its alternatives where
        the source has it not.
    headers
        For the first host only, such as the user's token.
    """

    revision: str
    host: str
    groups: tuple[tuple[RemoteFile, ...], ...]
    headers: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    model: ModelEntry, record: PullRecord | None, *, mirror: str, patience: Patience
) -> Plan:
    """Find out where the files of a model are to come from.

    Parameters
    ----------
    model
        A model that is not part of the package.
    record
        The earlier pull that this one is held to; None if there is none.
    mirror
        Address in place of the source's scheme and host; "" for the source itself.
    patience
        How long a hub may take to answer.

    Raises
    ------
    UnreachableError
        When a hub has to be asked and cannot be.
    ModelError
        When the hub has not what the registry names.
    """
    base = mirror or model.source.base
    if model.source.kind == "huggingface":
        return _hub_plan(model, record, base, mirror=mirror, patience=patience)
    held = not all(file.has_digest for file in model.files) and record is not None
    helps = remedy("source_changed", model=model.name) if held else TAMPERED
    prefix = [model.source.repository, model.source.revision]
    parts = prefix if model.source.kind == "github" else prefix[:1]
    groups = tuple(
        tuple(
            RemoteFile(
                file.name,
                _address(base, *parts, file.path),
                expected_file(file, None if file.is_settled else record),
                helps,
            )
            for file in group
        )
        for group in model.file_groups
    )
    return Plan(model.source.revision, _host(base), groups)


def _hub_plan(
    model: ModelEntry, record: PullRecord | None, base: str, *, mirror: str, patience: Patience
) -> Plan:
    from emoreport.models.store.hub import hub_headers, list_repository

    source = model.source
    offered_files: Mapping[str, Expected] | None = None
    revision, helps, changed = source.revision, TAMPERED, None
    if record is not None:
        revision = record.revision
        helps = changed = remedy("source_changed", model=model.name)
    else:
        listing = list_repository(
            source.repository, revision, endpoint=base, is_mirror=bool(mirror), patience=patience
        )
        if listing is not None:
            offered_files = listing.files
            revision = revision if model.pinned else listing.revision

    def remote(file: ModelFile) -> RemoteFile:
        expected = (
            expected_file(file, record) if offered_files is None else offered_files[file.path]
        )
        address = _address(base, source.repository, "resolve", revision, file.path)
        return RemoteFile(file.name, address, expected, helps, changed)

    groups = []
    for group in model.file_groups:
        offered = [file for file in group if offered_files is None or file.path in offered_files]
        recorded = [file for file in offered if record and file.name in record.files]
        if not offered:
            raise ModelError(
                "net.layout",
                repository=source.repository,
                path=group[0].path,
                revision=revision,
                file=base,
            )
        groups.append(tuple(remote(file) for file in recorded or offered))
    headers = {} if mirror else hub_headers()
    return Plan(revision, _host(base), tuple(groups), headers)


def _address(base: str, *parts: str) -> str:
    return "/".join([base, *(quote(part) for part in parts)])


def _host(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
