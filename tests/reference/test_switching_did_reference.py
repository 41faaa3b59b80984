"""Doses that vary and end, beside the authors' own package on a panel drawn here.

No copy of the papers' data is at hand: the numbers are those of py-did-multiplegt-dyn 0.1.9, the package of de
Chaisemartin and others, with nine effects and three placebos on this panel. Its errors centre by cohort and ours by the
whole, so they are held to a tenth only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.models.switching_did import fit_switching_did, simulate_switching_did

EFFECTS = (0.193111, 0.487046, 0.916953, 0.756008, 0.696664, 0.465527, 0.622191, 0.270980, 0.183048)
ERRORS = (0.201750, 0.217213, 0.283011, 0.287513, 0.310564, 0.349921, 0.279473, 0.367877, 0.469311)
PLACEBOS = {-2: -0.042116, -3: -0.224305, -4: -0.107771}
PER_DOSE, PER_DOSE_ERROR, SWITCHERS = 0.964286, 0.403086, 357


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    data, _ = simulate_switching_did(
        np.random.default_rng(1),
        n=60,
        periods=14,
        starts=(4, 6),
        lengths=(0, 4),
        doses=(0.5, 1.0),
        path=(0.5, 1.0, 1.5),
        kept=0.5,
    )
    return fit_switching_did(data, outcome="outcome", horizon=8).estimates


def test_effects_and_placebos_are_those_of_the_package(rows):
    path = rows[rows["term"] == "event_time"].set_index("event_time")
    np.testing.assert_allclose(path.loc[0:, "estimate"], EFFECTS, atol=5e-7)
    assert path.loc[:-1, "estimate"].to_dict() == pytest.approx(PLACEBOS, abs=5e-7)
    assert path.loc[0:, "n_units"].tolist() == [42] * 8 + [21]
    np.testing.assert_allclose(path.loc[0:, "std_error"], ERRORS, rtol=0.1)


def test_the_effect_per_unit_of_dose_is_that_of_the_package(rows):
    row = rows[rows["term"] == "per_dose_overall"].iloc[0]
    assert row["estimate"] == pytest.approx(PER_DOSE, abs=5e-7)
    assert row["std_error"] == pytest.approx(PER_DOSE_ERROR, rel=0.1)
    assert rows.loc[rows["term"] == "overall", "n_rows"].item() == SWITCHERS


def test_with_two_periods_it_is_the_difference_of_two_differences_with_welchs_test():
    """Welch (1938) for two samples, from scipy; the published rows of Student's sleep data (1908), t = −1.861."""
    extra = {
        1: [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
        2: [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    }
    made = [
        {"entity": 10 * group + i, "period": t, "dose": float(t == 1 and group == 1), "outcome": value * t}
        for group, values in extra.items()
        for i, value in enumerate(values)
        for t in (0, 1)
    ]
    row = fit_switching_did(pd.DataFrame(made), outcome="outcome").estimates.query("term == 'overall'").iloc[0]
    assert row["estimate"] == pytest.approx(0.75 - 2.33, abs=1e-12)
    assert row["estimate"] / row["std_error"] == pytest.approx(-1.8608, abs=5e-5)
    assert row["df"] == pytest.approx(17.776, abs=5e-4)
    assert row["conf_low"] == pytest.approx(-3.3654832, abs=5e-7)
    assert row["conf_high"] == pytest.approx(0.2054832, abs=5e-7)
