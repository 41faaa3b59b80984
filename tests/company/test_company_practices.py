"""The practice survey and the culture behind it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, Company, Switches, simulate_company
from coroi.company import simulation as whole
from coroi.company.clock import first_days
from coroi.company.culture import draw_culture, lift
from coroi.company.customers import UNIT_LEVEL_SD, UNITS, draw_people, unit_culture, unit_levels
from coroi.company.practices import ITEMS, practices_table
from coroi.company.scenario import Intervention, World

MANY = 4_000


def world(scenario: str, *, heterogeneity: bool = True, **done: object) -> World:
    return World(
        scenario=SCENARIOS[scenario],
        switches=Switches(heterogeneity=heterogeneity),
        intervention=Intervention(**done),  # type: ignore[arg-type]
    )


def survey() -> pd.DataFrame:
    return simulate_company(customers=50, months=12, seed=9).tables["practices"]


@cache
def many(scenario: str, heterogeneity: bool = True):
    own = np.random.default_rng(1).standard_normal(MANY)
    return own, draw_culture(own, 5, world(scenario, heterogeneity=heterogeneity))


def test_every_unit_is_rated_by_each_role_on_every_item():
    table = survey()
    assert sorted(table["unit_id"].unique()) == sorted(UNITS)
    names = [f"{scale}: {item}" for scale, items in ITEMS.items() for item in items]
    assert set(table["item"]) == set(names)
    assert table["score"].isin([1, 2, 3, 4, 5]).all()
    assert set(table["score"]) == {1, 2, 3, 4, 5}
    assert table.groupby("rater_id")["item"].apply(list).map(lambda found: found == names).all()
    assert table.groupby("rater_id")[["unit_id", "rater_role", "asked_at"]].nunique().eq(1).all(axis=None)
    raters = table.drop_duplicates("rater_id").groupby(["unit_id", "rater_role"]).size()
    assert len(raters) == 24 * 3
    assert raters.eq(2).all()
    assert table["asked_at"].between("2022-02-01", "2022-02-28").all()


def by_unit(seed: int) -> tuple[pd.DataFrame, object]:
    culture = unit_culture(World(), seed)
    table = practices_table(culture, seed, first_days(12))
    table["scale"] = table["item"].str.split(":").str[0]
    table["own"] = np.where(table["rater_role"] == "leader", "leader", "others")
    means = table.pivot_table(index="unit_id", columns=["scale", "own"], values="score")
    return means.loc[list(UNITS)], culture


def test_ratings_show_alignment_doing_and_the_gap():
    seen = {"alignment": [], "doing": [], "gap": []}
    for seed in range(40):
        found, culture = by_unit(seed)
        means = found["alignment"].mean(axis=1)
        seen["alignment"].append(np.polyfit(culture.alignment, means, 1)[0])
        seen["doing"].append(np.polyfit(culture.doing, found["leaders", "others"], 1)[0])
        apart = found["leaders", "leader"] - found["leaders", "others"]
        lenient = found["alignment", "leader"] - found["alignment", "others"]
        seen["gap"].append(np.polyfit(culture.gap, apart - lenient, 1)[0])
    for name, slopes in seen.items():
        assert abs(np.mean(slopes) - 0.95) < 0.1, name  # rounding and the ends of the scale take a little


def test_items_of_a_sub_scale_hang_together():
    table = pd.concat([by_seed.assign(seed=i) for i in range(5) for by_seed in [practices(i)]])
    wide = table.pivot_table(index=["seed", "rater_id"], columns="item", values="score")
    for scale in ITEMS:
        items = wide[[c for c in wide if c.startswith(scale)]]
        k = items.shape[1]
        alpha = k / (k - 1) * (1 - items.var(ddof=1).sum() / items.sum(axis=1).var(ddof=1))
        assert 0.5 < alpha < 0.85, scale


def practices(seed: int) -> pd.DataFrame:
    return practices_table(unit_culture(World(), seed), seed, first_days(12))


def line(own: np.ndarray, culture) -> np.ndarray:
    """Slopes of a unit's own part of satisfaction on alignment, doing and gap, in points."""
    x = np.column_stack([np.ones(own.size), culture.alignment, culture.doing, culture.gap])
    return np.linalg.lstsq(x, UNIT_LEVEL_SD * own, rcond=None)[0][1:]


