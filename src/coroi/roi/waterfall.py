"""From the slide's figure to the defensible one, bar by bar."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.results import Result

METHOD = "bias_autopsy"
WORDS = {
    "slide": "on the slide",
    "rows": "answers that lack what the corrections take",
    "sorting": "sorting",
    "non_response": "non-response",
    "regression_to_mean": "regression to the mean",
    "reverse_direction": "reverse direction",
    "defensible": "defensible",
}
COLUMNS = (
    "name",
    "kind",
    "correction",
    "start",
    "end",
    "estimate",
    "conf_low",
    "conf_high",
    "shapley",
    "lowest",
    "highest",
    "identified",
    "reason",
)


def waterfall(result: Result) -> pd.DataFrame:
    """Lay out a figure's corrections as bars that each start where the one before ends.

    Parameters
    ----------
    result : Result
        Of ``bias_autopsy``.

    Returns
    -------
    pandas.DataFrame
        One row a bar, in order: ``name`` in words; ``kind`` (``level`` for the two ends, which start at zero, ``step``
        between them); ``correction``; ``start, end``; ``estimate`` with its interval ``conf_low, conf_high``, of the
        level or of the step itself; ``shapley, lowest, highest``: its mean and its ends over all orders, NaN for
        levels and for the step ``rows``, which no order moves; ``identified`` and ``reason``. A correction that was
        not possible has no height: it starts and ends where the figure stands.

    Raises
    ------
    DataError
        If the result is of another method, or tells neither of the ends.

    Notes
    -----
    Steps sum to the defensible figure less the slide's, to rounding; nothing is estimated anew.
    """
    if result.method != METHOD:
        raise DataError(f"a waterfall is laid out from the result of {METHOD}, and not of {result.method}.")
    table = result.estimates.set_index(["term", "correction"])
    ends = [table.loc[(term, "")] for term in ("slide", "defensible")]
    lacking = [str(end["reason"]) for end in ends if not end["identified"]]
    if lacking:
        raise DataError(f"there is no waterfall without both of its ends: {lacking[0]}.")
    bars = [_level("slide", ends[0])]
    stands = float(ends[0]["estimate"])
    for correction in table.loc["step"].index:
        bar = _step(table, correction, stands)
        stands = float(bar["end"])
        bars.append(bar)
    return pd.DataFrame([*bars, _level("defensible", ends[1])], columns=list(COLUMNS))


def _level(term: str, row: pd.Series) -> dict:
    own = {name: row[name] for name in ("estimate", "conf_low", "conf_high", "identified", "reason")}
    place = {"name": WORDS[term], "kind": "level", "correction": "", "start": 0.0, "end": row["estimate"]}
    return place | own | dict.fromkeys(("shapley", "lowest", "highest"), np.nan)


def _step(table: pd.DataFrame, correction: str, stands: float) -> dict:
    row = table.loc[("step", correction)]
    own = {name: row[name] for name in ("estimate", "conf_low", "conf_high", "identified", "reason")}
    height = float(row["estimate"]) if row["identified"] else 0.0
    place = {"name": WORDS[correction], "kind": "step", "correction": correction}
    over = {
        term: table.loc[(term, correction), "estimate"] if (term, correction) in table.index else np.nan
        for term in ("shapley", "lowest", "highest")
    }
    return place | {"start": stands, "end": stands + height} | own | over
