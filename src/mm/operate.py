"""`mm pause`, `resume`, `start`, `stop-strategy`, `strategies` and `reload`: words to a run that is going on."""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mm.live.control import NAME, address
from mm.steps import STEPS

LOCK: Final = "bot.lock"
"""Holds the number of the process that runs on a state folder."""
DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
PATIENCE_S: Final = 30.0
KILL_PATIENCE_S: Final = 8.0
"""The answer is there within five seconds, or the run hears nothing."""
TRIES: Final = 6
PAUSE_S: Final = 0.1
"""Before the next try, when the door was too full to hear a word."""
LET_GO_S: Final = 10.0
"""After its last word a run writes a snapshot and closes its files: parts of a second, on a healthy disk."""
COMMANDS: Final = {
    "kill": "cancel every own order and send nothing new until it is resumed, or take another step of the ladder",
    "stop": "end: own orders are cancelled, and it says what is left",
    "pause": "take the quotes of a strategy away, or all of them, until they are resumed",
    "resume": "let a strategy go on from where it was paused, or all of them and what kill put in force",
    "start": "start a strategy that is stopped or has failed: it is made anew",
    "stop-strategy": "stop a strategy: it is told, and its orders are cancelled",
    "strategies": "tell how each strategy is",
    "reload": "check a changed configuration whole, show what it changes, and go by it",
}


def main(command: str, argv: Sequence[str]) -> int:
    """Say one thing to a run; returns 0 done, 1 refused, 2 no run or wrong arguments."""
    arguments = _parser(command).parse_args(argv)
    state = Path(arguments.state)
    patience_s = KILL_PATIENCE_S if command == "kill" else PATIENCE_S
    try:
        if command == "reload":
            with Run(state, patience_s) as run:
                return _reload(run, arguments)
        words = ("strategy", "step", "venue", "side", "reason")
        request = {word: value for word in words if (value := getattr(arguments, word, ""))}
        answer = _heard(state, {"command": command, **request}, patience_s)
    except TimeoutError:
        print(_silent(state), file=sys.stderr)
        return USAGE
    except (OSError, ValueError) as error:
        print(_absent(state, getattr(error, "strerror", None) or str(error)), file=sys.stderr)
        return USAGE
    return _stopped(answer, state) if command == "stop" else _told(answer)


def _heard(state: Path, request: dict[str, Any], patience_s: float) -> dict[str, Any]:
    """The answer to a request; whoever is cut off before one comes again. Raises OSError and ValueError."""
    for tries_left in reversed(range(TRIES)):
        try:
            with Run(state, patience_s) as run:
                return run.ask(request)
        except (BrokenPipeError, ConnectionResetError):
            if not tries_left:
                raise
            time.sleep(PAUSE_S)
    raise AssertionError


def _process(state: Path) -> str:
    """The number of the process that holds a folder, or was the last to do so; PID where it is not known."""
    try:
        return (state / LOCK).read_text("ascii").strip() or "PID"
    except (OSError, ValueError):
        return "PID"


def _absent(state: Path, reason: str) -> str:
    """What is to be known and done where no run answers."""
    from mm.persistence.state import is_held

    text, process = f"no run answers on the state folder {state}", _process(state)
    try:
        if not (state / LOCK).exists():
            return f"{text} ({reason}): give its --state"
        if is_held(state):
            return (
                f"{text} ({reason}), but process {process} runs on it: say it again; `kill {process}` stops it in order"
            )
    except OSError:
        return f"{text} ({reason}): give its --state"
    if not (state / NAME).exists():
        ended = f"process {process}, the last one there, has ended; its last word is in {state / 'logs'}"
        return f"{text}: {ended}. `mm run` starts again; for another run give its --state"
    return "\n".join(
        [
            f"{text}: process {process}, which ran there, is dead. What cancels its orders now:",
            *(f"  {line}" for line in _cancelling(state)),
            "Start again on the same folder: a start takes over what is left. Or look at the venue.",
        ]
    )


def _cancelling(state: Path) -> list[str]:
    """What cancels the orders of a run that died, by venue, as its recording has its settings."""
    from itertools import islice

    from mm._core import events as ev
    from mm.exchanges import find
    from mm.exchanges.discovery import title
    from mm.persistence.recording import RecordingError, read

    watchdog = f"the watchdog, which says in {state / 'watchdog.log'} what it did"
    try:
        events = islice(read(max((state / "recordings").glob("*.mmr"))), 10)
        config = json.loads(next(event.config for event in events if type(event) is ev.Start))
        lines = []
        for name, venue in config["venues"].items():
            package = venue.get("package", "")
            shown, seconds = title(name, package), venue["dead_man_switch_s"]
            is_armed = seconds and venue["accept_account_wide_timer"]
            if is_armed and find(name, package).capabilities.dead_man_switch:
                lines.append(
                    f"{shown}: its own timer, {seconds} s after the last word, once it was armed; sooner the watchdog, "
                    "where it has a key of its own"
                )
            elif float(config["run"]["watchdog_s"]):
                lines.append(f"{shown}: {watchdog}")
            else:
                lines.append(f"{shown}: nothing, its orders stay until they are cancelled")
    except (OSError, ValueError, LookupError, StopIteration, RecordingError):
        return [f"the venue's own timer where one was armed, else {watchdog}"]
    return lines


