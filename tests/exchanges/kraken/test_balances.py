"""Balances by channel and by query, each recorded message against its events."""

from __future__ import annotations

import pytest

from mm._core.events import Balance, BalanceChange
from mm.exchanges.venue import Decoded, Kind
from tests.exchanges.kraken.samples import NOW, codec, frame, names, ns

E12 = 10**12


def total(asset: str, units: int, source: str = "snapshot") -> Balance:
    return Balance(NOW, "kraken", asset, units, source)


def change(
    moment: str, ledger_id: str, reference: str, kind: str, asset: str, amount: int, fee: int, now: int
) -> BalanceChange:
    return BalanceChange(NOW, ns(moment), "kraken", ledger_id, reference, kind, asset, amount, fee, now)


RECORDED = {
    # What is in earn wallets cannot be traded; 2024's assets without wallets are old ones that cannot either.
    "balances_snapshot_docs": (
        1,
        total("BTC", 12 * E12 // 10),
        total("MATIC", 300 * E12),
        total("USD", 80595494300000000),
    ),
    "balances_snapshot_2024": (
        1,
        total("BRICK", 439973600000000),
        total("KAR", 774636698260000),
        total("KEEP", 622396248130000),
        total("MULTI", 5597103550000),
        total("USD", 1340000000000),
    ),
    "balances_update_deposit_docs": (
        2,
        change(
            "2023-09-22T10:23:42.925034Z",
            "ADKKFF-WEA5A-CNUBHG",
            "AGBWUJRU-LAREZ-W3UFAN",
            "deposit",
            "BTC",
            E12 // 100,
            0,
            E12 // 50,
        ),
    ),
    "balances_update_trade_base_2024": (
        5,
        change(
            "2024-05-12T12:11:57.525134Z",
            "9K6IR4-X9PQJ-OMBG73",
            "WLINKJ-1TZZW-M3HCOY",
            "trade",
            "ADX",
            111085741280000,
            0,
            147190600690000,
        ),
    ),
    "balances_update_trade_base_docs": (
        9,
        change(
            "2023-09-22T10:33:05.710082Z",
            "AAICKV-NMQSR-ZO5IJD",
            "AGBB7L-HT5LX-J3BB4A",
            "trade",
            "BTC",
            -5 * E12 // 1000,
            0,
            5 * E12 // 1000,
        ),
    ),
    "balances_update_trade_quote_2024": (
        4,
        change(
            "2024-05-24T14:01:53.526524Z",
            "DATKX6-PEHL1-HZKND8",
            "LKAKN2-N0N12-VKQNLN",
            "trade",
            "USD",
            -19974300000000,
            49900000000,
            118067700000000,
        ),
    ),
    "balances_update_trade_quote_docs": (
        10,
        change(
            "2023-09-22T10:33:05.710082Z",
            "A5KS77-LQRMP-SMMN4B",
            "AGBB7L-HT5LX-J3BB4A",
            "trade",
            "USD",
            132999500000000,
            345800000000,
            500 * E12,
        ),
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_message(name: str) -> None:
    sequence, *events = RECORDED[name]
    assert codec().decode_frame(frame(f"ws_private/{name}"), NOW) == Decoded(
        Kind.DATA, tuple(events), channel="balances", sequence=sequence, snapshot="snapshot" in name
    )


def test_every_recorded_message_of_the_channel_is_expected_above() -> None:
    recorded = {name.split("/")[1] for name in names("ws_private") if "/balances_" in name}
    assert {name for name in recorded if "subscribe" not in name} == set(RECORDED)


def test_rows_of_other_wallets_are_left_out() -> None:
    payload = frame("ws_private/balances_update_deposit_docs").replace(b'"spot"', b'"earn"')
    assert codec().decode_frame(payload, NOW).events == ()


def test_main_wallet_of_another_kind_is_not_the_spot_wallet() -> None:
    payload = frame("ws_private/balances_snapshot_docs").replace(b'"earn","id":"flex"', b'"earn","id":"main"')
    assert total("MATIC", 300 * E12) in codec().decode_frame(payload, NOW).events


def test_asset_whose_wallets_hold_nothing_to_trade_is_zero() -> None:
    payload = frame("ws_private/balances_snapshot_docs").replace(b'{"type":"spot","id":"main","balance":300},', b"")
    assert total("MATIC", 0) in codec().decode_frame(payload, NOW).events


@pytest.mark.parametrize("value", [b"null", b'"much"', b"[]", b"1e500", b"Infinity", b"true"])
def test_malformed_total_names_the_place(value: bytes) -> None:
    payload = frame("ws_private/balances_update_deposit_docs").replace(b"0.02}", value + b"}")
    decoded = codec().decode_frame(payload, NOW)
    assert decoded.kind is Kind.MALFORMED
    assert "balance" in decoded.error or "Infinity" in decoded.error


def test_query_renames_old_codes_and_leaves_out_what_cannot_be_traded() -> None:
    decoded = codec().decode_reply("balance", 200, frame("rest_private/Balance"), NOW)
    by_asset = {event.asset: event.total for event in decoded.events}
    assert by_asset["BTC"] == 2269800000
    assert by_asset["ETH"] == 119097610000
    assert by_asset["ETC"] == 0
    assert by_asset["USD"] == 22635400000000
    assert by_asset["BSX"] == 180000 * E12
    assert "ATOM.S" not in by_asset
    assert len(by_asset) == len(decoded.events) == 25
    assert {event.source for event in decoded.events} == {"query"}
