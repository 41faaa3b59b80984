"""The plan that runs the studies on a synthetic company's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coroi.company import competitors, practices
from coroi.company.clock import FIRST_MONTH
from coroi.company.simulation import Company
from coroi.schemas import TABLES
from coroi.storage.appended import Format

PLAN = """\
# A synthetic company, made by
#   {command}
# What the studies ought to find is in truth.json.

name: {name}  # names the reports' folder

tables:  # our column: the column in the file
{tables}
metrics:
  nps:  # how likely to recommend: every customer's turn comes every three months
    scale: [0, 10]
  csat:  # how satisfied with each department, its touchpoint: some customers, twice a year
    scale: [1, 5]
  trust:  # how far they trust the company: twice a year
    scale: [1, 7]

currency: EUR
period: month
observed_from: {first}  # contracts that ended before are not in the tables
observed_until: {last}
contract_prices: beside_transactions  # what is bought comes on top of the contract's price
grace_days: 30  # a longer time without a contract is an exit
horizon: 12  # months to follow customers
discount_rate_annual: 0.10
smallest_effect: 0.01  # one percentage point of retention: less would change no decision
seed: 1

studies:
  readiness: {{}}
  retention:
    metric: nps
  profit:
    metric: nps
  firms:
    case_firm: F07  # drawn beside its industry
  programme:
    metric: nps
    unmoved: payment failed  # a reason for leaving that no programme can change
  pilot:
    metric: nps
  roi:
    metric: nps
    unmoved: payment failed
"""
SCALES = {"competitors": competitors.SCALE, "practices": practices.SCALE}
COMMENTS = {
    ("subscriptions", "end_at"): "the last day covered; empty while the contract runs",
    ("subscriptions", "price"): "per month",
    ("responses", "metric"): "one of the metrics below",
    ("usage", "amount"): "hours of use in the month that ends then",
    ("advice", "advised_away"): "1: told not to buy, or to buy elsewhere",
    ("changes", "metric"): "one of the metrics below",
}


def plan_text(company: Company, name: str, columns: Mapping[str, Sequence[str]], format: Format, dirty: bool) -> str:
    """Write the plan that runs the studies on a company's tables; tables that no plan knows are left out.

    Parameters
    ----------
    company : Company
        The company.
    name : str
        The plan's name.
    columns : mapping of str to sequence of str
        The tables written, and their columns.
    format : str
        ``csv`` or ``parquet``.
    dirty : bool
        Whether the tables have dirt in them.
    """
    end = (FIRST_MONTH + company.months).astype("datetime64[D]") - np.timedelta64(1, "D")
    known = [table for table in TABLES if table in columns]
    tables = "".join(_table_text(table, columns[table], format) for table in known)
    return PLAN.format(
        name=_quoted(name),
        command=command_of(company) + (" --dirty" if dirty else ""),
        tables=tables,
        first=FIRST_MONTH.astype("datetime64[D]"),
        last=end,
    )


def command_of(company: Company) -> str:
    """Return the command that makes a company."""
    command = f"coroi simulate DIR --customers {company.customers} --months {company.months} --seed {company.seed}"
    return command + (f" --scenario {company.scenario}" if company.scenario != "baseline" else "")


def _table_text(table: str, columns: Sequence[str], format: Format) -> str:
    lines = [f"  {table}:", f"    path: {table}.{format}"]
    if table in SCALES:
        lines.append(f"    scale: {list(SCALES[table])}  # of the scores")
    lines.append("    columns:")
    for column in TABLES[table].names:
        if column in columns:
            comment = COMMENTS.get((table, column))
            lines.append(f"      {column}: {column}" + (f"  # {comment}" if comment else ""))
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """Write a name so that YAML reads it as text: a company called "null", "on" or "2024" is quoted."""
    import yaml

    try:
        plain = isinstance(yaml.safe_load(name), str)
    except yaml.YAMLError:
        plain = False
    return name if plain else f'"{name}"'
