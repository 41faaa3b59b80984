"""One unit before and after: the jump and the turn of its trend, with a series beside it or, at worst, with none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.inference.estimates import unknown
from coroi.inference.panels import read_panel
from coroi.inference.remembering import Remembering
from coroi.inference.segments import Segments, hindrance
from coroi.inference.series_checks import series_checks
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "how far the unit's outcome lies from where its level and trend before the start, carried on, would have put "
        "it: in each period since, over all of them, as a jump and as a turn of the trend"
    ),
    unit="the outcome's unit; per period for the turn",
    assumptions=(
        ("the trend before would have gone on, and nothing else began with the start", "untestable"),
        (
            "with a series beside it: whatever else began moved both alike, and the treatment the other not",
            "untestable",
        ),
        ("before the start the trend is a straight line", "placebo dates"),
        ("what is left unexplained is a first-order autoregression", "memory: how long it lasts; its form untestable"),
    ),
    reference=(
        "Wagner, Soumerai, Zhang and Ross-Degnan (2002), Journal of Clinical Pharmacy and Therapeutics 27:299-309; "
        "with a control series: Lopez Bernal, Cummins and Gasparrini (2018), International Journal of Epidemiology "
        "47:2082-2093; errors: Zellner and Tiao (1964), Journal of the American Statistical Association 59:763-778"
    ),
)


def simulate_interrupted_series(
    rng: np.random.Generator,
    *,
    before: int = 24,
    after: int = 12,
    jump: float = 1.0,
    turn: float = 0.1,
    trend: float = 0.05,
    memory: float = 0.4,
    noise: float = 1.0,
    shared: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw a series with a trend that jumps and turns at a start, and one beside it that does neither.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    before, after : int
        Periods before the start and from it on.
    jump, turn : float
        What is added from the start on, and for each period since.
    trend : float
        Growth by period.
    memory, noise : float
        Autocorrelation and standard deviation of each series' own shocks.
    shared : float
        What else begins with the start, in both series: no effect of the treatment.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome, beside``.
    truth : dict of str to float
        ``level, slope, overall`` and ``event_time[e]``.
    """
    n = before + after
    own = rng.normal(size=(2, n))
    for t in range(1, n):
        own[:, t] = memory * own[:, t - 1] + np.sqrt(1 - memory**2) * own[:, t]
    since = np.arange(n) - before
    effect = np.where(since >= 0, jump + turn * since, 0.0)
    common = trend * np.arange(n) + shared * (since >= 0)
    frame = pd.DataFrame({"entity": 0, "period": np.arange(n), "first_treated": float(before)})
    frame["outcome"] = 10 + common + effect + noise * own[0]
    frame["beside"] = 8 + common + noise * own[1]
    path = {f"event_time[{e}]": float(effect[before + e]) for e in range(after)}
    return frame, {"level": jump, "slope": turn, "overall": float(effect[before:].mean())} | path


