"""The figures as a trader reads them, word for word."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.screen.amounts import grouped, money, plain, rounded, shown_parts
from mm.screen.lines import accounts, as_json, block, debt, position, profit, reconciled, summary
from mm.screen.snapshot import AccountsView, DebtView, MarketView, Quote, ReconciledView, Snapshot

MARKET = MarketView(
    venue="kraken",
    symbol="BTC/USD",
    base="BTC",
    quote="USD",
    price_precision=1,
    base_precision=8,
    bid="50123.4",
    ask="50123.5",
    book_age_ns=12_000_000,
    quotes=(
        Quote(side=1, price="50123.3", size="0.00500000", state="NEW", distance_bps=-0.03),
        Quote(side=-1, price="50123.6", size="0.00500000", state="PENDING_REPLACE", distance_bps=0.03),
    ),
    quantity=2_340_000,
    average=(5_012_345 * 2_340_000, 10 * 2_340_000),
    spread_captured=2_100_000_000,
    inventory=-500_000_000,
    fees=400_000_000_000,
    why="",
)
SNAPSHOT = Snapshot(
    elapsed_ns=30_000_000_000,
    world="sim",
    labels=("recorded market",),
    orders_total=142,
    orders_open=2,
    orders_filled=128,
    hedges=5,
    hedges_volume=452_345,
    debts=(),
    markets=(MARKET,),
    links=(("kraken", "public", True), ("kraken", "private", False)),
    headroom=("Kraken BTC/USD 12.0 of 180",),
    latencies=(("Tick to trade", 12_300, 45_600, 1_200_000),),
)


def test_the_three_monitoring_lines() -> None:
    assert summary(SNAPSHOT)[:3] == [
        "Orders: 142 total, 2 open, 128 filled",
        "Hedges: 5 fills, $4,523.45 volume",
        "Position: 0.0234 BTC (avg entry: $50,123.45)",
    ]


def test_a_debt_tells_its_age_and_what_hedging_cost_so_far() -> None:
    view = DebtView(
        name="btc", venue="mexc_spot", base="BTC", quote="USDT", amount=-1_200_000_000, age_ns=3_200_000_000,
        paid=50_000_000_000, cost=1_204_000_000_000, mean_wait_ns=210_000_000, note="at once",
    )  # fmt: skip
    lines = summary(dataclasses.replace(SNAPSHOT, debts=(view,), markets=(MARKET, MARKET)))
    assert lines[2] == (
        "Hedge debt: 0.0012 BTC short, 3.2 s old; hedged 0.05 BTC at a cost of 1.20 USDT, 210 ms after the fills; "
        "MEXC Spot: at once"
    )
    assert lines[3].endswith("on Kraken")
    none = dataclasses.replace(view, amount=0, age_ns=0, paid=0, note="nothing owed")
    assert debt(none) == "Hedge debt: none; MEXC Spot: nothing owed"
    assert as_json(dataclasses.replace(SNAPSHOT, debts=(view,)))["debts"][0]["open"] == "-0.0012"


def test_the_profit_over_all_venues_adds_up_and_tells_what_the_balances_say() -> None:
    cent = 10**54
    view = AccountsView(
        spread=2 * cent + cent // 2, inventory=-cent, fees=-3 * cent, hedging=-cent, funding=cent // 2,
        conversion=-cent // 100, residual=0, rates=("USD",),
    )  # fmt: skip
    assert accounts(view) == (
        "Profit over all venues: -$0.02 = spread captured +$0.02, inventory -$0.01, fees -$0.03, hedge cost -$0.01, "
        "funding +$0.01, conversion +$0.00; the venues' balances say the same to the last digit"
    )
    wrong = dataclasses.replace(view, residual=10**50, unvalued=("MX",))
    assert accounts(wrong).endswith(
        "; without MX, which has no rate in dollars; the venues' balances say +$0.00 more (0.000001)"
    )
    cut = dataclasses.replace(view, residual=-(10**50) + 1)
    assert accounts(cut).endswith("the same, but for the digits of a contract's cost that they cut")
    converted = dataclasses.replace(view, rates=("USD", "1 USDT = 1 USD assumed"))
    assert accounts(converted).endswith(
        "conversion +$0.00; 1 USDT = 1 USD assumed; the venues' balances say the same to the last digit"
    )
    left = dataclasses.replace(view, left=("mexc_futures",))
    assert accounts(left).endswith("to the last digit, with what earlier runs left at MEXC Futures (not read)")
    both = dataclasses.replace(SNAPSHOT, markets=(MARKET, MARKET), accounts=view)
    assert summary(both)[-1] == accounts(view)
    assert summary(dataclasses.replace(SNAPSHOT, accounts=view))[-1].startswith("Profit:"), "one market needs no sum"
    told = as_json(both)["profit"]
    assert (told["total"], told["hedge_cost"], told["residual"]) == ("-0.0201", "-0.01", "0")


def test_profit_is_split_and_adds_up() -> None:
    assert profit(MARKET) == "Profit: +$1.20 = spread captured +$2.10, inventory -$0.50, fees -$0.40"


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5), st.integers(0, 12))
def test_parts_add_up_to_the_total_as_they_are_shown(parts: list[int], precision: int) -> None:
    total, shown = shown_parts(parts, precision)
    assert sum(shown) == total == rounded(sum(parts), precision, 2)
    for exact, part in zip(parts, shown, strict=True):
        assert abs(Fraction(part, 100) - Fraction(exact, 10**precision)) < Fraction(1, 100)


def test_a_rebate_is_income() -> None:
    assert profit(dataclasses.replace(MARKET, fees=-400_000_000_000)).endswith(
        "= spread captured +$2.10, inventory -$0.50, fees +$0.40"
    )


def test_a_flat_and_a_short_position() -> None:
    assert position(dataclasses.replace(MARKET, quantity=0, average=(0, 1))) == "Position: 0 BTC (flat)"
    assert position(dataclasses.replace(MARKET, quantity=-1_000_000)).startswith("Position: -0.01 BTC (avg entry: $")


def test_the_block_shows_book_quotes_links_and_latency() -> None:
    assert block(SNAPSHOT)[0] == "--- 30 s"
    assert block(SNAPSHOT)[5:] == [
        "Kraken BTC/USD: 50,123.4 / 50,123.5, book 12 ms old",
        "  our bids: 0.005 at 50,123.3",
        "  our asks: 0.005 at 50,123.6 (pending replace)",
        "Links: kraken public up, kraken private DOWN",
        "Rate headroom: Kraken BTC/USD 12.0 of 180",
        "Tick to trade: p50 12.3 us, p99 45.6 us, max 1.20 ms",
    ]


def test_json_carries_exact_decimal_text() -> None:
    facts = as_json(SNAPSHOT)
    assert facts["orders"] == {"total": 142, "open": 2, "filled": 128}
    assert facts["hedges"] == {"executed": 5, "volume_usd": "4523.45"}
    market = facts["markets"][0]
    assert (market["position"], market["average_price"]) == ("0.0234", "50123.450")
    assert market["profit"] == {"spread_captured": "2.1", "inventory": "-0.5", "fees": "-0.4"}


@pytest.mark.parametrize(
    ("units", "precision", "text"),
    [
        (452_345, 2, "$4,523.45"),
        (-5, 3, "-$0.01"),
        (4, 3, "$0.00"),
        (0, 8, "$0.00"),
        (10**20, 8, "$1,000,000,000,000.00"),
    ],
)
def test_money(units: int, precision: int, text: str) -> None:
    assert money(units, precision, "USD") == text


def test_money_of_another_currency() -> None:
    assert money(452_345, 2, "EUR") == "4,523.45 EUR"


@given(st.integers(-(10**24), 10**24), st.integers(0, 18))
def test_plain_text_is_exact(units: int, precision: int) -> None:
    assert Fraction(plain(units, precision)) == Fraction(units, 10**precision)


@given(st.integers(-(10**24), 10**24), st.integers(0, 18), st.integers(0, 10))
def test_rounding_is_within_half_a_unit(units: int, precision: int, places: int) -> None:
    difference = Fraction(rounded(units, precision, places), 10**places) - Fraction(units, 10**precision)
    assert abs(difference) <= Fraction(1, 2 * 10**places)
    assert grouped(units, precision, places).replace(",", "").lstrip("-").replace(".", "").isdigit()


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (ReconciledView(age_ns=12_300_000_000, differences=0), "Reconciled 12 s ago, no differences"),
        (ReconciledView(age_ns=-1, differences=0), "Reconciled: not with every venue yet"),
        (
            ReconciledView(age_ns=10**9, differences=2, waits=("kraken",)),
            "Reconciled 1 s ago, 2 differences so far, all explained; not complete: kraken",
        ),
        (
            ReconciledView(age_ns=10**9, differences=1, unexplained=("kraken balance BTC",)),
            "HALTED, NOT EXPLAINED: kraken balance BTC (mm reconcile)",
        ),
        (
            ReconciledView(age_ns=10**9, differences=0, uncompared=("kraken USD",)),
            "NOT COMPARED: kraken USD (mm reconcile)",
        ),
        (
            ReconciledView(age_ns=0, differences=1, unexplained=("kraken fill a1",), uncompared=("kraken USD",)),
            "HALTED, NOT EXPLAINED: kraken fill a1 (mm reconcile); NOT COMPARED: kraken USD (mm reconcile)",
        ),
    ],
)
def test_whether_our_books_are_the_venues_is_one_line(view: ReconciledView, text: str) -> None:
    assert reconciled(view) == text
