"""Lock a model for one process at a time; a killed process leaves nothing locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from emoreport.atomic import make_store_folder, store_error

LOCKS: Final = ".locks"


@contextmanager
def exclusive(root: Path, name: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of one model of a store.

    Parameters
    ----------
    root
        The store's folder.
    name
        The model's name.
    waiting
        Called once if another process holds the lock.

    Raises
    ------
    ModelError
        When the lock's file cannot be made.
    """
    from filelock import FileLock, Timeout

    folder = root / LOCKS
    make_store_folder(folder)
    path = folder / f"{name.replace('/', '--')}.lock"
    # The operating system drops the lock with its process, whatever became of that.
    lock = FileLock(path)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(poll_interval=0.2)
    except OSError as error:
        raise store_error(error, path) from error
    try:
        yield
    finally:
        lock.release()
