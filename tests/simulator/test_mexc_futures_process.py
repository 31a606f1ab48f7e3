"""The simulated MEXC Futures in a process beside other venues: addresses, control pages, accounts that outlive it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.mexc_key import sign
from mm.simulator.world import World, launch
from tests.simulator.audit_tool import tool

VENUES = ("kraken", "mexc_spot", "mexc_futures")


def started(state: Path, *extra: str, hooks: Path | None = None) -> World:
    return launch(state, seed=3, speed=5, idle_seconds=60, venues=VENUES, extra=extra, hooks=hooks)


def stopped(world: World) -> None:
    world.control("stop", {})
    os.waitpid(world.pid, 0)


def order(world: World, **fields: Any) -> Any:
    """Place an order over the process's own socket."""
    here = world.venues["mexc_futures"]
    body = json.dumps({"symbol": "BTC_USDT", "price": 1, "openType": 2, "type": 5, **fields}).encode()
    stamp = str(time.time_ns() // 10**6)
    headers = {
        "ApiKey": here.api_key,
        "Request-Time": stamp,
        "Signature": sign(here.api_secret, f"{here.api_key}{stamp}".encode() + body),
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{here.rest_url}/api/v1/private/order/create", body, headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def test_three_venues_with_one_market_and_an_account_that_outlives_the_process(tmp_path: Path) -> None:
    world = started(tmp_path, "--funding-seconds", "1")
    here = world.venues["mexc_futures"]
    assert list(world.venues) == list(VENUES)
    assert here.ws_url.endswith("/edge")
    assert (here.api_key, here.api_secret) == (world.venues["mexc_spot"].api_key, world.venues["mexc_spot"].api_secret)
    assert "0.06 %" in here.fees
    assert "in contracts of 0.0001 BTC" in here.market
    assert order(world, side=3, vol=50)["success"]
    assert order(world, side=1, vol=20, type=1, price=10_000)["code"] == 0
    deadline = time.monotonic() + 20
    # The venue answers before it has matched.
    while not world.control("ledger", venue="mexc_futures")["positions"] and time.monotonic() < deadline:
        time.sleep(0.02)
    world.control("act", {"action": "adl", "percent": 40}, venue="mexc_futures")
    while not (report := world.control("ledger", venue="mexc_futures"))["funding"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [(each["side"], each["size"]) for each in report["positions"]] == [("short", "30")]
    assert {fill["cause"] for fill in report["fills"]} == {"take", "deleveraging"}
    assert [each["size"] for each in report["open_orders"]] == ["20"]
    assert world.control("stats", venue="mexc_futures")["hooks"]["fired"] == {"clock.adl": 1}
    stopped(world)
    last = json.loads((tmp_path / "ledger.mexc_futures.json").read_text())
    again = started(tmp_path)
    report = again.control("ledger", venue="mexc_futures")
    assert report["positions"] == [
        each | {"liquidation_price": report["positions"][0]["liquidation_price"]} for each in last["positions"]
    ]
    assert (report["balances"], report["open_orders"]) == (last["balances"], last["open_orders"])
    assert report["funding"] == last["funding"]
    stopped(again)
    # What every fill, cut and settlement came of, of both processes.
    audit = tool("audit_fills")
    for name in ("orders.mexc_futures.previous.jsonl", "orders.mexc_futures.jsonl"):
        assert audit.main([str(tmp_path / name)]) == 0


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--funding-seconds", "0"), "--funding-seconds"),
        (("--position-mode", "both"), "--position-mode"),
        (("--mexc-futures-tier", "free"), "--mexc-futures-tier"),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, extra: tuple[str, ...], words: str, capsys: Any) -> None:
    from mm.simulator.process import parse

    with pytest.raises(SystemExit):
        parse(["--state", str(tmp_path), *extra])
    assert words in capsys.readouterr().err


def test_hooks_of_contracts_are_read_for_their_venue_alone(tmp_path: Path) -> None:
    from mm.simulator.process import _read_hooks

    path = tmp_path / "hooks.json"
    rules = [{"on": "clock", "action": "adl", "percent": 5, "at_s": 1}]
    path.write_text(json.dumps({"mexc_futures": rules}))
    assert _read_hooks(path, VENUES) == {"mexc_futures": rules}
    path.write_text(json.dumps({"kraken": rules}))
    with pytest.raises(ValueError, match="adl"):
        _read_hooks(path, VENUES)
