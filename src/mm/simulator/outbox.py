"""What the venue wants sent: actions in order, after the fault hooks for replies and messages have had their say."""

from __future__ import annotations

import re
from heapq import heappop, heappush
from typing import Final, NamedTuple

from mm.simulator.editing import edited
from mm.simulator.hooks import Hooks, Rule

SEND: Final = "send"
SEND_BINARY: Final = "send_binary"
CLOSE: Final = "close"
ABORT: Final = "abort"
REPLY: Final = "reply"
HANGUP: Final = "hangup"

GARBAGE: Final = "CloudFlare WebSocket proxy restarting"
"""Non-JSON text that real proxies have sent before closing with 1001."""
FRAMES: Final = frozenset({SEND, SEND_BINARY})
JSON_TYPE: Final = "application/json"
HTML_TYPE: Final = "text/html; charset=UTF-8"

_CHECKSUM = re.compile(r'("checksum":)(\d+)')


class Action(NamedTuple):
    """One thing for the shell to do.

    For a WebSocket: `send` a text frame, `send_binary` a binary one; `close` with code and reason; `abort`: drop the
    connection without a word. For an HTTP connection (numbered by the shell, apart from WebSockets): `reply` with
    status `code`, content type `reason` and further `headers`; `hangup`: drop it without a reply.
    """

    kind: str
    connection: int
    payload: bytes = b""
    code: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def gateway_page(host: str) -> bytes:
    """What a gateway before a venue's host answers when it cannot reach it."""
    return (
        f"<!DOCTYPE html><html><head><title>{host} | 520</title></head>"
        "<body>Web server is returning an unknown error</body></html>"
    ).encode()


def _frame(connection: int, payload: str | bytes) -> Action:
    """A text of a venue goes as a text frame, bytes as a binary one."""
    if isinstance(payload, str):
        return Action(SEND, connection, payload.encode())
    return Action(SEND_BINARY, connection, payload)


