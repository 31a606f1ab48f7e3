"""Whatever is sent to the simulated MEXC Futures, it answers or stays silent, and goes on."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mm.simulator.mexc_futures.socket import FILTERS
from tests.cases import cases
from tests.simulator.mexc_futures_client import NAME, Client, quiet_venue

CLIENT = Client(quiet_venue(market_maker=True, mode=1))
VENUE = CLIENT.venue
PATHS = sorted(
    {name.partition(" ")[2] for name in (*VENUE._rest._public.handlers, *VENUE._rest._private.handlers)} | {"nothing"}
)
TAILS = ("", f"/{NAME}", "/NOPE_USDT", f"/{NAME}/5", f"/{NAME}/x", "/1", "//", "/%00")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
)
WORDS = st.sampled_from((NAME, "USDT", "1", "2", "3", "59990", "Min1", "ADD", "-1", "1e400", "0.00001", ""))
FIELDS = [
    *("symbol", "price", "vol", "side", "type", "openType", "leverage", "externalOid", "positionId", "positionMode"),
    *("reduceOnly", "stpMode", "bboTypeNum", "orderId", "orderIds", "amount", "positionType", "page_num", "page_size"),
    *("states", "start_time", "end_time", "order_ids", "limit", "interval"),
]
VALUES = st.one_of(WORDS, SCALARS)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=9)
BODIES = st.one_of(OBJECTS, st.lists(st.one_of(OBJECTS, VALUES), max_size=3), SCALARS)
METHODS = (
    "login",
    "personal.filter",
    "ping",
    *(
        f"{way}.{name}"
        for way in ("sub", "unsub")
        for name in ("depth", "deal", "kline", "depth.full", "depth.step", "ticker", "tickers", "contract")
    ),
)


@cases(150)
@given(st.sampled_from(PATHS), st.sampled_from(TAILS), BODIES, OBJECTS, st.booleans())
def test_any_request_is_answered(path: str, tail: str, body: Any, query: dict[str, Any], is_post: bool) -> None:
    text = "&".join(f"{name}={value}" for name, value in sorted(query.items()) if "&" not in str(value))
    text = text.encode("ascii", "replace").decode().replace(" ", "").replace("?", "").replace("#", "")
    parent = "contract" if f"GET {path}" in VENUE._rest._public.handlers else "private"
    payload = json.dumps(body).encode() if is_post else b""
    signed = payload.decode() if is_post else "&".join(sorted(pair for pair in text.split("&") if pair))
    target = f"{parent}/{path}{tail}{'' if is_post or not text else '?' + text}"
    reply = CLIENT.http("POST" if is_post else "GET", target, CLIENT.headers(signed), payload)
    assert reply.code in (200, 404)
    assert "success" in json.loads(reply.payload)
    VENUE._desk.enter_due(CLIENT.now_ns, everything=True)


@cases(150)
@given(
    st.one_of(
        st.text(max_size=40),
        st.builds(json.dumps, BODIES),
        st.builds(
            lambda method, param: json.dumps({"method": method, "param": param}),
            st.sampled_from(METHODS),
            st.one_of(
                OBJECTS,
                VALUES,
                st.builds(
                    lambda names, rules: {"filters": [{"filter": name, "rules": rules} for name in names]},
                    st.lists(st.one_of(st.sampled_from(sorted(FILTERS)), SCALARS), max_size=3),
                    VALUES,
                ),
            ),
        ),
    )
)
def test_any_message_is_answered_or_ignored(text: str) -> None:
    connection = VENUE.open(CLIENT.now_ns, "/edge")
    CLIENT.send(connection, text)
    CLIENT.login(connection)
    CLIENT.send(connection, text)
    CLIENT.wait(0.3)
    VENUE.closed(CLIENT.now_ns, connection)
