"""From influence to estimates, and what becomes of them on other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.inference.binary_moved import fit_by_cluster
from coroi.inference.moved import Moved
from coroi.inference.variants import Told, account, check_account, check_clusters, check_variant

MOVED = Moved(
    coef=np.array([1.0, np.nan]),
    influence=np.array([[0.1, 0.0], [-0.2, 0.0], [0.1, 0.0]]),
    clusters=pd.Index(["a", "b", "c"]),
    reasons=("", "nothing varies"),
)


def test_errors_and_intervals_are_those_of_the_formula():
    rows = MOVED.rows([{"term": "x"}, {"term": "y", "at": 1}], 0.9)
    error = np.sqrt(1.5 * 0.06)
    assert rows["std_error"].tolist()[0] == pytest.approx(error)
    assert rows["conf_high"].tolist()[0] == pytest.approx(1 + stats.t.ppf(0.95, 2) * error)
    assert rows["reason"].tolist() == ["", "nothing varies"]
    wide = Moved(**{f: getattr(MOVED, f) for f in MOVED.__slots__} | {"freedom": np.array([40, 1])})
    assert wide.rows([{"term": "x"}, {"term": "y"}], 0.9)["conf_high"][0] == pytest.approx(
        1 + stats.t.ppf(0.95, 40) * error
    )


def test_only_what_is_identified_has_a_covariance():
    vcov, influence = MOVED.frames(["x", "y"])
    assert vcov.columns.tolist() == influence.columns.tolist() == ["x"]
    assert influence.index.tolist() == ["a", "b", "c"]
    nothing = Moved(coef=np.array([np.nan]), influence=np.zeros((0, 1)), clusters=pd.Index([]), reasons=("no",))
    assert nothing.frames(["x"]) == (None, None)
    assert nothing.rows([{"term": "x"}], 0.95)["identified"].tolist() == [False]


def test_a_variant_passes_within_one_standard_error():
    def made(usual: Told, other: Told):
        told = {"tested": "whether it holds", "lead": "One was left out.", "what": "the effect"}
        return check_variant(name="v", usual=usual, other=other, labels=("all", "some"), **told)

    usual = Told(estimate=1.0, std_error=0.5)
    near, far = (made(usual, Told(estimate=x, std_error=0.4)) for x in (1.49, 0.4))
    assert (near.passed, far.passed) == (True, False)
    assert far.sentence == "One was left out. Then the effect is 0.4 instead of 1."
    assert far.table["estimate"].tolist() == [1.0, 0.4]
    lost = made(usual, Told(reason="too few firms"))
    assert lost.passed is None
    assert lost.sentence == "One was left out. What the effect becomes is not known: too few firms."


def test_larger_clusters_are_summed():
    rng = np.random.default_rng(2)
    own, group = rng.normal(size=60), np.repeat(np.arange(12), 5)
    error = np.sqrt(12 / 11 * sum(own[group == g].sum() ** 2 for g in range(12)))
    usual = Told(estimate=0.0, std_error=float(error) / 1.2)
    check = check_clusters(own, group, usual, of="industry", many="industries")
    assert check.passed is True
    assert f"{error:.3g} instead of {usual.std_error:.3g}" in check.sentence
    assert (
        check_clusters(own, group, Told(estimate=0.0, std_error=error / 1.3), of="industry", many="i").passed is False
    )
    few = check_clusters(own, group % 9, usual, of="industry", many="industries")
    assert (few.passed, few.sentence) == (None, "This cannot be told: 9 industries are too few for it.")


def test_every_row_is_accounted_for_once():
    rng = np.random.default_rng(3)
    bad = {name: rng.random(200) < 0.3 for name in ("one", "two", "three")}
    flow = account(bad)
    first = [next((n for n in bad if bad[n][i]), "used") for i in range(200)]
    want = [200, *(first.count(n) for n in bad), first.count("used")]
    assert flow["rows"].tolist() == want
    assert check_account(flow).passed == (2 * want[-1] >= 200)


def test_a_binary_fit_without_a_maximum_has_no_number():
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    coef, influence, reasons = fit_by_cluster(x, (np.arange(20) > 9).astype(float), np.arange(20) % 5, link="logit")
    assert np.isnan(coef).all()
    assert not influence.any()
    assert set(reasons) == {"some columns tell the events apart without error, so no finite estimate exists"}
