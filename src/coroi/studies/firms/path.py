"""The path of value, revenue and earnings before and after satisfaction rises, firms and periods swept out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.bands import sup_t
from coroi.inference.estimates import unknown
from coroi.models.direction import fit_direction
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.results import Check, Result
from coroi.studies.firms.panel import FirmPanel, changes

KINDS = ("market_value", "revenue", "earnings")
EARLIER, LATER = 3, 5
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "identified", "reason")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """What firms' money does around a rise of satisfaction by one standard deviation.

    Parameters
    ----------
    rows : pandas.DataFrame
        By ``kind`` and ``horizon``: the estimate with firms and periods swept out, its interval and a band that holds
        the kind's path at once (``band_low``, ``band_high``), ``naive`` (all rows alike, nothing swept out), firms and
        rows.
    fits : dict of (str, int) to Result
        The regressions.
    """

    rows: pd.DataFrame
    fits: dict[tuple[str, int], Result]

    def row(self, kind: str, horizon: int) -> pd.Series:
        """Return one point of a path; an unidentified one where there is none."""
        found = self.rows[(self.rows["kind"] == kind) & (self.rows["horizon"] == horizon)]
        return found.iloc[0] if len(found) else pd.Series(unknown(f"{kind.replace('_', ' ')} is not in the data"))


def fit_paths(panel: FirmPanel, horizon: int, level: float) -> Paths:
    """Regress the change since the period before on satisfaction, its last value held, horizon by horizon.

    Parameters
    ----------
    panel : FirmPanel
        The firms.
    horizon : int
        A horizon that has to be among those tried.
    level : float
        Level of intervals and bands.
    """
    rows: list[pd.DataFrame] = []
    fits: dict[tuple[str, int], Result] = {}
    for kind in (k for k in KINDS if k in panel.held):
        found = {h: _fit(panel, kind, h, level) for h in horizons(horizon)}
        points = [{"kind": kind, "horizon": h} | _point(result) for h, result in found.items()]
        rows.append(_banded(pd.DataFrame(points), found, level))
        fits |= {(kind, h): result for h, result in found.items() if result is not None}
    return Paths(
        rows=pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["kind", "horizon"]), fits=fits
    )


def horizons(asked: int) -> list[int]:
    """Return the horizons of a path; the period before, −1, is where it is zero by construction."""
    return [h for h in range(-EARLIER, max(LATER, asked) + 1) if h != -1]


def fit_point(panel: FirmPanel, kind: str, horizon: int, level: float) -> pd.Series:
    """Return one point of a path, as :func:`fit_paths` does, without a band."""
    return pd.Series(_point(_fit(panel, kind, horizon, level)))


def _fit(panel: FirmPanel, kind: str, horizon: int, level: float) -> Result | None:
    frame = panel.frame[["entity", "period", "z"]].assign(
        change=changes(panel, kind, horizon), before=panel.earlier("z", 1)
    )
    if not frame.notna().all(axis=1).any():
        return None
    return fit_fixed_effects(
        frame,
        outcome="change",
        metric="z",
        controls=["before"],
        estimators=("two_way", "pooled"),
        level=level,
        keep_influence=True,
    )


def _point(result: Result | None) -> dict:
    if result is None:
        return unknown("no firm has all that is needed") | {"naive": np.nan, "firms": 0, "rows_used": 0}
    rows = result.estimates
    rows = rows[(rows["term"] == "z") & (rows["errors"] == "cluster")].set_index("estimator")
    found = rows.loc["two_way"]
    told = {c: found[c] for c in _NUMBERS}
    return told | {
        "naive": float(rows.loc["pooled", "estimate"]),
        "firms": result.n_entities,
        "rows_used": result.n_obs,
    }


def _banded(points: pd.DataFrame, found: dict[int, Result | None], level: float) -> pd.DataFrame:
    """Add the band that holds all identified points of a path at once."""
    known = points["identified"].astype(bool)
    moved = {h: found[h].influence["two_way: z"] for h in points.loc[known, "horizon"]}  # type: ignore[union-attr,index]
    critical = np.nan
    if moved:
        joint = pd.DataFrame(moved).fillna(0.0)
        g = len(joint)
        critical = sup_t((joint.T @ joint).to_numpy() * g / (g - 1), level=level, df=g - 1)
    half = critical * points["std_error"]
    return points.assign(band_low=points["estimate"] - half, band_high=points["estimate"] + half)


def check_before(paths: Paths, kind: str) -> Check:
    """Tell whether money moved before satisfaction did, which no effect of satisfaction can."""
    tested = f"whether {kind.replace('_', ' ')} moved before satisfaction did"
    rows = paths.rows[(paths.rows["kind"] == kind) & (paths.rows["horizon"] < -1)] if len(paths.rows) else paths.rows
    rows = rows[rows["identified"].astype(bool)] if len(rows) else rows
    if rows.empty:
        return Check(name="before", tested=tested, passed=None, sentence="No earlier period can be looked at.")
    inside = bool(((rows["band_low"] <= 0) & (rows["band_high"] >= 0)).all())
    word = "holds zero in every earlier period" if inside else "leaves zero out in an earlier period"
    said = f"The band around the path {word}."
    return Check(name="before", tested=tested, passed=inside, sentence=said, table=rows[["horizon", *_NUMBERS]])


def fit_arrow(panel: FirmPanel, kind: str, level: float) -> Result | None:
    """Fit which way the arrow runs between satisfaction and the log of value or revenue, or the earnings' share."""
    frame = panel.frame[["entity", "period", "z"]]
    values = panel.frame[kind].to_numpy(float)
    if kind == "earnings":
        revenue = panel.frame["revenue"].to_numpy(float)
        outcome = values / np.where(revenue > 0, revenue, np.nan)
    else:
        outcome = np.log(np.where(values > 0, values, np.nan))
    frame = frame.assign(outcome=outcome)
    if not frame.notna().all(axis=1).any():
        return None
    return fit_direction(frame, outcome="outcome", metric="z", level=level)
