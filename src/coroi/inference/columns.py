"""Columns of a frame as columns of a design."""

from __future__ import annotations

import numpy as np
import pandas as pd


def standard_columns(frame: pd.DataFrame) -> np.ndarray:
    """Return columns about their means in standard deviations; what is no number, as dummies of all levels but one.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n, k)
        Without missing values.

    Returns
    -------
    ndarray, shape (n, p)
        A column that does not vary is left out.
    """
    found = [np.zeros((len(frame), 0))]
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        if pd.api.types.is_numeric_dtype(column):
            found.append(column.to_numpy(float)[:, None])
        else:
            code, levels = pd.factorize(column, sort=True)
            found.append((code[:, None] == np.arange(1, len(levels))).astype(float))
    whole = np.concatenate(found, axis=1)
    if not whole.size:
        return whole
    apart, scale = whole - whole.mean(axis=0), whole.std(axis=0)
    some = scale > 1e-12 * np.abs(whole).max(axis=0)
    return np.asarray(apart[:, some] / scale[some])
