"""The command line of `python -m mm.run`: what it means for the settings, nothing that runs."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

EPILOG = """\
exit codes: 0 requested stop, every own order proven gone; 2 wrong arguments or configuration; 3 never ready to trade:
this start placed nothing (the statement says where an earlier one may have left orders); 4 something may be left at the
venue (read the statement); 5 fault, every own order proven gone.
Without arguments: simulated venues on this machine, no key, no network."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with code 2; a file that lacks its option is told of it."""
        unknown = message.partition("unrecognized arguments: ")[2].split()
        if files := [word for word in unknown if word.endswith(".toml")]:
            message += f" (a configuration is given with --config {files[0]})"
        super().error(message)


def parser(program: str = "python -m mm.run") -> argparse.ArgumentParser:
    """The parser of the run's arguments."""
    parser = _Parser(
        prog=program,
        description="Make a market: quote both sides, keep the inventory inside limits.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML configuration (default: the simulation's own)"
    )
    parser.add_argument("--world", choices=("sim", "live"), help="sim: simulated venue; live: real ones, needs --live")
    parser.add_argument(
        "--live",
        action="store_true",
        help="yes, trade for real (world live does not start without it, nor another with it)",
    )
    parser.add_argument("--rest-url", metavar="URL", help="the venue's REST address (one venue; for a simulated one)")
    parser.add_argument("--ws-url", metavar="URL", help="the venue's public websocket address")
    parser.add_argument("--ws-auth-url", metavar="URL", help="the venue's private websocket address")
    parser.add_argument("--symbol", metavar="BASE/QUOTE", help="symbol of the strategy (only one strategy configured)")
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="stop after so many seconds")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random choice")
    parser.add_argument("--state", metavar="DIR", help="folder of recordings and ledgers (default: state)")
    parser.add_argument("--log-level", choices=("info", "debug", "trace"), help="how much is told")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    parser.add_argument("--env-file", type=Path, default=Path(".env"), metavar="FILE", help="secrets (default: .env)")
    return parser


def overrides(arguments: argparse.Namespace, venue: str, strategy: str) -> dict[tuple[str, ...], Any]:
    """Settings that the command line states, by path; `venue` and `strategy` are those that the options mean."""
    found: dict[tuple[str, ...], Any] = {
        ("run", "world"): arguments.world,
        ("run", "seconds"): arguments.seconds,
        ("run", "seed"): arguments.seed,
        ("run", "state"): arguments.state,
        ("run", "log_level"): arguments.log_level,
        ("venues", venue, "rest_url"): arguments.rest_url,
        ("venues", venue, "ws_url"): arguments.ws_url,
        ("venues", venue, "ws_auth_url"): arguments.ws_auth_url,
        ("strategies", strategy, "symbol"): arguments.symbol,
    }
    return {path: value for path, value in found.items() if value is not None}


def _seconds(text: str) -> Decimal:
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, got {text!r}") from None
    if not seconds.is_finite() or seconds <= 0:
        raise argparse.ArgumentTypeError(f"expected more than 0 seconds, got {text}")
    return seconds
