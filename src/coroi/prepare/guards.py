"""Guards against columns that know the outcome already: they predict too well to be true."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from coroi.results import Check

AUC_LIMIT = 0.95
CERTAIN_LEVEL = 30  # customers in a level, below which all leaving or all staying is no news
CERTAIN_P = 1e-6
EXPECTED_EXITS = 50.0
CERTAIN_SHARE = 0.20


def area_under_curve(value: np.ndarray, event: np.ndarray, n: np.ndarray) -> float:
    """Return the chance that a customer with the event has the higher value, ties counted half.

    Parameters
    ----------
    value, event, n : ndarray, shape (n_cells,)
        Value, outcome (0 or 1) and customers of each cell.

    Returns
    -------
    float
        NaN where the outcome does not vary.
    """
    frame = pd.DataFrame({"value": value, "yes": n * (event == 1), "no": n * (event == 0)})
    by_value = frame.groupby("value")[["yes", "no"]].sum().sort_index()
    yes, no = by_value["yes"].to_numpy(float), by_value["no"].to_numpy(float)
    pairs = yes.sum() * no.sum()
    if pairs == 0:
        return float("nan")
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / pairs)


def check_leak(counts: pd.DataFrame, column: str, *, label: str = "", happened: str = "left") -> Check:
    """Flag a column that predicts the outcome too well to have been known before it.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``score``, ``event`` (0 or 1) and ``n``; rows without a score are left aside.
    column : str
        Its name.
    label : str
        What sentences call it; the name by default.
    happened : str
        What customers with the event did: "left", "bought again".

    Returns
    -------
    Check
        Not passed where the area under the ROC curve is beyond 0.95 either way; where in a level of at least
        30 customers all have the event, with a chance below one in a million at the overall rate; or where
        levels hold a fifth of all customers, in each of which 50 events would be expected and none came.
        ``None`` where the outcome does not vary.

    Notes
    -----
    The limits are conventions. Honest satisfaction scores reach areas of 0.55 to 0.75 in practice.
    """
    called = f"metric {label or column}"
    known = counts[counts["score"].notna()]
    levels = known.assign(events=known["n"] * known["event"]).groupby("score", as_index=False)[["n", "events"]].sum()
    levels["share"] = levels["events"] / levels["n"]
    tested = f"whether the {called} can have been there before customers {happened}"
    total, events = int(levels["n"].sum()), int(levels["events"].sum())
    if total == 0 or events in (0, total):
        whom = "the one customer" if total == 1 else f"all {total:,} customers"
        said = f"The {called} cannot be tested for a leak: the outcome is the same for {whom} with a value."
        return Check(name=f"leak_{column}", tested=tested, passed=None, sentence=said, table=levels)
    auc = area_under_curve(*(known[c].to_numpy() for c in ("score", "event", "n")))
    ranked = max(auc, 1 - auc)
    rate = events / total
    all_gone = levels[(levels["events"] == levels["n"]) & (levels["n"] >= CERTAIN_LEVEL)]
    certain = all_gone[stats.binom.sf(all_gone["n"] - 1, all_gone["n"], rate) < CERTAIN_P]
    spared = levels[(levels["events"] == 0) & (levels["n"] * rate >= EXPECTED_EXITS)]
    found = []
    if ranked >= AUC_LIMIT:
        found.append(f"it ranks {100 * ranked:.1f} of 100 pairs of customers rightly")
    if len(certain):
        n = int(certain["n"].sum())
        found.append(f"all {n:,} customers at {_levels(certain)} {happened}")
    if spared["n"].sum() >= CERTAIN_SHARE * total:
        n = int(spared["n"].sum())
        expected = f"where {n * rate:,.0f} were to be expected"
        found.append(f"none of the {n:,} customers at {_levels(spared)} {happened}, {expected}")
    if found:
        said = f"The {called} knows too well who {happened} to have been there before: {'; '.join(found)}."
        said += " It gets no verdict."
    else:
        said = f"The {called} ranks {100 * ranked:.0f} of 100 pairs of customers rightly (50 is chance)"
        said += ", which is no sign of a leak."
    return Check(name=f"leak_{column}", tested=tested, passed=not found, sentence=said, table=levels)


def _levels(levels: pd.DataFrame) -> str:
    values = [f"{v:g}" for v in levels["score"]]
    if len(values) > 5:
        return ", ".join(values[:5]) + " …"
    return " and ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)
