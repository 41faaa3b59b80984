"""What several rooms' tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real data and published answers; tests that need it skip where it is not."""
    folder = Path(os.environ.get("COROI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"COROI_SHARED: there is no folder '{folder}' with data and oracles")
    return folder
