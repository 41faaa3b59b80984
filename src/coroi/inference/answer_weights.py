"""How many of those asked an answer stands for: one over its fitted chance to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.binary import aliased, fit_binary, mean_and_slope
from coroi.inference.columns import standard_columns

LEAST_ANSWERS = 10  # and as many silent, for each column


def answer_weights(data: pd.DataFrame, *, answered: str, covariates: Sequence[str]) -> tuple[np.ndarray, str]:
    """Weigh answers by the inverse of their chance to come, fitted to all who were asked.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each who was asked, the silent among them.
    answered : str
        Column that says who answered, 0 or 1.
    covariates : sequence of str
        What was known of everybody before; columns that are no numbers count by level.

    Returns
    -------
    weight : ndarray, shape (n,)
        NaN where silent or where a covariate is missing; NaN throughout where there is a reason.
    reason : str
        Why there are no weights; empty where there are.

    Raises
    ------
    DataError
        If a column is missing or `answered` holds more than 0 and 1.

    Notes
    -----
    A logit, linear in the covariates. Assumption: of those alike in the covariates, who answers hangs on nothing
    that is studied (untestable). Where the weights count as known, errors are no smaller than they would be with the
    fit taken into account. Reference: Robins, Rotnitzky and Zhao (1994), Journal of the American Statistical
    Association 89:846-866.
    """
    absent = [c for c in (answered, *covariates) if c not in data.columns]
    if absent:
        raise DataError(f"the rows lack the columns {', '.join(absent)}.")
    spoke = data[answered].to_numpy(float)
    if not np.isin(spoke, (0.0, 1.0)).all():
        raise DataError(f"'{answered}' holds more than 0 and 1.")
    weight = np.full(len(data), np.nan)
    known = data[list(covariates)].notna().all(axis=1).to_numpy()
    n, events = int(known.sum()), float(spoke[known].sum())
    if events == n > 0:
        weight[known] = 1.0
        return weight, ""
    design = np.column_stack([np.ones(n), standard_columns(data.loc[known, list(covariates)])])
    if min(events, n - events) < LEAST_ANSWERS * design.shape[1]:
        return weight, f"too few answers, or too few silent, for {design.shape[1]} columns"
    design = design[:, ~aliased(design.T @ design)]
    start = np.zeros(design.shape[1])
    start[0] = np.log(events / (n - events))
    fit = fit_binary(lambda: [(design, np.ones(n), spoke[known])], start, link="logit")
    if fit.separated or not fit.converged:
        return weight, "the covariates part those who answer from the silent"
    chance = mean_and_slope(design @ fit.coef, "logit")[0]
    weight[known] = np.where(spoke[known] == 1, 1 / chance, np.nan)
    return weight, ""
