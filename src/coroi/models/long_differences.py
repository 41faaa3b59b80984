"""What a point of the metric that its past did not foretell adds to the outcome, period by period after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.blocks import MOST_ROWS
from coroi.inference.computed import COMPUTED, by_size
from coroi.inference.long_differences import Layout, News, stream_long_differences
from coroi.inference.path_rows import clustered_path, crossed, crossover_row, response_rows
from coroi.inference.paths import Path
from coroi.models.info import Info
from coroi.results import Check, Result
from coroi.schemas import EntityBlocks

INFO = Info(
    estimand=(
        "what a point of the metric beyond what its past and the outcome's foretell adds to the outcome some periods "
        "later, and the sum over all periods up to the last horizon"
    ),
    unit="the outcome's unit per point of the metric",
    assumptions=(
        ("given the past that is held, nothing that moves the metric now moves the outcome now or later", "untestable"),
        ("the metric follows its own and the outcome's last values, as many as are held, along a line", "untestable"),
        (
            "where entities leave: what a point changed so long ago as the settling time no longer moves who leaves",
            "untestable",
        ),
        ("who stays has an outcome around a level that does not drift apart", "untestable"),
        ("the response is the same for all entities and at all times", "untestable"),
        ("enough of the metric's changes is new", "strength"),
        ("clusters are independent of each other", "untestable"),
    ),
    reference=(
        "Jorda (2005), American Economic Review 95:161-182; instruments from levels: Anderson and Hsiao (1982), "
        "Journal of Econometrics 18:47-82; projections by instrument: Stock and Watson (2018), Economic Journal "
        "128:917-948; bands: Montiel Olea and Plagborg-Moller (2019), Journal of Applied Econometrics 34:1-17"
    ),
)
LEAST_CLUSTERS, LEAST_STRENGTH = 10, 10.0


def simulate_long_differences(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    path: Sequence[float],
    horizons: int = 3,
    persistence: float = 0.5,
    feedback: float = 0.0,
    confounding: float = 0.0,
    leaving: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw entities whose outcome follows their metric, and whose metric may follow the outcome.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Entities, and periods seen of each.
    path : sequence of float
        What a point of the metric adds to the outcome of its period, of the next, and so on.
    horizons : int
        Last horizon whose response is told.
    persistence : float
        Share of the metric's deviation that is left a period later.
    feedback : float
        What a unit of the last period's outcome, beyond its level, adds to the metric.
    confounding : float
        What a unit of the entity's level of the outcome adds to its level of the metric.
    leaving : float
        Chance to leave for good after each period from the middle on: no metric any more, and an outcome of zero.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, metric, outcome, gone``.
    truth : dict of str to float
        ``response[h]``, for who is there in the later half when the metric moves, and ``total``, their sum.
    """
    before = 40
    total = before + periods
    level, error, new = rng.normal(size=n), rng.normal(size=(n, total)), rng.normal(size=(n, total))
    metric, outcome = new.copy(), error.copy()
    for t in range(1, total):
        metric[:, t] += persistence * metric[:, t - 1] + feedback * outcome[:, t - 1]
        outcome[:, t] += sum(effect * metric[:, t - k] for k, effect in enumerate(path) if k <= t)
    chance = np.where(np.arange(total) >= before + periods // 2, leaving, 0.0)
    gone = np.cumsum(rng.random((n, total)) < chance, axis=1) > 0
    gone = np.column_stack([np.zeros(n, dtype=bool), gone[:, :-1]])
    season = rng.normal(size=total)
    seen = np.where(gone, np.nan, 7 + metric + (confounding * level + rng.normal(size=n))[:, None] + 0.3 * season)
    money = np.where(gone, 0.0, 20 + outcome + 2 * level[:, None] + season)
    frame = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(periods), n),
            "metric": seen[:, before:].ravel(),
            "outcome": money[:, before:].ravel(),
            "gone": gone[:, before:].ravel().astype(float),
        }
    )
    shock, answer = np.zeros(horizons + 1), np.zeros(horizons + 1)
    for h in range(horizons + 1):
        shock[h] = persistence * shock[h - 1] + feedback * answer[h - 1] if h else 1.0
        answer[h] = sum(effect * shock[h - k] for k, effect in enumerate(path) if k <= h)
    answer *= (1 - leaving) ** np.arange(horizons + 1)
    return frame, {f"response[{h}]": float(a) for h, a in enumerate(answer)} | {"total": float(answer.sum())}


