"""Take out of an executed notebook what differs between two machines or two runs: paths, timings, addresses."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from coroi.studies import bundled

_ABSOLUTE = re.compile(
    r"(?<![\w:/.<>~])(?:[A-Za-z]:[\\/]|/)(?:[^\s'\"<>|:*?\\/]+[\\/])+(?P<name>[^\s'\"<>|:*?\\/,;)]*)"
)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
_CELL_METADATA = ("papermill", "execution", "ExecuteTime")
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def without_paths(message: str) -> str:
    """Cut every absolute path in a message down to its last part."""
    return _ABSOLUTE.sub(lambda found: found["name"] or "a folder", message)


def tidy_notebook(notebook: Any, folders: Iterable[Path] = ()) -> Any:
    """Return the notebook such that equal inputs give equal bytes, without a machine's paths in it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook; it is changed in place.
    folders : iterable of pathlib.Path
        Folders of this machine whose names must not stay in any output.

    Notes
    -----
    Images are left alone. A traceback goes, its exception's name and message stay.
    """
    roots = _roots(folders)
    notebook.metadata = type(notebook.metadata)(
        {k: v for k, v in notebook.metadata.items() if k not in ("papermill", "widgets")}
    )
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    for position, cell in enumerate(notebook.cells):
        for key in _CELL_METADATA:
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"
        cell.setdefault("id", f"cell-{position}")
        for output in cell.get("outputs", ()):
            _tidy_output(output, roots)
    return notebook


def _roots(folders: Iterable[Path]) -> re.Pattern[str]:
    root = bundled.checkout()
    known = (Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()), bundled.PACKAGE.parent)
    machine = [*known, *([root] if root else []), *folders]
    names = {form for folder in machine for form in (str(folder), str(folder.resolve())) if len(form) > 1}
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
    return re.compile(rf"(?<![\w+/=-])(?:{longest_first})(?P<slash>[\\/]|(?![\w+=-]))")


def _tidy_output(output: Any, roots: re.Pattern[str]) -> None:
    if output.output_type == "stream":
        output["text"] = _tidy_text(output["text"], roots)
    elif output.output_type == "error":
        output["traceback"] = []
        output["evalue"] = without_paths(_tidy_text(output["evalue"], roots))
    else:
        for kind, content in output.data.items():
            if kind.startswith("text/"):
                output.data[kind] = _tidy_text(content, roots)


def _tidy_text(text: str | Sequence[str], roots: re.Pattern[str]) -> str:
    joined = text if isinstance(text, str) else "".join(text)
    return _ADDRESS.sub("", roots.sub("", joined))
