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

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
PATIENCE_S: Final = 30.0
COMMANDS: Final = {
    "pause": "take the quotes of a strategy away, or all of them, until they are resumed",
    "resume": "let a strategy go on from where it was paused, or all of them",
    "start": "start a strategy that is stopped or has failed: it is made anew",
    "stop-strategy": "stop a strategy: it is told, and its orders are cancelled",
    "strategies": "tell how each strategy is",
    "reload": "check a changed configuration whole, show what it changes, and go by it",
}


def main(command: str, argv: Sequence[str]) -> int:
    """Say one thing to a run; returns 0 done, 1 refused, 2 no run or wrong arguments."""
    arguments = _parser(command).parse_args(argv)
    try:
        with Run(Path(arguments.state)) as run:
            if command == "reload":
                return _reload(run, arguments)
            return _told(run.ask({"command": command, "strategy": getattr(arguments, "strategy", "")}))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        print(f"no run answers on the state folder {arguments.state} ({reason}): give its --state", file=sys.stderr)
        return USAGE


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"mm {command}", description=f"Ask a run to {COMMANDS[command]}.")
    if command in ("start", "stop-strategy"):
        parser.add_argument("strategy", metavar="NAME", help="of [strategies.NAME]")
    elif command in ("pause", "resume"):
        parser.add_argument("strategy", metavar="NAME", nargs="?", default="", help="of one strategy (default: all)")
    elif command == "reload":
        parser.add_argument("file", type=Path, metavar="FILE", nargs="?", help="default: the run's own --config")
        parser.add_argument("--yes", action="store_true", help="raised limits are meant")
        parser.add_argument("--check", action="store_true", help="show what it would change, and change nothing")
    parser.add_argument("--state", default="state", metavar="DIR", help="state folder of the run (default: state)")
    return parser


class Run:
    """A connection to a run. Raises OSError where there is none."""

    def __init__(self, state: Path) -> None:
        if not (state / NAME).exists():
            raise FileNotFoundError(2, "there is no control.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
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
        if input(f"{len(raised)} limits are raised. Go by them? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was changed", file=sys.stderr)
            return REFUSED
    answer = run.ask({**request, "token": shown["token"], "raised": bool(raised)})
    if answer["ok"]:
        print("in force now:")
    return _told(answer)
