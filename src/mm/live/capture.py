"""`python -m mm.live.capture`: a venue's public messages and replies as they come, for samples.

It is the venue's own session that connects and subscribes, without a key, so that nothing private can be written. One
JSON object a line: `at_ns`, then `channel` and `text` (or `hex`) of a message, or `request`, `status` and `text` of a
reply.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from mm.config import VenueSettings
from mm.errors import ConfigError
from mm.exchanges import find
from mm.live.linking import addresses, make_link
from mm.live.shell import Shell
from mm.net.actions import Request
from mm.net.link import Link
from mm.net.wall_clock import WallClock


class Captured:
    """A link with somebody who writes down what it hears; see `mm.live.shell.Machine`."""

    def __init__(self, link: Link, file: IO[str]) -> None:
        self._link, self._file = link, file
        self._asked: dict[int, str] = {}
        self.lines = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool = True) -> object:
        """Write a message and hand it on."""
        self._write(now_ns, payload, channel=channel)
        return self._link.frame(now_ns, channel, payload, last)

    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> object:
        """Write a reply and hand it on."""
        self._write(now_ns, body, request=self._asked.pop(request_id, ""), status=status)
        return self._link.reply(now_ns, request_id, status, body)

    def drain(self) -> list[Any]:
        """Take what is to be done, and note what is asked."""
        actions = self._link.drain()
        for action in actions:
            if isinstance(action, Request):
                self._asked[action.request_id] = f"{action.request.method} {action.request.path}"
        return actions

    def _write(self, now_ns: int, payload: bytes, **more: object) -> None:
        try:
            body = {"text": payload.decode()}
        except UnicodeDecodeError:
            body = {"hex": payload.hex()}
        self._file.write(json.dumps({"at_ns": now_ns, **more, **body}) + "\n")
        self.lines += 1


async def capture(settings: VenueSettings, symbols: tuple[str, ...], seconds: float, file: IO[str]) -> int:
    """Listen to a venue for some seconds; returns how many lines were written. Raises ConfigError."""
    face = find(settings.name, settings.package)
    where = addresses(face, settings)
    clock = WallClock()
    # Without a key there is no private channel.
    public = replace(settings, api_key=None, api_secret=None)
    machine = Captured(make_link(public, where, face, symbols, seed=1), file)
    shell = Shell(machine, {settings.name: where.rest}, clock=clock)
    shell.start()
    try:
        await asyncio.sleep(seconds)
    finally:
        shell.stop()
        await shell.wait_closed()
    return machine.lines


def main(argv: Sequence[str] | None = None) -> int:
    """Write the samples; returns 0, or 2 for wrong arguments, 3 when nothing came."""
    parser = argparse.ArgumentParser(prog="python -m mm.live.capture", description=__doc__)
    parser.add_argument("--venue", required=True, metavar="NAME")
    parser.add_argument("--package", default="", metavar="MODULE", help="of a venue that does not come with mm")
    parser.add_argument("--symbol", required=True, action="append", metavar="BASE/QUOTE", help="may be given again")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="written anew")
    parser.add_argument("--rest-url", default="", metavar="URL", help="instead of the venue's own")
    parser.add_argument("--ws-url", default="", metavar="URL", help="instead of the venue's own")
    arguments = parser.parse_args(argv)
    settings = VenueSettings(
        name=arguments.venue, package=arguments.package, rest_url=arguments.rest_url, ws_url=arguments.ws_url
    )
    try:
        with arguments.out.open("w", encoding="utf-8") as file:
            lines = asyncio.run(capture(settings, tuple(arguments.symbol), arguments.seconds, file))
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{lines} messages and replies in {arguments.out}")
    return 0 if lines else 3


if __name__ == "__main__":
    sys.exit(main())
