"""The engine that all contenders of one process share."""

from __future__ import annotations

from functools import cache
from typing import Any

MEMORY = "3GB"  # for the engine: Python and its libraries come on top, and a process is to hold 4 GB at most


@cache
def session() -> Any:
    """Open the engine once: contenders are compared in a session that is under way, within a limit of memory."""
    from coroi import storage
    from coroi.sources import Engine

    return storage.connect(Engine(memory_limit=MEMORY))
