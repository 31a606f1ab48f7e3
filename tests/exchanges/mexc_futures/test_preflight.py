"""What speaks against trading, and what then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mm.exchanges.mexc_futures.contracts import ContractTerms
from mm.exchanges.mexc_futures.errors import CLASSES
from mm.exchanges.mexc_futures.preflight import (
    ENTRY_CLOSED,
    INSTEAD,
    KEY_PROBLEMS,
    RIGHTS,
    AccountFacts,
    Severity,
    entry_closed,
    judge,
)
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.exchanges.venue import ErrorClass

BTC = "BTC/USDT:USDT"
TERMS = ContractTerms(
    name="BTC_USDT",
    api_allowed=True,
    is_tradable=True,
    leverage_max=125,
    leverage_min=1,
    initial_margin_e8=800_000,
    maintenance_margin_e8=400_000,
    bid_limit_e8=10**7,
    ask_limit_e8=10**7,
    amount_decimals=4,
    orders_max=(200, 50),
    isolated=True,
    cross=True,
)
ROWS = [(1, 2, 5, 400_000), (-1, 2, 5, 400_000), (1, 1, 20, 400_000)]


def facts(**changes: Any) -> AccountFacts:
    values: dict[str, Any] = {"position_mode": 2, "leverages": {BTC: ROWS}, "fees": {BTC: (60_000, 80_000)}} | changes
    return AccountFacts(**values)


def test_an_account_that_fits_is_let_through_and_its_fees_are_told() -> None:
    verdict = judge(TradingMode(leverage=5), {BTC: TERMS}, facts())
    assert verdict.severity is Severity.OK
    assert [finding.text for finding in verdict.findings] == [
        "mexc_futures: BTC/USDT:USDT costs 0.06 % maker, 0.08 % taker"
    ]


@pytest.mark.parametrize(
    ("mode", "terms", "changes", "severity", "words"),
    [
        ({}, {}, {"position_mode": 1}, Severity.REFUSE, "the account is in hedge mode, the configuration says one_way"),
        ({"position_mode": "hedge"}, {}, {}, Severity.REFUSE, "in one_way mode, the configuration says hedge"),
        ({}, {}, {"position_mode": None}, Severity.REFUSE, "position mode could not be read"),
        ({"leverage": 3}, {}, {}, Severity.REFUSE, "leverage of BTC/USDT:USDT is 5, the configuration says 3"),
        ({"leverage": 20, "open_type": "isolated"}, {}, {}, Severity.OK, ""),
        ({"leverage": 200}, {}, {}, Severity.REFUSE, "allows a leverage of 125"),
        ({"leverage": 5}, {}, {"leverages": {}}, Severity.WARN, "leverage of BTC/USDT:USDT could not be read"),
        ({}, {"api_allowed": False}, {}, Severity.DEGRADE, "takes no orders over the API"),
        ({}, {"api_allowed": None}, {}, Severity.WARN, "the first order will tell"),
        ({}, {"is_tradable": False}, {}, Severity.DEGRADE, "not open for trading now"),
        ({}, {"cross": False}, {}, Severity.REFUSE, "has no cross margin"),
        ({}, {}, {"fees": {}}, Severity.WARN, "the fee rates of BTC/USDT:USDT could not be read"),
        ({}, {}, {"refusals": {"fees": 701}}, Severity.REFUSE, "the key may not read the account"),
        ({}, {}, {"refusals": {"place": 704}}, Severity.REFUSE, "the key may not place orders"),
        ({}, {}, {"refusals": {"assets": 402}}, Severity.REFUSE, "the key has expired"),
        ({}, {}, {"refusals": {"place": 200005}}, Severity.DEGRADE, "needs an identity check"),
        ({}, {}, {"refusals": {"place": 300002}}, Severity.DEGRADE, "not offered in the account's region"),
        ({}, {}, {"refusals": {"place": 1002}}, Severity.DEGRADE, "does not take orders over the API"),
        ({}, {}, {"refusals": {"fees": 9999}}, Severity.OK, ""),
    ],
)
def test_findings(
    mode: dict[str, Any], terms: dict[str, Any], changes: dict[str, Any], severity: Severity, words: str
) -> None:
    verdict = judge(TradingMode(**mode), {BTC: replace(TERMS, **terms)}, facts(**changes))
    assert verdict.severity is severity
    assert words in verdict.text
    if severity is Severity.DEGRADE:
        assert INSTEAD in verdict.text


def test_the_gravest_finding_decides_and_all_are_told() -> None:
    closed = replace(TERMS, api_allowed=False)
    verdict = judge(TradingMode(), {BTC: closed, "NO/USDT:USDT": None}, facts(position_mode=1))
    assert verdict.severity is Severity.REFUSE
    assert {finding.topic for finding in verdict.findings} == {"position_mode", "contract", "entry", "fees"}
    assert "takes no orders" not in verdict.text


def test_fees_above_the_plan_are_told() -> None:
    plan = judge(TradingMode(), {BTC: TERMS}, facts(), taker_fee_e8_max=50_000)
    assert (plan.severity, "more than the 0.05 %" in plan.text) == (Severity.WARN, True)
    assert judge(TradingMode(), {BTC: TERMS}, facts(), taker_fee_e8_max=80_000).severity is Severity.OK


def test_codes_are_those_of_the_errors() -> None:
    for codes, allowed in (
        (RIGHTS, {ErrorClass.FATAL}),
        (KEY_PROBLEMS, {ErrorClass.FATAL}),
        (ENTRY_CLOSED, {ErrorClass.MODE, ErrorClass.FATAL}),
    ):
        for code in codes:
            assert any(code in CLASSES[kind] for kind in allowed), code
    assert entry_closed(1002)
    assert not entry_closed(2005)
