"""Interrupts that are not lost: one that a library swallows is raised again at the next chance."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def heed(self) -> None:
        """Stop if somebody asked to, though nothing has stopped yet.

        Raises
        ------
        KeyboardInterrupt
        """
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Remember interrupts as they come, and raise at the end one that was swallowed on the way.

    Notes
    -----
    An interrupt may arrive inside a callback or a destructor, where Python prints the exception and goes on; and a
    client of kernels that ended badly may have left a handler that does nothing. Handlers can only be set in the main
    thread: elsewhere none arrive, and nothing is remembered. Who ignores interrupts, as after `nohup`, goes on to.
    """
    told = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before == signal.SIG_IGN:
        yield told
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        told.asked = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)
    told.heed()
