"""A result on disk: numbers as Parquet, words as JSON, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from coroi.errors import CoroiError
from coroi.results import Check, Result, Verdict

_FRAMES = ("estimates", "vcov", "influence")


def write_result(result: Result, folder: Path, *, verdict: Verdict | None = None, headline: str = "") -> Path:
    """Write a result to ``result.json`` and Parquet files beside it; equal results give equal bytes.

    Parameters
    ----------
    result : Result
        What to keep.
    folder : Path
        Made if it is not there.
    verdict : Verdict or None
        Kept beside the result.
    headline : str
        The page's first sentence, kept for the index.

    Returns
    -------
    Path
        The JSON file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames = {name: getattr(result, name) for name in _FRAMES}
    frames |= {f"table_{name}": frame for name, frame in result.tables.items()}
    frames |= {f"check_{c.name}": c.table for c in result.checks}
    if result.draws is not None:
        frames["draws"] = pd.DataFrame(result.draws, columns=[f"v{i}" for i in range(result.draws.shape[1])])
    kept = {name: frame for name, frame in frames.items() if frame is not None}
    for name, frame in kept.items():
        frame.to_parquet(folder / f"{name}.parquet", compression="zstd")
    checks = [{k: getattr(c, k) for k in ("name", "tested", "passed", "sentence")} for c in result.checks]
    words = {
        "method": result.method,
        "estimand": result.estimand,
        "spec": dict(result.spec),
        "n_obs": int(result.n_obs),
        "n_entities": int(result.n_entities),
        "checks": checks,
        "frames": sorted(kept),
        "verdict": None if verdict is None else asdict(verdict),
        "headline": headline,
    }
    path = folder / "result.json"
    path.write_text(json.dumps(words, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    return path


def read_result(folder: Path) -> Result:
    """Read a result that :func:`write_result` wrote.

    Raises
    ------
    CoroiError
        If the folder holds none.
    """
    path = folder / "result.json"
    if not path.is_file():
        raise CoroiError(f"{folder}: there is no result.json here.")
    words: Mapping = json.loads(path.read_text(encoding="utf-8"))
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in words["frames"]}
    checks = tuple(Check(**c, table=frames.get(f"check_{c['name']}")) for c in words["checks"])
    draws = frames.get("draws")
    return Result(
        method=words["method"],
        estimand=words["estimand"],
        spec=words["spec"],
        estimates=frames["estimates"],
        vcov=frames.get("vcov"),
        influence=frames.get("influence"),
        draws=None if draws is None else draws.to_numpy(),
        n_obs=words["n_obs"],
        n_entities=words["n_entities"],
        checks=checks,
        tables={n.removeprefix("table_"): f for n, f in frames.items() if n.startswith("table_")},
    )
