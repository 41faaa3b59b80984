"""Time at the top with re-entry: the hazard of losing a place at the top, and of getting there, by satisfaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError
from coroi.inference.binary import Link, log_complement
from coroi.inference.binary_moved import fit_by_cluster
from coroi.inference.estimates import known, log_log_share, unknown
from coroi.inference.moved import Moved
from coroi.inference.panels import PanelRows, read_panel
from coroi.inference.runs import Runs, check_starts, find_runs, spell_table
from coroi.inference.variants import account, check_account
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "log hazard ratio (cloglog) or log odds ratio (logit), per unit of the metric, of losing the place at the top "
        "by the next period (loses), and of getting there (reaches); share still in the state after some periods"
    ),
    unit="log ratio; share of spells",
    assumptions=(
        ("the metric is known before the period whose change it explains", "by design"),
        ("the metric acts linearly on the link's scale, alike at every duration", "untestable"),
        ("firms with a high metric would else have fared like the others", "untestable"),
        ("firms that leave the panel would have gone on like the others", "untestable"),
        ("spells that began before the panel have lasted since its first period", "starts"),
        ("spells of one firm may depend on each other, firms may not", "untestable"),
    ),
    reference=(
        "Allison (1982), Sociological Methodology 13:61-98, discrete-time hazards, and section on repeated events; "
        "Prentice and Gloeckler (1978), Biometrics 34:57-67; clusters: Liang and Zeger (1986), Biometrika 73:13-22"
    ),
)
TRANSITIONS = ("loses", "reaches")
MIN_CLUSTERS, MIN_EVENTS = 10, 10
_OWN = ("constant", "log_duration", "again")


def simulate_top_spell(
    rng: np.random.Generator,
    *,
    firms: int,
    periods: int,
    loses: float,
    reaches: float,
    base: tuple[float, float] = (-1.2, -2.2),
    duration: float = -0.3,
    persistence: float = 0.7,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw firms that reach the top and lose it again, by chances that follow their metric.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    firms, periods : int
        Firms and periods.
    loses, reaches : float
        Effect of one unit of the metric on the log hazard of losing the top, and of reaching it.
    base : (float, float)
        Log hazards at a metric of zero in a spell's first period.
    duration : float
        Effect of the log of the periods in the state so far.
    persistence : float
        Autocorrelation of the metric.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, score, top``.
    truth : dict of str to float
        ``loses`` and ``reaches``.
    """
    score, top = np.empty((firms, periods)), np.zeros((firms, periods), dtype=int)
    score[:, 0], lasted = rng.normal(size=firms), np.ones(firms)
    top[:, 0] = rng.random(firms) < 0.3
    for t in range(1, periods):
        before = top[:, t - 1] == 1
        pull = np.where(before, base[0] + loses * score[:, t - 1], base[1] + reaches * score[:, t - 1])
        turns = rng.random(firms) < -np.expm1(-np.exp(pull + duration * np.log(lasted)))
        top[:, t], lasted = np.where(turns, 1 - top[:, t - 1], top[:, t - 1]), np.where(turns, 1, lasted + 1)
        score[:, t] = persistence * score[:, t - 1] + np.sqrt(1 - persistence**2) * rng.normal(size=firms)
    firm, period = (each.ravel() for each in np.indices((firms, periods)))
    frame = pd.DataFrame({"entity": firm, "period": period, "score": score.ravel(), "top": top.ravel()})
    return frame, {"loses": loses, "reaches": reaches}


