"""The watchdog: a small process of its own that cancels own orders when the bot's heartbeat stops.

    python -m mm.live.watchdog        started by the bot, which talks to it over standard input

A venue's own timer covers the whole account, takes its time, and some venues have none. Where none is armed, or where
this process has a key of its own and is in nobody's way, it stands in:
it hears from the bot twice a second, and five times within `run.watchdog_s` where that is short. When the pipe ends
without a last word (the bot was killed) or is silent for too long (it was stopped, or its loop is blocked) it connects
by itself and cancels by id what the bot told it to be open. It reads the open orders meanwhile and cancels those with
our form of id, until the venue says that none is left.
When the heart beats again meanwhile, it stands back.

Lines of JSON: first who we are and where, then `{"beat": n, "covered": [venues left to their own timer],
"nonces": {venue: what its key has used up to}, "reserved": {venue: up to where the state folder has them}, "open":
{venue: {client id: [symbol, venue's id]}}}`, at last `{"bye": true}`. Where the watchdog has a key of its own
(`own_keys`), no nonce is shared. That key is tried at once, so that one which is refused is told of before it is
needed, and where it does not do, or the venue knows none of our orders by it, the bot's key is used. What it did is in
`watchdog.log` of the state folder, and the next start tells of it. Keys come over the pipe and go nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mm.live.rescuing import Rescued, Target
    from mm.persistence.floors import NonceFloor

LOG: Final = "watchdog.log"
LOG_BYTES_MAX: Final = 256_000
"""Then it becomes watchdog.old.log, and the one before that goes: a heart that stops and beats in turns says a lot."""
PATIENCE_S: Final = 120.0
"""How long it goes on against a venue that does not answer; longer than any reconnect pause."""
OWN_KEY_S: Final = 15.0
"""How long a key of its own may take: a rescue that works is over after seven seconds."""
TRIAL_ENDS_S: Final = 1.0
"""So long a trial of the keys has for its end when they are needed."""
POLL_S: Final = 0.05


@dataclass(slots=True)
class Pulse:
    """What is heard of the bot. silence_s: without a line for so long, its heart has stopped."""

    silence_s: float
    heard_s: float = 0.0
    beats: int = 0
    covered: frozenset[str] = frozenset()
    nonces: dict[str, int] = field(default_factory=dict)
    """What the links of the bot may have used, by venue."""
    reserved: dict[str, int] = field(default_factory=dict)
    """Up to where they are on the disk, by venue."""
    open: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    """Orders that may be open, by venue and client id: symbol and the venue's id."""
    is_over: bool = False
    """It said goodbye: nothing is left to watch."""
    is_cut: bool = False
    """The pipe ended without a goodbye."""

    def line(self, text: bytes, now_s: float) -> None:
        """Take a line; an empty one is the end of the pipe. A broken line is a sign of life all the same."""
        if not text:
            self.is_cut = not self.is_over
            return
        self.heard_s = now_s
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            value = json.loads(text)
            self.is_over = self.is_over or value.get("bye") is True
            if "beat" in value:
                self.beats += 1
                self.covered = frozenset(str(name) for name in value.get("covered", ()))
                self.nonces = {str(name): int(last) for name, last in value.get("nonces", {}).items()}
                self.reserved = {str(name): int(end) for name, end in value.get("reserved", {}).items()}
                self.open = {
                    name: {client_id: (symbol, venue_id) for client_id, (symbol, venue_id) in orders.items()}
                    for name, orders in value.get("open", {}).items()
                }

    def why(self, now_s: float) -> str:
        """Why orders have to be cancelled now, '' while all is well."""
        if self.is_over:
            return ""
        if self.is_cut:
            return "the bot ended without its last word"
        if now_s - self.heard_s >= self.silence_s:
            return f"no heartbeat of the bot for {self.silence_s:g} s"
        return ""


