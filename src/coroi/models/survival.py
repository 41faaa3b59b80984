"""Kaplan–Meier by band from a landmark: who is still there, with intervals, and how far the bands lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, did_you_mean
from coroi.inference.estimates import known, unknown
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand="share of customers without (or with) the event by the horizon, by band, and the difference of two bands",
    unit="share of customers",
    assumptions=(
        ("bands are fixed at the landmark by answers dated before it", "dates, proved when the panel is built"),
        ("customers whose follow-up ends early would have gone on like the others of their band", "untestable"),
        ("customers leave independently of each other", "untestable"),
    ),
    reference=(
        "Kaplan and Meier (1958), JASA 53:457-481; Greenwood (1926); log-log interval: Kalbfleisch and Prentice "
        "(2002), eq. 1.13; differences by square-and-add: Newcombe (1998), Statistics in Medicine 17:873-890, "
        "method 10, and Zou and Donner (2008), Statistics in Medicine 27:1693-1702"
    ),
)
MIN_CUSTOMERS = 10  # fewer in a band give an interval that says nothing and a cell that could name somebody


def simulate_survival(
    rng: np.random.Generator, *, n: int, hazards: dict[str, float], horizon: int, censoring: float = 0.0
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers of several bands, each with a constant hazard of leaving per period.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n : int
        Customers per band.
    hazards : dict of str to float
        Hazard per period, by band.
    horizon : int
        Periods followed.
    censoring : float
        Chance per period that follow-up ends, after the period's exits.

    Returns
    -------
    counts : pandas.DataFrame
        ``band, duration, event, n``, as :func:`fit_survival` takes it.
    truth : dict of str to float
        The share that stays to the horizon, by band.
    """
    rows = []
    for band, hazard in hazards.items():
        exit_at = rng.geometric(hazard, n) if hazard > 0 else np.full(n, horizon + 1)
        stop_at = rng.geometric(censoring, n) if censoring > 0 else np.full(n, horizon)
        stop_at = np.minimum(stop_at, horizon)
        event = exit_at <= stop_at
        rows.append(
            pd.DataFrame({"band": band, "duration": np.where(event, exit_at, stop_at), "event": event.astype(int)})
        )
    people = pd.concat(rows, ignore_index=True)
    counts = people.groupby(["band", "duration", "event"]).size().rename("n").reset_index()
    return counts, {band: float((1 - hazard) ** horizon) for band, hazard in hazards.items()}


def fit_survival(
    counts: pd.DataFrame,
    *,
    bands: Sequence[str],
    horizon: int,
    contrast: tuple[str, str] | None = None,
    counted: Literal["without event", "with event"] = "without event",
    level: float = 0.95,
) -> Result:
    """Estimate, by band, the share of customers without the event by the horizon, and the gap between two bands.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``band``, ``duration`` (whole periods from the landmark, from 1), ``event`` (0 or 1), ``n`` (customers).
        A duration with ``event`` 0 is one followed so long without the event.
    bands : sequence of str
        Bands in the order in which they are reported; others are left aside.
    horizon : int
        Periods after the landmark.
    contrast : (str, str), optional
        The difference is the first band less the second.
    counted : str
        ``without event`` for retention, ``with event`` for repeat purchase.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        Terms ``share`` by band and ``difference``; tables ``curves`` (by band and period) and ``bands``
        (customers and events). Bands of fewer than 10 customers or known outcomes, bands that nobody is followed
        in to the horizon, and differences without any event or with nothing but events are not identified.

    Raises
    ------
    DataError
        If a column is missing, a duration is not a whole number from 1, an event is not 0 or 1, a count is not a
        positive whole number, or the contrast names a band that is not asked for.

    Notes
    -----
    Assumptions: see ``INFO``. Intervals of a share are log-log (Greenwood); where nobody or everybody has
    the event they are the exact binomial ones for the customers whose outcome is known. The difference takes
    its interval from those of its two bands by square-and-add, so that it stays within −1 and 1.
    """
    _validate(counts, bands, contrast)
    counts = counts[counts["band"].isin(list(bands))]
    sizes = _sizes(counts, bands, horizon)
    curves = {
        b: _curve(counts[counts["band"] == b], level) for b in bands if sizes.loc[b, "customers"] >= MIN_CUSTOMERS
    }
    rows = [_share_row(b, curves.get(b), sizes.loc[b], horizon, counted) for b in bands]
    if contrast is not None:
        rows.append(_difference_row(rows, contrast, sizes))
    estimates = pd.DataFrame(rows)
    table = pd.concat([c.assign(band=b) for b, c in curves.items()], ignore_index=True) if curves else pd.DataFrame()
    if len(table) and counted == "with event":
        table = table.assign(share=1 - table["share"], conf_low=1 - table["conf_high"], conf_high=1 - table["conf_low"])
    return Result(
        method="survival",
        estimand=f"share of customers {counted} {_periods(horizon)} after the landmark, by band",
        spec={
            "bands": list(bands),
            "horizon": int(horizon),
            "contrast": contrast and list(contrast),
            "counted": counted,
            "level": level,
        },
        estimates=estimates,
        n_obs=int(counts["n"].sum()),
        n_entities=int(counts["n"].sum()),
        tables={"curves": table, "bands": sizes.reset_index()},
    )


