"""Where the notebooks and the sample are: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from coroi.errors import CoroiError

PACKAGE = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """Return the checkout that the package is imported from, or None where it was installed from a wheel."""
    root = PACKAGE.parents[1]
    return root if PACKAGE.parent.name == "src" and (root / "pyproject.toml").is_file() else None


def notebooks_folder() -> Path:
    """Return the folder of the studies' notebooks."""
    return _folder("notebooks", "notebooks")


def sample_folder() -> Path:
    """Return the folder of the sample company and its ``plan.yaml``."""
    return _folder("sample", "data/sample")


def _folder(bundled: str, in_checkout: str) -> Path:
    root = checkout()
    folder = PACKAGE / "_bundled" / bundled if root is None else root / in_checkout
    if not folder.is_dir():
        raise CoroiError(f"The {bundled} that belong to coroi are not where they should be. Install coroi again.")
    return folder
