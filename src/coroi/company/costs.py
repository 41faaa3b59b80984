"""What it all costs, by unit and month: serving, the programme, follow-ups and new customers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.company.clock import Floats, as_dates, first_days
from coroi.company.customers import UNITS
from coroi.company.history import History
from coroi.company.programme import PRACTICES

ACQUISITION_COST = 18.0
KINDS = ("serve", "programme", "follow-up", "acquisition")


class Ledger:
    """The costs of a company, summed over blocks of customers."""

    def __init__(self, months: int) -> None:
        self._sums: dict[str, Floats] = {kind: np.zeros((months, len(UNITS))) for kind in KINDS}
        self._days = first_days(months)
        self._practice = np.full(len(UNITS), -1)

    def add(self, history: History) -> None:
        """Add the costs of a block."""
        self._practice = history.roll_out.practice
        joined = np.searchsorted(self._days, history.people.joined, side="right") - 1
        new = np.zeros_like(history.serving)
        late = np.flatnonzero(joined >= 0)
        new[joined[late], late] = ACQUISITION_COST
        for kind, amounts in zip(
            KINDS, (history.serving, history.programme_cost, history.follow_up_cost, new), strict=True
        ):
            for month, row in enumerate(amounts):
                self._sums[kind][month] += np.bincount(history.people.unit, row, minlength=len(UNITS))

    def table(self) -> pd.DataFrame:
        """Return the table `costs`: one row per kind, month and unit with costs, dated on the month's last day."""
        parts = [self._of_kind(kind) for kind in KINDS]
        return pd.concat(parts, ignore_index=True).sort_values(["occurred_at", "kind", "unit_id"], ignore_index=True)

    def _of_kind(self, kind: str) -> pd.DataFrame:
        month, unit = np.nonzero(self._sums[kind])
        practice = {"programme": np.array([*PRACTICES, ""])[self._practice[unit]], "follow-up": "follow-up"}
        return pd.DataFrame(
            {
                "occurred_at": as_dates(self._days[month + 1] - 1),
                "customer_id": "",
                "unit_id": np.array(UNITS)[unit],
                "practice": practice.get(kind, ""),
                "kind": "programme" if kind == "follow-up" else kind,
                "amount": np.round(self._sums[kind][month, unit], 2),
            }
        )
