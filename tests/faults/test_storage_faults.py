"""F73 and what belongs to it: two starts with one account, as processes, judged by the simulated venue's ledger."""

import asyncio
import shutil
import time
from dataclasses import replace
from random import Random

import pytest

from mm.config import Secret, VenueSettings
from mm.errors import ConfigError
from mm.live.keylock import KeyLocks, name_of
from mm.stopping import Exit
from tests.faults.hedged import SEEDS
from tests.run.bot_process import BotProcess, ledger
from tests.run.conftest import start, state, world
from tests.run.test_supervisor import Run, on, open_orders

__all__ = ["start", "state", "world"]


def quoting(bot):
    bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)


def copied(state):
    """The folder as a backup would have it, without sockets and the store, whose writer outlives a kill."""
    copy = state.with_name("copy")
    shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*.sock", "store.*"))
    return copy


def starts(state):
    """Starts that the venue has seen orders of: the part of their ids before the purpose."""
    books = ledger(state)
    orders = [*books["open_orders"], *books["closed_orders"]]
    return {order["client_id"].rstrip("0123456789abcdefghijklmnopqrstuvwxyz")[:-1] for order in orders}


def test_f73_a_copied_folder_is_refused_before_any_order_and_disturbs_nothing(start, state):
    first = start()
    quoting(first)
    second = BotProcess(copied(state), "--seconds", "5")
    try:
        code = second.wait()
        assert len(starts(state)) == 1, "F73: the venue has seen orders of two starts"
        assert code == 2, f"F73: exit code {code}"
        assert "venues.kraken.api_key: expected a key that no other bot on this machine trades with" in second.text()
        assert f"process {first.process.pid} does" in second.text()
    finally:
        second.kill()
    code, end = first.stop()
    assert (code, end["clean"], end["orders"], end["unknown"]) == (0, True, [], [])
    assert ledger(state)["open_orders"] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_f73_a_killed_bot_holds_no_key(start, state, seed):
    first = start()
    quoting(first)
    time.sleep(Random(f"f73 {seed}").uniform(0, 1))
    first.kill()
    second = BotProcess(copied(state))
    try:
        quoting(second)
        code, end = second.stop()
        assert (code, end["clean"]) == (0, True)
    finally:
        second.kill()
    assert len(starts(state)) == 2
    assert ledger(state)["open_orders"] == []


def test_f73_keys_are_held_by_account_and_let_go():
    kraken = VenueSettings(name="kraken", api_key=Secret("one"), rest_url="http://127.0.0.1:9")
    held = KeyLocks([kraken, VenueSettings(name="mexc_spot")])
    # What is held before a refusal is let go.
    other = replace(kraken, api_key=Secret("two"))
    with pytest.raises(ConfigError, match=r"venues\.kraken\.api_key.*a key that no other bot"):
        KeyLocks([other, kraken])
    KeyLocks([other, replace(kraken, rest_url="http://127.0.0.1:10")]).close()
    held.close()
    KeyLocks([kraken]).close()
    assert b"one" not in name_of(Secret("one"), "")
    # A venue's key is one key by whatever address it is reached.
    assert name_of(Secret("one"), "https://a.example") == name_of(Secret("one"), "")


async def test_f73_an_earlier_start_ends_when_a_later_one_trades_with_its_account_elsewhere(world):
    """As on two hosts: no lock is between them, and the venue is all that they share."""
    first, second = Run(on(world), epoch=7, seconds=20.0), Run(on(world), epoch=8)
    ended: list[Exit] = []

    async def later():
        ended.append(await second.until_over())

    tasks: list[asyncio.Task[None]] = []
    first.at_quotes = lambda run: tasks.append(asyncio.ensure_future(later()))
    code = await first.until_over()
    assert code is Exit.FAULT, f"F73: exit code {code}"
    assert "of start 8, and this is start 7: a later start of this bot trades" in first.view.facts["why"]
    asked_to_stop = second.supervisor.ended is not None or second.view.facts
    assert not asked_to_stop, "the later one goes on"
    placed = {order["client_id"] for order in world.control("ledger")["closed_orders"]} | {
        order["client_id"] for order in open_orders(world)
    }
    assert {client_id[:3] for client_id in placed} == {"mm7", "mm8"}
    # What the earlier one had is gone by the venue's word.
    assert not [order for order in open_orders(world) if order["client_id"].startswith("mm7")]
    second.supervisor.ask_to_stop("the test is over")
    await asyncio.gather(*tasks)
    assert ended == [Exit.CLEAN]
    assert open_orders(world) == []
