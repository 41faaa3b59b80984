"""Looking at the data before any question is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from coroi.claims import CLAIMS
from coroi.metrics.respondents import score_respondents
from coroi.prepare.guards import check_leak
from coroi.prepare.ledger import LOSING, unbalanced
from coroi.results import REQUIRED_ESTIMATE_COLUMNS, Check, Result
from coroi.schemas import SNAPSHOT, TABLES, metric_columns, missing_for
from coroi.studies.inputs import Inputs, holdings, metric_label
from coroi.studies.registry import STUDIES
from coroi.studies.retention.question import ask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """What a look at the data found.

    Parameters
    ----------
    tables : pandas.DataFrame
        By table: rows in, left out, dropped, merged, out, and the first and last date.
    losses : pandas.DataFrame
        By table and rule: rows and the reason.
    coverage : pandas.DataFrame
        By metric and its label: answers, customers who ever answered, all customers, first and last answer.
    respondents : Result or None
        Those who had answered against the rest.
    leaks : tuple of Check
        One a metric.
    flags : pandas.DataFrame
        Cross-table of rival churn flags.
    studies, claims : pandas.DataFrame
        What can be asked, and what is missing for the rest.
    checks : tuple of Check
        Counts that add up, leaks, rival flags.
    n_customers : int
        Customers in the data.
    """

    tables: pd.DataFrame
    losses: pd.DataFrame
    coverage: pd.DataFrame
    respondents: Result | None
    leaks: tuple[Check, ...]
    flags: pd.DataFrame
    studies: pd.DataFrame
    claims: pd.DataFrame
    checks: tuple[Check, ...]
    n_customers: int


def look(inputs: Inputs, *, level: float = 0.95) -> Survey:
    """Look at the data.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    level : float
        Level of the intervals.
    """
    leaks = tuple(_leak(inputs, m) for m in inputs.plan.metrics if _held(inputs, m))
    held = holdings(inputs.tables, inputs.connection)
    flags = inputs.flags
    n = _n_customers(inputs)
    return Survey(
        tables=_tables(inputs),
        losses=_losses(inputs.ledger),
        coverage=_coverage(inputs, n),
        respondents=_respondents(inputs, level),
        leaks=leaks,
        flags=flags,
        studies=_studies(held),
        claims=_claims(held),
        checks=(_check_counts(inputs.ledger), *leaks, *_check_flags(flags)),
        n_customers=n,
    )


def as_result(survey: Survey) -> Result:
    """Return the survey in the shape of every result, so that it is kept like one."""
    tables = {"tables": survey.tables, "losses": survey.losses, "coverage": survey.coverage}
    tables |= {"studies": survey.studies, "claims": survey.claims, "flags": survey.flags}
    base = survey.respondents
    return Result(
        method="readiness",
        estimand="mean of customers who had answered less mean of those who never had, by trait",
        spec={} if base is None else dict(base.spec),
        estimates=pd.DataFrame(columns=list(REQUIRED_ESTIMATE_COLUMNS)) if base is None else base.estimates,
        n_obs=int(survey.tables["in"].sum()),
        n_entities=survey.n_customers,
        checks=survey.checks,
        tables=tables,
    )


def _held(inputs: Inputs, metric: str) -> bool:
    if inputs.plan.relationship_or_default == "snapshot":
        return "snapshot" in inputs.tables and metric in inputs.tables["snapshot"].columns
    return inputs.panel is not None and "responses" in inputs.tables


def _n_customers(inputs: Inputs) -> int:
    people = [t.select("customer_id") for t in inputs.tables.values()]
    return int(
        inputs.connection.execute(
            ibis.union(*people, distinct=True).count() if len(people) > 1 else people[0].nunique()
        )
    )


def _tables(inputs: Inputs) -> pd.DataFrame:
    rows = []
    for name, table in inputs.tables.items():
        lines = inputs.ledger[inputs.ledger["table"] == name]
        total = lines.groupby("step")["rows"].sum()
        time = TABLES[name].time
        span = inputs.connection.to_pandas(table.agg(first=table[time].min(), last=table[time].max())).iloc[0]
        counts = {step: int(total.get(step, 0)) for step in ("in", *LOSING, "out")}
        rows.append({"table": name} | counts | {"first": _day(span["first"]), "last": _day(span["last"])})
    return pd.DataFrame(rows)


def _losses(ledger: pd.DataFrame) -> pd.DataFrame:
    lost = ledger[~ledger["step"].isin(["in", "out"])]
    return lost[["table", "step", "rule", "rows", "examples", "sentence"]].reset_index(drop=True)


def _coverage(inputs: Inputs, n_customers: int) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for metric in inputs.plan.metrics:
        found: list[Any] = []
        if "responses" in inputs.tables:
            answers = inputs.tables["responses"]
            answers = answers.filter(answers["metric"] == metric)
            found.append(answers.select("customer_id", day=answers["answered_at"]))
        if "snapshot" in inputs.tables and metric in inputs.tables["snapshot"].columns:
            snapshot = inputs.tables["snapshot"]
            snapshot = snapshot.filter(snapshot[metric].notnull())
            found.append(snapshot.select("customer_id", day=snapshot["answered_at"]))
        if not found:
            rows.append({"metric": metric, "answers": 0, "customers": 0, "all": n_customers, "first": "", "last": ""})
            continue
        answers = found[0] if len(found) == 1 else ibis.union(*found)
        seen = inputs.connection.to_pandas(
            answers.agg(
                answers=answers.count(),
                customers=answers["customer_id"].nunique(),
                first=answers["day"].min(),
                last=answers["day"].max(),
            )
        ).iloc[0]
        counts = {"answers": int(seen["answers"]), "customers": int(seen["customers"]), "all": n_customers}
        rows.append({"metric": metric} | counts | {"first": _day(seen["first"]), "last": _day(seen["last"])})
    return pd.DataFrame(rows, columns=["metric", "answers", "customers", "all", "first", "last"])


def _leak(inputs: Inputs, metric: str) -> Check:
    question = ask(inputs, metric=metric)
    counts = question.cohort.counts
    by_horizon = counts.assign(event=counts["event"] * (counts["duration"] <= question.horizon))
    return check_leak(by_horizon, metric, label=question.label, outcome=question.cohort.event)


def _respondents(inputs: Inputs, level: float) -> Result | None:
    """Compare at the last period in which all can be seen, on what was known of everybody by then."""
    if inputs.plan.relationship_or_default == "snapshot":
        people, traits = _snapshot_people(inputs)
    elif inputs.panel is not None and "responses" in inputs.tables:
        people, traits = _panel_people(inputs)
    else:
        return None
    if not traits:
        return None
    parts = []
    for trait in traits:
        known = people.filter(people[trait].notnull())
        parts.append(
            known.group_by("answered").agg(
                trait=ibis.literal(trait),
                n=known.count(),
                mean=known[trait].cast("float64").mean(),
                variance=known[trait].cast("float64").var(how="sample"),
            )
        )
    union = parts[0] if len(parts) == 1 else ibis.union(*parts)
    moments = inputs.connection.to_pandas(union.order_by("trait", "answered"))
    moments["variance"] = moments["variance"].fillna(0.0)
    return score_respondents(moments, traits=traits, level=level)


def _panel_people(inputs: Inputs) -> tuple[Any, list[str]]:
    panel = inputs.panel
    assert panel is not None
    at = panel.last_at_risk_period if panel.relationship == "contract" else panel.last_complete_period
    data = panel.data.filter(panel.data["period"] <= ibis.literal(at.isoformat()).cast("date"))
    counts = [data[metric_columns(m)[3]] for m in panel.metrics]
    ever = sum(counts[1:], counts[0])
    data = data.mutate(_answers=ever, _now=data["period"] == ibis.literal(at.isoformat()).cast("date"))
    grouped = data.group_by("customer_id").agg(
        periods_since_start=data.count() - 1,
        revenue_per_period=data["revenue"].mean(),
        purchases=data["n_transactions"].sum(),
        answered=data["_answers"].max() > 0,
        here=(data["_now"] & (data["at_risk"] | (panel.relationship != "contract"))).cast("int64").max(),
    )
    people = grouped.filter(grouped["here"] == 1)
    wanted = {"periods_since_start": True, "revenue_per_period": "revenue", "purchases": "n_transactions"}
    filled = inputs.connection.to_pandas(
        panel.data.agg(**{c: panel.data[c].count() for c in ("revenue", "n_transactions")})
    ).iloc[0]
    return people, [t for t, source in wanted.items() if source is True or filled[source]]


def _snapshot_people(inputs: Inputs) -> tuple[Any, list[str]]:
    snapshot = inputs.tables["snapshot"]
    scores = [snapshot[c] for c in snapshot.columns if c not in SNAPSHOT.names]
    if not scores:
        return snapshot, []
    answered = ibis.or_(*(s.notnull() for s in scores))
    people = snapshot.mutate(answered=answered, left_share=snapshot["left"].cast("float64"))
    filled = inputs.connection.to_pandas(
        snapshot.agg(**{c: snapshot[c].count() for c in ("tenure_months", "revenue")})
    ).iloc[0]
    return people, [*(c for c in ("tenure_months", "revenue") if filled[c]), "left_share"]


def _studies(inputs: Inputs) -> pd.DataFrame:
    rows = []
    for study in STUDIES.values():
        missing = lacking(study.need, inputs.tables, inputs.connection)
        rows.append({"study": study.name, "question": study.question, "missing": missing})
    return pd.DataFrame(rows)


def _claims(inputs: Inputs) -> pd.DataFrame:
    rows = []
    for claim in CLAIMS:
        missing = lacking(claim.need, inputs.tables, inputs.connection)
        rows.append(
            {
                "claim": claim.id,
                "text": claim.text,
                "study": claim.study,
                "here": claim.id in _tested(),
                "missing": missing,
            }
        )
    return pd.DataFrame(rows)


def _tested() -> set[str]:
    return {c for s in STUDIES.values() for c in s.claims}


def _check_counts(ledger: pd.DataFrame) -> Check:
    gaps = unbalanced(ledger)
    tested = "whether rows in equal rows out and rows left out, by table"
    if gaps:
        said = "; ".join(f"{table}: {n:,} rows unaccounted for" for table, n in gaps.items())
        return Check(name="counts", tested=tested, passed=False, sentence=f"The counts do not add up. {said}.")
    n = ledger["table"].nunique()
    return Check(name="counts", tested=tested, passed=True, sentence=f"Every row of all {n} tables is accounted for.")


def _check_flags(flags: pd.DataFrame) -> tuple[Check, ...]:
    if flags.empty:
        return ()
    names = [c for c in flags.columns if c != "customers"]
    alike = flags[names].nunique(axis=1) == 1
    total, agreed = int(flags["customers"].sum()), int(flags.loc[alike, "customers"].sum())
    said = f"All {len(names)} sources agree on {agreed:,} of {total:,} customers."
    if agreed < total:
        gone = [f"{name} calls {int(flags.loc[flags[name], 'customers'].sum()):,} gone" for name in names]
        said += f" They differ on {total - agreed:,}: {'; '.join(gone)}. Find out which one is right before trusting a rate."
    return (
        Check(
            name="flags",
            tested="whether all sources agree on who has left",
            passed=agreed == total,
            sentence=said,
            table=flags,
        ),
    )


def _day(value: Any) -> str:
    return "" if value is None or value != value else str(pd.Timestamp(value).date())
