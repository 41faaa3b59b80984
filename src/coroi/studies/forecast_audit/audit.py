"""Hold what earlier runs forecast against what is observed now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from coroi.errors import Problem, StudyError
from coroi.inference.estimates import NAN
from coroi.inference.forecast_scores import exact_share, interval_score, widened
from coroi.inference.forecasts import forecast_series
from coroi.prepare.calendar import index_of, last_period_by
from coroi.schemas import Period
from coroi.studies.forecast_audit.earlier import earlier_predictions
from coroi.studies.inputs import Inputs
from coroi.studies.manifest import to_json
from coroi.studies.predictions import KEY, data_until, file_of, sha256_of
from coroi.studies.small_cells import refuse_small

FILE = "audit.json"
OBSERVED = ("name", "label", "period", "observed")
SERIES = ["name", "label"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audit:
    """How the forecasts of earlier runs came true.

    Parameters
    ----------
    rows : pandas.DataFrame
        One forecast a row: the columns of a prediction, ``run``, ``ahead`` (whether that run ended before the period
        was over), ``observed, std_error``, ``low, high`` (its interval, widened by the observed value's own error),
        ``inside, error`` (observed less forecast), ``score`` (interval score), ``naive_error, naive_score`` (of the
        last value known when the forecast was made).
    scores : pandas.DataFrame
        By what was forecast: ``name, label, unit, n, n_inside, mean_error, absolute_error, naive_absolute_error, score,
        naive_score``; what is naive is NaN unless there is one beside every forecast.
    n_waiting : int
        Forecasts whose period is not observed yet.
    n_other : int
        Forecasts of what this run does not observe: another metric, outcome or horizon.
    n_repeated : int
        Forecasts that a later run on data until the same day made anew; the latest counts.
    n_unreadable : int
        Earlier runs whose predictions could not be read.
    looked : bool
        Whether there was a place to look for earlier runs: a notebook that is run by hand has none.
    hashes : Mapping of str to str
        By run that was scored, the hash of its predictions.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    n_waiting: int = 0
    n_other: int = 0
    n_repeated: int = 0
    n_unreadable: int = 0
    looked: bool = True
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Forecasts that are scored."""
        return len(self.rows)

    @property
    def n_inside(self) -> int:
        """Forecasts that came true within their intervals."""
        return int(self.rows["inside"].sum())

    @property
    def n_apart(self) -> int:
        """Forecasts that stand apart at most: runs or periods, whichever are fewer."""
        return min(self.rows["run"].nunique(), self.rows["period"].nunique())

    @property
    def promised(self) -> float:
        """Mean level of the intervals."""
        return float(self.rows["level"].mean())

    def share(self, *, alone: bool = True, level: float = 0.95) -> tuple[float, float]:
        """Return the exact interval of the share within.

        Parameters
        ----------
        alone : bool
            Whether each forecast stands alone; otherwise all forecasts of one run come true or fail together, and
            those of one period, so that no more of them count than there are runs or periods.
        level : float
        """
        n = self.n if alone else self.n_apart
        return exact_share(n * self.n_inside / self.n, n, level=level)


def audit_of(inputs: Inputs, study: str, observed: pd.DataFrame) -> Audit:
    """Score what earlier runs of a plan's study forecast, on what this run observes.

    Parameters
    ----------
    inputs : Inputs
        What the notebook works on; in a run it knows where the plan's reports are.
    study : str
        The study, as its folder is called.
    observed : pandas.DataFrame
        ``name, label, period, observed``, one row a period, as far back as they are known (the older ones make the
        naive forecast); and `std_error` where an observed value is itself an estimate. They are shown, so that what few
        people stand behind is left out; `customers` and `events`, where given, are checked.

    Raises
    ------
    StudyError
        If the observed values lack a column, repeat a period, or count fewer customers than may be shown.

    Notes
    -----
    A period is scored when the data hold it whole. Runs are found by their place, `reports/<plan>/*/<study>`, and only
    forecasts whose name and label this run observes are scored. In a run, the scored runs and the hashes of their
    predictions are kept in ``audit.json``, from where the manifest takes them: the page depends on them.
    """
    seen = _checked(observed)
    refuse_small({"observed values": observed}, inputs.plan.privacy.smallest_cell)
    if inputs.reports is None:
        return Audit(rows=_scored(_none(), seen, "month"), scores=_by_series(_none()), looked=False)
    until, frequency = data_until(inputs.panel, inputs.plan.observed_until), inputs.plan.period
    earlier = earlier_predictions(inputs.reports, study, until=until, frequency=frequency)
    audit = score(earlier.rows, seen, last=_last_whole(inputs, until), frequency=frequency)
    hashes = {run: earlier.hashes[run] for run in sorted(audit.rows["run"].unique())}
    counts = {c: getattr(audit, c) for c in ("n_waiting", "n_other", "n_repeated")}
    audit = Audit(rows=audit.rows, scores=audit.scores, hashes=hashes, n_unreadable=earlier.n_unreadable, **counts)
    if inputs.output is not None:
        facts = {"runs": hashes, "n": audit.n, "n_inside": audit.n_inside}
        (inputs.output / FILE).write_text(to_json(facts), encoding="utf-8")
    return audit


def kept_of(folder: Path) -> dict[str, object] | None:
    """Return what a manifest says of forecasts: those kept in a study's folder, and the runs that it scored."""
    path, audit = file_of(folder), folder / FILE
    kept = {"sha256": sha256_of(path)} if path.is_file() else None
    scored = json.loads(audit.read_text(encoding="utf-8"))["runs"] if audit.is_file() else None
    return None if kept is None and scored is None else {"kept": kept, "scored": scored}


def score(made: pd.DataFrame, observed: pd.DataFrame, *, last: int, frequency: Period) -> Audit:
    """Score predictions on observed values.

    Parameters
    ----------
    made : pandas.DataFrame
        Predictions with ``run, finished``, all on data that ended before this run's.
    observed : pandas.DataFrame
        See :func:`audit_of`.
    last : int
        Number of the last period that the data hold whole.
    frequency : str
        Length of a period.
    """
    latest = made.sort_values(["finished", "run"]).drop_duplicates([*KEY, "data_until"], keep="last")
    asked = latest.merge(observed[SERIES].drop_duplicates(), on=SERIES)
    index = np.array([index_of(date.fromisoformat(p), frequency) for p in asked["period"]], dtype=int)
    rows = asked[index <= last].merge(observed, on=KEY, how="inner")
    scored = _scored(rows, observed, frequency)
    return Audit(
        rows=scored,
        scores=_by_series(scored),
        n_waiting=len(asked) - len(rows),
        n_other=len(latest) - len(asked),
        n_repeated=len(made) - len(latest),
    )


def _checked(observed: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in OBSERVED if c not in observed]
    if missing:
        what = f"they lack {', '.join(missing)}."
        raise StudyError(Problem("observed values", what, f"Give {', '.join(OBSERVED)}."))
    days = pd.to_datetime(observed["period"], format="ISO8601").map(lambda day: day.date().isoformat())
    errors = observed["std_error"].astype(float) if "std_error" in observed else 0.0
    kept = observed[list(OBSERVED)].assign(period=days.astype("str"), std_error=errors)
    kept = kept[kept["observed"].notna() & kept["std_error"].notna()]
    if kept.duplicated(KEY).any():
        what = f"{int(kept.duplicated(KEY).sum())} rows repeat a name, label and period."
        raise StudyError(Problem("observed values", what, "Give one value a period."))
    return kept


def _last_whole(inputs: Inputs, until: date) -> int:
    last = last_period_by(until, inputs.plan.period)
    panel = inputs.panel
    return last if panel is None else min(last, index_of(panel.last_complete_period, inputs.plan.period))


def _none() -> pd.DataFrame:
    numbers = ("estimate", "pred_low", "pred_high", "level", "observed", "std_error")
    words = ("name", "label", "period", "unit", "data_until", "method", "run", "finished")
    return pd.DataFrame({c: pd.Series(dtype="float64" if c in numbers else "str") for c in (*words, *numbers)})


def _scored(rows: pd.DataFrame, observed: pd.DataFrame, frequency: Period) -> pd.DataFrame:
    estimate, low, high, level, seen, error = (
        rows[c].to_numpy(dtype=float) for c in ("estimate", "pred_low", "pred_high", "level", "observed", "std_error")
    )
    low, high = widened(estimate, low, high, error, level)
    naive = [_naive(row, observed, frequency) for row in rows.to_dict("records")]
    found = rows.assign(
        low=low,
        high=high,
        inside=(low <= seen) & (seen <= high),
        error=seen - estimate,
        score=interval_score(low, high, seen, level),
        naive_error=pd.Series([n[0] for n in naive], index=rows.index, dtype=float),
        naive_score=pd.Series([n[1] for n in naive], index=rows.index, dtype=float),
        ahead=[_ahead(row, frequency) for row in rows.to_dict("records")],
    )
    return found.drop(columns="finished").sort_values([*KEY, "data_until"], ignore_index=True)


def _ahead(row: Mapping[str, object], frequency: Period) -> bool:
    """Tell whether a run ended before what it forecast was over."""
    finished = date.fromisoformat(str(row["finished"])[:10])
    return last_period_by(finished, frequency) < index_of(date.fromisoformat(str(row["period"])), frequency)


def _naive(row: Mapping[str, object], observed: pd.DataFrame, frequency: Period) -> tuple[float, float]:
    """Return the error and the interval score of the last value that was known; NaN where there is none."""
    same = observed[(observed["name"] == row["name"]) & (observed["label"] == row["label"])]
    index = np.array([index_of(date.fromisoformat(p), frequency) for p in same["period"]], dtype=int)
    target = index_of(date.fromisoformat(str(row["period"])), frequency)
    known = index <= min(target - 1, last_period_by(date.fromisoformat(str(row["data_until"])), frequency))
    if not known.any():
        return NAN, NAN
    series = pd.Series(same["observed"].to_numpy(dtype=float)[known], index=index[known]).sort_index()
    whole = series.reindex(range(series.index[0], series.index[-1] + 1)).to_numpy()
    seen, level, error = (float(row[c]) for c in ("observed", "level", "std_error"))  # type: ignore[arg-type]
    found = forecast_series(whole, [target - int(series.index[-1])], level=level, rule="last value").rows.iloc[0]
    if not found["identified"] or found["level"] < level - 1e-9:
        return seen - float(whole[-1]), NAN
    point, low, high = (np.array([float(found[c])]) for c in ("estimate", "pred_low", "pred_high"))
    low, high = widened(point, low, high, np.array([error]), np.array([level]))
    return seen - float(whole[-1]), float(interval_score(low, high, np.array([seen]), np.array([level]))[0])


def _by_series(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ("n", "n_inside", "mean_error", "absolute_error", "naive_absolute_error", "score", "naive_score")
    if rows.empty:
        return pd.DataFrame(columns=["name", "label", "unit", *columns])
    found = []
    for (name, label, unit), part in rows.groupby(["name", "label", "unit"], sort=True):
        means = {
            "mean_error": part["error"].mean(),
            "absolute_error": part["error"].abs().mean(),
            "naive_absolute_error": part["naive_error"].abs().mean(skipna=False),
            "score": part["score"].mean(),
            "naive_score": part["naive_score"].mean(skipna=False),
        }
        counts = {"n": len(part), "n_inside": int(part["inside"].sum())}
        found.append({"name": name, "label": label, "unit": unit, **counts, **means})
    return pd.DataFrame(found)
