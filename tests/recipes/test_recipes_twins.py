"""What a recipe makes of its dataset, against the same made by pandas from the raw files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from coroi.studies import pilot, readiness, retention
from coroi.studies.inputs import Inputs

ACCOUNTS_TWICE = ["AAPL", "ALL", "AMZN", "CTL", "FTR", "KR", "TGT", "WMT"]  # scored in several industries
WRONG_YEAR = ["ANTM42004", "EIX41639", "KORS41726", "R42004", "RCL42369", "SE42369"]
FACETS = [
    *("art", "food", "shops", "signs", "walkways", "screens", "information below", "information above"),
    *("roads", "parking", "train", "long-term parking", "rental cars", "airport as a whole"),
]
ITEMS_ECSI = {"IMAG": "ima", "CUEX": "exp", "PERQ": "qua", "PERV": "val", "CUSA": "sat", "CUSL": "loy", "CUSCO": "comp"}


@pytest.fixture(scope="module")
def table(inputs):
    """Return one clean table of a recipe, its empty columns left out."""

    def read(recipe: str, name: str) -> pd.DataFrame:
        opened = inputs(recipe)
        return opened.connection.to_pandas(opened.tables[name]).dropna(axis="columns", how="all")

    return read


def _text(path, **how) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **how)


def _scores_by_year(folder) -> pd.DataFrame:
    """Read the index's scores from the file that its publisher has cleaned: firm, industry, year and score."""
    clean = _text(folder / "ACSI_Scores_Cleaned.csv")
    long = clean.melt(["company_name", "sector", "ticker"], [str(y) for y in range(1995, 2021)], "year", "score")
    long["score"] = pd.to_numeric(long["score"], errors="coerce")
    return long.dropna(subset="score")


def test_the_index_is_that_of_its_cleaned_file(data, table):
    firms = table("acsi_firm_year", "firms")
    found = {
        (firm, industry, f"{period:%Y}", score)
        for firm, industry, period, score in zip(
            firms["firm_id"], firms["industry"], pd.to_datetime(firms["period"]), firms["satisfaction"], strict=True
        )
    }
    raw = _scores_by_year(data("acsi_firm_year"))
    names = [f"{firm} [{sector}]" for firm, sector in zip(raw["company_name"], raw["sector"], strict=True)]
    theirs = set(zip(names, raw["sector"], raw["year"], raw["score"], strict=True))
    both = {row[0] for row in found} & set(names)
    assert (len(both), len({row[0] for row in found} - both)) == (545, 17)  # seventeen bear another name there
    assert {row for row in found if row[0] in both} == {row for row in theirs if row[0] in both}
    assert sorted(row[2:] for row in found) == sorted(zip(raw["year"], raw["score"], strict=True))
    assert set(pd.to_datetime(firms["period"]).dt.strftime("%m-%d")) == {"01-01"}


def test_accounts_stand_beside_scores_once_and_only_where_both_are_known(data, table):
    folder = data("acsi_accounts")
    raw = _text(folder / "acsi_firm_year" / "ACSI_Scores.csv")
    raw = raw[(raw["Division"] == "No") & ~raw["Ticker Symbol"].isin(ACCOUNTS_TWICE)]
    long = raw.melt(["Company Name", "Ticker Symbol"], ["12", "13", "14", "15", "16"], "year", "score")
    long = long[long["score"].str.fullmatch(r"\d+")].assign(year="20" + long["year"])
    accounts = _text(folder / "sp500_fundamentals" / "fundamentals.csv")
    accounts = accounts[(accounts["For Year"] != "") & ~accounts.iloc[:, 0].isin(WRONG_YEAR)]
    both = long.merge(accounts, left_on=["Ticker Symbol", "year"], right_on=["Ticker Symbol", "For Year"])
    assert not both.duplicated(["Ticker Symbol", "year"]).any()
    firms = table("acsi_accounts", "firms")
    assert (len(firms), firms["revenue"].count(), firms["earnings"].count()) == (len(long), len(both), len(both))
    assert firms["revenue"].sum() == pytest.approx(both["Total Revenue"].astype(float).sum(), rel=1e-12)
    known = firms[firms["revenue"].notna()]
    assert known["satisfaction"].corr(known["earnings"]) == pytest.approx(
        both["score"].astype(float).corr(both["Net Income"].astype(float)), abs=1e-12
    )


