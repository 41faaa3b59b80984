"""Whether a point within an entity and a point between entities go with the same difference."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from coroi.inference.estimates import wald
from coroi.results import Check

NAME = "within_equals_between"
_TESTED = "whether the metric goes with the same within entities as between them"
_MEANS = (
    "Means over all of an entity's periods hold its future too, so this tells that level and change differ, "
    "not which of them is an effect."
)


def difference_check(metric: str, rows: pd.DataFrame, covariance: pd.DataFrame, *, within: str, level: float) -> Check:
    """Test within against between by the covariance that both have over clusters.

    Parameters
    ----------
    metric : str
        The term that the sentence is about.
    rows : pandas.DataFrame
        ``estimate, n_clusters, identified``, by (estimator, term).
    covariance : pandas.DataFrame
        Of the identified ones, named ``<estimator>: <term>``.
    within : str
        The estimator beside ``between``.
    level : float
        Level of the intervals; the test is at 1 less it.

    Returns
    -------
    Check
        Not run where the metric is not identified in both.

    Notes
    -----
    In a balanced panel the difference is the coefficient of the entity's mean beside the metric itself, in pooled
    least squares, and its error is that regression's clustered one: Mundlak (1978), Econometrica 46:69-85; robust:
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, section 10.7.3.
    """
    found = []
    for term in rows.loc[within].index:
        one, other = rows.loc[(within, term)], rows.loc[("between", term)]
        if not (one["identified"] and other["identified"]):
            continue
        names = [f"{within}: {term}", f"between: {term}"]
        (own, both), (_, theirs) = covariance.loc[names, names].to_numpy()
        gap, error = one["estimate"] - other["estimate"], max(own + theirs - 2 * both, 0.0) ** 0.5
        df = min(one["n_clusters"], other["n_clusters"]) - 1
        p_value = 2 * stats.t(df).sf(abs(gap) / error) if error > 0 else float(gap == 0)
        found.append({"term": term} | wald(gap, error, level, df) | {"p_value": float(p_value)})
    told = next((row for row in found if row["term"] == metric), None)
    if told is None:
        sentence = "One of the two is not identified, so they cannot be compared."
        return Check(name=NAME, tested=_TESTED, passed=None, sentence=sentence)
    differ = told["p_value"] < 1 - level
    return Check(
        name=NAME,
        tested=_TESTED,
        passed=bool(not differ),
        sentence=(
            f"Within less between is {told['estimate']:.4g} ({told['conf_low']:.4g} to {told['conf_high']:.4g}, "
            f"p = {told['p_value']:.2g}): {_FOUND[differ]} {_MEANS}"
        ),
        table=pd.DataFrame(found).drop(columns=["identified", "reason"]),
    )


_FOUND = {
    True: "entities that differ in the metric differ in more than the metric, or answer to it in another way.",
    False: "no difference was found, which is no proof that there is none.",
}
