"""Work in threads comes back in order, reads no further ahead than it has to, and fails as it would alone."""

from __future__ import annotations

import threading
import time

import pytest

from coroi.inference.parallel import in_order


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 20])
def test_answers_come_in_the_order_of_the_items(threads, n):
    def work(i: int) -> int:
        time.sleep(0.002 * (n - i) / max(n, 1))
        return i * i

    assert list(in_order(work, range(n), threads)) == [i * i for i in range(n)]


def test_it_reads_no_further_ahead_than_its_threads():
    read = []

    def items():
        for i in range(30):
            read.append(i)
            yield i

    for done, _ in enumerate(in_order(lambda i: i, items(), 3)):
        assert len(read) <= done + 5


def test_one_item_takes_no_thread():
    assert list(in_order(lambda _: threading.current_thread(), [0], 4)) == [threading.main_thread()]
    assert threading.main_thread() not in list(in_order(lambda _: threading.current_thread(), [0, 1], 4))


def test_an_error_is_raised():
    def work(i: int) -> float:
        return 1 / (i - 5)

    with pytest.raises(ZeroDivisionError):
        list(in_order(work, range(10), 2))
