"""What few treated or few compared units cost: larger errors, fewer degrees of freedom, and below a limit no interval.

Two limits, for two ways to errors; neither is implied by the other:

- Effects that compare two sides (group-time, saturated and local-projection estimates) hold treated clusters against
  others; an error is told from what differs within either side, so each side needs ``FEWEST``: :func:`too_few`.
- Imputed effects and their leads compare every cluster with others of its own cohort, and cohorts of one join their
  neighbours. A figure of one small cohort then has as few degrees of freedom as that cohort has clusters less one,
  which its interval already pays for by Satterthwaite's; a limit a side would refuse it. Refused is a roll-out of
  fewer than ``FEWEST_IN_ALL`` clusters, one cluster alone behind a figure, and a variance that hangs on a cluster with
  no other of its cohort: :func:`too_few_in_cohorts`.
"""

from __future__ import annotations

import numpy as np

from coroi.inference.cohort_errors import MOST_ALONE, Moved

FEWEST = 5
"""Clusters that a comparison of two sides needs on each."""
FEWEST_IN_ALL = 6
"""Clusters that a comparison within cohorts needs in all."""


def too_few(n_treated: int, n_compared: int) -> str:
    """Say why no interval is told with so few clusters on a side; empty where they suffice.

    Parameters
    ----------
    n_treated, n_compared : int
        Clusters that are treated and clusters that they are compared with.

    Notes
    -----
    With fewer, the size of the errors rests on a handful of residuals and no formula is to be relied on: MacKinnon and
    Webb (2018), Econometrics Journal 21:114-135, find tests by clustered errors off with up to five or so treated
    clusters; Conley and Taber (2011), Review of Economics and Statistics 93:113-125. The limit is a convention; with
    errors by :func:`arm_factor` and :func:`welch_df` the intervals of group-time effects held the truth in 95 to 98 %
    of simulated roll-outs from it on with normal shocks, and in 92 to 94 % where six treated units had skewed effects.
    """
    if min(n_treated, n_compared) >= FEWEST:
        return ""
    side, n = ("treated", n_treated) if n_treated < FEWEST else ("to compare with", n_compared)
    many = f"{n} clusters {side} are" if n != 1 else f"1 cluster {side} is"
    return f"{many} too few to tell errors; it takes {FEWEST}; shuffle the starts between units instead"


def too_few_in_cohorts(clusters: np.ndarray, moved: Moved) -> list[str]:
    """Say of each estimate whose error compares clusters within cohorts why it has no interval; empty where it has one.

    Parameters
    ----------
    clusters : ndarray of int, shape (k,)
        Clusters behind each.
    moved : Moved
    """
    if len(moved.influence) < FEWEST_IN_ALL:
        n = len(moved.influence)
        return [f"there are {n} clusters; with fewer than {FEWEST_IN_ALL} no interval would hold"] * len(clusters)
    return [
        "one cluster alone is behind it: its own shocks cannot be told from an effect"
        if n < 2
        else (
            f"{alone:.0%} of its variance would come from one cluster that has no other of its cohort, so that its "
            "error cannot be told"
            if alone > MOST_ALONE
            else ""
        )
        for n, alone in zip(clusters, moved.alone, strict=True)
    ]


def arm_factor(weight: np.ndarray, cluster: np.ndarray) -> float:
    """Return what residuals around a weighted mean are multiplied by, so that their squares are not too small.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        Above zero.
    cluster : ndarray of int, shape (n,)

    Returns
    -------
    float
        The root of m / (m − 1) for m clusters of one weight; m is their effective number in general. Infinite for one.

    Notes
    -----
    For means of independent rows this is HC2, whose variance is unbiased: MacKinnon and White (1985), Journal of
    Econometrics 29:305-325; for clusters: Bell and McCaffrey (2002), Survey Methodology 28:169-181. Effective number:
    Kish (1965), Survey Sampling, section 11.7.
    """
    held = np.bincount(cluster, weights=weight)
    many = held.sum() ** 2 / (held @ held)
    return float(np.sqrt(many / (many - 1))) if many > 1 + 1e-12 else float("inf")


def welch_df(moved: np.ndarray, arm: np.ndarray) -> float:
    """Return the degrees of freedom of an estimate whose error is a sum over arms, from each cluster's influence.

    Parameters
    ----------
    moved : ndarray, shape (n_clusters,)
        Influence of each cluster.
    arm : ndarray of int, shape (n_clusters,)
        Code of what the cluster belongs to: its first treated period, or never.

    Returns
    -------
    float
        From 1 to the number of clusters less one.

    Notes
    -----
    Each arm's part of the variance counts with as many degrees of freedom as clusters that move it, less one; an arm of
    one cluster with one. Reference: Satterthwaite (1946), Biometrics Bulletin 2:110-114; Welch (1947), Biometrika
    34:28-35; for clustered errors: Imbens and Kolesar (2016), Review of Economics and Statistics 98:701-712.
    """
    square = moved**2
    part = np.bincount(arm, weights=square)
    many = np.bincount(arm, weights=square > 0)
    total = part.sum()
    if total == 0:
        return float(max(len(moved) - 1, 1))
    found = total**2 / (part**2 / np.maximum(many - 1, 1)).sum()
    return float(np.clip(found, 1, max(len(moved) - 1, 1)))
