"""Looking at the data before any question is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import pandas as pd

from coroi.claims import CLAIMS
from coroi.prepare.cleaning.advice import DOUBTS
from coroi.prepare.ledger import COLUMNS, LOSING, unbalanced
from coroi.report.words import plural
from coroi.results import REQUIRED_ESTIMATE_COLUMNS, Check, Result
from coroi.schemas import TABLES, missing_for
from coroi.studies.inputs import Inputs, holdings, metric_label
from coroi.studies.readiness.people import compare_respondents
from coroi.studies.readiness.written import example_verbatims
from coroi.studies.registry import STUDIES
from coroi.studies.retention.answer import leak_check
from coroi.studies.retention.question import ask

Held = tuple[set[str], set[str], set[str]]


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
    smallest_cell : int
        Smallest count of customers that may be shown.
    verbatims : tuple of str or None
        A few texts that customers wrote, masked; ``None`` where the plan does not ask for them.
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
    smallest_cell: int = 10
    verbatims: tuple[str, ...] | None = None


def look(inputs: Inputs, *, level: float = 0.95) -> Survey:
    """Look at the data.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    level : float
        Level of the intervals.
    """
    leaks = tuple(leak_check(ask(inputs, metric=m)) for m in inputs.plan.metrics if _has_outcome(inputs, m))
    held = holdings(inputs.tables, inputs.connection)
    leaking = {c.name.removeprefix("leak_") for c in leaks if c.passed is False}
    flags = inputs.flags
    n = _n_customers(inputs)
    return Survey(
        tables=_tables(inputs),
        losses=_losses(inputs.ledger),
        coverage=_coverage(inputs, n),
        respondents=compare_respondents(inputs, level=level),
        leaks=leaks,
        flags=flags,
        studies=_studies(held),
        claims=_claims((held[0], held[1] - leaking, held[2])),
        checks=(_check_counts(inputs.ledger), _check_doubts(inputs.ledger), *leaks, *_check_flags(flags)),
        n_customers=n,
        smallest_cell=inputs.plan.privacy.smallest_cell,
        verbatims=example_verbatims(inputs),
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


def _has_outcome(inputs: Inputs, metric: str) -> bool:
    if inputs.plan.relationship_or_default == "snapshot":
        return "snapshot" in inputs.tables and metric in inputs.tables["snapshot"].columns
    return inputs.panel is not None and "responses" in inputs.tables


def _n_customers(inputs: Inputs) -> int:
    people = [t.select("customer_id") for t in inputs.tables.values() if "customer_id" in t.columns]
    if not people:
        return 0
    everybody = ibis.union(*people) if len(people) > 1 else people[0]
    return int(inputs.connection.execute(everybody["customer_id"].nunique()))


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
    return lost[[c for c in COLUMNS if c in lost.columns]].reset_index(drop=True)


def _coverage(inputs: Inputs, n_customers: int) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for metric in inputs.plan.metrics:
        row = {"metric": metric, "label": metric_label(inputs.plan, metric), "answers": 0, "customers": 0}
        answers = _answers(inputs, metric)
        span: dict[str, object] = {"all": n_customers, "first": "", "last": ""}
        if answers is not None:
            day = answers["day"]
            total = answers.agg(
                answers=answers.count(), customers=answers["customer_id"].nunique(), first=day.min(), last=day.max()
            )
            seen = inputs.connection.to_pandas(total).iloc[0]
            row |= {"answers": int(seen["answers"]), "customers": int(seen["customers"])}
            span |= {"first": _day(seen["first"]), "last": _day(seen["last"])}
        rows.append(row | span)
    return pd.DataFrame(rows, columns=["metric", "label", "answers", "customers", "all", "first", "last"])


def _answers(inputs: Inputs, metric: str) -> Any | None:
    """Return who answered and when, from both tables that may hold answers."""
    found: list[Any] = []
    if "responses" in inputs.tables:
        answers = inputs.tables["responses"]
        answers = answers.filter(answers["metric"] == metric)
        found.append(answers.select("customer_id", day=answers["answered_at"]))
    if "snapshot" in inputs.tables and metric in inputs.tables["snapshot"].columns:
        snapshot = inputs.tables["snapshot"]
        snapshot = snapshot.filter(snapshot[metric].notnull())
        found.append(snapshot.select("customer_id", day=snapshot["answered_at"]))
    return ibis.union(*found) if len(found) > 1 else next(iter(found), None)


def _studies(held: Held) -> pd.DataFrame:
    rows = [{"study": s.name, "question": s.question, "missing": missing_for(s.need, *held)} for s in STUDIES.values()]
    return pd.DataFrame(rows)


def _claims(held: Held) -> pd.DataFrame:
    rows = [
        {
            "claim": c.id,
            "text": c.text,
            "study": c.study,
            "here": c.id in _tested(),
            "missing": missing_for(c.need, *held),
        }
        for c in CLAIMS
    ]
    return pd.DataFrame(rows)


def _tested() -> set[str]:
    return {c for s in STUDIES.values() for c in s.claims}


def _check_counts(ledger: pd.DataFrame) -> Check:
    gaps = unbalanced(ledger)
    tested = "whether rows in equal rows out and rows left out, by table"
    if gaps:
        said = "; ".join(f"{table}: {plural(n, 'row')} unaccounted for" for table, n in gaps.items())
        return Check(name="counts", tested=tested, passed=False, sentence=f"The counts do not add up. {said}.")
    said = f"Every row is accounted for, in {plural(ledger['table'].nunique(), 'table')}."
    return Check(name="counts", tested=tested, passed=True, sentence=said)


def _check_doubts(ledger: pd.DataFrame) -> Check:
    doubts = ledger[(ledger["step"] == "flagged") & ledger["rule"].isin(DOUBTS)]
    tested = "whether scores, dates and columns may mean something else than the plan says"
    if doubts.empty:
        said = "No score, date or column looks as if it meant something else than the plan says."
        return Check(name="doubts", tested=tested, passed=True, sentence=said)
    found = "; ".join(f"{r.table}.{r.column or 'rows'}: {r.sentence}" for r in doubts.itertuples())
    said = f"{plural(len(doubts), 'doubt')} to be settled first. {found}."
    return Check(name="doubts", tested=tested, passed=False, sentence=said, table=doubts.reset_index(drop=True))


def _check_flags(flags: pd.DataFrame) -> tuple[Check, ...]:
    names = [c for c in flags.columns if c != "customers"]
    if len(names) < 2:
        return ()
    alike = flags[names].nunique(axis=1) == 1
    total, agreed = int(flags["customers"].sum()), int(flags.loc[alike, "customers"].sum())
    gone = {name: f"{int(flags.loc[flags[name], 'customers'].sum()):,}" for name in names}
    whole = plural(total, "customer")
    check = flags_check(names, agreed == total, f"{agreed:,}", whole, f"{total - agreed:,}", gone)
    return (replace(check, table=flags),)


def flags_check(
    names: Sequence[str], agree: bool, agreed: str, whole: str, apart: str, gone: Mapping[str, str]
) -> Check:
    """Say whether all sources agree on who has left; the counts come as words."""
    said = f"All {len(names)} sources agree on {agreed} of {whole}."
    if not agree:
        calls = [f"{_spoken(name)} calls {gone[name]} gone" for name in names]
        said += f" They differ on {apart}: {'; '.join(calls)}."
        said += " Find out which one is right before trusting a rate."
    return Check(name="flags", tested="whether all sources agree on who has left", passed=agree, sentence=said)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _day(value: Any) -> str:
    return "" if value is None or value != value else str(pd.Timestamp(value).date())
