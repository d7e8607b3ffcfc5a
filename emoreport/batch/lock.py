"""Lock an output folder for one batch at a time; a killed batch leaves nothing locked."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from emoreport.atomic import output_error, write_file
from emoreport.errors import OutputError, SettingsError
from emoreport.messages import Phrase
from emoreport.run.record import now

WORKING_FOLDER: Final = ".batch"
"""Hidden folder inside the output folder: lock and rows of the long table."""
LOCK_FILE: Final = "lock"
HOLDER_NAME: Final = "holder"
HOLDER_SUFFIX: Final = ".json"
HOLDER_FILE: Final = HOLDER_NAME + HOLDER_SUFFIX
LOOK_S: Final = 10.0
"""A part waits so long for others that only look whether the folder is free."""


@contextmanager
def only_batch(out: Path, part: str = "") -> Iterator[None]:
    """Hold an output folder for one batch, or for one part of it beside the others.

    Parameters
    ----------
    out
        The output folder.
    part
        Suffix of the part's own files; empty for a batch that wants the folder for itself.

    Raises
    ------
    SettingsError
        When another batch writes into it; names that one's process, computer and start.
    OutputError
        When the lock cannot be made.
    """
    from filelock import FileLock, Timeout

    folder = out / WORKING_FOLDER
    held = ExitStack()
    own = f"{HOLDER_NAME}{part}{HOLDER_SUFFIX}"
    name = own
    try:
        refuse_link(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # The operating system drops the lock with its process, whatever became of that.
        held.enter_context(FileLock(folder / f"{LOCK_FILE}{part}").acquire(timeout=0))
        if part:
            # Each first takes its own lock, then looks at the others': no two of them can miss
            # each other. Another part may be looking, too.
            name = HOLDER_FILE
            FileLock(folder / LOCK_FILE).acquire(timeout=LOOK_S).lock.release()
        else:
            for part_lock in sorted(folder.glob(f"{LOCK_FILE}-*")):
                name = part_lock.name.replace(LOCK_FILE, HOLDER_NAME) + HOLDER_SUFFIX
                held.enter_context(FileLock(part_lock).acquire(timeout=0))
    except Timeout as error:
        held.close()
        raise SettingsError("batch.busy", holder=_holder(folder / name), file=out) from error
    except OSError as error:
        held.close()
        raise output_error(error, folder) from error
    with held:
        try:
            _tell(folder / own)
            yield
        finally:
            with suppress(OSError):
                (folder / own).unlink()


def refuse_link(path: Path) -> None:
    """Raise OutputError where there is a symbolic link: a batch writes into its own folder only."""
    if path.is_symlink():
        raise OutputError("batch.link", file=path)


def _tell(path: Path) -> None:
    """Leave word for others who want the folder."""
    facts = {"process": os.getpid(), "computer": socket.gethostname(), "since": now()}
    with suppress(OutputError):  # the lock holds without it
        write_file(path, json.dumps(facts).encode())


def _holder(path: Path) -> str:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        values = {name: facts[name] for name in ("process", "computer", "since")}
        return str(Phrase("errors.batch.holder", values))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return str(Phrase("errors.batch.unknown_holder"))
