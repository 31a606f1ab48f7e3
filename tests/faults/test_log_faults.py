"""F88: what goes wrong ten thousand times a second fills no disk, and costs neither an order nor a record of one.

A whole run in this process, on a simulated venue over sockets, judged by the venue's ledger, the bytes that it wrote
and the journal that it left.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from itertools import count
from random import Random

import pytest

from mm._core import events as ev
from mm.config import Environment, load
from mm.journal import main as journal
from mm.run import run_settings
from mm.stopping import Exit
from mm.store.command import main as stored
from mm.strategies import parameters_of
from tests.faults.hedged import CAMPAIGN, SEEDS
from tests.one_venue import ONE_VENUE
from tests.run.bot_process import ledger
from tests.run.conftest import state

__all__ = ["state"]
MANY, SOME = 200_000, 10_000
"""Many once in a campaign."""
A_TURN = 100
TURN_S = 0.01
CAP = 1_000_000
ALIKE_MAX = 20, 0.5
"""Sentences of one kind: at once, and each second from then on, for as long as a slow machine takes."""
SAID_MAX = 200, 10
"""Of all kinds."""
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")


def error_of(number, kind):
    """One text with other numbers in it, one with other words each time, one that is long."""
    if kind == 0:
        return f"order mm{number} refused at {number / 7:.4f}: no funds"
    if kind == 1:
        return "not understood: " + " ".join(WORDS[int(digit)] for digit in str(number))
    return f"{number} " + "y" * 1500


class Flood:
    """A view that lets errors come once an order was filled, and the end once they have come."""

    def __init__(self, seed):
        self.errors = MANY if CAMPAIGN and not seed else SOME
        chance = Random(f"f88 {seed}")
        # By turns, and in an order that is drawn.
        self.kind_of = (lambda number: chance.randrange(3)) if seed else (lambda number: number % 3)
        self.supervisor = None
        self.is_begun = False
        self.numbers = count()

    def over(self, view):
        show = view.show

        def watched(snapshot):
            show(snapshot)
            if snapshot.orders_filled and not self.is_begun:
                self.is_begun = True
                self._turn()

        view.show = watched
        return view

    def begun(self, supervisor):
        self.supervisor = supervisor

    def _turn(self):
        bot = self.supervisor._bot
        errors = [next(self.numbers) for _ in range(A_TURN)]
        bot.shells["kraken"].tell(
            lambda now_ns: bot.driver.take(
                [ev.Alert(now_ns, "error", error_of(number, self.kind_of(number))) for number in errors]
            )
        )
        if errors[-1] < self.errors:
            asyncio.get_running_loop().call_later(TURN_S, self._turn)
        else:
            self.supervisor.ask_to_stop("enough")


@pytest.mark.parametrize("level", ["info", "trace"])
@pytest.mark.parametrize("seed", SEEDS)
def test_f88_a_flood_of_errors_stays_under_its_cap_and_leaves_the_journal_alone(state, capfd, seed, level):
    environment = {
        "MM_RUN__STATE": str(state),
        "MM_RUN__LOG_LEVEL": level,
        "MM_RUN__LOG_MB_MAX": str(CAP // 1_000_000),
        # By itself the run would end its quotes after 120 errors in a minute, as it should.
        "MM_KILL__ERRORS_STEP": "off",
    }
    settings = load(ONE_VENUE, Environment(environment), None, parameters_of)
    flood = Flood(seed)
    began_s = time.monotonic()
    code = run_settings(settings, lambda path: settings, as_json=True, shown=flood.over, begun=flood.begun)
    took_s = time.monotonic() - began_s
    said = capfd.readouterr().out

    def most(bound):
        return bound[0] + bound[1] * took_s + 1

    assert next(flood.numbers) > flood.errors, "the errors did not come: it proves nothing"
    assert code is Exit.CLEAN
    books = ledger(state)
    assert books["open_orders"] == []
    kept = sum(path.stat().st_size for path in (state / "logs").iterdir())
    assert kept <= CAP, f"F88: {kept} bytes of log under a cap of {CAP}"
    if level == "info":
        alike = said.count(": no funds")
        assert alike <= most(ALIKE_MAX), f"F88: one kind was said {alike} times"
        errors = said.count("ERROR: ")
        assert errors <= most(SAID_MAX), f"F88: {errors} errors were said"
        assert "more like it were left out" in said
        assert "sentences were left out" in (state / "logs" / "run.log").read_text()
    else:
        assert kept > CAP // 2, "the cap was never met: it proves nothing"
    assert journal(["verify", "--state", str(state)]) == 0
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert stored("fills", ["--json", "--state", str(state), "--last", "100000"]) == 0
    missing = [fill["execution_id"] for fill in books["fills"] if fill["execution_id"] not in told.getvalue()]
    assert not missing, f"F88: the journal does not have {missing}"
