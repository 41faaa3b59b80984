"""What is compared, a function each, from file to answer: ``python -m benchmarks.contenders NAME WARM PATH``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.data import AGE_LIMIT
from benchmarks.engine import MEMORY, session
from benchmarks.lag_fits import coroi_lags, coroi_lags_memory, coroi_news, coroi_news_memory
from benchmarks.measure import time_work

_CENTRE = 5.0
_TENURE_EDGES = (1, 3, 6, 12, 24, 36, 60)
_UNTIL = date(2024, 12, 31)
_COLUMNS = ["customer_id", "tenure_periods", "exited", "segment", "nps", "nps_n_to_date"]
SUMMED = [
    *("spell", "tenure_periods", "at_risk", "exited", "revenue", "weight"),
    *("nps", "nps_age_periods", "nps_mean_to_date", "nps_n_to_date"),
]
_SUMS = """customer_id, count(*), sum(at_risk::int), sum(exited::int), sum(tenure_periods), sum(weight), sum(nps),
sum(nps_n_to_date), count(segment)"""


def coroi_hazard(path: Path) -> dict[str, Any]:
    """Fit our hazard from a panel file."""
    from coroi.inference.design import Term
    from coroi.models.hazard import fit_hazard
    from coroi.prepare.cells import panel_cells
    from coroi.schemas import Panel

    connection = session()
    panel = Panel(
        data=connection.read_parquet(path),
        metrics=("nps",),
        frequency="month",
        currency="EUR",
        relationship="contract",
        observed_until=_UNTIL,
        last_complete_period=_UNTIL.replace(day=1),
        last_at_risk_period=_UNTIL.replace(day=1),
    )
    cells = panel_cells(connection, panel, "nps")
    terms = [Term("score", centre=_CENTRE), *(Term(name, levels) for name, levels in cells.levels.items())]
    fit = fit_hazard(cells, terms=terms, link="logit").estimates
    return {row.term: [row.estimate, row.std_error] for row in fit.itertuples()}


def pyfixest(path: Path) -> dict[str, Any]:
    """Fit the same by pyfixest, errors clustered with the factor G / (G - 1) and no other."""
    import pyfixest as pf

    frame, _ = rows(path)
    fit = pf.feglm(
        "exited ~ score + state + tenure + segment",
        data=frame,
        family="logit",
        vcov={"CRV1": "customer_id"},
        ssc=pf.ssc(k_adj=False, G_adj=True),
        copy_data=False,
        store_data=False,
        lean=True,
    ).tidy()
    names = {"Intercept": "constant"}
    return {
        names.get(term, term.replace("[T.", "[")): [row["Estimate"], row["Std. Error"]] for term, row in fit.iterrows()
    }


def statsmodels(path: Path) -> dict[str, Any]:
    """Fit the same by statsmodels, from the design that ours would have for every row."""
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm

    from coroi.inference.design import design_matrix, labels_of

    frame, terms = rows(path)
    cluster, clusters = pd.factorize(frame["customer_id"])
    g = len(clusters)
    design = design_matrix(frame, terms)
    fit = sm.GLM(frame["exited"].to_numpy(), design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    errors = fit.bse * np.sqrt(g / (g - 1))
    return {label: [b, e] for label, b, e in zip(labels_of(terms), fit.params, errors, strict=True)}


def grouping(path: Path) -> dict[str, Any]:
    """Group the panel by customer and sum the columns that the hazard uses, in DuckDB."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="coroi-benchmark-") as scratch:
        connection = duckdb.connect(config={"temp_directory": scratch, "memory_limit": MEMORY})
        grouped = connection.read_parquet(str(path)).aggregate(_SUMS, "customer_id").to_arrow_table()
    return {"customers": [grouped.num_rows]}


def coroi_effects(path: Path) -> dict[str, Any]:
    """Fit our two-way fixed effects from a file of customer-months."""
    from coroi.models.fixed_effects import fit_fixed_effects
    from coroi.prepare.blocks import panel_rows

    names = {"outcome": "margin", "metric": "nps", "controls": ["tickets"], "entity": "customer_id"}
    read = panel_rows(session(), session().read_parquet(path), **names, frequency="month")
    fit = fit_fixed_effects(read, **names, estimators=("two_way",)).estimates
    rows = fit[fit["errors"] == "cluster"]
    return {row.term: [row.estimate, row.std_error] for row in rows.itertuples()}


def coroi_effects_all(path: Path) -> dict[str, Any]:
    """Fit all four of ours, each beside the others."""
    from coroi.models.fixed_effects import fit_fixed_effects
    from coroi.prepare.blocks import panel_rows

    names = {"outcome": "margin", "metric": "nps", "controls": ["tickets"], "entity": "customer_id"}
    read = panel_rows(session(), session().read_parquet(path), **names, frequency="month")
    fit = fit_fixed_effects(read, **names).estimates
    rows = fit[(fit["errors"] == "cluster") & (fit["estimator"] == "two_way")]
    return {row.term: [row.estimate, row.std_error] for row in rows.itertuples()}