def fit_long_differences(
    data: pd.DataFrame | EntityBlocks,
    *,
    outcome: str,
    metric: str,
    past: Sequence[str] = (),
    gone: str | None = None,
    since: int | None = None,
    horizons: int = 6,
    lags: int = 1,
    settle: int | None = None,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
    most_rows: int = MOST_ROWS,
) -> Result:
    """Fit one regression a horizon of the outcome's long difference on the metric's change, what is new as instrument.

    Parameters
    ----------
    data : pandas.DataFrame or EntityBlocks
        One row an entity and period; or the same in blocks of whole entities, NaN where a value is missing, whose
        columns are outcome, metric, `past` and `gone`, each once, in this order.
    outcome, metric : str
        Columns.
    past : sequence of str
        Columns whose last values foretell the metric beside its own; the outcome by default.
    gone : str, optional
        Column that is 1 once an entity has left and 0 before, where any leaves: the outcome then is what is left of it.
    since : int, optional
        First period whose changes count, such as that in which a cohort was fixed; those before are past alone.
    horizons : int
        Last horizon; the first is 0, the same period.
    lags : int
        Last values that foretell the metric.
    settle : int, optional
        With `gone`: periods after which a change no longer moves who leaves; as many as there are horizons by default.
        An entity's level of what is new is its mean before them.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time, 4,000 at most from first to last.
    cluster : str, optional
        Column of clusters of whole entities; each entity its own by default. Blocks bring their own.
    level : float
        Level of intervals and band.
    keep_influence : bool
        Keep the influence of each cluster, shape (n_clusters, n_horizons + 1).
    most_rows : int
        A frame with more rows than that is read block by block.

    Returns
    -------
    Result
        ``response`` by ``horizon``, with ``band_low`` and ``band_high``, which hold all horizons at once; ``total``,
        their sum; ``crossover``, the horizon from which the path is no longer below zero, its interval the band
        projected. Tables: ``band``, ``rows`` by horizon, ``foretold`` (what each past value foretells of the metric),
        ``crossover``. Check ``strength``. Not identified: a metric or outcome that does not vary beyond the periods,
        no row with all that it takes, fewer than 10 clusters, hardly anything new in the metric (F below 10).

    Raises
    ------
    DataError
        If keys or columns are missing, a key repeats, an entity changes its cluster, or a number is out of range.

    Notes
    -----
    First the metric's change is regressed on the changes before it, with the levels before those as instruments, so
    that an entity's level plays no part and short panels leave no bias. What these coefficients do not foretell of the
    metric is the instrument for its change; the outcome's difference is from the period before. The instrument holds an
    entity's level, which the difference of a level outcome does not; where leaving ends an outcome the difference does,
    so the part of the difference of who has left by then is regressed apart, with the instrument less its mean in the
    far past, and both add up. Regressing changes on changes instead is inconsistent where effects or the metric fade:
    the last changes held do not make up for the past that differencing leaves in. Errors carry those of the first step.
    Assumptions: see ``INFO``.
    """
    foretelling = tuple(dict.fromkeys((metric, *(past or (outcome,)))))
    names = tuple(dict.fromkeys((outcome, *foretelling, *([gone] if gone else []))))
    settle = horizons + 1 if settle is None else settle
    if horizons < 0 or lags < 1 or settle < 1:
        raise DataError(
            f"horizons count from 0, lags and settle from 1; {horizons}, {lags} and {settle} were asked for."
        )
    panel, in_blocks = by_size(data, names, entity=entity, period=period, cluster=cluster, most_rows=most_rows)
    if tuple(panel.names) != names:
        raise DataError(f"the blocks hold {', '.join(panel.names)} and not {', '.join(names)}, in this order.")
    layout = Layout(
        outcome=0,
        metric=names.index(metric),
        past=tuple(names.index(each) for each in foretelling),
        gone=names.index(gone) if gone else None,
        since=0 if since is None else since - panel.first_period,
        lags=lags,
        settle=settle,
        horizons=horizons,
    )
    news = stream_long_differences(panel, layout)
    code, labels = np.arange(len(panel.entities)), panel.entities
    if panel.clusters is not None:
        code, labels = pd.factorize(panel.clusters)
    weak = f"hardly anything in the metric's changes is new (F = {news.strength:.1f} of {LEAST_STRENGTH:.0f} needed)"
    reasons = [why or (weak if news.strength < LEAST_STRENGTH else "") for why in news.reasons]
    path = clustered_path(news.estimate, reasons, news.by_entity, news.there, code, least=LEAST_CLUSTERS)
    critical = path.critical(level)
    terms = [f"response[{h}]" for h in range(horizons + 1)]
    moved = pd.DataFrame(path.moved, index=labels[path.groups], columns=terms)
    moved["total"] = moved.sum(axis=1)
    whole = not any(path.reasons)
    crossing = crossed(path, critical)
    band = {"critical": critical, "level": level, "df": path.df, "horizons": horizons + 1}
    return Result(
        method="long_differences",
        estimand=INFO.estimand,
        spec={
            "outcome": outcome,
            "metric": metric,
            "past": list(foretelling),
            "gone": gone,
            "since": since,
            "horizons": horizons,
            "lags": lags,
            "settle": settle if gone else None,
            "level": level,
            "errors": f"clustered, factor G / (G - 1), t with {path.df} degrees of freedom, clusters less one",
            "computed": COMPUTED[in_blocks],
        },
        estimates=_estimates(path, critical, level),
        vcov=pd.DataFrame(path.covariance, index=terms, columns=terms) if whole else None,
        influence=moved if keep_influence and whole else None,
        n_obs=int(news.rows[0]),
        n_entities=int(news.there[:, 0].sum()),
        checks=(_strength(news),),
        tables={
            "band": pd.DataFrame([band]),
            "rows": _rows(panel, news),
            "foretold": _foretold(news, foretelling, lags),
        }
        | ({} if crossing is None else {"crossover": pd.DataFrame([asdict(crossing)])}),
    )