def _silent(state: Path) -> str:
    """What to do about a run that does not answer."""
    process = _process(state)
    return (
        f"the run on {state} (process {process}) does not answer: its loop may be blocked. It acts once it is not any "
        f"more; until then its watchdog, or the venue's timer, cancels. `kill -9 {process}` ends it for good"
    )


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"mm {command}", description=f"Ask a run to {COMMANDS[command]}.")
    if command in ("start", "stop-strategy"):
        parser.add_argument("strategy", metavar="NAME", help="of [strategies.NAME]")
    elif command in ("pause", "resume"):
        parser.add_argument("strategy", metavar="NAME", nargs="?", default="", help="of one strategy (default: all)")
    elif command == "kill":
        parser.add_argument("step", metavar="STEP", nargs="?", default="", help=f"{', '.join(STEPS)} (default: halt)")
        parser.add_argument("--strategy", metavar="NAME", default="", help="of one strategy's quotes alone")
        parser.add_argument("--venue", metavar="NAME", default="", help="at one venue alone")
        parser.add_argument("--side", choices=("buy", "sell"), default="", help="which side pause-side is about")
        parser.add_argument("--reason", metavar="TEXT", default="", help="for whoever looks at it later")
    if command == "resume":
        parser.add_argument(
            "--step", metavar="STEP", default="", help=f"let one step go, and no other: {', '.join(STEPS)}"
        )
    if command == "reload":
        parser.add_argument("file", type=Path, metavar="FILE", nargs="?", help="default: the run's own --config")
        parser.add_argument("--yes", action="store_true", help="raised limits are meant")
        parser.add_argument("--check", action="store_true", help="show what it would change, and change nothing")
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    return parser


class Run:
    """A connection to a run. Raises OSError where there is none."""

    def __init__(self, state: Path, patience_s: float = PATIENCE_S) -> None:
        if not (state / NAME).exists():
            raise FileNotFoundError(2, "there is no control.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(patience_s)
        with address(state) as path:
            self._socket.connect(path)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer. Raises OSError or ValueError for one that is none."""
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ConnectionResetError("it closed the connection")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _told(answer: dict[str, Any]) -> int:
    print("\n".join(answer["text"]), file=sys.stdout if answer["ok"] else sys.stderr)
    return DONE if answer["ok"] else REFUSED


def _stopped(answer: dict[str, Any], state: Path) -> int:
    """The last word of a run that was told to stop; its own exit code where it has one, once the folder is free."""
    from mm.persistence.state import is_held

    _told(answer)
    if "exit_code" not in answer:
        return REFUSED
    code = int(answer["exit_code"])
    until_s = time.monotonic() + LET_GO_S
    try:
        while is_held(state):
            if time.monotonic() > until_s:
                held = f"process {_process(state)} still holds the state folder {state} after {LET_GO_S:g} s"
                print(f"the run has stopped, but {held}: a start there is refused until it ends", file=sys.stderr)
                return code or REFUSED
            time.sleep(PAUSE_S / 5)
    except OSError as error:
        print(f"whether the state folder {state} is free is not known ({error.strerror})", file=sys.stderr)
    return code


def _counted(limits: int) -> str:
    return "1 limit is" if limits == 1 else f"{limits} limits are"


def _reload(run: Run, arguments: argparse.Namespace) -> int:
    request = {"command": "reload", "file": str(arguments.file.absolute()) if arguments.file else ""}
    shown = run.ask(request)
    code = _told(shown)
    if code or arguments.check or "token" not in shown:
        return code
    raised = shown["raised"]
    if raised and not arguments.yes:
        if not sys.stdin.isatty():
            print("limits are raised: add --yes to say that you mean it; nothing was changed", file=sys.stderr)
            return REFUSED
        if input(f"{_counted(len(raised))} raised. Go by them? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was changed", file=sys.stderr)
            return REFUSED
    answer = run.ask({**request, "token": shown["token"], "raised": bool(raised)})
    if answer["ok"]:
        print("in force now:")
    return _told(answer)
