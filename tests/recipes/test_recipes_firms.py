"""The study `firms` on real ones: the American index beside annual accounts of S&P 500 companies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from test_recipes import RECIPES
from test_recipes_twins import ACCOUNTS_TWICE, WRONG_YEAR

from coroi.studies import firms
from coroi.studies.check import check_plan
from coroi.studies.runner import run_plan

RECIPE = "acsi_accounts"


@pytest.fixture(scope="module")
def told(inputs):
    opened = inputs(RECIPE)
    question = firms.ask(opened, **{k: v for k, v in opened.plan.studies["firms"].items() if k != "level"})
    found = firms.fit(question)
    return opened, question, found, firms.verdicts(question, found)


@pytest.fixture(scope="module")
def raw(data) -> pd.DataFrame:
    """Join scores and accounts by other means than the toolkit's: one row a firm and year with a score."""
    folder = data(RECIPE)
    scores = pd.read_csv(folder / "acsi_firm_year" / "ACSI_Scores.csv", dtype=str, keep_default_na=False)
    scores = scores[(scores["Division"] == "No") & ~scores["Ticker Symbol"].isin(ACCOUNTS_TWICE)]
    long = scores.melt(["Company Name", "Ticker Symbol"], ["12", "13", "14", "15", "16"], "year", "score")
    long = long[long["score"].str.fullmatch(r"\d+")].assign(year=lambda d: 2000 + d["year"].astype(int))
    accounts = pd.read_csv(folder / "sp500_fundamentals" / "fundamentals.csv")
    accounts = accounts[accounts["For Year"].notna() & ~accounts.iloc[:, 0].isin(WRONG_YEAR)]
    kept = accounts[["Ticker Symbol", "For Year", "Total Revenue", "Net Income"]].set_axis(
        ["Ticker Symbol", "year", "revenue", "earnings"], axis=1
    )
    both = long.merge(kept, how="left", on=["Ticker Symbol", "year"])
    industry = both["Company Name"].str.extract(r"\[(.*)\]")[0].str.strip()
    return both.assign(score=both["score"].astype(float), industry=industry)


def test_it_can_run_and_says_what_is_found(told, data):
    assert check_plan(RECIPES / f"{RECIPE}.yaml", data=data(RECIPE)).studies["firms"] == ""
    _, question, found, verdicts = told
    assert {name: v.label for name, v in verdicts.items()} == {
        "standing": "cannot tell",
        "value": "not testable with this data",
        "cost": "cannot tell",
    }
    assert verdicts["value"].reason == "the data hold neither market values nor monthly returns with factors"
    assert {v.grade for v in verdicts.values()} == {"D"}
    standing = found.standing.estimates.iloc[0]
    assert [100 * standing[c] for c in ("estimate", "conf_low", "conf_high")] == pytest.approx(
        [2.83, -2.62, 8.28], abs=0.005
    )
    said = firms.answer(question, found, verdicts).sentence.replace("\u00a0", " ")
    assert said == (
        "These data cannot tell whether firms that satisfy customers more reach the top of their industry: with "
        "satisfaction one standard deviation (5.2 points) higher than usual for it, a firm outdoes 2.8 percentage "
        "points more of its rivals by revenue 1 year later (95 % interval from 2.6 fewer to 8.3 more)."
    )


def test_the_losses_of_the_joins_are_those_of_the_raw_files(told, raw):
    opened, question, found, _ = told
    rows = firms.losses(question, found).set_index("step")
    with_accounts = raw[raw["revenue"].notna()]
    assert (
        rows.loc["firms and periods in the table"].tolist() == [raw["Company Name"].nunique(), len(raw)] == [172, 714]
    )
    assert rows.loc["with revenue and satisfaction"].tolist() == [
        with_accounts["Company Name"].nunique(),
        len(with_accounts),
    ]
    assert len(with_accounts) == 272
    assert rows.loc["in the fit of standing", "rows"] == 172
    notes = firms.data_notes(opened.ledger).text
    assert "no match in sp500_fundamentals/fundamentals.csv on Ticker Symbol, year" in notes


def test_standing_is_that_of_dummies_on_the_raw_files(told, raw):
    _, question, found, _ = told
    frame = raw.rename(columns={"Company Name": "firm"}).assign(firm=lambda d: d["firm"].str.strip())
    score = frame.set_index(["firm", "year"])["score"]
    ranked = frame[frame["revenue"].notna()]
    rows = []
    for r in ranked.itertuples():
        others = ranked[(ranked["industry"] == r.industry) & (ranked["year"] == r.year) & (ranked["firm"] != r.firm)]
        own, before = score.get((r.firm, r.year - 1)), [score.get((f, r.year - 1)) for f in others["firm"]]
        before = [b for b in before if b is not None]
        if len(others) and before and own is not None:
            share = (others["revenue"] < r.revenue).mean()
            rows.append((r.firm, r.year, share, own, np.mean(before)))
    used = pd.DataFrame(rows, columns=["firm", "year", "share", "own", "rivals"])
    used = used[used.groupby("firm")["own"].transform("size") > 1]
    fit = smf.ols("share ~ own + rivals + C(firm) + C(year)", used).fit(
        cov_type="cluster", cov_kwds={"groups": used["firm"], "use_correction": False}
    )
    g, sd = used["firm"].nunique(), frame["score"].std()
    standing = found.standing.estimates.iloc[0]
    assert found.standing.n_obs == len(used)
    assert standing["estimate"] == pytest.approx(fit.params["own"] * sd, rel=1e-8)
    assert standing["std_error"] == pytest.approx(fit.bse["own"] * sd * np.sqrt(g / (g - 1)), rel=1e-8)
    assert question.panel.points == pytest.approx(sd)


@pytest.mark.slow
def test_the_page_is_rendered_with_its_case(data, tmp_path):
    run = run_plan(RECIPES / f"{RECIPE}.yaml", data=data(RECIPE), only=["firms"], output=tmp_path)
    (study,) = [s for s in run.studies if s.study == "firms"]
    assert study.status == "ok"
    page = study.page.read_text(encoding="utf-8")
    assert "Southwest [Airlines]" in page
    assert page.count("<figure") == 2