def _estimates(path: Path, critical: float, level: float) -> pd.DataFrame:
    last = len(path.estimate) - 1
    total = {"term": "total", "horizon": last} | path.combined(np.ones(last + 1), level)
    crossover = {"term": "crossover", "horizon": last} | crossover_row(path, crossed(path, critical))
    return pd.DataFrame([*response_rows(path, critical, level), total, crossover])


def _strength(news: News) -> Check:
    tested = "that enough of the metric's changes is new, not foretold by the past"
    if news.reasons[0]:
        return Check(name="strength", tested=tested, passed=None, sentence=f"Not tested: {news.reasons[0]}.")
    passed = news.strength >= LEAST_STRENGTH
    said = "Enough" if passed else "Too little"
    sentence = f"{said} of the changes is new: F is {news.strength:,.0f}, and it takes {LEAST_STRENGTH:.0f} or more."
    return Check(name="strength", tested=tested, passed=passed, sentence=sentence)


def _rows(panel: EntityBlocks, news: News) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "horizon": range(len(news.rows)),
            "rows": news.rows,
            "entities": news.there.sum(axis=0),
            "left_out": panel.n_rows - news.rows,
        }
    )


def _foretold(news: News, past: Sequence[str], lags: int) -> pd.DataFrame:
    keys = [(name, lag) for lag in range(1, lags + 1) for name in past]
    return pd.DataFrame(keys, columns=["column", "lag"]).assign(estimate=news.foretold)
