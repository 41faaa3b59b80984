"""A panel reduced in the engine equals the same rows counted in memory, compressed or streamed, and loses nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from companies import answer, build, contract
from panel_twin import Company

from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.models.hazard import fit_hazard
from coroi.prepare import cells as module
from coroi.prepare.cells import PanelCells, panel_cells, reduce_rows
from coroi.prepare.levels import NO_TENURE, NOT_GIVEN, OTHERS, STATES, pool_segments, tenure_bands
from coroi.results import Result
from coroi.schemas import Panel

ANSWERED, NEVER, STALE = STATES


def panel_of(frame: pd.DataFrame, frequency: str = "month") -> Panel:
    day = date(2024, 1, 1)
    return Panel(
        data=ibis.memtable(frame),
        metrics=("nps",),
        frequency=frequency,  # type: ignore[arg-type]
        currency="EUR",
        relationship="contract",
        observed_until=day,
        last_complete_period=day,
        last_at_risk_period=day,
    )


def random_frame(seed: int, customers: int = 250, *, distinct: bool = False) -> pd.DataFrame:
    """Draw a panel's columns: late entry, answers that go stale, uneven weights, missing segments."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(customers):
        segment = rng.choice(["plus", "basic", None])
        tenure, last, score, count = int(rng.integers(0, 30)), -9, np.nan, 0
        for period in range(int(rng.integers(1, 14))):
            if rng.random() < 0.2:
                last, score, count = period, float(rng.uniform(0, 10) if distinct else rng.integers(0, 11)), count + 1
            known = score if 0 <= period - last <= 4 else np.nan
            chance = 0.13 - 0.01 * np.nan_to_num(known, nan=5) + 0.002 * (tenure + period < 6)
            exited = bool(rng.random() < chance)
            at_risk, due = bool(exited or rng.random() < 0.95), bool(rng.random() < 0.6)
            rows.append(
                (f"c{who}", period, tenure + period, at_risk, due, exited, segment, rng.uniform(0.1, 3), known, count)
            )
            if exited:
                break
    names = ["customer_id", "period", "tenure_periods", "at_risk", "at_renewal", "exited", "segment", "weight"]
    return pd.DataFrame(rows, columns=[*names, "nps", "nps_n_to_date"])


def by_hand(frame: pd.DataFrame, starts: tuple[int, ...], names: tuple[str, ...]) -> pd.DataFrame:
    """Name state, tenure band and segment of each row in plain Python."""
    found = []
    for row in frame.itertuples():
        state = ANSWERED if not np.isnan(row.nps) else STALE if row.nps_n_to_date else NEVER
        band = names[max(i for i, s in enumerate(starts) if s <= row.tenure_periods)]
        found.append((row.nps, state, band, NOT_GIVEN if pd.isna(row.segment) else row.segment))
    covariates = pd.DataFrame(found, columns=["score", "state", "tenure", "segment"], index=frame.index)
    return covariates.assign(exited=frame["exited"].astype(int), customer=frame["customer_id"], weight=frame["weight"])


def fit(cells: Any, levels: dict[str, tuple[str, ...]], link: str = "cloglog") -> Result:
    terms = [Term("score", centre=5.0), *(Term(name, names) for name, names in levels.items())]
    return fit_hazard(cells, terms=terms, link=link, keep_influence=True)  # type: ignore[arg-type]


def assert_same(one: Result, other: Result) -> None:
    pd.testing.assert_frame_equal(one.estimates, other.estimates, rtol=1e-8)
    assert one.vcov is not None and other.vcov is not None
    scale = np.sqrt(np.outer(np.diag(one.vcov), np.diag(one.vcov)))
    assert other.vcov.to_numpy() / scale == pytest.approx(one.vcov.to_numpy() / scale, abs=1e-8)
    assert (one.n_obs, one.n_entities) == (other.n_obs, other.n_entities)


