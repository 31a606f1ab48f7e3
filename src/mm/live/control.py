"""The local door to a run: a Unix socket in the state folder, for its owner alone.

A line of JSON comes in, a line of JSON goes out: `{"command": "pause"}` is answered by `{"ok": true, "text": [...]}`,
and what else it tells. What a command does is not known here: a run names its commands. The socket is made
0600, and whoever connects must have the same user id (or be root) where the system tells; nothing of it is reachable
from another machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

NAME: Final = "control.sock"
LINE_BYTES_MAX: Final = 65_536
CONNECTIONS_MAX: Final = 32
"""At once. One more takes the place of who has said nothing for longest: a kill has to be heard beside them. `mm` comes
again when its own place was taken before its line was read."""
LOOK_S: Final = 1.0
"""Between two looks whether the door is still there: what clears old files away takes a socket's name for one."""
IDLE_S: Final = 10.0
"""A caller that says nothing for so long is gone or not one of ours."""
PATH_BYTES_MAX: Final = 100
"""Systems take 104 to 108 bytes of a socket's path."""
ROOT: Final = 0
CREDENTIALS: Final = struct.Struct("3i")
"""pid, user id, group id of SO_PEERCRED."""

Answer = dict[str, Any]
Command = Callable[[Mapping[str, Any]], Awaitable[Answer]]


@contextlib.contextmanager
def address(state: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the system. Raises OSError where there is none."""
    path = state / NAME
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        near = Path(f"/proc/self/fd/{folder}")
        if not near.exists():
            raise OSError(f"the path of {path} is too long for a socket: choose a shorter state folder")
        yield str(near / NAME)
    finally:
        os.close(folder)


def answers(state: Path) -> bool:
    """Whether a run listens on a state folder."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door, address(state) as path:
            door.connect(path)
    except OSError:
        return False
    return True


def failed(*text: str) -> Answer:
    """The answer to what was not done."""
    return {"ok": False, "text": list(text)}


def done(*text: str, **facts: Any) -> Answer:
    """The answer to what was done."""
    return {"ok": True, "text": list(text), **facts}


class Control:
    """The door. state: the run's folder; commands: by name; hold: holds the folder that the path leads to, and says
    whether it is this run's, so that no door there is another's."""

    def __init__(self, state: Path, commands: Mapping[str, Command], hold: Callable[[], bool] = lambda: True) -> None:
        self._state = state
        self._hold = hold
        self._commands = dict(commands)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._silent: dict[asyncio.Task[None], None] = {}
        """Those that have said nothing yet, or nothing since their answer; the longest first."""
        self._place: tuple[int, int] | None = None
        self._look: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open it, and keep it open. Raises OSError."""
        await self._listen()
        self._keep()

    async def _listen(self) -> None:
        # The folder is locked by this run: a socket that is there is a dead one's.
        (self._state / NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with address(self._state) as path:
                mask = os.umask(0o177)
                try:
                    listener.bind(path)
                finally:
                    os.umask(mask)
            self._place = self._found()
            self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=LINE_BYTES_MAX)
        except BaseException:
            listener.close()
            raise

    def _found(self) -> tuple[int, int] | None:
        """Which file has the door's name; None for none."""
        try:
            found = (self._state / NAME).lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _keep(self) -> None:
        """Hold the folder, and look whether the door is where it was put, again and again."""
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(LOOK_S, self._keep)
        if self._server is not None and self._hold() and self._found() != self._place:
            self._place = self._found()
            task = loop.create_task(self._again())
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _again(self) -> None:
        """Open another in its place; a folder that is not there any more has none, and is tried again."""
        former = self._server
        try:
            await self._listen()
        except OSError:
            self._place = (0, 0)
            return
        if former is not None:
            former.close()

    async def stop(self) -> None:
        """Close it; callers that are connected are cut off."""
        if self._look is not None:
            self._look.cancel()
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._hold():
            (self._state / NAME).unlink(missing_ok=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is_owner(writer.get_extra_info("socket")) or not self._has_room():
                return
            while line := await self._line(reader):
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ValueError, ConnectionError):
            # Silent, too long a line, or gone.
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    def _has_room(self) -> bool:
        """Make room for one more caller: who says nothing gives way."""
        if len(self._open) <= CONNECTIONS_MAX:
            return True
        task = next(iter(self._silent), None)
        if task is None:
            return False
        del self._silent[task]
        task.cancel()
        return True

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """The caller's next line; empty at its end."""
        task = asyncio.current_task()
        assert task is not None
        self._silent[task] = None
        try:
            return await asyncio.wait_for(reader.readline(), IDLE_S)
        finally:
            self._silent.pop(task, None)

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            name = request["command"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return failed('expected one line of JSON with a "command"')
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            return failed(f"no such command; this run knows {', '.join(sorted(self._commands))}")
        try:
            return await command(request)
        except Exception as error:  # noqa: BLE001  # a caller's mistake must not end a run
            return failed(f"{type(error).__name__}: {error}")


def _is_owner(peer: Any) -> bool:  # Any: asyncio's transport socket
    """Whether the caller is the user of this process, or root; where the system does not tell, the mode of the socket
    has to do."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, user, _ = CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, option, CREDENTIALS.size))
    return user in (ROOT, os.geteuid())
