"""For how long each treated unit is seen after its start."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.prepare.followed import followed


def test_units_are_counted_as_long_as_they_are_seen():
    starts = pd.DataFrame(
        {
            "unit": [0, 1, 2, 3, 4],
            "first_treated": [5.0, 8.0, np.nan, 12.0, 6.0],
            "until": [np.nan, np.nan, 4.0, np.nan, 8.0],
        }
    )
    found = followed(starts, 10)
    assert found.units.to_numpy().tolist() == [[0, 6], [1, 3], [4, 2]]
    assert found.path["n_units"].tolist() == [3, 3, 2, 1, 1, 1]
    assert found.path["n_left_out"].tolist() == [0, 0, 1, 2, 2, 2]
    assert (found.balanced, found.n_after) == (2, 1)
    units, left_out = found.at_least(3)
    assert (units.tolist(), left_out) == ([0, 1], 1)


def test_nobody_treated_is_no_path():
    found = followed(pd.DataFrame({"unit": [0], "first_treated": [np.nan]}), 10)
    assert (len(found.path), found.balanced, found.n_after) == (0, 0, 0)