def fit_interrupted_series(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    control: str | None = None,
    season: int = 1,
    entity: str = "entity",
    period: str = "period",
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Carry a unit's trend before the start on, and set what came beside it.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a period of one entity.
    outcome : str
        Column of what is explained.
    first_treated : str
        Column of the first treated period, the same in each row.
    control : str, optional
        Column of a series beside it that was not treated: the difference of the two is looked at.
    season : int
        Periods a year, where levels differ by season; 1 for none.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep what each period adds to the estimates.

    Returns
    -------
    Result
        ``level`` (the jump), ``slope`` (the turn, by period), ``event_time`` from 0 on with ``band_low`` and
        ``band_high`` for the whole path, and ``overall``, its mean; ``p_value`` of each. Refused: fewer than 8 periods
        before or 4 from the start on, fewer than two years of seasons before, a series that never varies. Checks:
        ``comparison``, ``placebo dates``, ``memory``, ``series beside``. Tables: ``path``, ``memory``, ``left_out``.

    Raises
    ------
    DataError
        If keys are missing or repeated, there are several entities or starts, or `season` is below 1.

    Notes
    -----
    Nothing in the data tells a treatment from whatever else began with it: alone the series carries grade D at most,
    with a series beside it C. Intervals are quantiles of a mixture of t distributions over all degrees of memory,
    ``std_error`` is its standard deviation. What is kept as influence is each period's news, scaled so that its squares
    add up to the variance. Assumptions: see ``INFO``.
    """
    if season < 1:
        raise DataError(f"season is {season}; it counts the periods of a year, 1 for none.")
    series, left_out = _read(data, outcome, first_treated, control, season, entity, period)
    why = hindrance(series)
    found = None if why else series.fit()
    weights = _weights(series)
    names = [*(f"event_time: {int(w[3])}" for w in series.path()), "level", "slope", "overall"]
    moved = None
    if found:
        pieces = np.column_stack([found.moved(w) for w in weights])
        moved = pd.DataFrame(pieces, index=series.period, columns=names)
    return Result(
        method="interrupted_series",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "control": control,
            "season": season,
            "level": level,
            "errors": "first-order autoregression, mixed over its memory, t with periods less coefficients",
        },
        estimates=_estimates(series, found, weights, why, level),
        vcov=None if found is None else pd.DataFrame(found.covariance(weights), index=names, columns=names),
        influence=moved if keep_influence else None,
        n_obs=len(series.outcome),
        n_entities=1,
        checks=series_checks(series, found, why, control, _beside(data, series, control, entity, period)),
        tables=_tables(series, found, left_out),
    )


def _read(
    data: pd.DataFrame, outcome: str, first_treated: str, control: str | None, season: int, entity: str, period: str
) -> tuple[Segments, pd.DataFrame]:
    columns = [outcome, first_treated, *([control] if control else [])]
    panel = read_panel(data, columns, entity=entity, period=period)
    if len(panel.names) > 1:
        raise DataError(f"{len(panel.names):,} entities are there. Give one, and the series beside it as a column.")
    starts = panel.frame[first_treated].dropna().unique()
    if len(starts) != 1 or float(starts[0]) != round(float(starts[0])):
        raise DataError(f"'{first_treated}' has {len(starts)} values that count. Give one whole number.")
    value = panel.frame[outcome].to_numpy(dtype=float, na_value=np.nan)
    if control:
        value = value - panel.frame[control].to_numpy(dtype=float, na_value=np.nan)
    told = ~np.isnan(value)
    left = [{"what": "periods without a value", "n_rows": int((~told).sum()), "reason": "nothing was measured there"}]
    series = Segments(outcome=value[told], period=panel.period[told], start=int(starts[0]), season=season)
    return series, pd.DataFrame(left if not told.all() else [], columns=["what", "n_rows", "reason"])


def _weights(series: Segments) -> np.ndarray:
    """Return the weights of the event times, the jump, the turn and the mean, in the coefficients."""
    path, p = series.path(), 3 + series.season
    mean = path.mean(axis=0) if len(path) else np.zeros(p)
    return np.vstack([path, np.eye(p)[2], np.eye(p)[3], mean])


def _estimates(
    series: Segments, found: Remembering | None, weights: np.ndarray, why: str, level: float
) -> pd.DataFrame:
    times = series.path()[:, 3]
    keys = [{"term": "event_time", "event_time": t} for t in times]
    keys += [{"term": term, "event_time": np.nan} for term in ("level", "slope", "overall")]
    rows = []
    critical = np.nan if found is None else sup_t(found.covariance(weights[: len(times)]), level=level, df=found.df)
    for key, weight in zip(keys, weights, strict=True):
        row = unknown(why) if found is None else found.row(weight, level)
        half = critical * row["std_error"] if key["term"] == "event_time" else np.nan
        band = {"band_low": row["estimate"] - half, "band_high": row["estimate"] + half}
        p = np.nan if found is None else found.p_value(weight)
        rows.append(key | row | band | {"p_value": p, "n_units": 1, "n_rows": len(series.outcome)})
    return pd.DataFrame(rows)


def _beside(data: pd.DataFrame, series: Segments, control: str | None, entity: str, period: str) -> Remembering | None:
    """Fit the series beside alone, where there is one."""
    if control is None or hindrance(series):
        return None
    panel = read_panel(data, [control], entity=entity, period=period)
    value = panel.frame[control].to_numpy(dtype=float, na_value=np.nan)
    told = np.isin(panel.period, series.period)
    alone = Segments(outcome=value[told], period=series.period, start=series.start, season=series.season)
    return None if hindrance(alone) else alone.fit()


def _tables(series: Segments, found: Remembering | None, left_out: pd.DataFrame) -> dict[str, pd.DataFrame]:
    if found is None:
        return {"left_out": left_out}
    path = np.zeros(len(series.outcome))
    path[series.after] = found.estimate(series.path())
    fitted = found.estimate(series.design())
    times = series.period - series.start
    return {
        "path": pd.DataFrame({"event_time": times, "outcome": series.outcome, "carried_on": fitted - path}),
        "memory": pd.DataFrame({"memory": found.memory, "share": found.share}),
        "left_out": left_out,
    }
