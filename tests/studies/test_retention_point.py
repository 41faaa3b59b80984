"""What one step on the scale goes with, against plain sums over customers; and what is said where it cannot be told."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from small_company import contracts, open_company

from coroi.metrics.bands import step_size
from coroi.prepare.landmark import ANSWERED, NEVER
from coroi.sources import Metric
from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.retention import ask, fit
from coroi.studies.retention.meaning import point_method
from coroi.studies.retention.point import BETTER, NOW, PointEffect, fit_point

UNTIL = {"observed_until": "2024-12-31"}


def value(point: PointEffect, term: str, band: str, column: str = "estimate") -> float:
    rows = pd.concat([point.by_band.estimates, point.step.estimates]).set_index(["term", "band"])
    return float(rows.loc[(term, band), column])


@functools.cache
def coefficients(point: PointEffect) -> dict[str, float]:
    return dict(zip(point.hazard.estimates["term"], point.hazard.estimates["estimate"], strict=True))


def coefficient(point: PointEffect, term: str) -> float:
    return coefficients(point).get(term, 0.0)


def band_of(point: PointEffect, tenure: int) -> str:
    return [name for start, name in point.tenure_bands if start <= tenure][-1]


def stays(point: PointEffect, score: float, tenures: list[int], *, segment: str = "", centre: float = 5.0) -> float:
    """Multiply the chances to stay of a customer who answered, period by period."""
    left = 1.0
    for tenure in tenures:
        eta = coefficient(point, "constant") + coefficient(point, "score") * (score - centre)
        eta += coefficient(point, f"tenure[{band_of(point, tenure)}]") + coefficient(point, f"segment[{segment}]")
        left *= 1 / (1 + math.exp(eta)) if point.hazard.spec["link"] == "logit" else math.exp(-math.exp(eta))
    return left


@pytest.mark.parametrize(
    ("scale", "size"), [((0, 10), 1), ((1, 5), 1), ((0, 1), 1), ((0, 0.5), 0.05), ((0, 100), 10), ((-100, 100), 20)]
)
def test_a_step_is_a_point_or_a_tenth_of_a_long_scale(scale, size):
    assert step_size(Metric(scale=scale)) == pytest.approx(size)


class TestSample:
    @pytest.fixture(scope="class")
    def found(self, open_sample) -> tuple[Inputs, PointEffect, object]:
        inputs = open_sample()
        question = ask(inputs)
        return inputs, fit_point(inputs, question), question

    def test_it_counts_the_panel_and_the_cohort(self, found):
        inputs, point, question = found
        panel = inputs.connection.to_pandas(inputs.panel.data)
        at_risk = panel[panel["at_risk"]]
        assert (point.hazard.n_obs, point.hazard.n_entities) == (len(at_risk), at_risk["customer_id"].nunique())
        counts = question.cohort.counts
        assert point.n_answered == counts.loc[counts["state"] == "answered", "n"].sum() > 0
        life = at_risk.groupby("tenure_periods")["exited"].agg(["size", "sum"])
        assert point.life_table["n"].tolist() == life["size"].tolist()
        assert point.life_table["events"].tolist() == life["sum"].tolist()
        assert point.revenue == pytest.approx(at_risk["revenue"].mean(), rel=1e-12)
        assert set(point.by_band.estimates["band"]) == set(question.bands)
        assert point.hazard.spec["link"] == "cloglog"

    def test_its_predictions_are_means_over_the_customers_of_the_cohort(self, found):
        inputs, point, question = found
        people = inputs.connection.to_pandas(question.cohort.people)
        people = people[people["state"] == "answered"]
        ahead = range(question.horizon)
        for group, shift in ((NOW, 0.0), (BETTER, 1.0)):
            kept = [
                stays(point, min(r.score + shift, 10), [r.tenure_periods + t for t in ahead], segment=r.segment)
                for r in people.itertuples()
            ]
            assert value(point, "retention", group) == pytest.approx(np.mean(kept), rel=1e-10)
            top = np.array(kept)[(people["score"] >= 9).to_numpy()]
            if not shift:
                assert value(point, "retention", "9–10") == pytest.approx(top.mean(), rel=1e-10)
        gap = value(point, "difference", f"{BETTER} less {NOW}")
        assert gap == pytest.approx(value(point, "retention", BETTER) - value(point, "retention", NOW), abs=1e-12)
        assert gap > 0

    def test_link_and_level_may_be_chosen(self, found):
        inputs, point, question = found
        other = fit_point(inputs, question, link="logit", level=0.5)
        assert other.hazard.spec["link"] == "logit"
        name = f"{BETTER} less {NOW}"
        assert value(other, "difference", name) == pytest.approx(value(point, "difference", name), rel=0.05)
        assert value(other, "difference", name, "conf_low") > value(point, "difference", name, "conf_low")


def snapshot(*groups: tuple[int, int, float | None]) -> dict[str, list[tuple]]:
    """Groups of (customers, of whom left, score), all of tenure 0."""
    rows = [
        (f"c{g}_{i}", "yes" if i < left else "no", 0, score)
        for g, (n, left, score) in enumerate(groups)
        for i in range(n)
    ]
    return {"snapshot": rows}


def logit_line(*groups: tuple[int, int, float]) -> tuple[float, float]:
    """Fit left on score by Newton's method, one number at a time."""
    a, b = 0.0, 0.0
    for _ in range(50):
        s0 = s1 = h00 = h01 = h11 = 0.0
        for n, left, score in groups:
            x = score - 5
            p = 1 / (1 + math.exp(-a - b * x))
            s0, s1 = s0 + left - n * p, s1 + (left - n * p) * x
            w = n * p * (1 - p)
            h00, h01, h11 = h00 + w, h01 + w * x, h11 + w * x * x
        det = h00 * h11 - h01 * h01
        a, b = a + (h11 * s0 - h01 * s1) / det, b + (h00 * s1 - h01 * s0) / det
    return a, b


