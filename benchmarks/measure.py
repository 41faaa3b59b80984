"""Contenders side by side: fresh processes in alternating pairs, seconds, peak memory, and the ratio of each pair."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 20 * 2**30  # a process that holds more is ended and counts as not surviving
# of an estimate, and of its error: pyfixest takes errors from the step before its last
AGREEMENT = (1e-6, 1e-4)
IDLE_PERCENT = 5.0
_LOOK_EVERY = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took, and what it answered; `failed` says why there is no answer."""

    seconds: float = float("nan")
    peak_bytes: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Ours beside one other, pair by pair; the ratio is theirs to ours where `faster`, else ours to theirs."""

    what: str
    beside: str
    aim: str
    faster: bool
    ours: list[Run]
    theirs: list[Run]

    @property
    def ratios(self) -> list[float]:
        """One a pair."""
        both = [(o.seconds, t.seconds) for o, t in zip(self.ours, self.theirs, strict=True) if not t.failed]
        return [t / o if self.faster else o / t for o, t in both]


def time_work(work: Callable[[Path], dict[str, Any]], warm: Path, path: Path) -> None:
    """Print what `work` took, once a small trial has loaded all code; to be called in a process of its own."""
    work(warm)
    start = time.perf_counter()
    answer = work(path)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes(), "answer": answer}))


def peak_bytes() -> int:
    """Return the most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        assert found is not None
        return int(found.group(1)) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(command: Sequence[str], most_bytes: int = MOST_BYTES) -> Run:
    """Run a contender in a process of its own, and end it if it holds too much memory."""
    child = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process = psutil.Process(child.pid)
    while True:
        try:
            out, err = child.communicate(timeout=_LOOK_EVERY)
            break
        except subprocess.TimeoutExpired:
            if _held(process) > most_bytes:
                child.kill()
                child.communicate()
                return Run(failed=f"ended: it held more than {most_bytes / 2**30:.3g} GB")
    if child.returncode:
        return Run(failed=(err.strip().splitlines() or [f"ended with status {child.returncode}"])[-1])
    return Run(**json.loads(out.splitlines()[-1]))


def wait_for_idle(seconds: float) -> None:
    """Wait until the processors have little else to do, but no longer than so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and psutil.cpu_percent(interval=3) > IDLE_PERCENT:
        continue


def pairs(
    ours: Sequence[str], theirs: Sequence[str], n: int, check: Callable[[Run, Run], None], wait: float = 0.0
) -> tuple[list[Run], list[Run]]:
    """Run two contenders in turn, `n` times each; the first pair's answers are checked against each other.

    Before each pair it waits up to `wait` seconds for an idle machine. The other is run but once where it does not
    survive.
    """
    first: list[Run] = []
    second: list[Run] = []
    for _ in range(n):
        wait_for_idle(wait)
        first.append(run(ours))
        second.append(run(theirs))
        if first[-1].failed:
            raise RuntimeError(f"{' '.join(ours)}: {first[-1].failed}")
        if second[-1].failed:
            break
        if len(first) == 1:
            check(first[0], second[0])
        print(f"  {first[-1].seconds:.2f} s beside {second[-1].seconds:.2f} s", file=sys.stderr, flush=True)
    return first, second


def check_agreement(ours: Run, theirs: Run) -> None:
    """Raise unless what both name agrees, estimates to a relative 1e-6 and errors to 1e-4, and there is something."""
    common = ours.answer.keys() & theirs.answer.keys()
    if not common:
        raise AssertionError("the two have no number in common")
    for name in sorted(common):
        for mine, other, most in zip(ours.answer[name], theirs.answer[name], AGREEMENT, strict=False):
            if not abs(mine - other) <= most * abs(other):
                raise AssertionError(f"{name}: {mine!r} beside {other!r} differ by more than a relative {most}")


def markdown(rows: Iterable[Row]) -> str:
    """Lay rows out as a Markdown table: medians, and the median ratio with its least and greatest."""
    lines = ["| what | coroi | beside | seconds | ratio | aim |", "|---|---|---|---|---|---|"]
    for row in rows:
        beside = row.theirs[-1].failed or _cost(row.theirs)
        lines.append(f"| {row.what} | {_cost(row.ours)} | {row.beside} | {beside} | {_ratio(row)} | {row.aim} |")
    return "\n".join(lines)


def machine() -> str:
    """Name cores, memory and versions."""
    named = ("duckdb", "linearmodels", "numpy", "pandas", "pyfixest", "statsmodels")
    tools = ", ".join(f"{t} {version(t)}" for t in named)
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, {tools}"


def arguments(about: str | None, module: str, size: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark takes."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=about)
    parser.add_argument("--rows", type=int, default=1_000_000, help=size)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each contender, in turn")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for an idle machine before each pair")
    parser.add_argument("--out", type=Path, help="JSON file for all runs")
    return parser


def report(rows: Sequence[Row], out: Path | None) -> None:
    """Print the table, and write all runs as JSON where a file is given."""
    print(f"{machine()}\n\n{markdown(rows)}")
    if out is not None:
        words = {"machine": machine(), "rows": [asdict(row) | {"ratios": row.ratios} for row in rows]}
        out.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _cost(runs: Sequence[Run]) -> str:
    seconds = statistics.median(r.seconds for r in runs)
    return f"{seconds:.2f} s, {max(r.peak_bytes for r in runs) / 2**30:.2f} GB"


def _ratio(row: Row) -> str:
    if not row.ratios:
        return "–"
    said = "times faster" if row.faster else "times its time"
    return f"{statistics.median(row.ratios):.1f} ({min(row.ratios):.1f}–{max(row.ratios):.1f}) {said}"
