"""A bot as a process of its own, read line by line; and the simulated venue's word about it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from mm.simulator import world as simulator
from tests.one_venue import ONE_VENUE

PATIENCE_S = 30.0
"""For one step on a machine that does other things too; a healthy one needs a tenth of it."""
KILL_NS = 100_000_000
"""From the word to the first cancel at the venue, on a machine that is not busy."""


def slowness() -> float:
    """How many times 0.1 s an interpreter takes to start here and now, at least one; a quiet machine needs 0.06 s."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import asyncio, decimal, json, ssl"], check=True)
    return max(1.0, (time.monotonic() - began) / 0.1)


class BotProcess:
    """`python -m mm.run --json` with a state folder, on one venue unless told a --config; `until` reads its lines.

    default: with the program's own settings.
    """

    def __init__(
        self,
        state: Path,
        *arguments: str,
        environment: dict[str, str] | None = None,
        json_lines: bool = True,
        default: bool = False,
    ):
        self.state = state
        self.lines: list[str] = []
        if "--config" not in arguments and not default:
            arguments = ("--config", str(ONE_VENUE), *arguments)
        command = [sys.executable, "-m", "mm.run", "--state", str(state), "--env-file", str(state / "no.env")]
        self.process = subprocess.Popen(
            [*command, *(["--json"] if json_lines else []), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # What chooses tests is no setting of a bot.
            env={**{k: v for k, v in os.environ.items() if k != "MM_CAMPAIGN"}, **(environment or {})},
            cwd=state.parent,
        )
        self._rest = b""

    def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line from here on that is it; AssertionError if none of two minutes is."""
        deadline = time.monotonic() + 4 * PATIENCE_S
        while True:
            assert time.monotonic() < deadline, f"not within {4 * PATIENCE_S} s; at last: {self.lines[-5:]}"
            line = self._line()
            if line is None:
                raise AssertionError(f"the bot has ended: {self.text()}")
            value = json.loads(line)
            if is_it(value):
                return value

    def until_said(self, text: str, since: int = 0) -> None:
        """Wait for a line with a text, those counted that were read already, from line `since` on."""
        if not any(text in line for line in self.lines[since:]):
            self.until(lambda value: text in str(value))

    def until_fills(self, least: int) -> None:
        """Wait until orders stand and so many are filled."""
        self.until(lambda v: v["type"] == "status" and v["orders"]["filled"] >= least and v["orders"]["open"] > 0)

    def stop(self, number: int = signal.SIGINT) -> tuple[int, dict[str, Any]]:
        """Send a signal; returns the exit code and the last word."""
        self.process.send_signal(number)
        end = self.until(lambda value: value["type"] == "end")
        return self.wait(), end

    def wait(self) -> int:
        """The exit code, once it has ended; what it said meanwhile is in `text()`."""
        while self._line() is not None:
            pass
        return self.process.wait(PATIENCE_S)

    def text(self) -> str:
        """Everything that it wrote, also to stderr once it has ended."""
        errors = ""
        if self.process.poll() is not None and self.process.stderr is not None and not self.process.stderr.closed:
            errors = self.process.stderr.read().decode()
            self.lines.append(errors)
        return "\n".join(self.lines)

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def _line(self) -> str | None:
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"nothing for {PATIENCE_S} s after: {self.lines[-5:]}")
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    return None
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        self.lines.append(line.decode())
        return self.lines[-1]


def ledger(state: Path) -> dict[str, Any]:
    """What the venue's own books say."""
    world = simulator.find(state)
    assert world is not None
    report: dict[str, Any] = world.control("ledger")
    return report


def first_cancel_ns(books: dict[str, Any], client_ids: Collection[str], said_ns: int) -> int:
    """How long after a word the first of these orders was cancelled, by a ledger."""
    closed = [order for order in books["closed_orders"] if order["client_id"] in client_ids]
    gone = [order["closed_ns"] - said_ns for order in closed if order["status"] == "canceled"]
    later = [after_ns for after_ns in gone if after_ns >= 0]
    assert later, "no order was cancelled by the kill"
    return min(later)


def eventually(
    state: Path,
    is_it: Callable[[dict[str, Any]], bool],
    bot: BotProcess | None = None,
    patience_s: float = PATIENCE_S,
) -> dict[str, Any]:
    """The ledger once it is so. The venue is another process with a clock of its own, so it has to be asked again.

    bot: who should bring it about; what it said is part of the failure.
    """
    deadline = time.monotonic() + patience_s
    while not is_it(report := ledger(state)):
        if time.monotonic() > deadline:
            said = ""
            if bot is not None:
                bot.process.terminate()
                bot.wait()
                said = bot.text()
            log = state / "watchdog.log"
            said += log.read_text() if log.exists() else ""
            raise AssertionError(f"{report['open_orders']}\n{said}")
        time.sleep(0.05)
    return report