def pyfixest_effects(path: Path) -> dict[str, Any]:
    """Fit the same by pyfixest, errors clustered with the factor G / (G - 1) and no other."""
    import pandas as pd
    import pyfixest as pf

    fit = pf.feols(
        "margin ~ nps + tickets | customer_id + period",
        data=pd.read_parquet(path),
        vcov={"CRV1": "customer_id"},
        ssc=pf.ssc(k_adj=False, G_adj=True),
        fixef_rm="none",
        copy_data=False,
        store_data=False,
        lean=True,
    ).tidy()
    return {str(term): [row["Estimate"], row["Std. Error"]] for term, row in fit.iterrows()}


def linearmodels_effects(path: Path) -> dict[str, Any]:
    """Fit the same by linearmodels, whose factor has (N - 1) / N beside G / (G - 1)."""
    import pandas as pd
    from linearmodels.panel import PanelOLS

    frame = pd.read_parquet(path)
    frame["period"] = pd.to_datetime(frame["period"])
    panel = frame.set_index(["customer_id", "period"])
    model = PanelOLS(panel["margin"], panel[["nps", "tickets"]], entity_effects=True, time_effects=True)
    how = {"cov_type": "clustered", "cluster_entity": True, "group_debias": True, "debiased": False}
    fit = model.fit(**how, auto_df=False, count_effects=False)
    factor = (len(frame) / (len(frame) - 1)) ** 0.5
    return {term: [fit.params[term], fit.std_errors[term] * factor] for term in ("nps", "tickets")}


def coroi_panel(folder: Path) -> dict[str, Any]:
    """Clean raw tables and build the panel in the engine."""
    prepared = _prepare(folder)
    assert prepared.panel is not None, prepared.problems
    entities = prepared.panel.data["customer_id"].nunique()
    return {"customers": [int(prepared.connection.execute(entities))]}


def coroi_panel_sums(folder: Path) -> dict[str, Any]:
    """Do the same and sum every column, to be held against another's."""
    data = _prepare(folder).panel.data
    sums = {c: data[c].cast("float64").sum() for c in SUMMED}
    row = session().to_pandas(data.agg(customers=data["customer_id"].nunique(), rows=data.count(), **sums)).iloc[0]
    return {str(name): [float(value)] for name, value in row.items()}


def pandas_panel_sums(folder: Path) -> dict[str, Any]:
    """Clean the same tables and build the same panel in pandas."""
    from benchmarks.pandas_panel import build

    panel = build(folder, until=_UNTIL, since=date(2022, 1, 1), grace_days=30, age_limit=AGE_LIMIT)
    sums = {c: [float(panel[c].astype("float64").sum())] for c in SUMMED}
    return {"customers": [float(panel["customer_id"].nunique())], "rows": [float(len(panel))], **sums}


def keep_panel(folder: Path) -> dict[str, Any]:
    """Write the panel of raw tables beside them, for the grouping to read."""
    from coroi import storage

    prepared = _prepare(folder)
    assert prepared.panel is not None, prepared.problems
    storage.write_parquet_tables(prepared.connection, {"panel": prepared.panel.data}, folder)
    return {"rows": [int(prepared.connection.execute(prepared.panel.data.count()))]}


def rows(path: Path) -> tuple[Any, list[Any]]:
    """Return the rows of a panel file with the covariates that our hazard has, and its terms."""
    import numpy as np
    import pandas as pd

    from coroi.inference.design import Term
    from coroi.prepare.levels import STATES, tenure_bands

    read = pd.read_parquet(path, columns=_COLUMNS)
    counts = read.groupby("tenure_periods", as_index=False)["exited"].agg(n="count", events="sum")
    starts, bands = tenure_bands(counts, _TENURE_EDGES)
    state = np.where(read["nps"].notna(), 0, np.where(read["nps_n_to_date"] > 0, 2, 1))
    band = np.searchsorted(starts, read["tenure_periods"], side="right") - 1
    segments = pd.Categorical(read["segment"])
    frame = pd.DataFrame(
        {
            "customer_id": read["customer_id"],
            "exited": read["exited"].astype(float),
            "score": (read["nps"] - _CENTRE).fillna(0.0),
            "state": pd.Categorical.from_codes(state, list(STATES)),
            "tenure": pd.Categorical.from_codes(band, list(bands)),
            "segment": segments,
        }
    )
    return frame, [
        Term("score"),
        Term("state", STATES),
        Term("tenure", bands),
        Term("segment", tuple(segments.categories)),
    ]


def _prepare(folder: Path) -> Any:
    from coroi.prepare import PrepareOptions, prepare_company
    from coroi.sources import Metric, Source

    options = PrepareOptions(
        period="month",
        currency="EUR",
        relationship="contract",
        grace_days=30,
        metrics={"nps": Metric(scale=(0, 10))},
        metric_age_limit=AGE_LIMIT,
        observed_from=date(2022, 1, 1),
        observed_until=_UNTIL,
    )
    sources = {name: Source(path=f"{name}.csv") for name in ("customers", "subscriptions", "responses")}
    return prepare_company(session(), sources, {}, options, base=folder)


CONTENDERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    f.__name__: f
    for f in (
        coroi_hazard,
        pyfixest,
        statsmodels,
        grouping,
        coroi_effects,
        coroi_effects_all,
        coroi_lags,
        coroi_lags_memory,
        coroi_news,
        coroi_news_memory,
        pyfixest_effects,
        linearmodels_effects,
        coroi_panel,
        coroi_panel_sums,
        pandas_panel_sums,
        keep_panel,
    )
}

if __name__ == "__main__":
    time_work(CONTENDERS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
