"""The published and computed vectors, and that what is signed is what is sent."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl

import pytest

from mm.errors import ConfigError
from mm.exchanges import find
from mm.exchanges.mexc_spot.signing import Signer, encoded
from tests.exchanges.mexc_spot.samples import KEY, NOW, SECRET, cancel, codec, document, place

VECTORS = document("signatures")
MS = 1_000_000
STAMP = 1_644_489_390_087


@pytest.mark.parametrize("vector", VECTORS["spot"], ids=lambda vector: vector["id"])
def test_a_vector_is_signed_as_published(vector: dict[str, Any]) -> None:
    signer = Signer(VECTORS["apiKey"], VECTORS["secretKey"])
    assert vector["queryString"] + vector["body"] == vector["target"]
    assert signer.sign(vector["queryString"] + vector["body"]) == vector["signature"]


def test_the_wrong_vectors_are_wrong() -> None:
    signer = Signer(KEY, SECRET)
    wrong, lower = VECTORS["spotNegative"]
    assert signer.sign(wrong["target"]) == wrong["correctSignature"] != wrong["documentedSignature"]
    (batch,) = (vector for vector in VECTORS["spot"] if vector["id"] == "spot-batch-orders")
    assert signer.sign(lower["target"]) == lower["signature"] != batch["signature"]
    assert encoded(batch["decodedParameter"]) == batch["queryString"].split("=")[1].split("&")[0]


def test_requests_are_those_of_the_vectors() -> None:
    machine = codec()
    by_id = {vector["id"]: vector for vector in VECTORS["spot"]}
    key = by_id["spot-listenkey-create"]
    request = machine.encode_query("listen_key", {}, STAMP * MS)
    assert f"https://api.mexc.com{request.path}" == key["requestUrl"]
    both = by_id["spot-cancel-all-two-symbols"]
    request = machine.encode_rest_cancel_all(["BTC/USDT", "ETH/USDT"], STAMP * MS)
    assert (request.method, f"https://api.mexc.com{request.path}") == ("DELETE", both["requestUrl"])


@pytest.mark.parametrize("command", [place(), place(post_only=True), cancel(), cancel(venue_id="C02__1")])
def test_the_bytes_signed_are_the_bytes_sent(command: Any) -> None:
    request = codec().encode_rest(command, NOW)
    path, _, query = request.path.partition("?")
    signed, _, signature = query.rpartition("&signature=")
    assert path == "/api/v3/order"
    assert request.body == b""
    assert hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest() == signature
    fields = dict(parse_qsl(signed))
    assert (fields["timestamp"], fields["recvWindow"]) == (str(NOW // MS), "5000")
    assert dict(request.headers) == {"X-MEXC-APIKEY": KEY, "Content-Type": "application/json"}


def test_requests_carry_the_time_of_the_venue() -> None:
    machine = codec()
    machine.clock_offset(-3_000 * MS)
    assert f"timestamp={NOW // MS - 3_000}&" in machine.encode_query("account", {}, NOW).path


def test_secrets_show_themselves_nowhere() -> None:
    machine = codec()
    request = machine.encode_query("keep_listen_key", {"listen_key": "abc123"}, NOW)
    shown = repr(machine) + repr(request) + repr(Signer(KEY, SECRET))
    for secret in (KEY, SECRET, "abc123", "signature"):
        assert secret not in shown
    assert "abc123" not in repr(machine.decode_reply("listen_key", 200, b'{"listenKey":"abc123"}', NOW))


@pytest.mark.parametrize(("key", "secret"), [("k\n", "s"), ("k", ""), ("k", "s\u20ac")])
def test_what_cannot_be_a_key_is_refused(key: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="MEXC_SPOT_API"):
        find("mexc_spot").codec(key, secret)