GROUPS = [(60, 30, 0.0), (80, 30, 4.0), (70, 14, 9.5), (90, 12, 10.0)]


def test_a_snapshot_is_a_logit_and_no_step_leads_beyond_the_scale(tmp_path):
    inputs = open_company(tmp_path, snapshot(*GROUPS, (40, 20, None)))
    point = fit_point(inputs, ask(inputs))
    a, b = logit_line(*GROUPS)
    assert point.hazard.spec["link"] == "logit"
    assert coefficient(point, "constant") == pytest.approx(a, rel=1e-9)
    assert coefficient(point, "score") == pytest.approx(b, rel=1e-9)

    def mean(step: float) -> float:
        kept = sum(n / (1 + math.exp(a + b * (min(score + step, 10) - 5))) for n, _, score in GROUPS)
        return kept / 300

    assert point.n_answered == 300
    assert value(point, "retention", NOW) == pytest.approx(mean(0), rel=1e-9)
    assert value(point, "retention", BETTER) == pytest.approx(mean(1), rel=1e-9)
    assert value(point, "retention", "never answered") == pytest.approx(0.5, rel=1e-9)
    assert value(point, "periods_stayed", NOW) == 1.0
    assert math.isnan(point.revenue)


def test_where_low_is_good_a_step_leads_down_and_not_beyond_the_scale(tmp_path):
    metrics = {"nps": {"scale": [0, 10], "higher_is": "worse"}}
    mirrored = [(n, left, 10 - score) for n, left, score in GROUPS]
    inputs = open_company(tmp_path, snapshot(*mirrored), metrics=metrics)
    point = fit_point(inputs, ask(inputs))
    a, b = logit_line(*mirrored)
    kept = sum(n / (1 + math.exp(a + b * (max(score - 1, 0) - 5))) for n, _, score in mirrored) / 300
    assert value(point, "retention", BETTER) == pytest.approx(kept, rel=1e-9)
    assert value(point, "difference", f"{BETTER} less {NOW}") > 0


def test_a_snapshot_is_compared_at_equal_tenure(tmp_path):
    """Scores differ only because tenures do: within a tenure band as many leave at each."""
    rows = [
        (f"{tenure}_{score}_{i}", "yes" if i < left else "no", tenure, score)
        for tenure, score, n, left in ((0, 2.0, 80, 32), (0, 9.0, 20, 8), (30, 2.0, 20, 2), (30, 9.0, 80, 8))
        for i in range(n)
    ]
    adjusted, crude = (
        fit_point(inputs, ask(inputs))
        for inputs in (
            open_company(tmp_path, {"snapshot": rows}),
            open_company(tmp_path, {"snapshot": [(who, left, 0, score) for who, left, _, score in rows]}),
        )
    )
    assert len(adjusted.tenure_bands) == 2
    assert coefficient(adjusted, "score") == pytest.approx(0, abs=1e-9)
    assert coefficient(crude, "score") < -0.1


def purchases(*groups: tuple[int, float | None, list[str]]) -> dict[str, list[tuple]]:
    bought = [(f"c{g}_{i}", day, 10.0) for g, (n, _, days) in enumerate(groups) for i in range(n) for day in days]
    answers = [
        (f"c{g}_{i}", "2023-01-20", "nps", score)
        for g, (n, score, _) in enumerate(groups)
        for i in range(n)
        if score is not None
    ]
    return {"transactions": bought, "responses": answers}


