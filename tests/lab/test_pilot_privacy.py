"""A pilot's page tells no count of few customers, by whatever subtraction, and names nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pilot_company import PLAN, contracts, open_company, steady, write_company

from coroi.errors import ReportError
from coroi.lab.pilot import design_pilot
from coroi.lab.pilot_answer import Pilot, simulate_pilot
from coroi.lab.pilot_before import Sides, tells_few
from coroi.lab.pilot_costs import programme_price
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, STAGED
from coroi.lab.pilot_names import counted
from coroi.lab.pilot_options import PilotOptions
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.lab.pilot_page import pieces, shown
from coroi.lab.pilot_people import NONE, People, follow, latest_start, load_history, tellable_units
from coroi.lab.pilot_result import as_result, costs
from coroi.lab.pilot_terms import assumptions, limits
from coroi.lab.pilot_words import answer, meaning, needed, sentence

FAST = PilotOptions(replications=100)
SMALLEST = 10


def leavers(n: int, last: int, *, earlier: tuple[int, int, int] = (0, 0, 0)) -> dict[str, list[tuple]]:
    """Return n customers who are there in November 2021, of whom so many leave within half a year.

    Others leave before: in the halves of a year from May 2020, November 2020 and May 2021.
    """
    before = zip(("2020-05-15", "2020-11-15", "2021-05-15"), earlier, strict=True)
    ends = []
    for first, count in (("2021-11-15", last), *before):
        ends += [f"{pd.Timestamp(first) + pd.DateOffset(months=i % 6):%Y-%m-%d}" for i in range(count)]
    ends += [""] * (n + sum(earlier) - len(ends))
    return {"subscriptions": [(f"c{i:04}", "2020-01-01", end, "") for i, end in enumerate(ends)]}


def simulated(folder: Path, tables: dict[str, list[tuple]], options: PilotOptions = FAST, **plan: object) -> Pilot:
    return simulate_pilot(open_company(folder, tables, **(PLAN | plan)), options)


def told(pilot: Pilot) -> str:
    """Return all words of a pilot's page."""
    said = [text for output in (c.get("outputs", ()) for c in shown(pilot).cells) for o in output for text in texts(o)]
    return "\n".join([*said, *(p for p in pieces(pilot) if isinstance(p, str))])


def texts(output) -> list[str]:
    return [v for kind, v in output["data"].items() if kind.startswith("text/")]


