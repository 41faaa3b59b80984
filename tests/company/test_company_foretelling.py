"""What foretells better: what is known, and the gains by it, against slow counts and numbers known in advance."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from coroi.company import SCENARIOS
from coroi.company.foretelling import gain_in_deviance, gain_in_profit, gains_apart, in_halves
from coroi.company.foretold import RIVALS, foretold_truths
from coroi.company.history import History, draw_history
from coroi.company.known import Known, known
from coroi.company.responses import CSAT, NPS
from coroi.company.scenario import World
from coroi.company.truth import TRUTH_SEED, truth_blocks

MONTHS = 20


@pytest.fixture(scope="module")
def history() -> History:
    return draw_history(customers=400, months=MONTHS, seed=3)


def month_of(day: int) -> int:
    return int(np.datetime64(int(day), "D").astype("datetime64[M]").astype(int)) - 52 * 12


def slow_rows(history: History) -> dict[tuple[int, int], dict[str, int]]:
    """What is known of each customer before each month, event by event."""
    amounts = sorted(float(a) for reading in history.readings for a in reading.amount)
    cuts = [float(np.quantile(amounts, k / 8)) for k in range(1, 8)]
    rows = {}
    for month in range(12, MONTHS - 2):
        first_day = history.days[month]
        state: dict[int, dict[str, int]] = defaultdict(dict)
        for survey, answers in zip((NPS, CSAT), history.answers[:2], strict=True):
            for i in range(answers.score.size):
                if answers.answered[i] < first_day and month - month_of(answers.answered[i]) <= 12:
                    mine = state[int(answers.customer[i])]
                    if survey is NPS:
                        mine |= {"nps": int(answers.score[i]), "tone": int(answers.tone[i])}
                    else:
                        if answers.touchpoint[i] == 0:
                            mine["total"] = 0
                        mine["total"] += int(answers.score[i])
                        mine["csat"] = 0 if mine["total"] <= 9 else 1 if mine["total"] <= 12 else 2
        for earlier in range(month - 12, month):
            contacts = history.contacts[earlier]
            for i, who in enumerate(contacts.customer):
                how = 4 * int(contacts.solved[i]) + 2 * int(contacts.on_time[i]) + int(contacts.handle[i] > 9)
                state[int(who)]["contact"] = how
        read = [reading for reading in history.readings if reading.month < month]
        for name, reading in (("use", read[-1]), ("use before", read[-2])):
            for who, amount in zip(reading.customer, reading.amount, strict=True):
                state[int(who)][name] = sum(amount > cut for cut in cuts)
        for who in np.flatnonzero(history.here[month]):
            rows[int(who), month] = state[int(who)] | {"segment": int(history.people.segment[who])}
    return rows


def test_what_is_known_equals_a_count_event_by_event(history):
    expected = slow_rows(history)
    found = known(history)
    keys = [(who, month) for month in range(12, MONTHS - 2) for who in np.flatnonzero(history.here[month])]
    assert found.customer.tolist() == [who for who, _ in keys]
    for name, values in found.items.items():
        assert values.tolist() == [expected[key].get(name, -1) for key in keys], name
    margin = history.earned - history.serving
    np.testing.assert_allclose(found.profit, [sum(margin[m + k, who] for k in range(3)) for who, m in keys])
    np.testing.assert_allclose(found.exits, [0.985 * history.leaving[m, who] for who, m in keys])
    assert all((values >= 0).mean() > 0.02 for values in found.items.values())


def made_up(n: int, seed: int, split: float = 0.0, many: int = 1) -> Known:
    """Return rows with a chance of exit of 0.02, in one half less, in the other more, and an item that tells which."""
    rng = np.random.default_rng(seed)
    half = rng.integers(2, size=n)
    items = {"segment": np.zeros(n, dtype=int), "nps": half, "use": rng.integers(many, size=n)}
    chance = 0.02 + split * (half - 0.5) + rng.uniform(-0.005, 0.005, n)
    profit = 40 * split * half + rng.standard_normal(n)
    return Known(customer=np.arange(n), items=items, exits=chance, profit=profit)


def entropy(p: float) -> float:
    return -2 * (p * math.log(p) + (1 - p) * math.log(1 - p))


def test_gains_are_those_of_rates_known_exactly():
    halves = made_up(40_000, 1, split=0.02), made_up(40_000, 2, split=0.02)
    found = gain_in_deviance(*halves, ("nps",)).mean()
    assert found == pytest.approx(entropy(0.02) - (entropy(0.01) + entropy(0.03)) / 2, rel=0.02)
    share = gain_in_profit(*halves, ("nps",)).mean()
    between = 0.8**2 / 4
    assert share == pytest.approx(between / (1 + between), rel=0.05)


def test_what_tells_nothing_gains_nothing_however_many_its_cells():
    gains, shares = [], []
    for seed in range(20):
        halves = made_up(3000, 2 * seed, many=15), made_up(3000, 2 * seed + 1, many=15)
        gains.append(gain_in_deviance(*halves, ("nps", "use")).mean())
        shares.append(gain_in_profit(*halves, ("nps", "use")).mean())
    assert abs(np.mean(gains)) < 4e-6  # 30 cells that cost 2e-5 where they are tried
    assert abs(np.mean(shares)) < 3 * np.std(shares) / math.sqrt(20)


def slow_deviance(learnt: list[tuple], tried: list[tuple], length: int) -> float:
    """Deviance by cells of so many items: rates drawn by one row to those around them, from outside in."""

    def rate(cell: tuple) -> float:
        if not cell:
            return sum(p for _, p in learnt) / len(learnt)
        inside = [p for other, p in learnt if other[: len(cell)] == cell]
        return (sum(inside) + rate(cell[:-1])) / (len(inside) + 1)

    kept: dict[tuple, float] = {}
    total = 0.0
    for cell, p in tried:
        mine = cell[:length]
        if mine not in kept:
            kept[mine] = rate(mine)
        total += -2 * (p * math.log(kept[mine]) + (1 - p) * math.log(1 - kept[mine]))
    return total


def test_the_truth_of_use_against_intention_equals_a_slow_count():
    """C10, twice 300 customers, every deviance added up cell by cell."""
    companies = [draw_history(customers=300, months=MONTHS, seed=seed) for seed in (1, 2)]
    items = ("nps", "use", "use before")
    rows = []
    for each in companies:
        mine = {key: row for key, row in slow_rows(each).items() if all(row.get(name, -1) >= 0 for name in items)}
        rows.append([(row, 0.985 * each.leaving[month, who]) for (who, month), row in mine.items()])
    told = {"both": ("segment", "use", "use before", "nps"), "use": ("segment", "use", "use before")}
    told |= {"nps": ("segment", "nps"), "none": ("segment",)}
    deviance = {}
    for name, order in told.items():
        cells = [[(tuple(row[item] for item in order), p) for row, p in company] for company in rows]
        pairs = [(source, tried) for tried in cells for source in cells]
        deviance[name] = sum(slow_deviance(*pair, len(order)) for pair in pairs) / 2
    n = sum(len(each) for each in rows)
    found = gains_apart(
        gain_in_deviance, in_halves([known(each) for each in companies]), ("use", "use before"), ("nps",)
    )
    assert found["net"]["n"] == n > 1300
    assert found["these"]["value"] == pytest.approx((deviance["nps"] - deviance["both"]) / n, abs=6e-7)
    assert found["those"]["value"] == pytest.approx((deviance["use"] - deviance["both"]) / n, abs=6e-7)
    assert found["net"]["value"] == pytest.approx((deviance["nps"] - deviance["use"]) / n, abs=6e-7)


def test_outcomes_bear_out_the_expected_deviance():
    """Exits counted as 0 and 1 give the gain of use over nothing, within their chance."""
    months, rows = 36, []
    for history in truth_blocks(40_000, months, World()):
        every = known(history)
        month = np.repeat(np.arange(12, months - 2), history.here[12 : months - 2].sum(axis=1))
        left = np.zeros((months, history.people.n))
        ended = (history.contracts.end >= history.days[0]) & (history.contracts.end < history.days[-1])
        gone = [month_of(day) for day in history.contracts.end[ended]]
        left[gone, history.contracts.customer[ended]] = 1
        exits = np.random.default_rng(1).random(every.exits.size) < 0.985
        rows.append((every, exits * left[month, every.customer]))
    (one, _), (other, outcome) = rows
    rates = {}
    for items in ((), ("use",)):
        code = [
            sum((16**k) * (rows_.items[name] + 1) for k, name in enumerate(("segment", *items)))
            for rows_ in (one, other)
        ]
        rate = {c: one.exits[code[0] == c].mean() for c in np.unique(code[0])}
        rates[items] = np.array([rate[c] for c in code[1]])
    apart = np.log(rates[("use",)] / rates[()]), np.log((1 - rates[("use",)]) / (1 - rates[()]))
    gained = 2 * (outcome * apart[0] + (1 - outcome) * apart[1])
    expected = gain_in_deviance(one, other, ("use",)).mean()
    assert expected > 0.002
    assert abs(gained.mean() - expected) < 3 * gained.std() / math.sqrt(gained.size)


def test_one_company_is_split_by_its_customers():
    rows = made_up(1001, 1)
    one, other = in_halves([rows])
    assert set(one.customer % 2) == {0}
    assert one.customer.size + other.customer.size == 1001
    left, right = in_halves([rows, rows, rows])
    assert (left.customer.size, right.customer.size) == (2002, 1001)
    assert np.unique(left.customer).size == 2002


def test_in_the_baseline_words_deeds_and_answers_tell_more():
    found = foretold_truths(months=30, scenario=SCENARIOS["baseline"], customers=12_000)
    for claim in ("C01", "C09", "C10"):
        first = found[claim][0]
        assert first["value"] > 2.5 * first["mc_std_error"], claim
    net, these, those = (found["C10"][i]["value"] for i in range(3))
    assert net == pytest.approx(these - those, abs=2e-6)
    assert 0.05 < found["C10"][3]["value"] < 0.15
    assert 0.7 < found["C10"][4]["value"] < 0.9
    assert found["C10"][3]["estimand"].startswith("What is said less what is done: share of the promoters, NPS 9–10,")


def test_where_nothing_matters_nothing_foretells():
    found = foretold_truths(months=30, scenario=SCENARIOS["null"], customers=12_000)
    for claim, rows in found.items():
        for row in rows[:3]:
            if row["unit"].startswith("deviance"):
                assert abs(row["value"]) < 4 * row["mc_std_error"] + 2e-5, claim


def test_where_only_a_trait_speaks_scores_foretell_and_use_does_not():
    first = foretold_truths(months=30, scenario=SCENARIOS["confounded"], customers=12_000)["C10"]
    assert first[0]["value"] < -5 * first[0]["mc_std_error"]
    assert abs(first[1]["value"]) < 0.1 * first[2]["value"]


def test_too_few_months_say_so():
    found = foretold_truths(months=14, scenario=SCENARIOS["baseline"], customers=500)
    assert list(found) == [rivals.claim for rivals in RIVALS]
    for rows in found.values():
        assert rows[0]["value"] is None
        assert rows[0]["reason"] == "14 months are too few to look back for 12 months and ahead."


def test_too_few_rows_give_a_reason_and_no_number():
    rows = foretold_truths(months=15, scenario=SCENARIOS["baseline"], customers=60)["C01"]
    assert [row["value"] for row in rows] == [None] * 6
    assert rows[0]["reason"] == "Fewer than 100 such customer-months in a half of the customers simulated."


def test_the_promoters_who_leave_are_counted_one_by_one():
    found = foretold_truths(months=36, scenario=SCENARIOS["baseline"], customers=1500)["C10"][3]
    history = draw_history(customers=1500, months=36, seed=TRUTH_SEED)
    begin, until = history.days[23], history.days[35]
    score = {}
    for who, day, given in zip(
        history.answers[0].customer, history.answers[0].answered, history.answers[0].score, strict=True
    ):
        if day < begin:
            score[who] = (given, 23 - month_of(day))
    left = []
    for who, (given, age) in score.items():
        rows = np.flatnonzero(history.contracts.customer == who)
        spans = [(history.contracts.start[i], history.contracts.end[i]) for i in rows]
        if given < 9 or age > 12 or not any(s < history.days[24] and e >= begin for s, e in spans):
            continue
        following = [s for s, _ in spans[1:]] + [math.inf]
        left.append(any(begin <= e < until and nxt - e - 1 > 30 for (_, e), nxt in zip(spans, following, strict=True)))
    assert found["n"] == len(left) > 200
    assert found["value"] == pytest.approx(np.mean(left), abs=1e-6)