def test_factors_and_returns_are_shares_of_one(data, table):
    folder = data("fama_french")
    factors = table("fama_french", "factors").sort_values("month")
    raw = pd.read_csv(folder / "F-F_Research_Data_Factors.csv")
    assert pd.to_datetime(factors["month"]).dt.strftime("%Y%m").astype(int).tolist() == raw["Date"].tolist()
    ours = factors[["market", "smb", "hml", "risk_free"]].to_numpy()
    assert np.array_equal(ours, raw[["Mkt-RF", "SMB", "HML", "RF"]].to_numpy() / 100)
    returns = table("fama_french", "firm_returns")
    wide = pd.read_csv(folder / "30_Industry_Portfolios.csv")
    theirs = wide.melt("yyyymm", var_name="firm_id", value_name="per_cent")
    ours = returns.assign(yyyymm=pd.to_datetime(returns["month"]).dt.strftime("%Y%m").astype(int))
    both = theirs.merge(ours, on=["yyyymm", "firm_id"], validate="one_to_one")
    assert len(both) == len(ours) == len(theirs)
    assert both["total_return"].tolist() == (both["per_cent"] / 100).tolist()


def test_annual_accounts_keep_their_figures(data, table):
    folder = data("sp500_fundamentals")
    raw = _text(folder / "fundamentals.csv")
    raw = raw[~raw["For Year"].isin(["", "1215"]) & ~raw.iloc[:, 0].isin(WRONG_YEAR)]
    sectors = _text(folder / "securities.csv").set_index("Ticker Symbol")["GICS Sector"]
    firms = table("sp500_fundamentals", "firms")
    assert len(firms) == len(raw) and set(pd.to_datetime(firms["period"]).dt.year) == {2012, 2013, 2014, 2015, 2016}
    assert firms.groupby("industry").size().to_dict() == raw["Ticker Symbol"].map(sectors).value_counts().to_dict()
    assert firms["earnings"].sum() == pytest.approx(raw["Net Income"].astype(float).sum(), rel=1e-12)


def test_twelve_firms_are_in_whole_dollars(data, table):
    raw = pd.read_csv(data("firm_financials_12") / "Financial_Statements.csv", sep="\t", encoding="latin-1")
    firms = table("firm_financials_12", "firms").assign(year=lambda f: pd.to_datetime(f["period"]).dt.year)
    amazon = firms[firms["firm_id"] == "AMZN"].set_index("year")
    theirs = raw[raw["Company "] == "AMZN"].set_index("Year")
    assert amazon.loc[2021, "revenue"] == theirs.loc[2021, "Revenue"] * 1_000_000
    assert firms["market_value"].sum() == pytest.approx(raw["Market Cap(in B USD)"].sum() * 1e9, rel=1e-12)
    assert set(firms["industry"]) == set(raw["Category"].replace("BANK", "Bank"))


def test_baskets_and_campaigns_of_the_grocer(data, table):
    folder = data("completejourney")
    lines = pd.read_parquet(folder / "transactions_sample.parquet")
    baskets = table("completejourney", "transactions").set_index("transaction_id")["amount"].sort_index()
    theirs = lines.groupby("basket_id")["sales_value"].sum().sort_index()
    assert baskets.index.tolist() == theirs.index.tolist()
    assert baskets.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-9)
    mailed = pd.read_parquet(folder / "campaigns.parquet").merge(
        pd.read_parquet(folder / "campaign_descriptions.parquet"), on="campaign_id"
    )
    programme = table("completejourney", "programme")
    keys = ["customer_id", "practice", "start_at", "end_at"]
    theirs = (
        mailed[["household_id", "campaign_type", "start_date", "end_date"]]
        .astype(str)
        .sort_values(["household_id", "campaign_type", "start_date", "end_date"])
    )
    assert programme[keys].astype(str).sort_values(keys).to_numpy().tolist() == theirs.to_numpy().tolist()
    assert "arm" not in programme


