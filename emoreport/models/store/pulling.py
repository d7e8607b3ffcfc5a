"""Fetch the files of one pull into a folder where they wait until the last has arrived."""

from __future__ import annotations

from pathlib import Path

from emoreport.models.store.connection import Patience
from emoreport.models.store.download import Downloader, MissingFileError, PullProgress
from emoreport.models.store.integrity import Digests, check_file
from emoreport.models.store.sources import Plan, RemoteFile


def fetch_files(
    plan: Plan, folder: Path, incoming: Path, *, patience: Patience, progress: PullProgress
) -> dict[str, Digests]:
    """Fetch what a plan names, but nothing that is here and right.

    Parameters
    ----------
    plan
        What is wanted.
    folder
        Where files of earlier pulls are.
    incoming
        Where new ones go; it must exist.
    patience
        How long and how often the network is tried.
    progress
        Told how far each file is.

    Returns
    -------
    dict
        ``{file name: what it is}``; each is in `folder` or in `incoming`.

    Raises
    ------
    UnreachableError
        When there is no connection.
    ModelError
        When the source has not the file or has another one, or it cannot be written.
    """
    fetched = {}
    with Downloader(patience, plan.headers) as downloader:
        for group in plan.groups:
            name, digests = _already_here(group, folder, incoming) or _fetch_first(
                group, incoming, downloader, progress
            )
            fetched[name] = digests
    return fetched


def _already_here(
    group: tuple[RemoteFile, ...], folder: Path, incoming: Path
) -> tuple[str, Digests] | None:
    for remote in group:
        for path in (incoming / remote.name, folder / remote.name):
            if remote.expected.has_digest and path.is_file():
                digests, problem = check_file(path, remote.expected)
                if not problem:
                    return remote.name, digests
    return None


def _fetch_first(
    group: tuple[RemoteFile, ...], incoming: Path, downloader: Downloader, progress: PullProgress
) -> tuple[str, Digests]:
    """Fetch the first file of a group that its source has."""
    *others, last = group
    for remote in others:
        try:
            return remote.name, _fetch(remote, incoming, downloader, progress)
        except MissingFileError:
            continue
    return last.name, _fetch(last, incoming, downloader, progress)


def _fetch(
    remote: RemoteFile, incoming: Path, downloader: Downloader, progress: PullProgress
) -> Digests:
    target = incoming / remote.name
    try:
        return downloader.fetch(
            remote.url, target, remote.expected, progress=progress, remedy=remote.remedy
        )
    except MissingFileError as error:
        raise error.with_remedy(remote.remedy_if_gone) from error.__cause__
