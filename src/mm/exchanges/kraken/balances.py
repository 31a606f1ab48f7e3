"""The `balances` channel and the Balance query: what the account has of each asset.

Only the spot wallet can be traded with; earn wallets and REST codes with a suffix (`.S`, `.M`, `.B`, `.F`, `.T`) are
left out. Holds for open orders are not shown by either source. (Kraken reference: balances.)
"""

from __future__ import annotations

from typing import Any

from mm._core.events import Balance, BalanceChange
from mm._core.fixed import amount
from mm.exchanges.kraken.instruments import VENUE, Instruments
from mm.exchanges.kraken.market_data import rows_of
from mm.exchanges.kraken.times import timestamp
from mm.exchanges.wire import Malformed, Row, array, digits, mapping, text


def read_balances(message: Row, now_ns: int) -> tuple[Any, ...]:
    """Return Balance events of a snapshot, BalanceChange events of an update. Raises Malformed."""
    read = _snapshot_row if message.get("type") == "snapshot" else _ledger_row
    events: list[Any] = []
    for index, row in enumerate(rows_of(message)):
        try:
            read(row, now_ns, events)
        except ValueError as error:
            raise Malformed(f"data[{index}].{error}") from None
    return tuple(events)


def read_balance_reply(result: Row, instruments: Instruments, now_ns: int) -> tuple[Any, ...]:
    """Return the Balance events of a reply like `{"XXBT":"0.0022698000","ZUSD":"22.6354","ATOM.S":"0.00000000"}`."""
    return tuple(
        Balance(now_ns, VENUE, instruments.asset(code), amount(digits(result, code), "balance"), "query")
        for code in result
        if "." not in code and code.isascii() and len(code) <= 40
    )


def _snapshot_row(row: Row, now_ns: int, events: list[Any]) -> None:
    wallets = array(row.get("wallets", []), "wallets")
    total = amount(digits(row, "balance"), "balance")
    if wallets:
        total = sum(
            amount(digits(wallet, "balance"), f"wallets[{index}].balance")
            for index, wallet in enumerate(mapping(each, "wallets") for each in wallets)
            if text(wallet, "type", "") == "spot" and text(wallet, "id", "") == "main"
        )
    events.append(Balance(now_ns, VENUE, text(row, "asset"), total, "snapshot"))


def _ledger_row(row: Row, now_ns: int, events: list[Any]) -> None:
    """Take a row like `{"ledger_id":"DATKX6-PEHL1-HZKND8","ref_id":"LKAKN2-N0N12-VKQNLN","type":"trade","asset":"USD",
    "wallet_type":"spot","wallet_id":"main","amount":-19.9743,"fee":0.0499,"balance":118.0677,...}`."""
    if text(row, "wallet_type", "spot") != "spot" or text(row, "wallet_id", "main") != "main":
        return
    events.append(
        BalanceChange(
            now_ns,
            timestamp(row),
            VENUE,
            text(row, "ledger_id"),
            text(row, "ref_id", ""),
            text(row, "type", ""),
            text(row, "asset"),
            amount(digits(row, "amount"), "amount"),
            amount(digits(row, "fee"), "fee") if "fee" in row else 0,
            amount(digits(row, "balance"), "balance"),
        )
    )
