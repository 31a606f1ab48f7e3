"""Money of the simulated MEXC Futures: margin, profit, fees, funding, liquidation; to the last unit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm.simulator.contracts.positions import ISOLATED, LONG, ContractOrder, Position, Positions, money
from mm.simulator.ledger import DECIMALS
from mm.simulator.ledger_report import ledger_report
from mm.simulator.mexc_futures.numbers import text
from mm.simulator.mexc_futures.rows import cut
from mm.simulator.orders import SimInstrument
from tests.simulator.mexc_futures_client import NAME, SECOND, START_NS, Client, book, quiet_venue

SAMPLES = {
    row["id"]: row
    for row in json.loads((Path(__file__).parents[1] / "exchanges/data/mexc_futures/arithmetic.json").read_text())
}
ONE = Decimal(10) ** DECIMALS
HEDGE = 1


def sample_instrument(contract_size: str, rate: str) -> SimInstrument:
    """A contract whose unit of size is one contract of a power of ten."""
    decimals = -int(Decimal(contract_size).adjusted())
    fee = int(Decimal(rate) * 10**6)
    return SimInstrument("X", "X", "USDT", 5, max(decimals, 0), 1, 1, 0, 10, fee, fee, contract=1)


@pytest.mark.parametrize("name", ["isolated-initial-margin-eth", "isolated-margin-btc-zero-fee"])
def test_margin_is_that_of_the_venues_samples(name: str) -> None:
    given_, traded = (
        SAMPLES[name]["inputs"],
        sample_instrument(SAMPLES[name]["inputs"]["contractSize"], SAMPLES[name]["inputs"]["takerRate"]),
    )
    positions = Positions({"X": traded}, 20)
    price = int(Decimal(given_["price"]) * 10**traded.price_precision)
    value = money(traded, price, int(given_["contracts"]))
    margin = positions.initial("X", value, int(given_["leverage"]))
    assert Decimal(margin) / ONE == Decimal(SAMPLES[name]["expected"])


def test_profit_is_that_of_the_venues_sample_and_shown_cut() -> None:
    given_ = SAMPLES["close-long-pnl-crv"]["inputs"]
    traded = sample_instrument(given_["contractSize"], "0.0006")
    held = Position(1, "main", "X", LONG, ISOLATED, 15, 0)
    prices = [int(Decimal(given_[name]) * 10**traded.price_precision) for name in ("open", "close")]
    size = int(given_["contracts"])
    held.enter(size, money(traded, prices[0], size))
    assert Decimal(held.leave(size, money(traded, prices[1], size))) / ONE == Decimal("-0.0005")
    assert text([cut(-73_038_000), cut(73_038_000)]) == "[-0.0073,0.0073]"


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def money_of(client: Client) -> Any:
    return ledger_report(client.venue.exchange, "main")


def test_fee_margin_and_cash_of_an_entry() -> None:
    client = Client(quiet_venue())
    client.order(1, "60000.1", 20, 3, leverage=10)
    row, value = client.position(), Decimal("60000.1") * 20 * Decimal("0.0001")
    assert exact(row["im"]) == value / 10 + value * Decimal("0.0008")
    assert exact(row["fee"]) == -value * Decimal("0.0008")
    (asset,) = client.get("account/assets")
    assert exact(asset["cashBalance"]) == 100_000 - value * Decimal("0.0008")
    assert exact(asset["availableBalance"]) == exact(asset["cashBalance"]) - exact(row["im"])
    assert exact(asset["equity"]) == exact(asset["cashBalance"]) + exact(asset["unrealized"])
    assert asset == client.get("account/asset/USDT")


def test_an_order_freezes_its_margin_until_it_is_over() -> None:
    client = Client(quiet_venue())
    order = client.order(1, "59990", 10, leverage=5)
    value = Decimal(59_990) * 10 * Decimal("0.0001")
    margin = value / 5 + value * Decimal("0.0008")
    assert exact(client.get("account/assets")[0]["frozenBalance"]) == margin
    assert exact(client.query(order)["orderMargin"]) == margin
    client.post("order/cancel", [order])
    assert client.get("account/assets")[0]["frozenBalance"] == 0


def test_in_one_way_mode_what_closes_binds_nothing() -> None:
    client = Client(quiet_venue())
    client.order(1, "60000.1", 20, 3)
    client.order(3, "60010", 15)
    assert client.get("account/assets")[0]["frozenBalance"] == 0
    client.order(3, "60010", 15)
    value = Decimal(60_010) * 10 * Decimal("0.0001")
    assert exact(client.get("account/assets")[0]["frozenBalance"]) == value / 20 + value * Decimal("0.0008")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from((1, 3)), st.integers(1, 400), st.integers(-30, 30)), min_size=1, max_size=12),
    st.sampled_from((1, 2)),
)
def test_cash_is_profit_less_fees_whatever_is_traded(orders: list[tuple[int, int, int]], mode: int) -> None:
    """Equity after everything is what a calculator without positions makes of the executions."""
    client = Client(quiet_venue(tuple(book(move, n + 1, n + 1) for n, (_, _, move) in enumerate(orders)), mode=mode))
    for side, vol, _ in orders:
        price = "65000" if side == 1 else "55000"
        client.order(side, price, vol, 3)
        client.wait(1)
    exchange = client.venue.exchange
    cash, size, fees = Decimal(0), 0, Decimal(0)
    for trade in exchange.trades("main"):
        cash -= trade.side * Decimal(trade.cost) / 10**5
        size += trade.side * trade.size
        fees += Decimal(trade.fee) / ONE
    mark = Decimal(exchange.marks["BTC/USDT:USDT"]) / 10
    report = money_of(client)
    assert Decimal(report["equity"]) == 100_000 + cash + size * Decimal("0.0001") * mark - fees
    held = sum(exact(p["size"]) * (1 if p["side"] == "long" else -1) for p in report["positions"])
    assert held == size
    past = report["positions"] + report["closed_positions"]
    assert sum(Decimal(p["realised"]) for p in past) == Decimal(report["balances"]["USDT"]) - 100_000


def test_funding_is_booked_on_what_was_held_at_its_time_with_a_row_of_its_own() -> None:
    client = Client(quiet_venue(funding_s=60))
    settle_ns = client.public(f"funding_rate/{NAME}")["nextSettleTime"] * 10**6
    assert settle_ns == (START_NS // (60 * SECOND) + 1) * 60 * SECOND
    rate = exact(client.public(f"funding_rate/{NAME}")["fundingRate"])
    private = client.private("position", "asset")
    client.order(3, "60000", 50, 3)
    client.wait((settle_ns - START_NS) / SECOND - 0.01)
    assert client.get("position/funding_records")["totalCount"] == 0
    client.pushed(private, "personal.position")
    fair = exact(client.public(f"fair_price/{NAME}")["fairPrice"])
    client.wait(0.02)
    client.order(1, "60000.1", 50, 3)
    client.wait(3)
    page = client.get("position/funding_records", symbol=NAME)
    (record,) = page["resultList"]
    value = fair * 50 * Decimal("0.0001")
    # A short receives where the rate is above zero.
    assert exact(record["funding"]) == value * rate
    assert (exact(record["positionValue"]), exact(record["rate"]), record["positionType"]) == (value, rate, 2)
    assert record["settleTime"] == settle_ns // 10**6
    (entry,) = [row for row in money_of(client)["entries"] if row["kind"] == "funding"]
    assert exact(entry["amount"]) == value * rate
    assert 200 * 10**6 <= int(entry["time_ns"]) - settle_ns <= 2000 * 10**6
    history = client.public(f"funding_rate/history?symbol={NAME}")["resultList"]
    assert [(row["settleTime"], exact(row["fundingRate"])) for row in history] == [(settle_ns // 10**6, rate)]


def test_funding_shows_on_the_position() -> None:
    client = Client(quiet_venue(funding_s=60))
    client.order(1, "60000.1", 50, 3)
    private = client.private("position")
    for seconds in (50, 50):
        client.wait(seconds)
        client.send(private, '{"method":"ping"}')
    client.wait(25)
    (first, second) = client.get("position/funding_records")["resultList"]
    row = client.position()
    assert exact(row["holdFee"]) == exact(first["funding"]) + exact(second["funding"]) < 0
    assert [push["holdFee"] for push in client.pushed(private, "personal.position")][-1] == row["holdFee"]


def test_an_isolated_position_is_taken_over_where_its_margin_ends() -> None:
    client = Client(quiet_venue())
    private = client.private()
    client.order(1, "60000.1", 100, 3, openType=1, leverage=50)
    row, (asset,) = client.position(), client.get("account/assets")
    entry, margin = Decimal("60000.1"), exact(row["im"])
    size = 100 * Decimal("0.0001")
    expected = entry - margin / size + entry * (Decimal("0.001") + Decimal("0.0008"))
    assert 0 <= exact(row["liquidatePrice"]) - expected < Decimal("0.1")
    resting = client.order(1, "59000", 5, openType=1, leverage=50)
    client.channels(private)
    client.act("mark", percent=float((expected / entry - 1) * 100) + 0.01)
    client.wait(1)
    assert client.position()["holdVol"] == 100
    client.act("mark", percent=float((expected / entry - 1) * 100) - 0.01)
    client.wait(1)
    assert client.get("position/open_positions") == []
    assert (client.query(resting)["state"], client.query(resting)["errorCode"]) == (4, 13)
    pushes = client.channels(private)
    states = [data["state"] for channel, data in pushes if channel == "personal.position"]
    assert states[-2:] == [2, 3]
    (deal,) = [data for channel, data in pushes if channel == "personal.order.deal"]
    assert (deal["category"], deal["vol"], deal["side"]) == (2, 100, 4)
    (after,) = client.get("account/assets")
    # The margin is gone, to a tick, and nothing else.
    lost = exact(asset["cashBalance"]) - exact(after["cashBalance"])
    assert 0 <= margin - lost < Decimal("0.1") * size + Decimal("0.001")
    assert any(channel == "personal.liquidate.risk" for channel, _ in pushes)


@pytest.mark.parametrize("side", [1, 3])
def test_a_cross_position_takes_everything_before_it_falls(side: int) -> None:
    client = Client(quiet_venue(funds=1_000))
    client.order(side, "65000" if side == 1 else "55000", 2_000, 3, leverage=100)
    price = exact(client.position()["liquidatePrice"])
    mark = exact(client.public(f"fair_price/{NAME}")["fairPrice"])
    assert 0 < (mark - price) * (1 if side == 1 else -1) < 5_000
    client.act("mark", percent=float((price / mark - 1) * 100 * Decimal("1.01")))
    client.wait(1)
    assert client.get("position/open_positions") == []
    cash = exact(client.get("account/assets")[0]["cashBalance"])
    assert 0 <= cash < Decimal("0.2") * 2_000 * Decimal("0.0001") + 1


def test_a_hedged_pair_has_no_liquidation_price_of_its_own() -> None:
    client = Client(quiet_venue(mode=HEDGE, funds=1_000))
    client.order(1, "65000", 500, 3)
    client.order(3, "55000", 500, 3)
    assert [row["liquidatePrice"] for row in client.get("position/open_positions")] == [0, 0]
    client.act("mark", percent=-50)
    client.wait(1)
    assert len(client.get("position/open_positions")) == 2


def test_leverage_and_margin_by_request() -> None:
    client = Client(quiet_venue())
    client.order(1, "60000.1", 100, 3, openType=1, leverage=50)
    row = client.position()
    client.post("position/change_leverage", {"positionId": row["positionId"], "leverage": 25})
    value = Decimal("60000.1") * 100 * Decimal("0.0001")
    assert exact(client.position()["im"]) == value / 25 + value * Decimal("0.0008")
    assert client.refusal(1, "60000", 5, openType=1, leverage=50) == 2021
    assert client.refusal(1, "60000", 5) == 2027
    before = exact(client.position()["liquidatePrice"])
    client.post("position/change_margin", {"positionId": row["positionId"], "amount": 5, "type": "ADD"})
    assert exact(client.position()["im"]) == value / 25 + value * Decimal("0.0008") + 5
    assert exact(client.position()["liquidatePrice"]) < before
    assert client.error("position/change_margin", {"positionId": row["positionId"], "amount": 6, "type": "SUB"}) == 2018
    fields = {"symbol": NAME, "openType": 2, "positionType": 1, "leverage": 7}
    client.post("position/change_leverage", fields)
    rows = {(r["positionType"], r["openType"]): r["leverage"] for r in client.get("position/leverage", symbol=NAME)}
    assert rows == {(1, 1): 25, (1, 2): 7, (2, 1): 20, (2, 2): 20}
    assert client.error("position/change_leverage", fields | {"leverage": 501}) == 2006


def test_the_position_mode_changes_only_while_nothing_is_open() -> None:
    client = Client(quiet_venue())
    private = client.private()
    order = client.order(1, "59990")
    assert client.error("position/change_position_mode", {"positionMode": 1}) == 7001
    client.post("order/cancel", [order])
    client.post("position/change_position_mode", {"positionMode": 1})
    assert client.get("position/position_mode") == 1
    assert client.pushed(private, "personal.position.mode") == [{"positionMode": 1}]


def test_accounts_outlive_the_process() -> None:
    client = Client(quiet_venue(funding_s=60))
    client.order(1, "60000.1", 50, 3, externalOid="first")
    client.order(4, "60010", 20)
    client.wait(60)
    saved = json.loads(json.dumps(client.venue.exchange.snapshot()))
    fresh = quiet_venue(funds=0)
    exchange = fresh.exchange
    exchange.ledger.__init__()  # type: ignore[misc]  # as a process begins: without accounts
    exchange.restore(START_NS, saved)
    again = Client(fresh)
    assert again.position() == {**client.position(), "marginRatio": again.position()["marginRatio"]}
    assert again.get("position/funding_records") == client.get("position/funding_records")
    assert again.get("order/external/BTC_USDT/first") == {
        **client.get("order/external/BTC_USDT/first"),
        "version": 1,
    }
    assert again.get("account/assets")[0]["cashBalance"] == client.get("account/assets")[0]["cashBalance"]
    assert ContractOrder("a", "b", 1, 1).margin_size == 0