@pytest.mark.parametrize("at_renewal", [False, True])
@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_compressed_and_streamed_equal_the_rows_in_memory(connection, link, at_renewal, monkeypatch):
    monkeypatch.setattr(module, "BATCH_ROWS", 64)  # customers turn up in several batches
    frame = random_frame(1)
    panel = panel_of(frame)
    few = panel_cells(connection, panel, "nps", at_renewal=at_renewal)
    many = panel_cells(connection, panel, "nps", at_renewal=at_renewal, most_cells=5)
    assert few.n_cells > 5 and many.n_cells == 0
    assert len(list(many.blocks())) > 3
    assert (few.levels, few.coding.tenure_starts) == (many.levels, many.coding.tenure_starts)
    kept = frame[frame["at_risk"] & (frame["at_renewal"] | (not at_renewal))]
    rows = by_hand(kept, few.coding.tenure_starts, few.levels["tenure"])
    for name, names in few.levels.items():
        assert set(names) == set(rows[name])
    counted = count_cells(rows, ["score", *few.levels], event="exited", cluster="customer", weight="weight")
    wanted = fit(counted, few.levels, link)
    assert wanted.estimates["identified"].all()
    for cells in (few, many):
        assert_same(wanted, fit(cells, few.levels, link))
        life = kept.assign(n=kept["weight"], events=kept["weight"] * kept["exited"])
        life = life.groupby("tenure_periods", as_index=False)[["n", "events"]].sum()
        pd.testing.assert_frame_equal(cells.by_tenure, life, check_dtype=False, rtol=1e-12)


def test_a_hundred_thousand_distinct_scores_streamed_equal_them_compressed(connection):
    rng = np.random.default_rng(2)
    n = 100_000
    score = rng.uniform(0, 10, n)
    frame = pd.DataFrame(
        {
            "customer_id": rng.integers(0, n // 4, n).astype(str),
            "tenure_periods": rng.integers(0, 40, n),
            "at_risk": True,
            "at_renewal": True,
            "exited": rng.random(n) < 0.08 - 0.006 * score,
            "segment": "one",
            "weight": rng.uniform(0.5, 2, n),
            "nps": score,
            "nps_n_to_date": 1,
        }
    )
    few = panel_cells(connection, panel_of(frame), "nps")
    many = panel_cells(connection, panel_of(frame), "nps", most_cells=99_999)
    assert few.n_cells >= 100_000 and many.n_cells == 0
    rows = by_hand(frame, few.coding.tenure_starts, few.levels["tenure"])
    counted = count_cells(rows, ["score", *few.levels], event="exited", cluster="customer", weight="weight")
    wanted = fit(counted, few.levels)
    # the engine numbers customers in its own order; estimates and covariance do not depend on it
    for cells in (few, many):
        assert_same(wanted, fit(cells, few.levels))


def test_influence_is_told_by_customer_in_the_order_of_their_ids(connection):
    frame = random_frame(3)
    cells = panel_cells(connection, panel_of(frame), "nps")
    rows = by_hand(frame[frame["at_risk"]], cells.coding.tenure_starts, cells.levels["tenure"]).sort_values("customer")
    counted = count_cells(rows, ["score", *cells.levels], event="exited", cluster="customer", weight="weight")
    one, other = fit(counted, cells.levels).influence, fit(cells, cells.levels).influence
    assert other.to_numpy() == pytest.approx(one.to_numpy(), abs=1e-9)


@pytest.mark.parametrize("most", [3, 4])
def test_cells_are_streamed_only_beyond_the_most(connection, most):
    """Four kinds of score, state and tenure."""
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c"],
            "tenure_periods": [0, 1, 0, 1, 0],
            "at_risk": True,
            "at_renewal": True,
            "exited": [False, False, False, True, False],
            "segment": "s",
            "weight": 1.0,
            "nps": [3.0, 3.0, 3.0, np.nan, 9.0],
            "nps_n_to_date": [1, 1, 1, 1, 1],
        }
    )
    cells = panel_cells(connection, panel_of(frame), "nps", most_cells=most)
    assert (cells.n_cells == 0) == (most == 3)
    assert (cells.n_rows, cells.n_clusters) == (5, 3)


def test_equal_rows_share_a_cell_and_nothing_is_rounded(connection):
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d"],
            "tenure_periods": [0, 0, 0, 0],
            "at_risk": [True, True, True, False],
            "at_renewal": False,
            "exited": [True, False, False, False],
            "segment": ["s", "s", "s", "t"],
            "weight": [0.3, 1.1, 1.0, 9.0],
            "nps": [3.0, 3.0, 3.0 + 1e-9, 3.0],
            "nps_n_to_date": 1,
        }
    )
    cells = panel_cells(connection, panel_of(frame), "nps")
    (block,) = cells.blocks()
    found = sorted(zip(block.covariates["score"], block.n, block.events, strict=True))
    assert found == [(3.0, pytest.approx(1.4), 0.3), (3.0 + 1e-9, 1.0, 0.0)]
    assert cells.levels == {"state": (ANSWERED,), "tenure": ("all",), "segment": ("s",)}
    assert panel_cells(connection, panel_of(frame), "nps", at_renewal=True).n_rows == 0