def test_what_an_intervention_lifts_is_what_a_line_through_many_units_says():
    own, culture = many("baseline")
    by_alignment, by_doing, by_gap = line(own, culture)
    aligned = lift(culture, UNIT_LEVEL_SD, world("baseline", alignment=1.0))
    np.testing.assert_allclose(aligned, by_alignment, atol=0.004)
    assert by_alignment == pytest.approx(0.156, abs=0.004)
    gap = culture.gap.clip(0)
    modest = lift(culture, UNIT_LEVEL_SD, world("baseline", self_view_closed=True))
    np.testing.assert_allclose(modest, -by_gap * gap, atol=0.008)
    walked = lift(culture, UNIT_LEVEL_SD, world("baseline", talk_walked=True))
    np.testing.assert_allclose(walked, (by_doing - by_gap) * gap, atol=0.012)
    assert walked.max() > modest.max() > 0.1
    assert (modest[culture.gap <= 0] == 0).all()


def test_culture_has_its_law_whatever_the_units_are():
    own, culture = many("baseline")
    drawn = [own, culture.alignment / 0.45, culture.doing / 0.45, (culture.gap - 0.5) / 0.5]
    expected = np.eye(4)
    expected[0, 1:] = expected[1:, 0] = [0.7, 0.4, -0.5]
    np.testing.assert_allclose(np.cov(np.array(drawn)), expected, atol=0.06)


def test_where_nothing_works_culture_lifts_nothing():
    own, culture = many("null")
    assert np.abs(line(own, culture)).max() < 0.012
    confounded, goes_along = many("confounded")
    assert line(confounded, goes_along)[0] == pytest.approx(0.156, abs=0.004)
    _, alike = many("baseline", False)
    done = {"alignment": 1.0, "talk_walked": True}
    assert not lift(culture, UNIT_LEVEL_SD, world("null", **done)).any()
    assert not lift(goes_along, UNIT_LEVEL_SD, world("confounded", **done)).any()
    assert not lift(alike, UNIT_LEVEL_SD, world("baseline", heterogeneity=False, **done)).any()


def test_aligned_units_have_happier_customers_by_as_much():
    usual, aligned = (draw_people(3000, first_days(12), 2, world("baseline", alignment=a)) for a in (0.0, 1.0))
    np.testing.assert_allclose(aligned.level - usual.level, 0.1 * 0.7 / 0.45, atol=1e-12)
    np.testing.assert_array_equal(aligned.frailty, usual.frailty)
    levels = unit_levels(World(), 2)
    np.testing.assert_array_equal(levels, unit_levels(world("baseline", alignment=1.0), 2))


def test_what_is_told_of_the_whole_company_does_not_depend_on_blocks(monkeypatch):
    def made(company: Company) -> dict[str, pd.DataFrame]:
        return {name: company.tables[name] for name in ("practices", "firms", "firm_returns", "factors")}

    usual = made(simulate_company(customers=90, months=12, seed=9))
    for module in ("history", "simulation"):
        monkeypatch.setattr(f"coroi.company.{module}.block_sizes", lambda customers: [30, 60])
    company = simulate_company(customers=90, months=12, seed=9)
    for name, table in made(company).items():
        pd.testing.assert_frame_equal(table, usual[name])
    respondents = company.tables["competitors"]
    assert respondents.groupby("customer_id")["share_of_wallet"].sum().sub(1).abs().max() < 1e-9
    assert set(respondents["customer_id"]) <= set(company.tables["customers"]["customer_id"])
    there = company.tables["subscriptions"]["end_at"].isna().sum()
    assert (company.tables["changes"]["n_customers"] <= 0.6 * there + 0.5).all()
    assert whole.Company is Company