def test_the_gate_drawn_by_lot_has_its_known_effect(data, inputs):
    opened = inputs("cookie_cats")
    question = retention.ask(opened)
    result = retention.fit(question)
    raw = pd.read_csv(data("cookie_cats") / "cookie_cats.csv")
    arms = raw.groupby("version")["retention_7"].agg(["mean", "count"])
    gap = arms.loc["gate_30", "mean"] - arms.loc["gate_40", "mean"]
    error = np.sqrt((arms["mean"] * (1 - arms["mean"]) / arms["count"]).sum())
    verdict = retention.verdict(question, result)
    assert verdict.estimate == pytest.approx(gap, abs=1e-12)
    assert (verdict.conf_low, verdict.conf_high) == pytest.approx((gap - 1.96 * error, gap + 1.96 * error), abs=2e-6)
    assert (100 * verdict.conf_low, 100 * verdict.conf_high) == pytest.approx((0.31, 1.33), abs=0.005)
    assert (verdict.label, verdict.grade) == ("cannot tell", "D")  # half a point lies inside the interval
    both = opened.flags.set_index(["first_day", "left_in_snapshot"])["customers"]
    theirs = (~raw[["retention_1", "retention_7"]]).value_counts()
    assert both.to_dict() == theirs.to_dict()


def answered(opened: Inputs, **asked: object) -> tuple[str, dict[str, str], dict[tuple[str, str, str], pd.Series]]:
    """Return the sentence of the study `pilot`, its grades, and its rows by part, outcome and term."""
    question = pilot.ask(opened, **asked)
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    result = pilot.answer_of(question, parts, guards)
    said = pilot.answer(question, result, guards, pilot.verdicts(question, parts, guards)).sentence
    rows = {(r["part"], r["outcome"], r["term"]): r for _, r in result.estimates.iterrows()}
    return said, {name: found.grade for name, found in guards.grades.items()}, rows


def test_the_gate_is_a_trial_by_lot(data, inputs):
    said, grades, rows = answered(inputs("cookie_cats"))
    row = rows["effect", "staying", "effect"]
    raw = pd.read_csv(data("cookie_cats") / "cookie_cats.csv").groupby("version")["retention_7"].mean()
    assert row["estimate"] == pytest.approx(raw["gate_30"] - raw["gate_40"], abs=1e-12)
    assert (100 * row[["estimate", "conf_low", "conf_high"]].astype(float)).tolist() == pytest.approx(
        [0.82, 0.31, 1.33], abs=0.005
    )
    assert grades == {"staying": "A"}
    assert said.startswith(
        "The treatment raises the share of customers who stay: 0.82 percentage points (0.31 to 1.33) by the "
        "snapshot's date, 95\u00a0% interval; whether by 0.50 percentage points"
    )


def test_thirty_days_cannot_tell_what_a_scent_does(data, inputs):
    said, grades, rows = answered(inputs("mcgrath"), each="day")
    row = rows["effect", "money", "effect"]
    raw = pd.read_csv(data("mcgrath") / "mcgrath.csv").groupby("treatment")["grandtotal"].mean()
    assert row["estimate"] == pytest.approx(raw[1] - raw[0], abs=1e-9)
    assert row["estimate"] == pytest.approx(36.6, abs=0.05)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((-68, 142), abs=0.5)
    assert said.startswith("These data cannot tell whether the treatment changes revenue per day: ")
    assert grades == {"money": "D"}  # with what chance a day got the scent is not in the file
    assert {outcome for _, outcome, _ in rows} == {"money"}