def test_exits_count_only_where_a_term_ends(connection):
    """Both leave; one with the term, one in between. The schedule runs on and brings no rows after the exit."""
    company = Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 12, 31),
        subscriptions=[
            contract("with", "2024-01-01", "2024-06-30", term_months=3.0),
            contract("between", "2024-01-01", "2024-05-10", term_months=3.0),
            contract("free", "2024-01-01", "2024-02-29"),
        ],
        responses=[answer("with", "2024-02-10", 8.0)],
    )
    panel, _ = build(connection, company)
    cells = panel_cells(connection, panel, "nps", at_renewal=True)
    found = cells.by_tenure.set_index("tenure_periods")
    assert found["n"].to_dict() == {0: 1, 1: 1, 2: 2, 5: 1}
    assert found["events"].to_dict() == {0: 0, 1: 1, 2: 0, 5: 1}
    assert (cells.n_rows, cells.n_clusters) == (5, 3)
    always = panel_cells(connection, panel, "nps").by_tenure
    assert (always["n"].sum(), always["events"].sum()) == (6 + 5 + 2, 3)


def test_without_a_row_at_risk_the_fit_says_so(connection):
    frame = random_frame(4).assign(at_risk=False)
    cells = panel_cells(connection, panel_of(frame), "nps")
    assert (cells.n_rows, cells.n_clusters, len(cells.by_tenure)) == (0, 0, 0)
    assert set(fit(cells, cells.levels).estimates["reason"]) == {"there is no row at risk"}


@pytest.mark.parametrize(
    ("frequency", "tenures", "names"),
    [
        ("month", (0, 3, 12), ("0", "1–5", "6 and more")),
        ("quarter", (0, 1, 4), ("0", "1", "2 and more")),
        ("year", (0, 2, 3), ("0", "1–2", "3 and more")),
    ],
)
def test_bands_of_tenure_follow_the_length_of_the_period(connection, frequency, tenures, names):
    """Five exits and five that stay at each tenure; a band without rows joins the next."""
    rows = [(t, bool(e)) for t in tenures for e in (0, 1) for _ in range(5)]
    frame = pd.DataFrame(rows, columns=["tenure_periods", "exited"]).assign(
        customer_id=[str(i) for i in range(len(rows))],
        at_risk=True,
        at_renewal=True,
        segment="s",
        weight=1.0,
        nps=1.0,
        nps_n_to_date=1,
    )
    assert panel_cells(connection, panel_of(frame, frequency), "nps").levels["tenure"] == names


def table(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["tenure_periods", "n", "events"])


BANDS = {
    "enough everywhere": (table((0, 50, 5), (1, 50, 5), (2, 50, 5), (3, 50, 45)), [1, 3], [0, 1, 3]),
    "four exits are too few": (table((0, 50, 4), (1, 50, 5), (2, 50, 5), (3, 50, 5)), [1, 3], [0, 3]),
    "four that stay are too few": (table((0, 50, 46), (1, 50, 5), (2, 50, 5), (3, 50, 5)), [1, 3], [0, 3]),
    "a thin end joins the band before": (table((0, 50, 5), (1, 50, 5), (2, 50, 5), (3, 50, 4)), [1, 3], [0, 1]),
    "thin ends join until it is enough": (table((0, 50, 9), (1, 50, 5), (2, 50, 5), (3, 4, 4)), [1, 2, 3], [0, 1, 2]),
    "nobody gets as far as an edge": (table((0, 50, 5), (1, 50, 5)), [1, 3, 6], [0, 1]),
    "too few in all": (table((0, 5, 2), (3, 5, 2)), [1, 3], [0]),
    "nobody at all": (table(), [1, 3], [0]),
}


@pytest.mark.parametrize("name", BANDS)
def test_bands_of_tenure_hold_enough_of_both(name):
    counts, edges, wanted = BANDS[name]
    starts, names = tenure_bands(counts, edges)
    assert starts == wanted
    assert len(names) == len(starts)


def test_bands_of_tenure_are_named_by_their_first_and_last_period():
    counts = table(*((t, 50, 10) for t in range(9)))
    assert tenure_bands(counts, [1, 3, 4, 7])[1] == ("0", "1–2", "3", "4–6", "7 and more")
    assert tenure_bands(counts, [])[1] == ("all",)