class Outbox:
    """Collects actions; holds back what a hook delays and swallows what goes to a silenced connection."""

    def __init__(self, hooks: Hooks, host: str) -> None:
        self._hooks, self._gateway_page = hooks, gateway_page(host)
        self._ready: list[Action] = []
        self._held: list[tuple[int, int, Action]] = []
        self._serial = 0
        self.silenced: dict[int, int] = {}
        """Connection to the time at which it is heard again."""
        self.ended: list[tuple[int, int, str]] = []
        """Connections that a hook wants ended, with close code (0: no close frame) and reason; the venue ends them."""
        self.messages = 0

    def drain(self) -> list[Action]:
        """The actions since the last call, in order."""
        ready, self._ready = self._ready, []
        return ready

    def next_deadline(self) -> int:
        """When the next delayed action is due; 0 for none."""
        return self._held[0][0] if self._held else 0

    def advance(self, now_ns: int) -> None:
        """Release what has been held back until now."""
        while self._held and self._held[0][0] <= now_ns:
            self._put(now_ns, heappop(self._held)[2])

    def forget(self, connection: int) -> None:
        """A connection is gone: nothing of it is sent any more."""
        self.silenced.pop(connection, None)
        if self._held:
            self._held = [
                entry for entry in self._held if entry[2].kind not in FRAMES or entry[2].connection != connection
            ]
            self._held.sort()

    def message(self, now_ns: int, connection: int, channel: str, payload: str | bytes) -> None:
        """Send a data frame of a channel."""
        rule = self._hooks.find(now_ns, "message", channel, payload)
        if rule is not None:
            self._faulty(now_ns, connection, payload, rule)
        else:
            self._put(now_ns, _frame(connection, payload))

    def answer(self, now_ns: int, connection: int, method: str, text: str) -> None:
        """Send the response to a WebSocket request."""
        rule = self._hooks.find(now_ns, "reply", method)
        if rule is not None:
            self._faulty(now_ns, connection, text, rule)
        else:
            self._put(now_ns, Action(SEND, connection, text.encode()))

    def http(
        self,
        now_ns: int,
        connection: int,
        endpoint: str,
        text: str,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send the response to a REST request."""
        reply = Action(REPLY, connection, text.encode(), status, JSON_TYPE, headers)
        rule = self._hooks.find(now_ns, "reply", endpoint)
        if rule is None:
            self._put(now_ns, reply)
        elif rule.action == "delay":
            self.hold(now_ns + rule.delay_ns, reply)
        elif rule.action == "status":
            self._put(now_ns, Action(REPLY, connection, self._gateway_page, rule.status, HTML_TYPE))
        elif rule.action == "body":
            self._put(now_ns, Action(REPLY, connection, rule.error.encode(), rule.status, JSON_TYPE))
        elif rule.action == "corrupt":
            self._put(now_ns, Action(REPLY, connection, self._hooks.cut(text).encode(), status, JSON_TYPE))
        elif rule.action == "garbage":
            self._put(now_ns, Action(REPLY, connection, self._gateway_page, 200, HTML_TYPE))
        elif rule.action == "disconnect":
            self._put(now_ns, Action(HANGUP, connection))
        elif rule.action == "duplicate":
            # HTTP has one response to a request; what a client can see of this fault is the plain reply.
            self._put(now_ns, reply)

    def page(self, now_ns: int, connection: int, status: int, body: bytes, content_type: str) -> None:
        """Send an HTTP response that no hook touches (gateway answers, control)."""
        self._put(now_ns, Action(REPLY, connection, body, status, content_type))

    def refuse_http(self, now_ns: int, connection: int, status: int) -> None:
        """Answer an HTTP request with a status and the gateway's page: it was not carried out."""
        self._put(now_ns, Action(REPLY, connection, self._gateway_page, status, HTML_TYPE))

    def hang_up(self, connection: int) -> None:
        """End an HTTP connection without a reply."""
        self._ready.append(Action(HANGUP, connection))

    def end(self, now_ns: int, connection: int, code: int, reason: str) -> None:
        """Close a WebSocket; code 0 drops it without a close frame."""
        self._ready.append(Action(CLOSE if code else ABORT, connection, b"", code, reason))

    def hold(self, due_ns: int, action: Action) -> None:
        """Keep an action until a time."""
        self._serial += 1
        heappush(self._held, (due_ns, self._serial, action))

    def _faulty(self, now_ns: int, connection: int, payload: str | bytes, rule: Rule) -> None:
        action = _frame(connection, payload)
        if rule.action == "delay":
            self.hold(now_ns + rule.delay_at_ns(now_ns - self._hooks.start_ns), action)
        elif rule.action == "edit":
            changed = edited(payload, rule)
            if changed != payload:
                self._hooks.fired["message.edited"] += 1
            self._put(now_ns, _frame(connection, changed))
        elif rule.action == "duplicate":
            self._put(now_ns, action)
            self._put(now_ns, action)
        elif rule.action == "corrupt":
            self._put(now_ns, action._replace(payload=self._hooks.cut(action.payload)))
        elif rule.action == "checksum":
            # A venue without checksums has nothing to damage here.
            damaged = payload
            if isinstance(payload, str):
                damaged = _CHECKSUM.sub(lambda found: f"{found[1]}{int(found[2]) ^ 1}", payload)
            self._put(now_ns, _frame(connection, damaged))
        elif rule.action == "garbage":
            self._put(now_ns, Action(SEND, connection, GARBAGE.encode()))
            self._put(now_ns, action)
        elif rule.action == "gap":
            # The number was used up by a message that is now lost; on a channel without numbers it is a plain loss.
            pass
        elif rule.action == "disconnect":
            self.ended.append((connection, rule.code, "hook"))

    def _put(self, now_ns: int, action: Action) -> None:
        if self.silenced and action.kind in FRAMES:
            until_ns = self.silenced.get(action.connection)
            if until_ns is not None:
                if now_ns < until_ns:
                    return
                del self.silenced[action.connection]
        self.messages += 1
        self._ready.append(action)
