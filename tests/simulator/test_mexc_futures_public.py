"""Market data of the simulated MEXC Futures: definitions, book, prices, candles, and how numbers are spelt."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.kinds import KINDS, MEXC_FUTURES
from mm.simulator.market import coarser
from mm.simulator.mexc_futures.numbers import exponent, level, rate, text, turnover
from mm.simulator.mexc_futures.rows import band
from mm.simulator.mexc_futures.terms import SYMBOL, Contract, btc_usdt_contract
from mm.simulator.orders import BUY, SELL
from mm.simulator.tape import BUILTIN, BookEntry, TradeEntry, builtin
from tests.simulator.mexc_futures_client import ASK, BID, LOT, NAME, Client, book, quiet_venue, trade

DATA = Path(__file__).parents[1] / "exchanges/data/mexc_futures"
REST = {
    row["id"]: row["response"]["body"]["data"]
    for row in json.loads((DATA / "rest.json").read_text())
    if "data" in row["response"]["body"]
}


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue((trade(1, 1, BUY, ASK, 30), trade(2, 2, SELL, BID, 20), book(40, 3, 10))))


def missing(ours: Any, theirs: Any, left_out: set[str]) -> set[str]:
    return set(theirs) - set(ours) - left_out


def test_rows_have_the_members_of_the_venues_samples(client: Client) -> None:
    client.order(1, "60000.1", 5, 3)
    order = client.order(1, "59990", 5)
    client.wait(1)
    shown = {"zeroSaveTotalFeeBinance", "zeroTradeTotalFeeBinance", "showProfitRateShare"}
    tiers = {name for name in REST["detail-2026"] if name.startswith("tiered")} | {
        "countryConfigContractMaxLeverage", "conceptPlateId", "threshold", "vid", "baseCoinId", "showBeforeOpen",
        "openingCountdownOption", "isMaxLeverage", "stopOnlyFair", "statisticType", "fixedStartTime", "fixedEndTime",
    }  # fmt: skip
    assert missing(client.public(f"detail?symbol={NAME}"), REST["detail-2026"], tiers) == set()
    assert (
        missing(
            client.public(f"ticker?symbol={NAME}"), REST["ticker-2026"], {"riseFallRates", "riseFallRatesOfTimezone"}
        )
        == set()
    )
    assert missing(client.public("funding_rate")[0], REST["funding-bulk"][0], set()) == set()
    assert missing(client.query(order), REST["order-get-2026"], shown) == set()
    assert missing(client.position(), REST["open-positions-2026"][0], shown) == set()
    assert missing(client.get("account/assets")[0], REST["assets-2026"][0], set()) == set()
    deals = client.get("order/list/order_deals/v3", symbol=NAME)
    assert missing(deals[0], REST["order-deals-2026"][0], set()) == set()
    assert missing(client.get("position/leverage", symbol=NAME)[0], REST["leverage-2026"][0], set()) == set()
    fees = client.get("account/tiered_fee_rate/v2", symbol=NAME)
    older = {name for name in REST["fee-v2-2026"] if name.startswith(("tiered", "fixed"))} | {"statisticType"}
    assert missing(fees, REST["fee-v2-2026"], older) == set()
    assert missing(client.get("account/tiered_fee_rate", symbol=NAME), REST["tiered-fee"], set()) == set()
    assert set(client.get("account/risk_limit")) == {NAME}


def test_fees_of_api_orders_are_not_those_of_the_definition(client: Client) -> None:
    detail = client.public(f"detail?symbol={NAME}")
    fees = client.get("account/tiered_fee_rate/v2", symbol=NAME)
    assert (detail["makerFeeRate"], detail["takerFeeRate"]) == (0.0001, 0.0004)
    assert (fees["realMakerFee"], fees["realTakerFee"]) == (0.0006, 0.0008)


def test_an_unknown_symbol_has_code_1001_and_status_200(client: Client) -> None:
    reply = client.http("GET", "contract/depth/NOPE_USDT")
    assert (reply.code, json.loads(reply.payload)["code"]) == (200, 1001)
    assert client.http("GET", "contract/nothing").code == 404


def test_one_object_with_a_symbol_and_a_list_without(client: Client) -> None:
    for path in ("detail", "ticker", "funding_rate"):
        assert client.public(path)[0]["symbol"] == NAME
    assert client.public(f"funding_rate/{NAME}")["symbol"] == NAME
    assert client.public("support_currencies") == ["USDT", "BTC"]


def test_the_book_has_counts_and_commits_lead_to_it_newest_first(client: Client) -> None:
    snapshot = client.public(f"depth/{NAME}?limit=5")
    assert [Decimal(str(row[0])) for row in snapshot["bids"]] == [Decimal(BID - k) / 10 for k in range(5)]
    assert snapshot["asks"][0][1] == LOT
    assert all(row[2] >= 1 for row in snapshot["asks"])
    book_then = client.public(f"depth/{NAME}")
    client.wait(11)
    commits = client.public(f"depth_commits/{NAME}/1000")
    versions = [row["version"] for row in commits]
    assert versions == sorted(versions, reverse=True)
    halves = {side: {row[0]: row[1] for row in book_then[side]} for side in ("asks", "bids")}
    for row in sorted(commits, key=lambda row: row["version"]):
        if row["version"] > book_then["version"]:
            for side in halves:
                for price, vol, count in row[side]:
                    assert (vol == 0) == (count == 0)
                    halves[side].pop(price, None)
                    if vol:
                        halves[side][price] = vol
    now = client.public(f"depth/{NAME}")
    assert halves == {side: {row[0]: row[1] for row in now[side]} for side in halves}
    assert len(client.public(f"depth_commits/{NAME}/3")) == 3


def test_the_snapshot_trails_the_socket_now_and_then() -> None:
    client = Client(quiet_venue(tuple(book(n, n, n / 10) for n in range(1, 40)), trails=True))
    behind = 0
    for _ in range(30):
        client.wait(0.1)
        newest = client.public(f"depth_commits/{NAME}/1")[0]["version"]
        behind += client.public(f"depth/{NAME}")["version"] < newest
    assert 0 < behind < 30


def test_index_fair_price_and_bands(client: Client) -> None:
    client.wait(12)
    ticker = client.public(f"ticker?symbol={NAME}")
    # The middle of the recorded book, half up.
    assert ticker["indexPrice"] == 60004.1 == client.public(f"index_price/{NAME}")["indexPrice"]
    assert ticker["fairPrice"] == client.public(f"fair_price/{NAME}")["fairPrice"]
    assert 60000 <= ticker["fairPrice"] <= 60005
    assert (ticker["maxBidPrice"], ticker["minAskPrice"]) == (66004.5, 54003.6)
    sample = REST["ticker-2026"]
    # Their sample's band, by our rule.
    traded = Contract(btc_usdt_contract())
    assert band(traded, round(sample["indexPrice"] * 10)) == (
        round(sample["minAskPrice"] * 10), round(sample["maxBidPrice"] * 10),
    )  # fmt: skip


def test_deals_and_candles(client: Client) -> None:
    client.wait(61)
    deals = client.public(f"deals/{NAME}?limit=5")
    assert [(row["p"], row["v"], row["T"]) for row in deals] == [(60000, 20, 2), (60000.1, 30, 1)]
    columns = client.public(f"kline/{NAME}?interval=Min1")
    assert columns["vol"][0] == 50
    assert (columns["open"][0], columns["close"][0]) == (60000.1, 60000)
    assert columns["realHigh"] == columns["high"]
    assert json.loads(client.http("GET", f"contract/kline/{NAME}?interval=1m").payload)["code"] == 600


def test_numbers_come_in_several_spellings() -> None:
    assert text(exponent(12_340, 0)) == "1.234E4"
    assert text([rate(40), rate(600), rate(-500), rate(4_000), rate(0)]) == "[4.0E-5,6.0E-4,-5.0E-4,0.004,0]"
    assert text([turnover(61_062_435_671_81, 5), turnover(12, 1)]) == "[6.106243567181E7,1.2]"
    assert text(level(600_003, 1, 75_480, 4)) == "[60000.300,7.548E4,4]"
    assert text(level(600_001, 1, 12, 1)) == "[60000.1,12,1]"


def test_the_recording_comes_in_whole_contracts() -> None:
    rows = (BookEntry(0, 0, ((BUY, 1, 10_001), (SELL, 2, 1), (SELL, 3, 0))), TradeEntry(1, 1, BUY, 2, 19_999))
    first, second = coarser(iter(rows), 10_000)
    assert isinstance(first, BookEntry)
    assert [size for _, _, size in first.levels] == [2, 1, 0]
    assert isinstance(second, TradeEntry)
    assert second.size == 1


def test_the_market_is_that_of_the_other_venues() -> None:
    kind = KINDS[MEXC_FUTURES]
    assert (kind.tape, kind.funds) == (BUILTIN, {"USDT": 20_000})
    entries = coarser(builtin(BUILTIN).replay(), 10_000)
    first = next(entries)
    assert isinstance(first, BookEntry)
    best = max(price for side, price, _ in first.levels if side == BUY)
    assert best == max(price for side, price, _ in next(builtin(BUILTIN).replay()).levels if side == BUY)  # type: ignore[union-attr]
    assert SYMBOL == "BTC/USDT:USDT"
