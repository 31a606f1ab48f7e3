"""Who is asking: HMAC-SHA256 over exactly the bytes that came (MEXC Spot reference: signing)."""

from __future__ import annotations

import hmac
import re
from typing import Final
from urllib.parse import parse_qsl

from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_key import sign
from mm.simulator.mexc_spot.errors import Refused, malformed, missing

RECV_WINDOW_DEFAULT: Final = 5_000
RECV_WINDOW_MAX: Final = 60_000
AHEAD_MS: Final = 1_000
"""A clock that is further ahead is refused, however large the window is."""
MS_NS: Final = SECOND_NS // 1000

_SIGNATURE: Final = re.compile(rb"(?:^|&)signature=([^&]*)")
_LOWER_CASE: Final = re.compile(rb"%(?:[0-9a-fA-F][a-f]|[a-f][0-9a-fA-F])")


def parse(query: bytes, body: bytes) -> dict[str, str]:
    """The parameters of query string and form body; a name in both has the query's value.

    Raises:
        Refused: not ASCII.
    """
    try:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
        fields.update(parse_qsl(query.decode("ascii"), keep_blank_values=True))
    except ValueError:
        raise Refused(700008, "Illegal characters found in a parameter.") from None
    return fields


class Key:
    """One API key of one account."""

    def __init__(self, account: str, name: str, secret: str, *, may_trade: bool = True) -> None:
        self.account, self.name, self._secret, self.may_trade = account, name, secret, may_trade

    def check(self, now_ms: int, headers: dict[str, str], query: bytes, body: bytes, fields: dict[str, str]) -> None:
        """Refuse a request that this key did not sign, or not in time.

        Raises:
            Refused: with the venue's code.
        """
        name = headers.get("x-mexc-apikey", "")
        if not name:
            raise Refused(400, "api key required")
        if name != self.name:
            raise Refused(10072, "Api key info invalid")
        given = fields.get("signature", "")
        if not given:
            raise missing("signature")
        stamp = fields.get("timestamp", "")
        if not stamp:
            raise missing("timestamp")
        if not re.fullmatch(r"\d{1,19}", stamp):
            raise malformed("timestamp")
        window = fields.get("recvWindow", str(RECV_WINDOW_DEFAULT))
        if not re.fullmatch(r"\d{1,9}", window):
            raise malformed("recvWindow")
        if int(window) > RECV_WINDOW_MAX:
            raise Refused(700005, "recvWindow must be less than 60000")
        if not (int(stamp) < now_ms + AHEAD_MS and now_ms - int(stamp) <= int(window)):
            raise Refused(700003, "Timestamp for this request is outside of the recvWindow.")
        # No separator stands between query and body, and percent-encoding has upper-case digits.
        signed = _SIGNATURE.sub(b"", query) + _SIGNATURE.sub(b"", body)
        if _LOWER_CASE.search(signed) or not hmac.compare_digest(sign(self._secret, signed), given):
            raise Refused(700002, "Signature for this request is not valid.")
