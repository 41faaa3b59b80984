"""Does customer obsession pay here, how much, when, and how sure are we?"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "open_inputs": "coroi.studies.inputs",
    "run_study": "coroi.studies.runner",
    "run_plan": "coroi.studies.runner",
    "read_plan": "coroi.studies.plan",
    "simulate_company": "coroi.company",
    "write_company": "coroi.company",
    "Result": "coroi.results",
    "Check": "coroi.results",
    "Verdict": "coroi.results",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 (names of the mapping above)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'coroi' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
