"""Ask the Hugging Face hub which commit a revision names and which files it has."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emoreport.errors import ModelError
from emoreport.models.store.connection import (
    Patience,
    TryAgain,
    UnreachableError,
    persist,
    require_reachable,
)
from emoreport.models.store.integrity import Expected

INSTALL: Final = "install_full"
_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository at one commit.

    Attributes
    ----------
    revision
        Full commit id.
    files
        ``{path: what the file must be}``: SHA-256 for those in large-file storage, git blob id
        for the others.
    """

    revision: str
    files: Mapping[str, Expected]


def list_repository(
    repository: str, revision: str, *, endpoint: str, is_mirror: bool, patience: Patience
) -> Listing | None:
    """Ask a hub what a revision of a model repository holds.

    Parameters
    ----------
    repository
        ``owner/name``.
    revision
        Branch, tag or commit.
    endpoint
        Scheme and host of the hub.
    is_mirror
        The endpoint is a mirror: it gets no token of the user's, and it may have no such service.
    patience
        How long and how often it is asked.

    Returns
    -------
    Listing or None
        None where a mirror has no such service.

    Raises
    ------
    UnreachableError
        When there is no connection.
    ModelError
        When `huggingface_hub` is not installed, or the hub refuses.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ModelError("net.no_hub", remedy=INSTALL, file=repository)
    # First, for the import takes its time.
    require_reachable(endpoint, patience)
    return persist(lambda: _ask(repository, revision, endpoint, is_mirror, patience), patience)


def hub_headers() -> dict[str, str]:
    """Headers that show the hub who asks: the user's token if there is one, else nothing."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return {}
    from huggingface_hub import get_token

    token = get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _ask(
    repository: str, revision: str, endpoint: str, is_mirror: bool, patience: Patience
) -> Listing | None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=endpoint, token=False if is_mirror else None, library_name="emoreport")
    try:
        answer = api.model_info(
            repository, revision=revision, files_metadata=True, timeout=patience.read_s
        )
        return _listing(answer)
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status == 404 and is_mirror:
            return None
        refusal = _refusal(repository, revision, endpoint, status)
        if status >= 500 or status in _LATER:
            raise TryAgain(refusal) from error
        raise refusal from error
    except (ValueError, KeyError, TypeError) as error:
        if is_mirror:
            return None
        raise ModelError(
            "net.hub_description", repository=repository, error=error, file=endpoint
        ) from error
    # The HTTP library below has changed its name between releases, and with it its errors.
    except Exception as error:
        raise TryAgain(
            UnreachableError(
                "net.hub_silent", name=type(error).__name__, error=error, file=endpoint
            )
        ) from error


def _listing(answer: Any) -> Listing:  # noqa: ANN401 - the hub's own type, lazily imported
    files = {}
    for sibling in answer.siblings or ():
        stored = sibling.lfs
        files[sibling.rfilename] = (
            Expected(sibling.size, git_blob=sibling.blob_id)
            if stored is None
            else Expected(stored.size, sha256=stored.sha256)
        )
    if not answer.sha:
        raise ValueError("it names no commit")
    return Listing(answer.sha, files)


def _refusal(repository: str, revision: str, endpoint: str, status: int) -> ModelError:
    page = f"{endpoint}/{repository}"
    if status in {401, 403}:
        return ModelError(
            "net.hub_closed", repository=repository, status=status, page=page, file=endpoint
        )
    if status == 404:
        return ModelError(
            "net.hub_missing", repository=repository, revision=revision, file=endpoint
        )
    return ModelError("net.hub_answered", status=status, file=endpoint)
