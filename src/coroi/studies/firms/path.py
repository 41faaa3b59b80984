"""The path of value, revenue and earnings before and after satisfaction rises, firms and periods swept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.estimates import unknown
from coroi.models.direction import fit_direction
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.models.held_paths import fit_held_paths
from coroi.results import Check, Result
from coroi.studies.firms.panel import FirmPanel, changes

KINDS = ("market_value", "revenue", "earnings")
EARLIER, LATER = 3, 5
MOST_PAST = 4
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "identified", "reason")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """What firms' money does around a rise of satisfaction by one standard deviation.

    Parameters
    ----------
    rows : pandas.DataFrame
        By ``kind`` and ``horizon``: the estimate with firms and periods swept out and later satisfaction held, its
        interval and a band that holds the kind's path at once (``band_low``, ``band_high``); the naive figures
        ``within`` (later satisfaction left free) and ``pooled`` (nothing swept out); ``firms`` and ``rows_used``.
    fits : dict of str to Result
        By kind; their checks are of the horizon asked for, of earnings of the rise's own period.
    """

    rows: pd.DataFrame
    fits: dict[str, Result]

    def row(self, kind: str, horizon: int) -> pd.Series:
        """Return one point of a path; an unidentified one where there is none."""
        found = self.rows[(self.rows["kind"] == kind) & (self.rows["horizon"] == horizon)]
        return found.iloc[0] if len(found) else pd.Series(unknown(f"{kind.replace('_', ' ')} is not in the data"))


def fit_paths(panel: FirmPanel, horizon: int, level: float) -> Paths:
    """Fit what money does around a rise, horizon by horizon, and the naive figures beside.

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
    fits: dict[str, Result] = {}
    for kind in (k for k in KINDS if k in panel.held):
        fits[kind] = fit_kind(panel, kind, horizons(horizon), 0 if kind == "earnings" else horizon, level)
        points = _points(fits[kind]).sort_values("horizon", ignore_index=True)
        naive = [_naive(panel, kind, int(h), level) for h in points["horizon"]]
        rows.append(pd.concat([points.assign(kind=kind), pd.DataFrame(naive)], axis=1))
    empty = pd.DataFrame(columns=["kind", "horizon"])
    return Paths(rows=pd.concat(rows, ignore_index=True) if rows else empty, fits=fits)


def horizons(asked: int) -> list[int]:
    """Return the horizons of a path; the period before, −1, is where it is zero by construction."""
    return [h for h in range(-EARLIER, max(LATER, asked) + 1) if h != -1]


def past_held(panel: FirmPanel) -> int:
    """Return how many earlier values of satisfaction are held: a quarter of the periods, 1 at least and 4 at most."""
    periods = int(panel.frame["period"].max()) + 1
    return min(max(periods // 4, 1), MOST_PAST)


def fit_point(panel: FirmPanel, kind: str, horizon: int, level: float) -> pd.Series:
    """Return one point of a path, as :func:`fit_paths` does."""
    return _points(fit_kind(panel, kind, [horizon], horizon, level)).iloc[0]


def fit_kind(panel: FirmPanel, kind: str, steps: Sequence[int], asked: int, level: float) -> Result:
    """Fit the path of one kind of money; the model's checks are of the horizon asked for.

    Parameters
    ----------
    panel : FirmPanel
        The firms.
    kind : str
        ``market_value`` or ``revenue``, in logs; ``earnings``, as a share of the revenue of the period before.
    steps : sequence of int
        Horizons.
    asked : int
        One of them.
    level : float
        Level of intervals and bands.
    """
    money = panel.frame[kind].to_numpy(float)
    if kind != "earnings":
        money = np.log(np.where(money > 0, money, np.nan))
    return fit_held_paths(
        panel.frame[["entity", "period", "z", "revenue"]].assign(money=money),
        outcome="money",
        base="revenue" if kind == "earnings" else None,
        metric="z",
        horizons=[*(h for h in steps if h != asked), asked],
        past=past_held(panel),
        level=level,
    )


def _points(result: Result) -> pd.DataFrame:
    """Return the responses with the firms and rows of each, in the words of firms."""
    rows = result.estimates[result.estimates["term"] == "response"].drop(columns="term")
    for word, ours in _WORDS.items():
        rows["reason"] = rows["reason"].str.replace(word, ours)
    counted = result.tables["rows"].rename(columns={"entities": "firms", "rows": "rows_used"})
    return rows.merge(counted, on="horizon").reset_index(drop=True)


def fit_naive(panel: FirmPanel, kind: str, horizon: int, level: float) -> pd.DataFrame:
    """Regress the change on satisfaction with its last value held and no later one: ``two_way``, and ``pooled``.

    Parameters
    ----------
    panel, kind, horizon, level
        As in :func:`fit_point`.

    Returns
    -------
    pandas.DataFrame
        The rows of satisfaction by estimator; empty where no firm has all that is needed.
    """
    frame = panel.frame[["entity", "period", "z"]].assign(
        change=changes(panel, kind, horizon), before=panel.earlier("z", 1)
    )
    if not frame.notna().all(axis=1).any():
        return pd.DataFrame()
    rows = fit_fixed_effects(
        frame, outcome="change", metric="z", controls=["before"], estimators=("two_way", "pooled"), level=level
    ).estimates
    return rows[(rows["term"] == "z") & (rows["errors"] == "cluster")].set_index("estimator")


def _naive(panel: FirmPanel, kind: str, horizon: int, level: float) -> dict[str, float]:
    rows = fit_naive(panel, kind, horizon, level)
    names = {"within": "two_way", "pooled": "pooled"}
    return {name: float(rows.loc[of, "estimate"]) if len(rows) else np.nan for name, of in names.items()}


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


def check_arrow(arrows: Mapping[str, Result], kind: str) -> Check:
    """Tell whether money foretells satisfaction of the next period, which may not be held then.

    Parameters
    ----------
    arrows : Mapping of str to Result
        Which way the arrow runs, by kind of money.
    kind : str
        Kind of money.
    """
    what, s = kind.replace("_", " "), "" if kind == "earnings" else "s"
    tested = f"whether {what} move{s} satisfaction of the next period, which the path rules out"
    if kind not in arrows:
        return Check(name="reverse", tested=tested, passed=None, sentence="No arrow back can be looked at.")
    rows = arrows[kind].estimates
    row = rows[(rows["estimator"] == "corrected") & (rows["term"] == "reverse")].iloc[0]
    if not row["identified"]:
        return Check(name="reverse", tested=tested, passed=None, sentence=f"This cannot be told: {row['reason']}.")
    holds = bool(row["conf_low"] <= 0 <= row["conf_high"])
    said = f"{what.capitalize()} foretell{s} satisfaction of the next period: the arrow runs back as well."
    if holds:
        said = f"That {what} foretell{s} satisfaction of the next period is not seen beyond chance."
    return Check(name="reverse", tested=tested, passed=holds, sentence=said)


def own_checks(paths: Paths, kind: str) -> tuple[Check, ...]:
    """Return the model's own checks of a path, in the words of firms.

    Parameters
    ----------
    paths : Paths
        From :func:`fit_paths`.
    kind : str
        Kind of money.
    """
    checks = []
    for check in paths.fits[kind].checks:
        tested, said = check.tested, check.sentence
        for word, ours in _WORDS.items():
            tested, said = tested.replace(word, ours), said.replace(word, ours)
        checks.append(replace(check, tested=tested, sentence=said))
    return tuple(checks)


_WORDS = {"the metric": "satisfaction", "the outcome": "money", "entity": "firm", "clusters": "firms"}


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
