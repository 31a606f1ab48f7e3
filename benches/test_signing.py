"""S1: the signature of a private REST request. A user notices it where REST is the way: recovery, and rate limits."""

from __future__ import annotations

import base64
import hashlib
import hmac

from benches.batch import batch
from benches.gate import latencies, p99_under_1ms
from mm.exchanges.kraken.signing import Signer

SECRET = b"k" * 64
PATH = "/0/private/AddOrder"
BODY = (
    b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25&oflags=post"
    b"&cl_ord_id=6d1b345e-2821-40e2-ad83-4ecb18a06876"
)
NONCES = list(range(1_616_492_376_594, 1_616_492_376_594 + 200))


def ours():
    return Signer("key", base64.b64encode(SECRET).decode())


def tuned(nonce):
    inner = hashlib.sha256(str(nonce).encode() + BODY).digest()
    return base64.b64encode(hmac.digest(SECRET, PATH.encode() + inner, "sha512")).decode()


def plain(nonce):
    inner = hashlib.sha256((str(nonce) + BODY.decode()).encode()).digest()
    return base64.b64encode(hmac.new(SECRET, PATH.encode() + inner, hashlib.sha512).digest()).decode()


def sign_all(sign):
    for nonce in NONCES:
        sign(nonce)


def sign_all_ours(sign):
    for nonce in NONCES:
        sign(PATH, nonce, BODY)


def test_s1_ours(benchmark):
    signer = ours()
    batch(benchmark, "S1", len(NONCES), lambda: (signer.sign,), sign_all_ours)
    p99_under_1ms(benchmark, latencies(lambda nonce: signer.sign(PATH, nonce, BODY), NONCES))


def test_s1_tuned(benchmark):
    batch(benchmark, "S1", len(NONCES), lambda: (tuned,), sign_all)


def test_s1_plain(benchmark):
    batch(benchmark, "S1", len(NONCES), lambda: (plain,), sign_all)


def test_all_signatures_agree():
    assert ours().sign(PATH, 1, BODY) == tuned(1) == plain(1)
