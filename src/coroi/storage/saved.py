"""A result on disk: numbers as Parquet, words as JSON, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from coroi.errors import CoroiError
from coroi.results import Check, Result, Verdict

DIGITS = 10
_FRAMES = ("estimates", "vcov", "influence")


def write_result(
    result: Result, folder: Path, *, verdict: Verdict | None = None, headline: str = "", smallest: int = 1
) -> Path:
    """Write a result to ``result.json`` and Parquet files beside it; equal inputs give equal bytes.

    Numbers are kept to ten significant digits: beyond them an engine that sums on several cores gives another
    last digit every time.

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
    smallest : int
        Fewer rows or customers than these are not counted: null is written.

    Returns
    -------
    Path
        The JSON file.
    """
    frames = {name: getattr(result, name) for name in _FRAMES}
    frames |= {f"table_{name}": frame for name, frame in result.tables.items()}
    frames |= {f"check_{c.name}": c.table for c in result.checks}
    if result.draws is not None:
        frames["draws"] = pd.DataFrame(result.draws, columns=[f"v{i}" for i in range(result.draws.shape[1])])
    kept = {name: frame for name, frame in frames.items() if frame is not None}
    write_rounded(kept, folder)
    checks = [{k: getattr(c, k) for k in ("name", "tested", "passed", "sentence")} for c in result.checks]
    words = {
        "method": result.method,
        "estimand": result.estimand,
        "spec": _without_nan(result.spec),
        "n_obs": None if 0 < result.n_obs < smallest else int(result.n_obs),
        "n_entities": None if 0 < result.n_entities < smallest else int(result.n_entities),
        "checks": checks,
        "frames": sorted(kept),
        "verdict": None if verdict is None else _without_nan(asdict(verdict)),
        "headline": headline,
    }
    path = folder / "result.json"
    path.write_text(json.dumps(words, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    return path


def write_rounded(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write data frames to ``folder/<name>.parquet``, numbers kept as :func:`write_result` keeps them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        _rounded(frame).to_parquet(folder / f"{name}.parquet", compression="zstd")


def _without_nan(values: Mapping[str, object]) -> dict[str, object]:
    """Write what is not a number as null, since JSON knows no NaN."""
    return {k: None if isinstance(v, float) and v != v else v for k, v in values.items()}


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    floats = frame.select_dtypes("float")
    return frame.assign(**{str(c): _significant(floats[c].to_numpy()) for c in floats.columns})


def _significant(values: np.ndarray) -> np.ndarray:
    usual = np.isfinite(values) & (values != 0)
    places = DIGITS - 1 - np.floor(np.log10(np.abs(np.where(usual, values, 1.0))))
    scale = 10.0 ** np.clip(places, -300, 300)
    return np.where(usual, np.round(values * scale) / scale, values)


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
