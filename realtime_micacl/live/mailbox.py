"""A one-slot mailbox between two threads: the newest item wins."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Hands items from one writer thread to one reader thread, newest first.

    Writing never blocks: an unread item is replaced. Any thread may `peek`.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._item: T | None = None
        self._unread = False
        self._closed = False

    def put(self, item: T) -> T | None:
        """Offer `item` in place of an unread one, and return that; after `close` do nothing."""
        with self._changed:
            if self._closed:
                return None
            replaced = self._item if self._unread else None
            self._item, self._unread = item, True
            self._changed.notify()
            return replaced

    def peek(self) -> T | None:
        """Return the newest item and leave it unread; None before the first."""
        return self._item

    def close(self) -> None:
        """Let the reader finish: nothing follows the item that is still unread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def read(self, timeout_s: float) -> Iterator[T | None]:
        """Yield each unread item, or None whenever `timeout_s` passed without one; end when closed and read out."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unread or self._closed, timeout_s)
                if self._closed and not self._unread:
                    return
                item = self._item if self._unread else None
                self._unread = False
            yield item
