"""Instruments from the channel and from AssetPairs."""

from __future__ import annotations

import json

import pytest

from mm._core.events import Alert, FeeRates, InstrumentUpdate
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.venue import Decoded, Kind
from mm.instruments import Instrument
from tests.exchanges.kraken.samples import NOW, frame


def updates(*instruments: Instrument) -> tuple[InstrumentUpdate, ...]:
    return tuple(InstrumentUpdate(NOW, "kraken", each.symbol, each.to_json()) for each in instruments)


def spot(symbol: str, price: int, size: int, **rest: object) -> Instrument:
    base, _, quote = symbol.partition("/")
    return Instrument("kraken", symbol, base, quote, price, size, settle=quote, **rest)  # type: ignore[arg-type]


E13 = 10**13
RECORDED = {
    "instrument_snapshot_2024": (
        spot("EUR/USD", 5, 8, size_min=50000000, cost_min=E13 // 2),
        spot("ETH/BTC", 5, 8, size_min=200000, cost_min=2 * E13 // 10**5, margin=True),
    ),
    "instrument_snapshot_2026": (
        spot("EUR/USD", 5, 8, size_min=50000000, cost_min=E13 // 2),
        spot("GBP/USD", 5, 8, size_min=500000000, cost_min=E13 // 2),
        spot("VET/USDT", 6, 5, size_min=20000000, cost_min=10**11 // 2, status="post_only"),
        spot("VET/USDC", 6, 5, size_min=20000000, cost_min=10**11 // 2, status="post_only"),
    ),
    "instrument_snapshot_docs": (
        spot("BTC/USD", 1, 8, size_min=10000, cost_min=10**9 // 2, margin=True),
        spot("MATIC/GBP", 4, 8, size_min=400000000, cost_min=43 * 10**10),
    ),
    "instrument_update_docs": (),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_message(name: str) -> None:
    assert KrakenCodec().decode_frame(frame(f"ws_public/{name}"), NOW) == Decoded(
        Kind.DATA, updates(*RECORDED[name]), channel="instrument", snapshot="snapshot" in name
    )


def test_only_wanted_symbols_are_told_but_all_are_known() -> None:
    machine = KrakenCodec(symbols=["GBP/USD"])
    decoded = machine.decode_frame(frame("ws_public/instrument_snapshot_2026"), NOW)
    assert decoded.events == updates(RECORDED["instrument_snapshot_2026"][1])
    assert machine.instruments.get("VET/USDC") == RECORDED["instrument_snapshot_2026"][3]


def pair(**changes: object) -> bytes:
    row = {
        "symbol": "BTC/USD",
        "base": "BTC",
        "quote": "USD",
        "status": "online",
        "qty_precision": 8,
        "qty_increment": 1e-08,
        "price_precision": 1,
        "price_increment": 0.1,
        "qty_min": 0.0001,
        "cost_min": 0.5,
        **changes,
    }
    message = {"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": [row]}}
    return json.dumps(message).encode()


def test_increments_coarser_than_the_precision() -> None:
    (update,) = KrakenCodec().decode_frame(pair(price_increment=0.5, qty_increment=0.001), NOW).events
    known = Instrument.from_json(update.definition)
    assert (known.tick, known.lot) == (5, 100000)


def test_minimum_finer_than_the_grid_is_rounded_up() -> None:
    (update,) = KrakenCodec().decode_frame(pair(qty_min=0.000000011, cost_min="0.5"), NOW).events
    known = Instrument.from_json(update.definition)
    assert (known.size_min, known.cost_min) == (2, 10**9 // 2)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("cancel_only", "cancel_only"), ("work_in_progress", "maintenance"), ("party", "maintenance")],
)
def test_status_that_is_not_known_is_not_tradable(status: str, expected: str) -> None:
    (update,) = KrakenCodec().decode_frame(pair(status=status), NOW).events
    assert Instrument.from_json(update.definition).status == expected


@pytest.mark.parametrize(
    "bad",
    [
        {"price_increment": 0.05},
        {"price_increment": 0},
        {"price_precision": 19},
        {"price_precision": -1},
        {"qty_min": "few"},
        {"cost_min": -1},
        {"cost_min": 1e300},
        {"cost_min": 10**10},
        {"qty_min": "1e999999999"},
        {"base": None},
    ],
)
def test_wanted_pair_that_cannot_be_read_is_said_and_others_go_on(bad: dict[str, object]) -> None:
    machine = KrakenCodec(symbols=["BTC/USD"])
    (first,) = machine.decode_frame(pair(), NOW).events
    assert type(first) is InstrumentUpdate
    decoded = machine.decode_frame(pair(**bad), NOW)
    assert decoded.kind is Kind.DATA
    (alert,) = decoded.events
    assert type(alert) is Alert
    assert next(iter(bad)) in alert.text
    assert machine.instruments.get("BTC/USD") == Instrument.from_json(first.definition)
    assert machine.decode_frame(pair(symbol="OTHER/USD", **bad), NOW).events == ()


@pytest.mark.parametrize("symbol", [None, True, 7, 1.5, [], ["BTC/USD"], {}, {"BTC/USD": 1}])
def test_a_symbol_that_is_no_text_is_a_pair_that_cannot_be_read(symbol: object) -> None:
    machine = KrakenCodec(symbols=["BTC/USD"])
    row = json.loads(pair())["data"]["pairs"][0]
    for rows, told in (([row], "online"), ([row, {**row, "symbol": symbol}], "online"), ([{"symbol": symbol}], "")):
        message = {"channel": "instrument", "type": "snapshot", "data": {"pairs": rows}}
        decoded = machine.decode_frame(json.dumps(message).encode(), NOW)
        assert decoded.kind is Kind.DATA
        assert [Instrument.from_json(event.definition).status for event in decoded.events] == ([told] if told else [])


def test_asset_pairs_use_the_venues_names() -> None:
    machine = KrakenCodec()
    decoded = machine.decode_reply("asset_pairs", 200, frame("rest_public/AssetPairs_2024-01"), NOW)
    assert decoded.ok, decoded.error
    assert decoded.events == updates(
        spot("BTC/USD", 1, 8, size_min=10000, cost_min=10**9 // 2, margin=True),
        spot("USDC/USD", 4, 8, size_min=500000000, cost_min=10**12 // 2, margin=True),
        spot("ETH/BTC", 5, 8, size_min=1000000, cost_min=2 * 10**8, margin=True),
    )
    btc = machine.instruments.by_rest_name("XXBTZUSD")
    assert btc is machine.instruments.get("BTC/USD")
    assert btc is machine.instruments.by_rest_name("XBTUSD")


def test_asset_pairs_of_2025() -> None:
    decoded = KrakenCodec().decode_reply("asset_pairs", 200, frame("rest_public/AssetPairs_XBTUSDT_2025-11"), NOW)
    assert decoded.events == updates(spot("BTC/USDT", 1, 8, size_min=5000, cost_min=10**9 // 2, margin=True))


def test_assets_add_names() -> None:
    machine = KrakenCodec()
    assert machine.decode_reply("assets", 200, frame("rest_public/Assets"), NOW) == Decoded(Kind.REPLY)
    body = b'{"error":[],"result":{"XNEW":{"aclass":"currency","altname":"NEW","decimals":8}}}'
    machine.decode_reply("assets", 200, body, NOW)
    assert machine.instruments.asset("XXBT") == "BTC"
    assert machine.instruments.asset("XNEW") == "NEW"


def test_fee_rates_survive_a_change_of_the_definition() -> None:
    machine = KrakenCodec()
    machine.decode_frame(pair(), NOW)
    decoded = machine.decode_reply("trade_volume", 200, frame("rest_private/TradeVolume_pair"), NOW)
    assert decoded.events == (FeeRates(NOW, "kraken", "BTC/USD", 160000, 260000),)
    (update,) = machine.decode_frame(pair(status="post_only"), NOW).events
    known = Instrument.from_json(update.definition)
    assert (known.status, known.maker_fee_e8, known.taker_fee_e8) == ("post_only", 160000, 260000)