def test_campaigns_that_nobody_drew_lots_for_do_not_pass_their_placebo(inputs):
    said, grades, rows = answered(inputs("completejourney"), horizon=3)
    assert set(grades.values()) == {"D"}
    assert "is found together with higher revenue per customer: USD" in said
    assert "but those with it were unlike the others before it too" in said
    plain, alike = (rows["matched", "money", term]["estimate"] for term in ("unmatched_difference", "effect"))
    assert (plain, alike) == pytest.approx((20.18, 5.97), abs=0.01)


def test_calls_are_measured_in_minutes(data, table):
    raw = pd.read_excel(data("pwc_call_centre") / "01_Call-Center-Dataset.xlsx").set_index("Call Id").sort_index()
    calls = table("pwc_call_centre", "touchpoints").set_index("contact_id").sort_index()
    assert calls["response_minutes"].to_numpy() == pytest.approx(
        raw["Speed of answer in seconds"].to_numpy() / 60, nan_ok=True
    )
    assert calls["handle_minutes"].to_numpy() == pytest.approx(raw["AvgTalkDuration"].to_numpy() * 1440, nan_ok=True)
    assert calls["handle_minutes"].max() == pytest.approx(7)
    assert (calls["resolved_first_time"] == (raw["Resolved"] == "Y")).all()
    answers = table("pwc_call_centre", "responses")
    said = raw.groupby("Topic")["Satisfaction rating"].agg(["mean", "count"])
    assert answers.groupby("touchpoint")["score"].agg(["mean", "count"]).equals(said.astype(answers["score"].dtype.name)
        .astype({"count": "int64"}))  # fmt: skip


def test_no_complaint_lies_outside_the_three_months(data, table):
    raw = _text(data("comcast_complaints") / "Comcast_telecom_complaints_data.csv", encoding="utf-8-sig")
    shown = pd.to_datetime(raw["Date"], format="%d-%m-%y")
    assert shown.dt.month.nunique() == 12 and sorted(set(shown.dt.day[shown.dt.day <= 12])) == [4, 5, 6]
    meant = [d.replace(month=d.day, day=d.month) if d.day <= 12 else d for d in shown]
    contacts = table("comcast_complaints", "touchpoints").set_index("contact_id")["occurred_at"]
    assert pd.to_datetime(contacts.loc[raw["Ticket #"]]).tolist() == meant
    assert {d.month for d in meant} == {4, 5, 6}


@pytest.mark.parametrize(("recipe", "file"), [("ecsi_mobile", "mobi.csv"), ("ecsi_bank", "satisfaction.csv")])
def test_every_answer_to_every_item_is_there(recipe, file, data, table):
    raw = pd.read_csv(data(recipe) / file).select_dtypes("number")
    found = table(recipe, "practices")
    assert found["rater_id"].nunique() == len(raw)
    assert sorted(found.groupby("item")["score"].sum()) == sorted(raw.sum())
    by_rater = found.groupby("rater_id")["score"].sum()
    stem = file.removesuffix(".csv")
    assert by_rater.loc[[f"{stem}:{i}" for i in range(1, len(raw) + 1)]].tolist() == raw.sum(axis=1).tolist()


def test_one_survey_lies_in_two_files_on_two_scales(data):
    mobi, mobile = (pd.read_csv(data("ecsi_mobile") / f"{n}.csv") for n in ("mobi", "mobile"))
    names = [c for stem in ITEMS_ECSI for c in mobi if c.rstrip("0123456789") == stem]
    theirs = [ITEMS_ECSI[c.rstrip("0123456789")] + c[len(c.rstrip("0123456789")) :] for c in names]
    assert len(names) == mobile.shape[1] == 24
    assert np.array_equal(((mobi[names] - 1) / 9 * 100).round(2).to_numpy(), mobile[theirs].to_numpy())


