"""The ledger against counting twice, and what the whole shows, for the study `roi`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coroi.results import Check
from coroi.roi.flows import line_of
from coroi.roi.ledger import Entry, apart, check_overlap, ledger_table
from coroi.roi.reconcile import Reconciliation, reconcile, reconcile_accounts
from coroi.studies.roi.parts import PROGRAMME, Parts
from coroi.studies.roi.question import Question

COHORT, BROUGHT = "customers of the units at the start", "customers whom they recommended"
_ACCOUNTS = {
    "retention": "contribution margin",
    "spend": "contribution margin",
    "referral": "contribution margin",
    "cost to serve": "cost to serve",
    PROGRAMME: "cost of the programme",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Books:
    """The ledger and what it is held against.

    Parameters
    ----------
    entries : tuple of Entry
    table : pandas.DataFrame
        As :func:`coroi.roi.ledger.ledger_table` gives it.
    whole : Reconciliation or None
        The entries on the margin beside the effect on the margin of everybody in the units.
    accounts : Check or None
        Margin in the data beside what the accounts report; none where no figure was given.
    """

    entries: tuple[Entry, ...]
    table: pd.DataFrame
    whole: Reconciliation | None
    accounts: Check | None


def keep_books(question: Question, parts: Parts) -> Books | None:
    """Enter every line with its customers, periods and account, refuse what would count twice, and reconcile.

    Parameters
    ----------
    question, parts
        What was asked, and the lines.

    Raises
    ------
    DataError
        If some money may be counted twice.
    """
    if parts.flows is None:
        return None
    last = question.horizon - 1
    entries = tuple(_entry(name, last, question) for name in parts.flows.names)
    totals = {}
    if "margin" in parts.fits:
        totals["margin"] = line_of(parts.fits["margin"], "margin", n_periods=question.horizon)
    check_overlap(entries, share=apart((COHORT, BROUGHT)), flows=parts.flows, totals=totals)
    whole = None
    if parts.beside is not None and "everyone" in parts.beside.names:
        margins = [e for e in entries if e.account == _ACCOUNTS["retention"]]
        whole = reconcile(parts.beside, margins, reported="everyone", weights=question.factors, level=parts.level)
    return Books(
        entries=entries,
        table=ledger_table(parts.flows, entries, question.factors, level=parts.level),
        whole=whole,
        accounts=_accounts(question),
    )


def _entry(name: str, last: int, question: Question) -> Entry:
    if question.route == "score":
        account = _ACCOUNTS.get(name, question.score.outcome if question.score is not None else "money")
        return Entry(name=name, customers="customers of the cohort", account=account, first_period=0, last_period=last)
    return Entry(
        name=name,
        customers=BROUGHT if name == "referral" else COHORT,
        account=_ACCOUNTS[name],
        first_period=0,
        last_period=last,
        part_of="margin" if name in ("retention", "spend") else "",
    )


def _accounts(question: Question) -> Check | None:
    if not question.reported or question.lines is None:
        return None
    measured = float(question.lines.totals["money"].iloc[-1])
    return reconcile_accounts(measured, question.reported, currency=question.currency)
