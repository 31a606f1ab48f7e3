"""`python -m mm COMMAND`: run, what a run did, journal and store, simulator, and words to a run that is going on."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

LISTS = ("orders", "fills", "pnl", "hedges")
COMMANDS = ("kill", "stop", "pause", "resume", "start", "stop-strategy", "strategies", "reload")
USAGE = """\
usage: mm COMMAND ...

  run        make a market (without arguments: on the embedded simulation)
  why        explain the quotes, and their absence, of the last run
  orders     orders and what became of them
  fills      fills, exact to the last unit
  pnl        profit by market, fees and funding, and by part
  hedges     debts that fills made, and the hedges that paid them
  reconcile  whether our books are the venues', by the last comparison or by one --now
  journal    verify, repair or dump the durable journal of a state folder
  store      bring the store up to date from the journal, make it anew, check it
  chaos      a verdict for a configuration in a world of faults
  packages   whether what is installed is what was meant, by hash
  simulator  the simulated venues alone, for any client

to a run that is going on:

  kill [STEP]               cancel every own order and stand still, or another step of the ladder
  stop                      end the run: own orders are cancelled, and it says what is left
  pause [NAME]              take quotes away, of one strategy or of all
  resume [NAME]             let them come back, and let go what kill put in force
  start, stop-strategy NAME begin or end a strategy
  strategies                tell how each strategy is
  reload [FILE]             go by a changed configuration

mm COMMAND --help says more."""
UNREAD = 141
"""As a shell says it of a process whose reader has gone (`mm why | head`); also where a full disk takes nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Hand over to a command; a file or folder that it cannot use is one sentence, and code 2. It ends without a word
    where nobody reads what it says."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = arguments.pop(0) if arguments else ""
    try:
        code = _handed(command, arguments)
    except SystemExit:
        # --help, and arguments that are none.
        if _is_unread():
            return UNREAD
        raise
    except BrokenPipeError:
        # Of what is printed: what goes over sockets is judged where it does.
        _is_unread()
        return UNREAD
    except OSError as error:
        # A run tells of its own, with a report.
        if command == "run" or error.filename is None:
            if command != "run" and _is_unread():
                return UNREAD
            raise
        print(f"{error.filename}: {(error.strerror or 'it cannot be used').lower()}", file=sys.stderr)
        return 2
    return UNREAD if _is_unread() else code


def _is_unread() -> bool:
    """Whether nobody reads what was said, or it cannot be written, which is told. What is left of it goes nowhere, or
    the end of the process would tell."""
    is_unread = False
    for stream in (sys.stdout, sys.stderr):
        try:
            print(end="", file=stream, flush=True)
        except OSError as error:
            if not isinstance(error, BrokenPipeError) and stream is sys.stdout:
                print(f"what is said cannot be written: {(error.strerror or str(error)).lower()}", file=sys.stderr)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            is_unread = True
    return is_unread


def _handed(command: str, arguments: list[str]) -> int:
    if command == "run":
        from mm.run import main as run

        return run(arguments)
    if command == "why":
        from mm.why import main as why

        return why(arguments)
    if command == "reconcile":
        from mm.reconcile import main as reconcile

        return reconcile(arguments)
    if command == "journal":
        from mm.journal import main as journal

        return journal(arguments, "mm journal")
    if command in LISTS:
        from mm.store.command import main as listing

        return listing(command, arguments)
    if command == "store":
        from mm.store.command import store_main

        return store_main(arguments)
    if command == "simulator":
        from mm.simulator.process import main as simulator

        return simulator(arguments)
    if command == "packages":
        from mm.packages import main as packages

        return packages(arguments)
    if command == "chaos":
        from mm.chaos.command import main as chaos

        return chaos(arguments)
    if command in COMMANDS:
        from mm.operate import main as operate

        return operate(command, arguments)
    if command in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if command:
        print(f"mm: no command is named {command!r}", file=sys.stderr)
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