def test_no_code_for_no_answer_is_left_among_the_statements(data, table):
    raw = pd.read_csv(data("corporate_reputation") / "corp_rep_data.csv", na_values=-99)
    found = table("corporate_reputation", "practices")
    ours = found.pivot_table(index="unit_id", columns="item", values="score", aggfunc="mean")
    theirs = raw.groupby("serviceprovider")[ours.columns.tolist()].mean()
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-12)
    assert (set(found["rater_role"]), found["score"].min()) == ({"customer"}, 1)


def _waves(folder) -> dict[int, pd.DataFrame]:
    """Read the ratings of each wave, each with the facets that all waves share, as numbers."""
    waves = {}
    for path in sorted(folder.glob("*.csv")):
        raw, year = _text(path), int(path.name[:4])
        raw.columns = raw.columns.str.strip()
        first = next(c for c in ("Q6A", "Q8A", "Q8A_ART", "Q7A_ART", "Q7ART") if c in raw)
        at = raw.columns.get_loc(first)
        block = (
            raw.iloc[:, at : at + 14] if year < 2013 else raw.iloc[:, at : at + 15].drop(columns=raw.columns[at + 8])
        )
        waves[year] = block.set_axis(FACETS, axis="columns").apply(pd.to_numeric)
    return waves


def test_waves_keep_their_ratings_and_lose_their_codes(data, table):
    answers = table("sfo_survey", "responses")
    answers["year"] = pd.to_datetime(answers["answered_at"]).dt.year
    ours = answers.groupby(["year", "touchpoint"])["score"].agg(["count", "mean"])
    for year, wave in _waves(data("sfo_survey")).items():
        theirs = wave.where((wave >= 1) & (wave <= 5))
        assert ours.loc[year].loc[FACETS, "count"].tolist() == theirs.count().tolist()
        assert ours.loc[year].loc[FACETS, "mean"].tolist() == pytest.approx(theirs.mean().tolist(), abs=1e-12)
    metric = answers.groupby("metric")["touchpoint"].unique()
    assert metric["csat"].tolist() == ["airport as a whole"] and len(metric["facet"]) == 14
    assert answers["customer_id"].isin(table("sfo_survey", "customers")["customer_id"]).all()


def test_passengers_are_weighed_as_their_waves_say(data, inputs):
    scores = readiness.score_answers(inputs("sfo_survey")).scores
    found = next(score.readings for score in scores if score.metric == "csat")
    best, weights = [], []
    for year, wave in _waves(data("sfo_survey")).items():
        (path,) = data("sfo_survey").glob(f"{year}*.csv")
        raw = _text(path)
        weight = pd.to_numeric(raw["WEIGHT"]) if "WEIGHT" in raw else pd.Series(1.0, index=raw.index)
        rated = wave["airport as a whole"].between(1, 5)
        best.append((wave["airport as a whole"] == 5)[rated])
        weights.append(weight[rated])
    best, weights = pd.concat(best), pd.concat(weights)
    assert found["alike"]["estimate"] == pytest.approx(best.mean(), abs=1e-12)
    assert found["weighted"]["estimate"] == pytest.approx(np.average(best, weights=weights), abs=1e-12)


@pytest.mark.parametrize(("year", "exchanged"), [(2010, {"food", "shops"}), (2011, {"art", "food"})])
def test_facets_that_two_waves_leave_unnamed_are_those_of_the_next(year, exchanged, data):
    waves = _waves(data("sfo_survey"))
    before, after = ((waves[y] == 6).mean().to_numpy() for y in (year, 2012))  # who never used each
    _, nearest = optimize.linear_sum_assignment((before[:, None] - after[None, :]) ** 2)
    assert np.corrcoef(before, after)[0, 1] > 0.99
    assert {
        FACETS[i] for i in range(14) if nearest[i] != i
    } == exchanged  # as often used, so use cannot tell them apart
