"""The REST face: routes a request, checks who sent it, counts it, and wraps what comes back in Kraken's envelope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mm.simulator.kraken import errors
from mm.simulator.kraken.auth import Keys
from mm.simulator.kraken.errors import Refused
from mm.simulator.kraken.rates import REST_COST
from mm.simulator.kraken.rest_account import RestAccount
from mm.simulator.kraken.rest_fields import parse_fields
from mm.simulator.kraken.rest_public import RestPublic
from mm.simulator.kraken.rest_trading import RestTrading
from mm.simulator.kraken.texts import quoted


def refusal(text: str) -> str:
    """The envelope of an error; `result` is absent."""
    return f'{{"error":[{quoted(text)}]}}'


class Rest:
    """Answers `/0/public/<Name>` and `/0/private/<Name>`."""

    def __init__(
        self,
        public: RestPublic,
        account: RestAccount,
        trading: RestTrading,
        keys: Keys,
        system: Callable[[], str],
    ) -> None:
        self._public, self._account, self._trading, self._keys, self._system = public, account, trading, keys, system

    def handle(
        self,
        now_ns: int,
        received_ns: int,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
    ) -> str:
        """The text of the response (HTTP status 200 also for errors)."""
        try:
            result = self._result(now_ns, received_ns, method, target, headers, body)
        except Refused as refused:
            return refusal(refused.text)
        return f'{{"error":[],"result":{result}}}'

    def _result(
        self, now_ns: int, received_ns: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> str:
        path, _, query = target.partition("?")
        _, version, group, endpoint = [*path.split("/"), "", "", "", ""][:4]
        if version != "0" or path.count("/") != 3:
            raise Refused(errors.UNKNOWN_METHOD)
        if group == "public":
            if self._system() == "maintenance" and endpoint not in ("Time", "SystemStatus"):
                raise Refused(errors.UNAVAILABLE)
            # Kraken also takes POST with a form here.
            text = query if method == "GET" else body.decode("latin-1")
            return self._public.handle(now_ns, endpoint, parse_fields(text, "form"))
        if group != "private" or method != "POST":
            raise Refused(errors.UNKNOWN_METHOD)
        return self._private(now_ns, received_ns, path, endpoint, headers, body)

    def _private(
        self, now_ns: int, received_ns: int, path: str, endpoint: str, headers: dict[str, str], body: bytes
    ) -> str:
        fields: dict[str, Any] = parse_fields(body.decode("utf-8", "replace"), headers.get("content-type", "form"))
        nonce, otp = str(fields.get("nonce", "")), str(fields.get("otp", ""))
        key = self._keys.check(now_ns, path, headers, body, nonce, otp)
        reads = self._account.endpoints.get(endpoint)
        trades = self._trading.endpoints.get(endpoint)
        if reads is not None:
            permission = reads[0]
        elif trades is not None:
            permission = trades[0]
        else:
            raise Refused(errors.UNKNOWN_METHOD)
        # The right to modify orders includes the right to close them.
        rights = key.permissions | ({"close-trades"} if "modify-trades" in key.permissions else frozenset())
        if permission and permission not in rights:
            raise Refused(errors.PERMISSION_DENIED)
        if not key.counter.take(now_ns, REST_COST.get(endpoint, 1)):
            raise Refused(errors.API_RATE)
        if self._system() == "maintenance":
            raise Refused(errors.UNAVAILABLE)
        if reads is not None:
            return reads[1](now_ns, key, fields)
        assert trades is not None
        return trades[1](now_ns, received_ns, key.account, fields)
