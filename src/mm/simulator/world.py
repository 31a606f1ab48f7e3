"""Finding the simulator of a state folder, or starting one. Light: a bot imports this at its start.

A simulator describes itself in `simulator.json`; one that was killed leaves the file behind, so it is believed only
when its process lives and its port answers for the same start.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

FILE_NAME: Final = "simulator.json"
LOG_NAME: Final = "simulator.log"
LAUNCH_TIMEOUT_S: Final = 15.0
"""A start takes about half a second; a loaded machine may need much longer."""
PROBE_TIMEOUT_S: Final = 5.0
"""Of a process that lives: on a machine that is busy it may take its time, and a second one must not be started."""


class LaunchError(RuntimeError):
    """No simulator could be started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue of a running simulator: where it listens, the key of its account, what it says about its market."""

    rest_url: str
    ws_url: str
    ws_auth_url: str
    control_url: str
    api_key: str
    api_secret: str
    second_key: tuple[str, str]
    """Another key of the account and its secret; the same where the venue needs none."""
    market: str
    tier: str
    fees: str

    def __repr__(self) -> str:
        return f"Venue(rest_url={self.rest_url!r})"


@dataclass(frozen=True, slots=True)
class World:
    """A running simulator. What is outside `venues` is that of the first one, which is Kraken where it is hosted."""

    pid: int
    rest_url: str
    ws_url: str
    ws_auth_url: str
    control_url: str
    api_key: str
    api_secret: str
    second_key: tuple[str, str]
    market: str
    tier: str
    fees: str
    started_ns: int
    version: str
    venues: dict[str, Venue]
    """By name (`kraken`, `mexc_spot`)."""

    def __repr__(self) -> str:
        # A simulated secret is no danger, but a habit of printing secrets is.
        return f"World(pid={self.pid}, rest_url={self.rest_url!r}, started_ns={self.started_ns})"

    def save(self, state: Path) -> None:
        """Write the file in one step, readable by its owner alone."""
        draft = state / f".{FILE_NAME}.{self.pid}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
        draft.replace(state / FILE_NAME)

    def control(self, path: str, body: object = None, *, venue: str = "", timeout_s: float = 5.0) -> Any:
        """Ask a control page (of the first venue): GET without a body, POST with one (JSON). Returns the answer's JSON.

        Raises:
            OSError: no answer, or one that is not 200.
        """
        parts = urlsplit(self.venues[venue].control_url if venue else self.control_url)
        payload = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{'GET' if body is None else 'POST'} {parts.path}{path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"content-length: {len(payload)}\r\nconnection: close\r\n\r\n"
        )
        received = bytearray()
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout_s) as connection:
            connection.sendall(head.encode() + payload)
            while chunk := connection.recv(65536):
                received += chunk
        first, _, text = bytes(received).partition(b"\r\n\r\n")
        if not first.startswith(b"HTTP/1.1 200 "):
            status = first.partition(b"\r\n")[0].decode(errors="replace")
            raise OSError(f"simulator answered {status!r} to {path}: {text[:500].decode(errors='replace')}")
        return json.loads(text)


def read(state: Path) -> World | None:
    """What the file says, alive or not; None without a readable file."""
    try:
        value = json.loads((state / FILE_NAME).read_text())
        found = {field.name: value[field.name] for field in fields(World)}
        found["venues"] = {name: Venue(**parts) for name, parts in found["venues"].items()}
        return World(**found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def find(state: Path) -> World | None:
    """The live simulator of a state folder, or None."""
    world = read(state)
    if world is None:
        return None
    try:
        os.kill(world.pid, 0)
        hello = world.control("hello", timeout_s=PROBE_TIMEOUT_S)
    except (OSError, ValueError, OverflowError):
        return None
    return world if hello.get("pid") == world.pid and hello.get("started_ns") == world.started_ns else None


def launch(
    state: Path,
    *,
    seed: int = 1,
    speed: float | None = None,
    tier: str | None = None,
    port: int = 0,
    tape: str | None = None,
    idle_seconds: float | None = None,
    hooks: Path | None = None,
    venues: tuple[str, ...] = (),
    extra: tuple[str, ...] = (),
    timeout_s: float = LAUNCH_TIMEOUT_S,
) -> World:
    """Start a simulator on a state folder and wait until it answers. It outlives the caller.

    Raises:
        LaunchError: it did not come up; the message holds its own last words.
    """
    # Only a start needs it, and the bot's own start should be quick.
    import subprocess

    command = [sys.executable, "-m", "mm.simulator", "--state", str(state), "--port", str(port), "--seed", str(seed)]
    if venues:
        command += ["--venues", ",".join(venues)]
    optional = {"--speed": speed, "--tier": tier, "--tape": tape, "--idle-seconds": idle_seconds, "--hooks": hooks}
    for name, value in optional.items():
        if value is not None:
            command += [name, str(value)]
    command += extra
    try:
        state.mkdir(parents=True, exist_ok=True)
        log = (state / LOG_NAME).open("wb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LaunchError(
            f"{error.filename or state}: run.state: expected a folder that can be written ({reason}; choose another "
            "with --state)"
        ) from error
    with log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
        )
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        code = process.poll()
        world = read(state)
        if code is None and world is not None and world.pid == process.pid and find(state) is not None:
            # The simulator is meant to outlive this process, so nobody will wait for it; keep quiet about that.
            process.returncode = 0
            return world
        if code is not None:
            raise LaunchError(f"the simulator ended with exit code {code}: {_last_words(state)}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise LaunchError(f"the simulator did not answer within {timeout_s:g} s: {_last_words(state)}")


def _last_words(state: Path) -> str:
    try:
        text = (state / LOG_NAME).read_text(errors="replace").strip()
    except OSError:
        text = ""
    return text[-800:] or f"no output; see {state / LOG_NAME}"
