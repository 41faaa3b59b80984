"""What customers say they will do, beside what they did."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import correlation_of, move_difference
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import share_of, share_row
from coroi.metrics.totals import Part, hindrance_of
from coroi.results import Result

SAID, DID = 0, 1
_TERMS = ("said", "did", "said_and_did", "said_only", "did_only")


def say_do_parts() -> dict[str, Part]:
    """Return what :func:`score_say_do_gap` averages, of a table with ``said`` and ``did``, true or false a customer."""
    said, did = (lambda t: t["said"].cast("float64")), (lambda t: t["did"].cast("float64"))
    return {
        "said": said,
        "did": did,
        "said_and_did": lambda t: said(t) * did(t),
        "said_only": lambda t: said(t) * (1 - did(t)),
        "did_only": lambda t: (1 - said(t)) * did(t),
    }


def score_say_do_gap(totals: Totals, *, level: float = 0.95) -> Result:
    """Score stated intention and behaviour of the same customers, each for itself, and then the gap.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`say_do_parts`.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        By ``group``: ``said`` and ``did`` (shares of customers), ``said_and_did``, ``said_only``, ``did_only``, and
        ``gap`` (said less did). The gap never comes without its two sides: none of 40 % and 40 % tells of a company
        in which everybody kept their word, or nobody. Not identified with fewer than 10 customers; the gap where
        neither side varies.

    Notes
    -----
    Shares have score intervals; the gap's joins those of both sides with their correlation. Assumptions: behaviour
    was seen for as long after the answer with everybody (by how the table is built); customers are independent
    (untestable). References: Morwitz, Steckel and Gupta (2007), International Journal of Forecasting 23:347-364;
    Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10.
    """
    covariance = mean_covariance(totals)
    rows = []
    for at, group in enumerate(totals.groups):
        shares = [share_row(totals, covariance, at, part, level) for part in range(len(_TERMS))]
        rows += [{"term": term, "group": group} | row for term, row in zip(_TERMS, shares, strict=True)]
        rows.append({"term": "gap", "group": group} | _gap(totals, covariance, at, shares))
    return Result(
        method="say_do_gap",
        estimand="share of customers who said that they would, share who did, and the one less the other",
        spec={"level": level},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )


def _gap(totals: Totals, covariance: np.ndarray, group: int, shares: list[dict]) -> dict:
    why = hindrance_of(totals, group)
    if why:
        return unknown(why)
    one, other = (group * len(totals.parts) + part for part in (SAID, DID))
    if covariance[one, one] <= 0 and covariance[other, other] <= 0:
        return unknown("neither what was said nor what was done varies")
    (said, said_limits), (did, did_limits) = share_of(shares[SAID]), share_of(shares[DID])
    limits = move_difference(said, said_limits, did, did_limits, correlation_of(covariance, one, other))
    variance = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    return known(said - did, float(np.sqrt(max(variance, 0.0))), *limits)
