"""storechat/core/fault_count.py: which faults were met, and when the user is told."""

from __future__ import annotations

from protocol.errors import ErrorCode
from storechat.core.fault_count import QUIET, FaultCount


def test_every_fault_is_counted_and_named() -> None:  # B3
    faults = FaultCount()
    assert faults.summary() == "none"
    for fault in (ErrorCode.VALUE_OLD, ErrorCode.STORE_FAILED, ErrorCode.VALUE_OLD):
        faults.note(fault, 0.0)
    assert faults.summary() == "the store failed 1x, an older value 2x"


def test_every_fault_of_a_store_has_words() -> None:  # U6
    faults = FaultCount()
    of_stores = [fault for fault in ErrorCode if fault.number // 100 == 6 and fault is not ErrorCode.MAILBOX_FULL]
    for fault in of_stores:
        faults.note(fault, 0.0)
    assert faults.summary().count(" 1x") == len(of_stores)
    assert not any(fault.code in faults.summary() or str(fault.number) in faults.summary() for fault in of_stores)


def test_a_fault_is_told_of_at_once_and_then_now_and_then() -> None:
    faults = FaultCount()
    assert faults.note(ErrorCode.STORE_FAILED, 0.0)
    assert not faults.note(ErrorCode.STORE_FAILED, QUIET - 1)
    assert faults.note(ErrorCode.VALUE_OLD, QUIET - 1)
    assert faults.note(ErrorCode.STORE_FAILED, QUIET)


def test_a_store_that_is_gone_a_second_time_is_told_of_again() -> None:
    faults = FaultCount()
    assert not faults.reached()
    faults.note(ErrorCode.STORE_GONE, 0.0)
    assert faults.reached()
    assert not faults.reached()
    assert faults.note(ErrorCode.STORE_GONE, 1.0)
