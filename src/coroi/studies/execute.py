"""Execute one notebook in a kernel of this interpreter, and say how it ended from the exception alone."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets import Dict
from traitlets.config import Config

from coroi import errors
from coroi.studies.interrupts import Interrupts, interrupts
from coroi.studies.tidy import KERNELSPEC, without_paths

Status = Literal["ok", "failed", "timeout", "kernel-died", "interrupted", "skipped"]

_KERNEL_START_SECONDS = 120
_QUIET = {
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore::DeprecationWarning,ignore::PendingDeprecationWarning,ignore::FutureWarning",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_OURS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.CoroiError)}


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """How a notebook ended: a status, a message where it is not ok, and the notebook as far as it came."""

    status: Status
    message: str
    notebook: nbformat.NotebookNode | None


class StudyKernel(AsyncKernelManager):
    """A kernel that runs this very interpreter, whichever kernels are registered on the machine."""

    environment = Dict(help="variables added to the kernel's environment").tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe how the kernel is started."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            env={name: value.replace("$", "$$") for name, value in self.environment.items()},
            **{key: KERNELSPEC[key] for key in ("display_name", "language")},
        )


def execute_notebook(
    notebook: Path,
    parameters: Mapping[str, object],
    *,
    scratch: Path,
    environment: Mapping[str, str],
    timeout: float | None = None,
) -> Execution:
    """Execute a notebook through Papermill.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook; it is not changed.
    parameters : Mapping
        Values of its parameters, checked before.
    scratch : pathlib.Path
        Empty folder of this run: the kernel works there, and what it leaves when it is killed goes with it.
    environment : Mapping of str to str
        Variables for the kernel.
    timeout : float, optional
        Seconds after which the notebook is stopped; none by default.

    Notes
    -----
    The status comes from the exception: a notebook saved after its kernel died calls its cells completed.
    """
    saved, work = scratch / "notebook.ipynb", scratch / "work"
    work.mkdir()
    (scratch / "tmp").mkdir()
    with interrupts() as told:
        status, message = _status_of(
            lambda: papermill.execute_notebook(
                str(notebook.resolve()),
                str(saved),
                dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(work),
                start_timeout=_KERNEL_START_SECONDS,
                kernel_manager_class=StudyKernel,
                config=_kernel_config(scratch, environment),
                shutdown_kernel="immediate",
                record_timing=False,
                timeout_func=_before_each_cell(told, timeout),
            ),
            timeout,
        )
    return Execution(status, message, nbformat.read(saved, as_version=4) if saved.exists() else None)


def _kernel_config(scratch: Path, environment: Mapping[str, str]) -> Config:
    own = {"IPYTHONDIR": str(scratch / "ipython"), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch / "tmp"))}
    settings: dict[str, object] = {
        "connection_file": str(scratch / "kernel.json"),
        "environment": {**_QUIET, **own, **environment},
    }
    if os.name == "posix":
        settings["transport"] = "ipc"
    return Config({"StudyKernel": settings})


def _before_each_cell(told: Interrupts, timeout: float | None) -> Callable[[Any], float | None]:
    """Return what is asked before each cell: whether to stop, and how many seconds it has."""
    started = time.monotonic()

    def left(_cell: Any) -> float | None:
        told.heed()
        return None if timeout is None else max(0.05, started + timeout - time.monotonic())

    return left


def _status_of(run: Callable[[], object], timeout: float | None) -> tuple[Status, str]:
    try:
        with _quietly():
            run()
    except CellTimeoutError:
        return "timeout", f"It did not finish within {timeout:g} seconds (--timeout)."
    except DeadKernelError:
        return "kernel-died", "Its process died while it ran; the machine may have run out of memory."
    except PapermillExecutionError as failure:
        return "failed", _sentence(failure.ename, failure.evalue)
    except RuntimeError as failure:
        return "kernel-died", f"Its process did not start: {without_paths(str(failure))}"
    return "ok", ""


def _sentence(name: str, message: str) -> str:
    message = without_paths(message)
    return message if name in _OURS else f"{name}: {message}".removesuffix(": ")


@contextmanager
def _quietly() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("papermill", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
