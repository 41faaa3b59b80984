"""Standing in the industry: how many of its rivals a firm outdoes when its own satisfaction changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import integrate, stats

from coroi.inference.linear import least_squares
from coroi.inference.moved import Moved
from coroi.inference.panels import PanelRows, read_panel, shifted
from coroi.inference.ranks import rivals_mean, standings
from coroi.inference.variants import Told, account, check_account, check_clusters, check_variant
from coroi.inference.within import sweep
from coroi.models.info import Info
from coroi.results import Check, Result

INFO = Info(
    estimand=(
        "change in the share of rivals that a firm outdoes (percentile), in their number (places) and in the chance to "
        "be first (top), per unit of its own metric, its rivals' as it is"
    ),
    unit="share of rivals, places, probability; per unit of the metric",
    assumptions=(
        ("what makes a firm strong for good, and what moves all firms in a period, is swept out", "by design"),
        ("nothing else that moves a firm's standing moves its metric at that time", "untestable"),
        ("standing does not feed back into the metric of the periods used", "a direction test beside it"),
        ("firms that leave would have moved like those that stay", "survivors"),
        ("rivals are those of the same industry", "another definition of industries beside it"),
        ("firms are independent of each other but for the metric of their rivals", "industries"),
    ),
    reference=(
        "Fornell, Morgeson and Hult (2016), Journal of Marketing 80:92-107, for the question; two-way within: Wansbeek "
        "and Kapteyn (1989), Journal of Econometrics 41:341-361; clusters: Liang and Zeger (1986), Biometrika 73:13-22"
    ),
)
SCALES = ("percentile", "places", "top")
MIN_CLUSTERS = 10


def simulate_standing(
    rng: np.random.Generator,
    *,
    industries: int,
    firms: int,
    periods: int,
    slope: float,
    persistence: float = 0.6,
    sorting: float = 0.5,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw firms whose log value follows their metric, their own strength, their industry's fortune and chance.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    industries, firms, periods : int
        Industries, firms in each, and periods.
    slope : float
        Effect of one unit of the metric on the log of value.
    persistence : float
        Autocorrelation of what moves in the metric.
    sorting : float
        How much stronger, in logs, a firm is whose metric lies one unit higher for good: no effect.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, industry, score, value``.
    truth : dict of str to float
        ``percentile``, ``places`` and ``top``: the mean derivative by the own metric.

    Notes
    -----
    All is normal, so the slope of a least-squares line is the mean derivative (Stein, 1981, Annals of Statistics
    9:1135-1151): of two firms the density of their difference at zero, of all of them that of the lead at zero.
    """
    n = industries * firms
    level, strength = rng.normal(size=(2, n, 1))
    moving = np.empty((n, periods))
    moving[:, 0] = rng.normal(size=n)
    for t in range(1, periods):
        moving[:, t] = persistence * moving[:, t - 1] + np.sqrt(1 - persistence**2) * rng.normal(size=n)
    score = level + moving
    fortune = np.repeat(rng.normal(size=(industries, periods)), firms, axis=0)
    log_value = sorting * level + strength + slope * score + fortune + rng.normal(size=(n, periods))
    spread = np.sqrt((sorting + slope) ** 2 + slope**2 + 2)
    lead, _ = integrate.quad(lambda z: (firms - 1) * stats.norm.pdf(z) ** 2 * stats.norm.cdf(z) ** (firms - 2), -9, 9)
    pairs = slope / (spread * np.sqrt(4 * np.pi))
    firm, period = (each.ravel() for each in np.indices((n, periods)))
    frame = pd.DataFrame(
        {
            "entity": firm,
            "period": period,
            "industry": firm // firms,
            "score": score.ravel(),
            "value": np.exp(log_value).ravel(),
        }
    )
    return frame, {"percentile": pairs, "places": pairs * (firms - 1), "top": slope / spread * lead}