def test_rows_of_another_source_are_reduced_alike(connection):
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c"],
            "score": [4.0, 4.0, 4.0, module.NO_SCORE],
            "state": np.array([0, 0, 0, 1], dtype="int8"),
            "tenure_periods": [0, 1, 0, 0],
            "segment": ["s", "s", "s", "t"],
            "weight": [1.0, 1.0, 2.0, 1.0],
            "event": [0.0, 1.0, 2.0, 0.0],
        }
    )
    cells: PanelCells = reduce_rows(connection, ibis.memtable(rows), [1])
    (block,) = cells.blocks()
    assert cells.levels == {"state": (ANSWERED, NEVER), "tenure": ("all",), "segment": (OTHERS,)}
    found = {
        (s, st, se): (n, e)
        for s, st, _, se, n, e in zip(*block.covariates.T.to_numpy(), block.n, block.events, strict=True)
    }
    assert found.pop((4.0, 0.0, 0.0)) == (4.0, 3.0)
    (((score, state, segment), counts),) = found.items()
    assert np.isnan(score) and (state, segment, counts) == (1.0, 0.0, (1.0, 0.0))


def segments(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["segment", "n", "events"])


POOLS = {
    "all large enough": (segments(("a", 10, 5), ("b", 99, 94)), ["a", "b"]),
    "two small ones": (segments(("a", 50, 20), ("b", 9, 4), ("c", 9, 4)), ["a", OTHERS, OTHERS]),
    "a small one takes the smallest": (segments(("a", 50, 20), ("b", 40, 20), ("c", 9, 4)), ["a", OTHERS, OTHERS]),
    "nobody leaves one": (segments(("a", 50, 20), ("b", 400, 200), ("c", 900, 0)), [OTHERS, "b", OTHERS]),
    "all stay small": (segments(("a", 9, 1), ("b", 9, 1)), [OTHERS, OTHERS]),
    "one alone": (segments(("a", 9, 1)), ["a"]),
    "none": (segments(), []),
    "counted over rows": (segments(("a", 6, 2), ("a", 6, 3), ("b", 20, 10)), ["a", "b"]),
}


@pytest.mark.parametrize("name", POOLS)
def test_segments_too_small_to_tell_are_joined(name):
    counts, wanted = POOLS[name]
    assert pool_segments(counts) == dict(zip(dict.fromkeys(counts["segment"]), wanted, strict=True))


def with_tenure(*groups: tuple[int, int, int, str]) -> Any:
    """Groups of (tenure, rows, exits, segment)."""
    rows = [(t, float(i < left), segment) for t, n, left, segment in groups for i in range(n)]
    frame = pd.DataFrame(rows, columns=["tenure_periods", "event", "segment"])
    people = [str(i) for i in range(len(rows))]
    return ibis.memtable(
        frame.assign(customer_id=people, score=5.0, state=np.zeros(len(rows), dtype="int8"), weight=1.0)
    )


@pytest.mark.parametrize("most", [1, 99])
@pytest.mark.parametrize(
    ("groups", "names", "sizes"),
    [
        ([(0, 40, 9), (5, 60, 9), (NO_TENURE, 30, 5)], ("0–2", "3 and more", NOT_GIVEN), [40, 60, 30]),
        ([(0, 40, 9), (5, 60, 9), (NO_TENURE, 30, 4)], ("0–2", "3 and more"), [40, 90]),
        ([(0, 70, 9), (5, 60, 9), (NO_TENURE, 30, 0)], ("0–2", "3 and more"), [100, 60]),
        ([(NO_TENURE, 30, 5)], (NOT_GIVEN,), [30]),
    ],
)
def test_a_missing_tenure_is_a_level_or_joins_the_largest_band(connection, groups, names, sizes, most):
    cells = reduce_rows(connection, with_tenure(*((*g, "s") for g in groups)), [3], most_cells=most)
    assert cells.levels["tenure"] == names
    found = np.zeros(len(names))
    for block in cells.blocks():
        np.add.at(found, block.covariates["tenure"].to_numpy(), block.n)
    assert found.tolist() == sizes
    assert cells.by_tenure["n"].sum() == sum(n for t, n, _ in groups if t >= 0)
    assert cells.n_rows == sum(n for _, n, _ in groups)


@pytest.mark.parametrize("most", [1, 99])
def test_joined_segments_share_a_code(connection, most):
    rows = with_tenure((0, 50, 20, "large"), (0, 8, 3, "small"), (0, 7, 3, "tiny"), (0, 60, 20, "zeal"))
    cells = reduce_rows(connection, rows, [], most_cells=most)
    assert cells.levels["segment"] == ("large", "zeal", OTHERS)
    found = np.zeros(3)
    for block in cells.blocks():
        np.add.at(found, block.covariates["segment"].to_numpy(), block.n)
    assert found.tolist() == [50, 60, 15]