def _validate(counts: pd.DataFrame, bands: Sequence[str], contrast: tuple[str, str] | None) -> None:
    missing = [c for c in ("band", "duration", "event", "n") if c not in counts.columns]
    if missing:
        raise DataError(f"survival: the counts lack the columns {', '.join(missing)}.")
    whole = (counts["duration"] % 1 == 0) & (counts["n"] % 1 == 0)
    good = whole & (counts["duration"] >= 1) & counts["event"].isin([0, 1]) & (counts["n"] >= 1)
    if not good.all():
        raise DataError(
            f"survival: {int((~good).sum())} of {len(counts)} rows have a duration that is no whole number from 1, an "
            "event that is not 0 or 1, or a count that is no positive whole number. Count customers by band, duration "
            "and event."
        )
    strange = [b for b in contrast or () if b not in bands]
    if strange:
        raise DataError(f"survival: the contrast names '{strange[0]}'. {did_you_mean(strange[0], bands)}")


def _sizes(counts: pd.DataFrame, bands: Sequence[str], horizon: int) -> pd.DataFrame:
    """Count, by band, customers, those with the event by the horizon, and those whose outcome by then is known."""
    by_then = (counts["event"] == 1) & (counts["duration"] <= horizon)
    told = by_then | (counts["duration"] >= horizon)
    parts = {"customers": counts["n"], "events": counts["n"] * by_then, "outcome_known": counts["n"] * told}
    sums = pd.DataFrame(parts).groupby(counts["band"]).sum()
    return sums.reindex(list(bands), fill_value=0).rename_axis("band").astype("int64")


