"""The text messages of the socket: subscribe, unsubscribe, ping (MEXC Spot reference: WebSocket).

A refusal has code 0 as well: success is a `msg` that equals the topics that were asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

METHODS: Final = ("SUBSCRIPTION", "UNSUBSCRIPTION", "PING")
# The full-width colon and the blanks are the venue's.
BLOCKED: Final = "Not Subscribed successfully! [{}].  Reason\uff1a Blocked! "
INVALID_KEY: Final = "Invalid listen key"
"""Plain text, said at once on a socket whose listen key is no good."""


@dataclass(slots=True)
class Message:
    """One message of a client; `id` is what the answer repeats."""

    method: str
    params: list[str]
    id: Any = 0


def read(payload: bytes) -> Message | None:
    """The message of a text; None for what is none."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    method = value.get("method") if isinstance(value, dict) else None
    # Widely used clients send `ping`, and live with the answers.
    method = method.upper() if isinstance(method, str) else ""
    if method not in METHODS:
        return None
    params = value.get("params", [])
    if not isinstance(params, list) or not all(isinstance(topic, str) for topic in params):
        return None
    identity = value.get("id", 0)
    return Message(method, params, identity if isinstance(identity, int) else 0)


def answer(identity: Any, text: str) -> str:
    """The answer; its code is 0 whatever it says."""
    return json.dumps({"id": identity, "code": 0, "msg": text}, ensure_ascii=False, separators=(",", ":"))
