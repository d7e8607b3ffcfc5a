"""A bounded queue between two threads that also counts bytes and passes on failures."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

WAIT_S: Final = 0.2
"""Longest wait in one piece, so that an interrupt is noticed on every platform."""


class CancelledError(Exception):
    """The other side of a channel has gone; the thread that meets this ends quietly."""


class Channel(Generic[Item]):
    """First in, first out; a full channel makes the writer wait, an empty one the reader.

    Parameters
    ----------
    max_items
        Items that may wait in the channel.
    max_bytes
        Bytes, as the writer counts them, that may wait in it; a single heavier item still passes
        when the channel is empty.
    """

    def __init__(self, *, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._cancelled = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, item: Item, size_bytes: int) -> None:
        """Append `item`, waiting for room; raise CancelledError when the reader has gone."""
        with self._changed:
            while not self._cancelled and not self._has_room(size_bytes):
                self._changed.wait(WAIT_S)
            if self._cancelled:
                raise CancelledError
            self._items.append((item, size_bytes))
            self._bytes += size_bytes
            self._changed.notify_all()

    def get(self) -> Item | None:
        """Next item, waiting for it; None at the end.

        Raises
        ------
        BaseException
            What the writer handed to `fail`, ahead of any item that still waits.
        CancelledError
            When the channel was cancelled.
        """
        with self._changed:
            while True:
                if self._failure is not None:
                    raise self._failure
                if self._cancelled:
                    raise CancelledError
                if self._items:
                    item, size_bytes = self._items.popleft()
                    self._bytes -= size_bytes
                    self._changed.notify_all()
                    return item
                if self._closed:
                    return None
                self._changed.wait(WAIT_S)

    def close(self) -> None:
        """Say that no item follows."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Make the reader raise `error` at once."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def cancel(self) -> None:
        """Say that nobody reads any more; waiting items are dropped."""
        with self._changed:
            self._cancelled = True
            self._items.clear()
            self._bytes = 0
            self._changed.notify_all()

    def _has_room(self, size_bytes: int) -> bool:
        if not self._items:
            return True
        return len(self._items) < self._max_items and self._bytes + size_bytes <= self._max_bytes