def fit_standing(
    data: pd.DataFrame,
    *,
    outcome: str,
    metric: str,
    industry: str = "industry",
    controls: Sequence[str] = (),
    lag: int = 0,
    entity: str = "entity",
    period: str = "period",
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Regress standing in the industry on the own metric and the rivals', firm and period effects swept out.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a firm and period.
    outcome : str
        What firms are ranked by within industry and period; larger is better.
    metric : str
        The metric, in units of its own.
    industry : str
        Column of the industry; a firm without one has no rivals.
    controls : sequence of str
        Further columns that enter linearly.
    lag : int
        Periods by which the metric lies before the standing.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each firm, shape (n_firms, n_terms).

    Returns
    -------
    Result
        Terms ``percentile``, ``places`` and ``top``, each by ``whose`` metric: ``own``, or the mean of the
        ``rivals``. Not identified: everything below 10 firms seen twice, or where no firm's metric or standing ever
        changes. Checks ``rows``, ``industries`` and ``survivors``; table ``rows``.

    Raises
    ------
    DataError
        If a column is missing, or a key is missing or repeated.

    Notes
    -----
    Standing is set among all firms of industry and period that have an outcome, ties shared. Errors are clustered by
    firm, with the factor G / (G − 1) and t quantiles with G − 1 degrees of freedom. Assumptions: see ``INFO``.
    """
    rows = read_panel(data, (outcome, metric, industry, *controls), entity=entity, period=period)
    names = _Names(outcome, metric, industry, tuple(controls), lag)
    found = _estimate(rows, names)
    keys = [(scale, whose) for scale in SCALES for whose in ("own", "rivals")]
    vcov, influence = found.moved.frames([t if w == "own" else f"{t}[{w}]" for t, w in keys])
    by_firm = found.moved.influence[:, 0]
    checks = (
        check_account(found.flow),
        check_clusters(by_firm, found.industry, found.headline, of="industry", many="industries"),
        _check_survivors(rows, names, found),
    )
    return Result(
        method="standing",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "metric": metric,
            "industry": industry,
            "controls": list(controls),
            "lag": lag,
            "level": level,
            "effects": "firm and period",
            "errors": "clustered by firm, factor G / (G - 1), t with G - 1 degrees of freedom",
        },
        estimates=found.moved.rows([{"term": t, "whose": w} for t, w in keys], level),
        vcov=vcov,
        influence=influence if keep_influence else None,
        n_obs=found.n_obs,
        n_entities=len(found.moved.clusters),
        checks=checks,
        tables={"rows": found.flow},
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """Columns, and the lag of the metric."""

    outcome: str
    metric: str
    industry: str
    controls: tuple[str, ...]
    lag: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What a fit gives: own and rivals' coefficient by scale, each firm's industry, and the account of the rows."""

    moved: Moved
    industry: np.ndarray
    n_obs: int
    flow: pd.DataFrame

    @property
    def headline(self) -> Told:
        """The effect of the own metric on the percentile."""
        if self.moved.reasons[0]:
            return Told(reason=self.moved.reasons[0])
        return Told(estimate=float(self.moved.coef[0]), std_error=float(self.moved.errors[0]))


def _estimate(rows: PanelRows, names: _Names) -> _Found:
    frame = rows.frame
    industry = pd.factorize(frame[names.industry])[0]
    group = pd.factorize(pd.Series(industry * (np.ptp(rows.period) + 1) + rows.period).where(industry >= 0))[0]
    standing = standings(frame[names.outcome].to_numpy(float), group)
    score = shifted(frame[names.metric].to_numpy(float), rows.entity, rows.period, names.lag)
    rivals = rivals_mean(np.where(np.isnan(standing.outdone), np.nan, score), group)
    controls = frame[list(names.controls)].to_numpy(float).reshape(len(frame), -1)
    columns = np.column_stack([standing.share, standing.outdone, standing.first, score, rivals, controls])
    complete = ~np.isnan(columns).any(axis=1)
    twice = complete & (np.bincount(rows.entity[complete], minlength=len(rows.names))[rows.entity] > 1)
    flow = account(
        {
            "no outcome": frame[names.outcome].isna().to_numpy(),
            "no industry": industry < 0,
            "no rival in industry and period": ~(standing.rivals > 0),
            "no metric at the lag": np.isnan(score),
            "no rival with a metric": np.isnan(rivals),
            "a control is missing": ~complete,
            "firm seen but once": ~twice,
        }
    )
    firms, entity = np.unique(rows.entity[twice], return_inverse=True)
    of_firm = np.full(len(rows.names), -1)
    of_firm[rows.entity] = industry
    n_terms = 2 * len(SCALES)
    coef, influence = np.full(n_terms, np.nan), np.zeros((len(firms), n_terms))
    reasons = [f"fewer than {MIN_CLUSTERS} firms are seen twice with all that is needed"] * n_terms
    if len(firms) >= MIN_CLUSTERS:
        swept = sweep(columns[twice], entity, np.unique(rows.period[twice], return_inverse=True)[1]).values
        for i in range(len(SCALES)):
            at = slice(2 * i, 2 * i + 2)
            coef[at], influence[:, at], reasons[at] = _one_scale(swept[:, i], swept[:, len(SCALES) :], entity, names)
    moved = Moved(coef=coef, influence=influence, clusters=rows.names[firms], reasons=tuple(reasons))
    return _Found(moved=moved, industry=of_firm[firms], n_obs=int(twice.sum()), flow=flow)


def _one_scale(
    outcome: np.ndarray, design: np.ndarray, entity: np.ndarray, names: _Names
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return coefficient, influence and reason of the own metric and the rivals'."""
    nothing = np.full(2, np.nan), np.zeros((int(entity.max()) + 1, 2))
    if not outcome.any():
        return *nothing, ["no firm's standing ever changes, but for what moves all firms"] * 2
    if not design[:, 0].any():
        return *nothing, [f"'{names.metric}' never varies within a firm, but for what moves all firms"] * 2
    order = [*range(2, design.shape[1]), 1, 0]  # a column that others make up is the one to go
    fit = least_squares(design[:, order], outcome)
    back = np.argsort(order)
    moved = np.zeros((len(nothing[1]), design.shape[1]))
    moved[:, fit.kept] = fit.influence(entity)
    gone = "it is a combination of the other columns"
    reasons = ["" if kept else gone for kept in fit.kept[back][:2]]
    return fit.coef[back][:2], moved[:, back][:, :2], reasons


def _check_survivors(rows: PanelRows, names: _Names, found: _Found) -> Check:
    """Fit again with the firms of the last period alone, ranked among themselves."""
    stays = np.zeros(len(rows.names), dtype=bool)
    stays[rows.entity[rows.period == rows.period.max()]] = True
    tested, left = "whether the firms that leave make a difference", int((~stays).sum())
    if not left:
        said = "No firm leaves before the last period."
        return Check(name="survivors", tested=tested, passed=True, sentence=said)
    again = _estimate(rows.keep(stays[rows.entity]), names)
    return check_variant(
        name="survivors",
        tested=tested,
        lead=f"{left:,} of {len(stays):,} firms are not there in the last period; they were left out.",
        what="the effect on the percentile",
        usual=found.headline,
        other=again.headline,
        labels=("all firms", "firms of the last period"),
    )
