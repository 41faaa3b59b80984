"""The company as a folder: three tables, a plan that runs them, and the truth beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from coroi.company.clock import FIRST_MONTH
from coroi.company.simulation import Company
from coroi.errors import CoroiError, Problem, raise_together

PLAN = """\
# A synthetic company, made by
#   coroi simulate DIR --customers {customers} --months {months} --seed {seed}
# What the studies ought to find is in truth.json.

name: {name}  # names the reports' folder

tables:  # our column: the column in the file
  customers:
    path: customers.csv
    columns:
      customer_id: customer_id
      joined_at: joined_at
      segment: segment
      unit_id: unit_id
  subscriptions:
    path: subscriptions.csv
    columns:
      customer_id: customer_id
      subscription_id: subscription_id
      start_at: start_at
      end_at: end_at  # the last day covered; empty while the contract runs
      exit_reason: exit_reason
      price: price  # per month
      term_months: term_months
  responses:
    path: responses.csv
    columns:
      customer_id: customer_id
      response_id: response_id
      asked_at: asked_at
      answered_at: answered_at
      metric: metric  # one of the metrics below
      score: score
      touchpoint: touchpoint
      verbatim: verbatim

metrics:
  nps:  # how likely to recommend: every customer's turn comes every three months
    scale: [0, 10]
  csat:  # how satisfied: after some contacts
    scale: [1, 5]

currency: EUR
period: month
observed_from: {first}  # contracts that ended before are not in the tables
observed_until: {last}
grace_days: 30  # a longer time without a contract is an exit
horizon: 12  # months to follow customers
discount_rate_annual: 0.10
smallest_effect: 0.01  # one percentage point of retention: less would change no decision
seed: 1

studies:
  readiness: {{}}
  retention:
    metric: nps
"""


def write_company(company: Company, folder: str | Path, *, name: str = "simulated") -> list[Path]:
    """Write a company's tables, a plan that runs them, and its truth.

    Parameters
    ----------
    company : Company
        The company.
    folder : str or Path
        Where to; made if it is not there.
    name : str
        The plan's name: small letters, digits, ``-`` and ``_``, 64 at most.

    Returns
    -------
    list of Path
        ``customers.csv``, ``subscriptions.csv``, ``responses.csv``, ``plan.yaml`` and ``truth.json``; equal arguments
        give equal bytes.

    Raises
    ------
    CoroiError
        If the name cannot be used, or files of other content are there already; then nothing is written.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        fix = "Use up to 64 small letters, digits, '-' and '_', beginning with a letter or a digit."
        raise CoroiError(Problem("simulate", f"name is {name!r}.", fix))
    folder = Path(folder)
    _check_free_way(folder)
    contents = {folder / file: text.encode() for file, text in _texts(company, name).items()}
    raise_together((_taken(path) for path, content in contents.items() if _differs(path, content)), CoroiError)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        if not path.exists():
            path.write_bytes(content)
    return list(contents)


def _texts(company: Company, name: str) -> dict[str, str]:
    order = ("customers", "subscriptions", "responses")
    texts = {f"{table}.csv": _csv(company.tables[table]) for table in order}
    texts["plan.yaml"] = _plan(company, name)
    texts["truth.json"] = json.dumps(company.truth, ensure_ascii=False, indent=2) + "\n"
    return texts


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d", float_format="%.2f"))


def _plan(company: Company, name: str) -> str:
    end = (FIRST_MONTH + company.months).astype("datetime64[D]") - np.timedelta64(1, "D")
    first = FIRST_MONTH.astype("datetime64[D]")
    return PLAN.format(
        name=name, customers=company.customers, months=company.months, seed=company.seed, first=first, last=end
    )


def _differs(path: Path, content: bytes) -> bool:
    return path.exists() and not (path.is_file() and path.read_bytes() == content)


def _taken(path: Path) -> Problem:
    return Problem(str(path), "is there already and its content is another.", "Choose another folder, or move it away.")


def _check_free_way(folder: Path) -> None:
    """Refuse a folder that is a file or lies below one."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise CoroiError(Problem(str(nearest), "is a file where a folder is wanted.", "Choose another folder."))
