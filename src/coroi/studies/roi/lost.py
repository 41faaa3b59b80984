"""What the cleaning left out of the money that the study `roi` counts, in sentences."""

from __future__ import annotations

import pandas as pd

from coroi.report.words import plural

MONEY_TABLES = ("transactions", "subscriptions", "referrals", "programme", "costs")
STRANGERS = "transactions of strangers"


def lost_rows(ledger: pd.DataFrame) -> tuple[str, ...]:
    """Say which rows of money belong to no customer, or could not be used for another reason.

    Parameters
    ----------
    ledger : pandas.DataFrame
        The account of the cleaning: ``table, step, rule, rows, sentence``.

    Returns
    -------
    tuple of str
        One sentence a rule; none where nothing was left out.
    """
    dropped = ledger[(ledger["step"] == "dropped") & ledger["table"].isin(MONEY_TABLES)]
    said = [
        f"{plural(int(row['rows']), 'row')} of the table '{row['table']}' left out: {row['sentence']}."
        for row in dropped.to_dict("records")
    ]
    for row in ledger[ledger["rule"] == STRANGERS].to_dict("records"):
        said.append(
            f"{plural(int(row['rows']), 'row')} of the table 'transactions' left out: nobody with a contract or "
            "purchase stands behind them."
        )
    return tuple(said)