def _curve(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the Kaplan–Meier curve at every whole period up to the last one followed."""
    from statsmodels.duration.survfunc import SurvfuncRight

    fit = SurvfuncRight(rows["duration"], rows["event"], freq_weights=rows["n"].to_numpy(float))
    last = int(rows["duration"].max())
    time = np.arange(0, last + 1)
    at = np.searchsorted(fit.surv_times, time, side="right")
    share = np.concatenate([[1.0], fit.surv_prob])[at]
    # With frequency weights surv_prob_se is the error of the log share, by Tsiatis' formula: Greenwood's is made here.
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = fit.surv_prob * np.sqrt(np.cumsum(fit.n_events / (fit.n_risk * (fit.n_risk - fit.n_events))))
    error = np.concatenate([[0.0], greenwood])[at]
    followed = np.array([rows.loc[rows["duration"] >= max(t, 1), "n"].sum() for t in time])
    told = (rows["event"].to_numpy()[:, None] == 1) | (rows["duration"].to_numpy()[:, None] >= time)
    low, high = _log_log(share, error, rows["n"].to_numpy() @ told, level)
    low[0] = high[0] = 1.0
    error = np.where(share > 0, error, 0.0)
    return pd.DataFrame(
        {"period": time, "share": share, "std_error": error, "conf_low": low, "conf_high": high, "followed": followed}
    )


def _log_log(share: np.ndarray, error: np.ndarray, told: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return log-log limits; where the share is 0 or 1 exact binomial ones for the customers whose outcome is known."""
    z = stats.norm.ppf(0.5 + level / 2)
    inside = (share > 0) & (share < 1)
    s, e = np.where(inside, share, 0.5), np.where(inside, error, 0.0)
    half = z * e / (s * np.abs(np.log(s)))
    low, high = s ** np.exp(half), s ** np.exp(-half)
    one_sided = ((1 - level) / 2) ** (1 / told)
    low = np.where(inside, low, np.where(share >= 1, one_sided, 0.0))
    high = np.where(inside, high, np.where(share >= 1, 1.0, 1 - one_sided))
    return low, high


def _share_row(band: str, curve: pd.DataFrame | None, size: pd.Series, horizon: int, counted: str) -> dict:
    row = {"term": "share", "band": band, "horizon": horizon, "customers": int(size["customers"])}
    if curve is None:
        return row | unknown(f"fewer than {MIN_CUSTOMERS} customers in the band")
    at = curve.iloc[min(horizon, len(curve) - 1)]
    if at["period"] < horizon and at["share"] > 0:
        return row | unknown(f"nobody in the band is followed for {_periods(horizon)}")
    if size["outcome_known"] < MIN_CUSTOMERS:
        return row | unknown(f"fewer than {MIN_CUSTOMERS} customers in the band are followed for {_periods(horizon)}")
    share, low, high = at["share"], at["conf_low"], at["conf_high"]
    if counted == "with event":
        share, low, high = 1 - share, 1 - high, 1 - low
    return row | known(share, at["std_error"], low, high)


def _difference_row(rows: list[dict], contrast: tuple[str, str], sizes: pd.DataFrame) -> dict:
    by_band = {r["band"]: r for r in rows}
    upper, lower = (by_band[b] for b in contrast)
    pair = sizes.loc[list(contrast)]
    row = {
        "term": "difference",
        "band": f"{contrast[0]} less {contrast[1]}",
        "horizon": upper["horizon"],
        "customers": int(pair["customers"].sum()),
    }
    for one in (upper, lower):
        if not one["identified"]:
            return row | unknown(f"{one['reason']} ({one['band']})")
    events = int(pair["events"].sum())
    if events == 0:
        return row | unknown("no customer of either band has the event, so nothing tells them apart")
    if (pair["events"] == pair["customers"]).all():
        return row | unknown("every customer of both bands has the event, so nothing tells them apart")
    ends = ((r["estimate"], r["conf_low"], r["conf_high"]) for r in (upper, lower))
    error = np.hypot(upper["std_error"], lower["std_error"])
    return row | known(upper["estimate"] - lower["estimate"], error, *square_and_add(*ends))


def square_and_add(upper: tuple[float, float, float], lower: tuple[float, float, float]) -> tuple[float, float]:
    """Return the limits of a difference of two independent estimates from the limits of each.

    Parameters
    ----------
    upper, lower : (float, float, float)
        Estimate, lower and upper limit; the difference is `upper` less `lower`.

    Notes
    -----
    Reference: Newcombe (1998), method 10; Zou and Donner (2008), eq. 2.
    """
    (a, a_low, a_high), (b, b_low, b_high) = upper, lower
    return a - b - float(np.hypot(a - a_low, b_high - b)), a - b + float(np.hypot(a_high - a, b - b_low))


def _periods(n: int) -> str:
    return f"{n} period" if n == 1 else f"{n} periods"