def fit_top_spell(
    data: pd.DataFrame,
    *,
    metric: str,
    top: str = "top",
    controls: Sequence[str] = (),
    entity: str = "entity",
    period: str = "period",
    link: Link = "cloglog",
    horizon: int = 5,
    step: float = 1.0,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Fit the hazards of losing the top and of reaching it, spell after spell, errors clustered by firm.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a firm and period.
    metric : str
        The metric, in units of its own.
    top : str
        Column of 1 at the top, 0 below it; a firm without it is not ranked in the period.
    controls : sequence of str
        Further columns that enter linearly.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    link : str
        ``cloglog`` or ``logit``.
    horizon : int
        Periods after which the share still in the state is told.
    step : float
        How much better the metric is in the comparison of these shares.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each firm, shape (n_firms, n_terms); columns are named ``loses: term``.

    Returns
    -------
    Result
        By ``transition``: terms ``constant``, ``log_duration``, ``again`` (1 for firms that were at the top in an
        earlier spell), the metric and the controls; and ``still``, the share of new spells that last `horizon` periods
        with the metric ``as it is`` (its mean), ``one step better``, and their ``difference``. Not identified: a
        transition with fewer than 10 firms, 10 changes or 10 rows without one, or whose likelihood has no maximum.
        Checks ``rows``, ``starts``; tables ``rows`` and ``spells``.

    Raises
    ------
    DataError
        If a column is missing, a key is missing or repeated, or `top` holds anything but 0 and 1.

    Notes
    -----
    A firm is at risk of a change in every period whose next one has a row; runs are cut by gaps and may be entered
    late. Errors have the factor G / (G − 1), t quantiles G − 1 degrees of freedom. The interval of a difference of
    shares joins the ends that the slope's gives with the error of the rest, so that both leave zero out together
    (Zou and Donner, 2008, Statistics in Medicine 27:1693-1702). Assumptions: see ``INFO``.
    """
    rows = read_panel(data, (top, metric, *controls), entity=entity, period=period)
    state = rows.frame[top].to_numpy(float)
    strange = int((~np.isin(state[~np.isnan(state)], (0.0, 1.0))).sum())
    if strange:
        raise DataError(f"{strange:,} rows of '{top}' are neither 0 nor 1. Say who is at the top by 1 and 0.")
    runs = find_runs(state, rows.entity, rows.period)
    design = np.column_stack(
        [np.ones(len(state)), np.log(runs.duration), runs.again, rows.frame[[metric, *controls]].to_numpy(float)]
    )
    terms = (*_OWN, metric, *controls)
    fitted = [_transition(at, state, runs, design, rows, link, terms) for at in (1, 0)]
    told = [
        _told(name, each, terms, horizon, step, link, level) for name, each in zip(TRANSITIONS, fitted, strict=True)
    ]
    flow = _account(state, runs, design)
    vcov, influence = _frames(fitted, terms, rows)
    return Result(
        method="top_spell",
        estimand=INFO.estimand,
        spec={
            "metric": metric,
            "top": top,
            "controls": list(controls),
            "link": link,
            "horizon": horizon,
            "step": step,
            "level": level,
            "errors": "clustered by firm, factor G / (G - 1), t with G - 1 degrees of freedom",
        },
        estimates=pd.concat(told, ignore_index=True),
        vcov=vcov,
        influence=influence if keep_influence else None,
        n_obs=int(flow["rows"].iloc[-1]),
        n_entities=len(rows.names),
        checks=(check_account(flow), check_starts(state, runs)),
        tables={"rows": flow, "spells": spell_table(state, runs, rows.entity)},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fitted:
    """One transition: its terms, and the mean of the design."""

    moved: Moved
    mean: np.ndarray


def _transition(
    at: int, state: np.ndarray, runs: Runs, design: np.ndarray, rows: PanelRows, link: Link, terms: Sequence[str]
) -> _Fitted:
    risk = (state == at) & ~np.isnan(runs.following) & ~np.isnan(design).any(axis=1)
    event = (runs.following != state)[risk].astype(float)
    firms, cluster = np.unique(rows.entity[risk], return_inverse=True)
    p = design.shape[1]
    coef, influence = np.full(p, np.nan), np.zeros((len(firms), p))
    why = _hindrance(len(firms), float(event.sum()), len(event), "at the top" if at else "below the top")
    reasons = [why] * p
    if not why:
        order = np.r_[0, 3:p, 1, 2]  # of columns that make each other up, duration and return are the ones to go
        back = np.argsort(order)
        coef, influence, reasons = fit_by_cluster(design[risk][:, order], event, cluster, link=link)
        coef, influence, reasons = coef[back], influence[:, back], [reasons[i] for i in back]
    moved = Moved(coef=coef, influence=influence, clusters=rows.names[firms], reasons=tuple(reasons))
    return _Fitted(moved=moved, mean=design[risk].mean(axis=0) if risk.any() else np.zeros(p))


def _hindrance(firms: int, changes: float, n: int, where: str) -> str:
    if firms < MIN_CLUSTERS:
        return f"fewer than {MIN_CLUSTERS} firms are followed {where}"
    if changes < MIN_EVENTS:
        return f"fewer than {MIN_EVENTS} changes are seen of firms {where}"
    if n - changes < MIN_EVENTS:
        return f"fewer than {MIN_EVENTS} periods without a change are seen of firms {where}"
    return ""


def _told(
    name: str, fitted: _Fitted, terms: Sequence[str], horizon: int, step: float, link: Link, level: float
) -> pd.DataFrame:
    moved = fitted.moved
    keys = [{"term": term, "transition": name, "metric_at": ""} for term in terms]
    states = ("as it is", "one step better", "difference")
    own = {"term": "still", "transition": name}
    if moved.reasons[3]:
        rows = [own | {"metric_at": at} | unknown(moved.reasons[3]) for at in states]
        return pd.concat([moved.rows(keys, level), pd.DataFrame(rows)], ignore_index=True)
    (here, slope), (better, steeper) = (_still(fitted, horizon, plus, link) for plus in (0.0, step))
    as_normal = 2 * stats.norm.cdf(stats.t.ppf(0.5 + level / 2, moved.df)) - 1
    rows = []
    for at, share, gradient in ((states[0], here, slope), (states[1], better, steeper)):
        rows.append(own | {"metric_at": at} | log_log_share(share, _error(gradient, moved), as_normal))
    table = moved.rows(keys, level)
    ends = [_still(fitted, horizon, step, link, b)[0] - here for b in table.loc[3, ["conf_low", "conf_high"]]]
    rest, quantile = steeper - slope, stats.t.ppf(0.5 + level / 2, moved.df)
    error, rest[3] = _error(rest, moved), rest[0] * fitted.mean[3]
    gap = better - here
    low, high = (np.hypot(gap - end, quantile * _error(rest, moved)) for end in (min(ends), max(ends)))
    rows.append(own | {"metric_at": states[2]} | known(gap, error, gap - low, gap + high))
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def _still(
    fitted: _Fitted, horizon: int, plus: float, link: Link, slope: float | None = None
) -> tuple[float, np.ndarray]:
    """Return the share of new spells that last, and its gradient; with another slope, the hazard at the mean stays."""
    coef = np.nan_to_num(fitted.moved.coef)
    if slope is not None:
        coef[0], coef[3] = coef[0] + (coef[3] - slope) * fitted.mean[3], slope
    design = np.tile(fitted.mean, (horizon, 1))
    design[:, 1], design[:, 2] = np.log(np.arange(1, horizon + 1)), 0.0
    design[:, 3] += plus
    log_stay, pull = log_complement(design @ coef, link)
    share = float(np.exp(log_stay.sum()))
    return share, -share * (pull @ design)


def _error(gradient: np.ndarray, moved: Moved) -> float:
    return float(np.sqrt(gradient @ moved.covariance @ gradient))


def _account(state: np.ndarray, runs: Runs, design: np.ndarray) -> pd.DataFrame:
    return account(
        {
            "not ranked": np.isnan(state),
            "next period without a row, or not ranked": np.isnan(runs.following),
            "no metric, or a control is missing": np.isnan(design).any(axis=1),
        }
    )


def _frames(
    fitted: Sequence[_Fitted], terms: Sequence[str], rows: PanelRows
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Join both transitions' influence by firm, so that one covariance holds all terms."""
    parts = [each.moved.frames([f"{name}: {t}" for t in terms]) for name, each in zip(TRANSITIONS, fitted, strict=True)]
    held = [influence for _, influence in parts if influence is not None]
    if not held:
        return None, None
    influence = pd.concat(held, axis=1).reindex(rows.names).dropna(how="all").fillna(0.0)
    vcov = pd.DataFrame(0.0, index=influence.columns, columns=influence.columns)
    vcov.loc[:, :] = len(influence) / (len(influence) - 1) * influence.T @ influence
    for own, _ in parts:
        if own is not None:
            vcov.loc[own.index, own.columns] = own
    return vcov, influence
