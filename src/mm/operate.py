"""`mm pause`, `resume`, `start`, `stop-strategy`, `strategies` and `reload`: words to a run that is going on."""

from __future__ import annotations

import argparse
import json
import socket
import sys
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
    try:
        with Run(Path(arguments.state), KILL_PATIENCE_S if command == "kill" else PATIENCE_S) as run:
            if command == "reload":
                return _reload(run, arguments)
            words = ("strategy", "step", "venue", "side", "reason")
            request = {word: value for word in words if (value := getattr(arguments, word, ""))}
            answer = run.ask({"command": command, **request})
            return _told(answer) if command != "stop" else _stopped(answer)
    except TimeoutError:
        print(_silent(Path(arguments.state)), file=sys.stderr)
        return USAGE
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        print(f"no run answers on the state folder {arguments.state} ({reason}): give its --state", file=sys.stderr)
        return USAGE


def _silent(state: Path) -> str:
    """What to do about a run that does not answer."""
    try:
        process = (state / LOCK).read_text("ascii").strip()
    except (OSError, ValueError):
        process = "PID"
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
            raise OSError("it closed the connection")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _told(answer: dict[str, Any]) -> int:
    print("\n".join(answer["text"]), file=sys.stdout if answer["ok"] else sys.stderr)
    return DONE if answer["ok"] else REFUSED


def _stopped(answer: dict[str, Any]) -> int:
    """The last word of a run that was told to stop; its own exit code where it has one."""
    _told(answer)
    return int(answer.get("exit_code", REFUSED))


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