@dataclass(slots=True)
class Watchdog:
    """The process's work. hello: the first line; say: takes a sentence for the log; owns: whether an open folder is the
    bot's."""

    hello: dict[str, Any]
    say: Any
    owns: Callable[[int], bool] = lambda folder: True
    pulse: Pulse = field(init=False)
    own_keys: dict[str, Any] = field(init=False)
    """The targets where it signs with a key that is not the bot's."""
    _has_fired: bool = False
    _trying: asyncio.Future[None] | None = None

    def __post_init__(self) -> None:
        """Take the bound of silence."""
        self.pulse = Pulse(float(self.hello["silence_s"]))
        self.own_keys = self.hello.get("own_keys", {})

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Watch until the bot says goodbye, or until nothing of it is left."""
        loop = asyncio.get_running_loop()
        pulse = self.pulse
        pulse.heard_s = loop.time()
        hearing = asyncio.ensure_future(self._hear(reader))
        if self.own_keys:
            self._trying = asyncio.ensure_future(self._try_keys())
        fired_at = -1
        try:
            while not pulse.is_over:
                why = pulse.why(loop.time())
                if why and fired_at != pulse.beats:
                    fired_at = pulse.beats
                    await self._fire(why)
                if pulse.is_cut:
                    return
                await asyncio.sleep(POLL_S)
        finally:
            hearing.cancel()
            if self._trying is not None:
                self._trying.cancel()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        text = b"-"
        while text:
            try:
                text = await reader.readline()
            except ValueError:
                # Longer than is read, and dropped: a sign of life, as any broken line.
                text = b"-"
            self.pulse.line(text, loop.time())

    async def _try_keys(self) -> None:
        """With each own key, read the open orders and cancel one that never was; say of a key that it does not do."""
        from mm.oms.ids import ClientIds

        async def one(name: str) -> None:
            symbols = self.own_keys[name]["symbols"]
            never = ClientIds(self.hello["owner"], 0).peek("quote")
            told = {never: (symbols[0], "")} if symbols else {}
            # No order is of start 0, so that none is meant but this.
            why = ""
            try:
                done = await self._rescue(name, lambda: not self._has_fired, told=told, epoch_max=0, is_own=True)
            except Exception as error:  # noqa: BLE001  of a key of which nobody knows that it does, it is said
                why = f"{type(error).__name__}: {error}"
            else:
                if done.is_wanted and not done.is_clean:
                    why = done.problem or "the answers do not come"
            if why:
                self.say(f"{name}: the key of the watchdog does not do, the bot's will be used: {why}")

        await asyncio.gather(*map(one, self.own_keys))

    async def _fire(self, why: str) -> None:
        """Cancel at every venue that is not left to its own timer; stand back when the heart beats again."""
        names = [name for name in self.hello["venues"] if name not in self.pulse.covered]
        if not names:
            self.say(f"{why}: every venue has its own timer armed, nothing to do")
            return
        self.say(f"{why}: cancelling own orders at {', '.join(names)}")
        beats = self.pulse.beats
        self._has_fired = True
        if self._trying is not None:
            # It ends within a moment; a key's nonces rise over one link at a time. A line that does not close keeps no
            # order open.
            await asyncio.wait([self._trying], timeout=TRIAL_ENDS_S)
            self._trying.cancel()

        def is_wanted() -> bool:
            return self.pulse.beats == beats and not self.pulse.is_over

        async def one(name: str) -> bool:
            told = self.pulse.open.get(name, {})
            for is_own in (True, False) if name in self.own_keys else (False,):
                try:
                    done = await self._rescue(name, is_wanted, told=told, epoch_max=self.hello["epoch"], is_own=is_own)
                except Exception as error:  # noqa: BLE001  the other key and the other venues go on
                    self.say(f"{name}: {type(error).__name__}: {error}")
                else:
                    if done.is_wanted or done.cancelled:
                        self.say(done.text(name))
                    # An account that knows none of our orders may be another: what was sent last nobody told of.
                    if not done.is_wanted or (done.is_clean and done.knows_us):
                        break
                if is_own:
                    self.say(f"{name}: that was the watchdog's own key; now with the bot's")
            return is_wanted()

        # All at once: a venue that cannot be reached must not keep orders at the others open.
        if not all(await asyncio.gather(*map(one, names))):
            self.say("the heart beats again: standing back")

    async def _rescue(
        self,
        name: str,
        is_wanted: Callable[[], bool],
        *,
        told: dict[str, tuple[str, str]],
        epoch_max: int,
        is_own: bool,
    ) -> Rescued:
        from mm.live.nonces import NonceKeeper
        from mm.live.rescuing import Target, rescue
        from mm.net.wall_clock import WallClock

        target = Target.from_json(name, (self.own_keys if is_own else self.hello["venues"])[name])
        keeper = NonceKeeper(self._floors(name, target, is_own=is_own))
        keeping = asyncio.ensure_future(keeper.run(WallClock().now_ns, self.say))
        try:
            return await rescue(
                target,
                self.hello["owner"],
                patience_s=OWN_KEY_S if is_own else PATIENCE_S,
                is_wanted=is_wanted,
                epoch_max=epoch_max,
                nonce_floor=keeper.start(name) if is_own else self.pulse.nonces.get(name, 0),
                keeper=keeper,
                told=told,
                is_trial=is_own,
            )
        finally:
            keeping.cancel()

    def _floors(self, name: str, target: Target, *, is_own: bool) -> dict[str, NonceFloor]:
        """What is on the disk of a key's nonces: of the bot's as it said last, of an own key as its file has them."""
        from mm.errors import ConfigError
        from mm.exchanges import find
        from mm.net.wall_clock import WallClock
        from mm.persistence.floors import NonceFloor, nonce_file

        end = None if is_own else self.pulse.reserved.get(name)
        is_kept = is_own and find(name, target.venue.package).capabilities.rising_nonces
        if target.venue.api_key is None or (end is None and not is_kept):
            return {}
        file = nonce_file(name, target.venue.api_key.reveal())
        now_ns = WallClock().now_ns() if end is None else None
        try:
            return {name: NonceFloor(Path(self.hello["state"]), file, now_ns, end=end or 0, owns=self.owns)}
        except ConfigError as error:
            # The venue must hear the cancels all the same.
            self.say(f"the nonces of {name} are not kept for a start under another clock: {error}")
            return {}


async def _main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    hello = json.loads(await reader.readline())
    # What `_fire` needs takes a tenth of a second to load: not then.
    import mm.live.rescuing  # noqa: F401

    folder = -1
    with contextlib.suppress(OSError):
        # Held from here on: another run may have its path when there is something to say.
        folder = os.open(hello["state"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def say(text: str) -> None:
        line = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, watching process {hello['process']}: {text}\n"
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(LOG, dir_fd=folder).st_size >= LOG_BYTES_MAX:
                    os.replace(LOG, "watchdog.old.log", src_dir_fd=folder, dst_dir_fd=folder)
            with open(LOG, "a", opener=lambda name, flags: os.open(name, flags, 0o666, dir_fd=folder)) as log:
                log.write(line)

    def owns(found: int) -> bool:
        return folder >= 0 and os.path.samestat(os.fstat(found), os.fstat(folder))

    await Watchdog(hello, say, owns).run(reader)


def main() -> int:
    """Run the process."""
    with contextlib.suppress(KeyboardInterrupt, json.JSONDecodeError):
        asyncio.run(_main())
    return 0


if __name__ == "__main__":
    sys.exit(main())
