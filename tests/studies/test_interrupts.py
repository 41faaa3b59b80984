"""An interrupt is heeded, whoever swallows it."""

from __future__ import annotations

import signal
import threading

import pytest

from coroi.studies.interrupts import interrupts


def swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_was_swallowed_is_raised_at_the_next_chance_and_at_the_end():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts() as told:
        told.heed()
        swallowed()
        assert told.asked
        with pytest.raises(KeyboardInterrupt):
            told.heed()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_nobody_swallows_goes_its_way_at_once():
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupts():
        signal.raise_signal(signal.SIGINT)
        reached.append(True)
    assert reached == []


def test_a_handler_that_was_left_and_does_nothing_is_not_asked():
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with pytest.raises(KeyboardInterrupt), interrupts():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_who_ignores_interrupts_goes_on_to():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts() as told:
            signal.raise_signal(signal.SIGINT)
        assert not told.asked
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_one_nothing_is_raised_and_other_errors_stay_what_they_are():
    with interrupts() as told:
        pass
    assert not told.asked
    with pytest.raises(ValueError, match="mine"), interrupts():
        raise ValueError("mine")


def test_in_another_thread_handlers_are_left_alone():
    seen = []

    def work() -> None:
        with interrupts() as told:
            seen.append((told.asked, signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