ONCE, AGAIN, LATER = ["2023-01-10"], ["2023-01-10", "2023-03-10"], ["2023-01-10", "2023-08-10"]


def test_repeat_purchase_counts_time_from_the_landmark(tmp_path):
    """Landmark in March 2023: the first period ahead is March, the sixth August."""
    groups = [(30, 10, AGAIN), (20, 10, LATER), (50, 10, ONCE), (12, 2, AGAIN), (10, 2, LATER), (78, 2, ONCE)]
    inputs = open_company(tmp_path, purchases(*groups), **UNTIL)
    question = ask(inputs)
    point = fit_point(inputs, question)
    life = point.life_table.set_index("tenure_periods")
    assert life["n"].tolist() == [200] + [158] * 5 + [128] * 6
    assert life["events"].tolist() == [42, 0, 0, 0, 0, 30] + [0] * 6
    assert [start for start, _ in point.tenure_bands] == [0, 1]
    assert (point.n_answered, point.revenue) == (200, 10.0)
    kept = [stays(point, score, list(range(12))) for score in (10.0, 2.0)]
    assert value(point, "retention", NOW) == pytest.approx(sum(kept) / 2, rel=1e-9)
    better = [stays(point, score, list(range(12))) for score in (10.0, 3.0)]
    assert value(point, "retention", BETTER) == pytest.approx(sum(better) / 2, rel=1e-9)
    assert value(point, "difference", f"{BETTER} less {NOW}") < 0  # a better score, fewer who have not bought again


def termed(folder: Path, groups: list[tuple[int, float | None, str, int]], **plan: object) -> Inputs:
    """Groups of (customers, score, last day or "", months of the term), from 2022 on; contracts are left at renewal."""
    subscriptions, responses = [], []
    for g, (n, score, end, term) in enumerate(groups):
        for i in range(n):
            subscriptions.append((f"c{g}_{i}", "2022-01-01", end, term))
            if score is not None:
                responses.append((f"c{g}_{i}", "2022-01-15", "nps", score))
    for name, rows, columns in (
        ("subscriptions", subscriptions, ["customer_id", "start_at", "end_at", "term_months"]),
        ("responses", responses, ["customer_id", "answered_at", "metric", "score"]),
    ):
        pd.DataFrame(rows, columns=columns).to_csv(folder / f"{name}.csv", index=False)
    asked = {
        "name": "terms",
        "currency": "EUR",
        "period": "month",
        "exits_at": "renewal",
        "grace_days": 0,
        "observed_until": "2023-01-31",
        "metric_age_limit": 24,
        "metrics": {"nps": {"scale": [0, 10]}},
        "tables": {name: {"path": f"{name}.csv"} for name in ("subscriptions", "responses")},
    }
    (folder / "plan.yaml").write_text(yaml.safe_dump(asked | plan), encoding="utf-8")
    return open_inputs(str(folder / "plan.yaml"))


def test_contracts_left_at_renewal_are_at_risk_only_then(tmp_path):
    """Half-yearly terms end in June and December 2022; followed from May, for eight months, both lie ahead."""
    groups = [
        (60, 9.0, "", 6),
        (10, 9.0, "2022-06-30", 6),
        (12, 9.0, "2022-12-31", 6),
        (50, 2.0, "", 6),
        (20, 2.0, "2022-06-30", 6),
        (15, 2.0, "2022-12-31", 6),
        (3, 2.0, "2022-08-15", 6),
    ]
    inputs = termed(tmp_path, groups, horizon=8)
    question = ask(inputs)
    assert str(question.cohort.landmark) == "2022-05-01"
    point = fit_point(inputs, question)
    life = point.life_table.set_index("tenure_periods")
    assert life["n"].to_dict() == {5: 170, 11: 137}
    assert life["events"].to_dict() == {5: 30, 11: 27}
    assert (point.hazard.n_obs, point.hazard.n_entities, point.n_answered) == (307, 170, 170)
    for band, score in (("9–10", 9.0), ("0–6", 2.0)):
        assert value(point, "retention", band) == pytest.approx(stays(point, score, [5, 11]), rel=1e-9)
    assert point.off_schedule == 3
    told = " ".join(point_method(question, fit(question), point))
    assert "Fewer than 10 exits lie outside of them, left out of the hazard though not of the shares by band." in told
    first = stays(point, 9.0, [5])
    assert value(point, "periods_stayed", "9–10") == pytest.approx(2 + 6 * first, rel=1e-9)


