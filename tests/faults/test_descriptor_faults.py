"""F81: a process that gets no descriptor any more takes its orders back, judged by the simulated venue's ledger."""

import os
import resource
import sys
import time
from random import Random
from types import SimpleNamespace

import pytest

from mm import operate
from mm.config.settings import KillSettings
from mm.live.descriptors import RESERVED, Descriptors
from mm.simulator import world as simulator
from mm.stopping import Exit
from tests.faults.hedged import CAMPAIGN, SEEDS
from tests.run.bot_process import eventually, ledger
from tests.run.conftest import start, state, world
from tests.run.test_supervisor import Run, boom, on, open_orders

__all__ = ["start", "state", "world"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")


LEFT = [4] if not CAMPAIGN else range(1, KillSettings().descriptors_free - RESERVED)
"""Of descriptors that nobody has, and the bot's reserve besides: with more there are enough."""
STATUSES_MAX = 15


def lowest_free():
    """The number that the next descriptor of this process would have; a listing would count its own."""
    number = os.dup(0)
    os.close(number)
    return number


@pytest.mark.parametrize("seed", SEEDS)
def test_f81_with_few_descriptors_left_nothing_new_is_risked_and_cancels_go_out(start, state, seed):
    chance = Random(f"f81 {seed}")
    spare = chance.choice(LEFT)
    bot = start(environment={"MM_RUN__SEED": str(seed)})
    bot.until_fills(1)
    time.sleep(chance.uniform(0, 1))
    pid = bot.process.pid
    usual, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
    few = sorted(set(range(1000)) - used)[spare]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, hard))
    seen = 0

    def is_told(value):
        nonlocal seen
        seen += value["type"] == "status"
        return value["type"] == "status" and (value["ladder"] != [] or seen > STATUSES_MAX)

    shown = bot.until(is_told)
    assert shown["ladder"], f"F81: quotes go on with {spare} descriptors left"
    assert f"cancel by descriptors: this process may open {spare + RESERVED} more" in shown["ladder"][0]
    books = eventually(state, lambda books: not books["open_orders"], bot)
    # Even the connections may go: there are descriptors for others, and what could be told of orders is heard.
    simulator.find(state).control("disconnect", {})
    bot.until(lambda value: value["type"] == "event" and "private connection is down" in value["text"])
    bot.until(lambda value: value["type"] == "event" and "private connection is up" in value["text"])
    later = ledger(state)
    assert later["open_orders"] == []
    assert len(later["closed_orders"]) == len(books["closed_orders"]), (
        "F81: an order was made with few descriptors left"
    )
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (usual, hard))
    assert operate.main("resume", ["--state", str(state)]) == 0
    eventually(state, lambda books: books["open_orders"], bot)
    code, end = bot.stop()
    assert ledger(state)["open_orders"] == []
    assert (code, end["clean"]) == (0, True), bot.text()


def test_the_reserve_counts_as_spare_and_is_given_back():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = Descriptors()
    before = descriptors.spare()
    descriptors.keep()
    try:
        assert descriptors.spare() == before
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free(), hard))
        assert descriptors.spare() == RESERVED
        descriptors.release()
        assert descriptors.spare() == RESERVED
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        descriptors.release()


def test_f81_without_a_descriptor_left_quotes_are_cancelled_and_the_exit_code_is_true(start, state):
    bot = start()
    bot.until_fills(1)
    pid = bot.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
    # Those that are open stay, and no other comes.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(1000)) - used), hard))
    bot.until(lambda value: value["type"] == "status")
    code, end = bot.stop()
    assert ledger(state)["open_orders"] == []
    assert (end["orders"], end["unknown"]) == ([], [])
    assert (code, end["clean"]) == (0, True), bot.text()


async def test_f81_a_fault_without_a_descriptor_left_is_cleaned_up_by_fresh_connections(world):
    run = Run(on(world), epoch=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def exhaust(run):
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free(), hard))
        run.bot.engine.set_upkeep(SimpleNamespace(run=boom))
        run.bot.engine.upkeep_due_ns = 1

    run.at_quotes = exhaust
    try:
        code = await run.until_over()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert code is Exit.FAULT
    assert open_orders(world) == []
    assert run.view.facts["clean"]