@pytest.fixture
def folders(tmp_path):
    def new(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    return new


@pytest.mark.parametrize("counts", [(3, 7), (57, 53)], ids=["few lost", "few kept"])
def test_whether_three_or_seven_left_or_stayed_the_page_is_the_same(counts, folders):
    """Who counts few, and cannot be told apart from another few, cannot be counted."""
    pilots = [simulated(folders(f"{k}"), leavers(60, k)) for k in counts]
    word = "lost" if counts[0] < 10 else "kept"
    for pilot in pilots:
        assert f"no design can be judged, because fewer than 10 customers were {word}" in sentence(pilot)
        assert needed(pilot) is None
        assert np.isnan(pilot.outcomes[0].base)
        assert not as_result(pilot).tables["power"].size
    first, second = pilots
    assert told(first) == told(second)
    a, b = (as_result(p) for p in pilots)
    pd.testing.assert_frame_equal(a.estimates, b.estimates)
    for name in a.tables:
        pd.testing.assert_frame_equal(a.tables[name], b.tables[name])
    assert repr(a.spec) == repr(b.spec)
    assert [c.sentence for c in a.checks] == [c.sentence for c in b.checks]


def test_with_every_count_to_be_shown_three_and_seven_differ(folders):
    pilots = [simulated(folders(f"{k}"), leavers(60, k), privacy={"smallest_cell": 1}) for k in (3, 7)]
    assert [round(60 * (1 - p.outcomes[0].base)) for p in pilots] == [3, 7]
    assert told(pilots[0]) != told(pilots[1])


def test_no_date_is_shown_around_which_few_left(folders):
    """Retention of the pilot's customers is shown, and with a date's change that of those before them would be."""
    pilot = simulated(folders("few"), leavers(120, 40, earlier=(4, 30, 30)))
    found = pilot.of(RETENTION, BEFORE_AFTER)
    rows = pd.DataFrame(leavers(120, 40, earlier=(4, 30, 30))["subscriptions"], columns=["id", "start", "end", "price"])
    ends = pd.to_datetime(rows["end"].replace("", "2099-01-01"))
    firsts = pd.date_range("2020-07-01", "2021-11-01", freq="MS")
    hidden = []
    for first in firsts:  # who is there on the date, and half a year before it, and who then leaves
        sides = []
        for day in (first, first - pd.DateOffset(months=6)):
            at_risk = ends >= day
            gone = at_risk & (ends < day + pd.DateOffset(months=6))
            sides += [int(gone.sum()), int((at_risk & ~gone).sum())]
        hidden.append(any(0 < n < SMALLEST for n in sides))
    assert len(firsts) == pilot.n_dates
    assert found.observed is not None
    assert np.isnan(found.observed).tolist() == hidden
    assert 0 < sum(hidden) < len(hidden)
    assert "percentage points at the dates that can be shown" in told(pilot)
    assert as_result(pilot).tables["placebo_dates"]["change"].isna().tolist() == hidden


def test_where_no_date_can_be_shown_the_before_after_is_not_judged(folders):
    pilot = simulated(folders("few"), leavers(100, 30, earlier=(2, 2, 2)))
    found = pilot.of(RETENTION, BEFORE_AFTER)
    assert found.reason == "around every date in the data some group is of fewer than 10 customers"
    assert found.observed is None
    assert len(pilot.of(RETENTION, STAGED).curve)


@pytest.mark.parametrize(("few", "share", "expected"), [(3, True, True), (3, False, False), (10, True, False)])
def test_a_change_tells_few_where_few_of_a_side_left(few, share, expected):
    after = np.r_[np.ones(40), np.zeros(few), np.full(60, np.nan)]
    before = np.r_[np.full(43 + few - 3, np.nan), np.zeros(30), np.ones(30)][: len(after)]
    sides = Sides(after=after, before=before, n_after=40 + few)
    assert tells_few(sides, SMALLEST, share=share) is expected
    assert not tells_few(sides, 1, share=share)


def with_scores(silent: int) -> dict[str, list[tuple]]:
    """Return 120 customers of whom all but some answer within the pilot's half-year."""
    tables = leavers(120, 30, earlier=(20, 20, 20))
    there = [row[0] for row in tables["subscriptions"] if not row[2] or row[2] >= "2021-11"]
    return tables | {"responses": [(c, "2021-11-20", "nps", i % 11) for i, c in enumerate(there[silent:])]}


def test_the_few_who_did_not_answer_cannot_be_worked_out(folders):
    pilot = simulated(folders("few"), with_scores(4))
    n = pilot.n
    assert (n, next(o.n for o in pilot.outcomes if o.name == SCORE)) == (120, 116)
    assert np.isnan(pilot.response_rate)
    assert np.isnan(as_result(pilot).spec["response_rate"])
    assert counted(pilot, SCORE) == "all but fewer than 10 of 120 customers"
    said = told(pilot)
    assert "116" not in said
    assert "97\N{NO-BREAK SPACE}%" not in said
    assert "With the answers of all but fewer than 10 of 120 customers and 6 months" in said
    assert "All but fewer than 10 of 120 customers answer within 6 months, as in the data." in said
    many = simulated(folders("many"), with_scores(40))
    assert counted(many, SCORE) == "80 customers"


@pytest.mark.parametrize("answering", [4, 9])
def test_of_few_who_answered_nothing_is_told(answering, folders):
    pilot = simulated(folders("few"), with_scores(120 - answering))
    assert pilot.missing[SCORE] == "fewer than 10 customers of the pilot answered within one horizon in the data"
    assert {o.name for o in pilot.outcomes} == {RETENTION}


def with_units(without: int) -> dict[str, list[tuple]]:
    tables = contracts(150, lost=0.03, units=6)
    ids = [row[0] for row in tables["customers"]]
    there = {row[0] for row in tables["subscriptions"] if row[2] == "" or row[2] >= "2021-11"}
    present = [i for i in ids if i in there]
    blank = set(present[:without])
    tables["customers"] = [(i, "" if i in blank else unit) for i, unit in tables["customers"]]
    return tables


def test_the_few_without_a_unit_cannot_be_worked_out_from_any_bill(folders):
    options = replace(FAST, cost_per_customer=7.0)
    pilots = [simulated(folders(f"{k}"), with_units(k), options) for k in (2, 6)]
    kept = ["customers_treated", "customer_months", "months", "cost"]
    first, second = (costs(p)[kept] for p in pilots)
    pd.testing.assert_frame_equal(first, second)
    for pilot in pilots:
        assert 0 < pilot.n_without_unit < SMALLEST
        assert pilot.bills[STAGED].waiting_months + pilot.bills[STAGED].treated_months == pilot.n * 6
        assert "Some customers without a unit are left out" in " ".join(limits(pilot))
        assert "The staged roll-out's hold those few who have no unit" in told(pilot)
    many = simulated(folders("many"), with_units(40), options)
    assert many.n_without_unit >= SMALLEST
    taken = many.bills[STAGED].treated_months + many.bills[STAGED].waiting_months
    assert taken == (many.n - many.n_without_unit) * 6
    assert f"{many.n_without_unit} customers without a unit are left out" in " ".join(limits(many))


def people_in(*sizes: int, without: int = 0) -> People:
    unit = np.concatenate([np.full(n, i) for i, n in enumerate(sizes)] + [np.full(without, NONE)])
    nothing = np.full(len(unit), NONE)
    return People(
        ids=np.arange(len(unit)),
        unit=unit,
        n_units=len(sizes),
        event=nothing,
        money=None,
        score=None,
        earlier_score=None,
        earlier_money=None,
    )


@pytest.mark.parametrize(
    ("sizes", "without", "kept"),
    [
        ((4, 5), 200, False),  # nine customers in all units
        ((10,), 200, True),
        ((9,), 200, False),
        ((1,) * 12, 0, False),  # as many units as customers: each has one
        ((1,) * 10 + (8,), 0, False),  # no unit can hold nine
        ((1,) * 10 + (9,), 0, True),
        ((30, 3), 0, True),  # the unit of three may be one of one, or of nine
    ],
)
def test_units_are_told_only_where_no_small_one_can_be_counted(sizes, without, kept):
    people = people_in(*sizes, without=without)
    left = tellable_units(people, SMALLEST)
    assert (left.n_units == len(sizes)) is kept
    assert bool((left.unit != NONE).any()) is kept
    # by counting: every small size is possible for some unit, given customers in units and units
    n, units = sum(sizes), len(sizes)
    possible = {s for s in range(1, n + 1) if (units == 1 and s == n) or (units > 1 and n - s >= units - 1)}
    small = set(range(1, SMALLEST))
    assert kept is (n >= SMALLEST and (units == 1 or small <= possible))
    assert tellable_units(people, 1).n_units == len(sizes)


def test_units_that_are_left_aside_are_told_of_and_customers_drawn_instead(folders):
    tables = contracts(60, lost=0.03, units=60)
    tables["customers"] = [(c, u if u in {"u1", "u2", "u3"} else "") for c, u in tables["customers"]]
    pilot = simulated(folders("few"), tables)
    assert (pilot.n_units, pilot.n_without_unit, pilot.units_aside) == (0, 0, True)
    assert "over customers in 4 waves" in sentence(pilot)
    assert any(said.startswith("The plan's units are left aside") for said in limits(pilot))
    assert not re.search(r"\d units?\b", told(pilot))
    history = load_history(
        steady().connection, steady().panel, None, metric="", scale=None, money=""
    )  # units that can be told stay
    whole = follow(history, latest_start(history, 6), [6])
    assert tellable_units(whole, SMALLEST).n_units == 12


def test_what_few_customers_cost_is_not_told(tmp_path):
    tables = {
        "customers": [(f"c{i}", "x" if i < 4 else "y") for i in range(40)],
        "subscriptions": [(f"c{i}", "2022-01-01", "", 1) for i in range(40)],
        "programme": [("x", "", "visits", "2022-03-01", "2022-06-30")],
        "costs": [("2022-03-31", "programme", 160, "x", "visits")],
    }
    inputs = open_company(tmp_path, tables, observed_until="2022-12-31")
    known = programme_price(inputs.connection, inputs.tables, inputs.panel)
    assert known.per_month == pytest.approx(160 / 16)
    few = programme_price(inputs.connection, inputs.tables, inputs.panel, smallest=SMALLEST)
    assert np.isnan(few.per_month)
    assert few.source == "fewer than 10 customers had one of its programmes"


def test_every_sentence_of_a_page_that_withholds_is_whole(folders):
    from test_pilot_page import ODD

    for pilot in (simulated(folders("a"), leavers(60, 5)), simulated(folders("b"), with_scores(4))):
        said = [sentence(pilot, o.name) for o in pilot.outcomes]
        said += [*meaning(pilot), *limits(pilot), *assumptions(pilot).to_numpy().ravel()]
        said += [f"{a} {b}" for a, b in answer(pilot).card]
        assert [t for t in said if ODD.search(t)] == []
        assert {d for d in DESIGNS if not pilot.of(RETENTION, d).reason} in (set(), set(DESIGNS))
        assert MONEY in pilot.missing


NAMED = "KD-000123-X"


@pytest.mark.parametrize("place", ["the page", "the manifest"])
def test_a_page_that_would_name_a_customer_is_refused_and_nothing_is_left(place, tmp_path):
    tables = with_scores(40)
    for name, rows in tables.items():
        tables[name] = [(NAMED, *row[1:]) if row[0] == "c0100" else row for row in rows]
    metrics = {"nps": {"scale": [0, 10], "label": f"NPS of {NAMED}" if place == "the page" else "NPS"}}
    plan = write_company(tmp_path, tables, **(PLAN | {"metrics": metrics}))
    if place == "the manifest":
        (tmp_path / "responses.csv").rename(tmp_path / f"{NAMED}.csv")
        plan.write_text(plan.read_text().replace("responses.csv", f"{NAMED}.csv"))
    with pytest.raises(ReportError, match="A report names nobody") as refused:
        design_pilot(plan, options=FAST, output=tmp_path / "reports")
    where = str(refused.value).partition(":")[0]
    assert where.startswith("page, part") if place == "the page" else where == "manifest.json"
    assert NAMED not in str(refused.value)
    left = [p.name for p in (tmp_path / "reports").rglob("*") if p.is_file()]
    assert [name for name in left if not name.startswith(".") or name.endswith((".html", ".json"))] == []


def test_the_numbers_go_through_the_gate_of_studies(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("coroi.studies.inputs.refuse_small", lambda frames, smallest: asked.append((frames, smallest)))
    plan = write_company(tmp_path, leavers(60, 20), **PLAN)
    page = design_pilot(plan, options=FAST, output=tmp_path / "reports").page
    ((frames, smallest),) = asked
    assert smallest == SMALLEST
    assert {"estimates", "power", "costs", "placebo_dates"} <= set(frames)
    assert json.loads((page.parent / "result.json").read_text())["method"] == "pilot_design"