def test_where_nobodys_term_ends_within_the_horizon_it_says_so(tmp_path):
    groups = [(60, 9.0, "", 6), (10, 9.0, "2022-06-30", 6), (50, 2.0, "", 6), (20, 2.0, "2022-06-30", 6)]
    point = fit_point(inputs := termed(tmp_path, groups, horizon=3), ask(inputs, landmark="2022-08-01"))
    assert point.reason == "no term of a customer with a usable answer ends within the horizon"
    assert point.step is None and point.by_band is None and point.hazard is not None


def test_at_renewal_the_horizon_is_at_most_sixty_periods(tmp_path):
    groups = [(40, 9.0, "", 6), (40, 2.0, "2022-06-30", 6)]
    inputs = termed(tmp_path, groups, horizon=61, observed_until="2028-01-31")
    point = fit_point(inputs, ask(inputs))
    assert point.reason == "with exits at renewal the horizon has to be at most 60 periods"


def test_without_a_cohort_its_reason_is_given(tmp_path):
    inputs = open_company(tmp_path, contracts([(40, 10, ""), (40, 2, "2024-03-15")]), **UNTIL, horizon=60)
    question = ask(inputs)
    point = fit_point(inputs, question)
    assert point.reason == question.cohort.reason != ""
    assert point.hazard is None and point.life_table.empty and point.tenure_bands == ()


def test_where_nobody_answered_the_hazard_stands_without_a_slope(tmp_path):
    tables = contracts([(40, None, ""), (40, None, "2024-03-15")]) | {"responses": [("other", "2023-01-01", "nps", 5)]}
    inputs = open_company(tmp_path, tables, **UNTIL)
    point = fit_point(inputs, ask(inputs))
    assert point.reason == "no customer had a usable answer"
    assert (point.by_band, point.step, point.n_answered) == (None, None, 0)
    slope = point.hazard.estimates.set_index("term").loc["score"]
    assert slope["reason"] == "it does not vary, or is a combination of the terms before it"


UNFIT = {
    "nobody leaves": (contracts([(40, 10, ""), (40, 2, "")]), "the event never happens"),
    "one customer": (contracts([(1, 10, "2024-03-15")]), "there is but one customer"),
    "a constant score": (
        contracts([(40, 10, ""), (40, 10, "2024-03-15")]),
        "it does not vary, or is a combination of the terms before it (score)",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_where_no_slope_exists_no_difference_is_given(name, tmp_path):
    tables, reason = UNFIT[name]
    inputs = open_company(tmp_path, tables, **UNTIL)
    point = fit_point(inputs, ask(inputs))
    assert point.step is not None
    rows = point.step.estimates
    assert not rows.loc[rows["term"].str.startswith("difference"), "identified"].any()
    assert rows["estimate"].isna().all()
    assert set(rows["reason"]) == {reason}


def test_terms_of_few_exits_are_those_of_a_plain_count(tmp_path):
    """Of 100 customers in `basic` thirty leave, of 60 in `plus` seven; who never answered hardly leaves."""
    tables: dict[str, list[tuple]] = {"customers": [], "subscriptions": [], "responses": []}
    for name, n, left in (("basic", 100, 30), ("plus", 60, 7)):
        for i in range(n):
            who = f"{name}{i}"
            tables["customers"].append((who, name))
            tables["subscriptions"].append((who, "2023-01-01", f"2024-{i % 6 + 2:02}-10" if i < left else ""))
            if i % 6 or i > 40:
                tables["responses"].append((who, "2023-03-05", "nps", i % 11))
    inputs = open_company(tmp_path, tables, metric_age_limit=100, **UNTIL)
    point = fit_point(inputs, ask(inputs))
    rows = inputs.connection.to_pandas(inputs.panel.data.filter(inputs.panel.data["at_risk"]))
    rows["state"] = np.where(rows["nps"].notna(), ANSWERED, NEVER)
    expected = set()
    for term in ("segment", "state"):
        counted = rows.groupby(term)["exited"].agg(["sum", "count"])
        stay = counted["count"] - counted["sum"]
        few = set(counted.index[((counted["sum"] > 0) & (counted["sum"] < 10)) | ((stay > 0) & (stay < 10))])
        reference = next(t["reference"] for t in point.hazard.spec["terms"] if t["name"] == term)
        expected |= {f"{term}[{level}]" for level in (counted.index if reference in few else few)}
    assert expected == {"segment[plus]", f"state[{NEVER}]"}
    assert {t for t in point.few if not t.startswith("tenure")} == expected
