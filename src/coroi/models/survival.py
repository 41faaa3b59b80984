"""Kaplan–Meier by band from a landmark: who is still there, with intervals, and how far the bands lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, did_you_mean
from coroi.inference.estimates import known, square_and_add, unknown
from coroi.inference.joint import share_influence
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
    combinations: Mapping[str, Mapping[str, float]] | None = None,
    counted: Literal["without event", "with event"] = "without event",
    level: float = 0.95,
    keep_influence: bool = False,
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
    combinations : Mapping of str to Mapping of str to float, optional
        Further sums of bands' shares, by name of the term: a coefficient for each band.
    counted : str
        ``without event`` for retention, ``with event`` for repeat purchase.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of one customer of each row of `counts`, named by ``band``, ``duration`` and ``event``.

    Returns
    -------
    Result
        Terms ``share`` by band, ``difference`` and the `combinations`; tables ``curves`` (by band and period) and
        ``bands`` (customers and events). Bands of fewer than 10 customers or known outcomes, bands that nobody is
        followed in to the horizon, and differences without any event or with nothing but events are not identified.

    Raises
    ------
    DataError
        If a column is missing, a duration is not a whole number from 1, an event is not 0 or 1, a count is not a
        positive whole number, rows repeat band, duration and event, or the contrast names a band that is not asked
        for.

    Notes
    -----
    Assumptions: see ``INFO``. Intervals of a share are log-log (Greenwood); where nobody or everybody has
    the event they are the exact binomial ones for the customers whose outcome is known. The difference takes
    its interval from those of its two bands by square-and-add, so that it stays within −1 and 1.
    """
    sums = ({} if contrast is None else {"difference": {contrast[0]: 1.0, contrast[1]: -1.0}}) | dict(
        combinations or {}
    )
    _validate(counts, bands, sums)
    counts = counts[counts["band"].isin(list(bands))]
    sizes = _sizes(counts, bands, horizon)
    curves = {
        b: _curve(counts[counts["band"] == b], level) for b in bands if sizes.loc[b, "customers"] >= MIN_CUSTOMERS
    }
    rows = [_share_row(b, curves.get(b), sizes.loc[b], horizon, counted) for b in bands]
    rows += [_sum_row(term, parts, rows[: len(bands)], sizes) for term, parts in sums.items()]
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
            "combinations": {term: dict(parts) for term, parts in (combinations or {}).items()},
            "counted": counted,
            "level": level,
        },
        estimates=estimates,
        n_obs=int(counts["n"].sum()),
        n_entities=int(counts["n"].sum()),
        influence=_influence(counts, estimates, sums, horizon, counted) if keep_influence else None,
        tables={"curves": table, "bands": sizes.reset_index()},
    )


def _validate(counts: pd.DataFrame, bands: Sequence[str], sums: Mapping[str, Mapping[str, float]]) -> None:
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
    twice = int(counts.duplicated(["band", "duration", "event"]).sum())
    if twice:
        said = f"survival: {twice:,} rows repeat the band, duration and event of another one."
        raise DataError(f"{said} Add up their customers first.")
    strange = [b for parts in sums.values() for b in parts if b not in bands]
    if strange:
        raise DataError(f"survival: the contrast names '{strange[0]}'. {did_you_mean(strange[0], bands)}")


def _influence(
    counts: pd.DataFrame, estimates: pd.DataFrame, sums: Mapping[str, Mapping[str, float]], horizon: int, counted: str
) -> pd.DataFrame:
    rows = counts.set_index(["band", "duration", "event"])
    told = {row.band for row in estimates.itertuples() if row.term == "share" and row.identified}
    sign = -1.0 if counted == "with event" else 1.0
    shares = {band: np.zeros(len(rows)) for band in told}
    for band, inside in counts.reset_index(drop=True).groupby("band"):
        if band in told:
            duration, event, n = (inside[c].to_numpy(float) for c in ("duration", "event", "n"))
            shares[band][inside.index] = sign * share_influence(duration, event, n, horizon)
    columns = {f"share[{band}]": shares[band] for band in estimates["band"] if band in told}
    for term, parts in sums.items():
        if estimates.loc[estimates["term"] == term, "identified"].all():
            columns[term] = np.sum([c * shares[b] for b, c in parts.items()], axis=0)
    return pd.DataFrame(columns, index=rows.index)


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
    followed = rows["n"].to_numpy() @ (rows["duration"].to_numpy()[:, None] >= np.maximum(time, 1))
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


def _sum_row(term: str, parts: Mapping[str, float], rows: list[dict], sizes: pd.DataFrame) -> dict:
    by_band = {r["band"]: r for r in rows}
    involved = sizes.loc[list(parts)]
    row = {
        "term": term,
        "band": _spoken(parts),
        "horizon": rows[0]["horizon"],
        "customers": int(involved["customers"].sum()),
    }
    for band in parts:
        if not by_band[band]["identified"]:
            return row | unknown(f"{by_band[band]['reason']} ({band})")
    which = "either band" if len(parts) == 2 else "these bands"
    if not involved["events"].sum():
        return row | unknown(f"no customer of {which} has the event, so nothing tells them apart")
    if (involved["events"] == involved["customers"]).all():
        whose = "both bands" if len(parts) == 2 else "these bands"
        return row | unknown(f"every customer of {whose} has the event, so nothing tells them apart")
    terms = [(c, *(by_band[b][k] for k in ("estimate", "conf_low", "conf_high"))) for b, c in parts.items()]
    error = np.sqrt(sum((c * by_band[b]["std_error"]) ** 2 for b, c in parts.items()))
    return row | known(sum(c * e for c, e, _, _ in terms), error, *square_and_add(*terms))


def _spoken(parts: Mapping[str, float]) -> str:
    if sorted(parts.values()) == [-1.0, 1.0]:
        upper, lower = sorted(parts, key=lambda band: -parts[band])
        return f"{upper} less {lower}"
    return ", ".join(f"{c:+g} × {band}" for band, c in parts.items())


def _periods(n: int) -> str:
    return f"{n} period{'' if n == 1 else 's'}"
