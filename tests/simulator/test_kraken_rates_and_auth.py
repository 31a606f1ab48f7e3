"""Published signatures and rate arithmetic, nonces, tokens and lockouts."""

from __future__ import annotations

import base64
import random

import pytest

from mm.simulator.kraken.auth import LOCKOUT_AFTER, LOCKOUT_NS, TOKEN_SECONDS, Key, Keys, sign
from mm.simulator.kraken.errors import Refused
from mm.simulator.kraken.rates import (
    AMEND_BY_AGE,
    CANCEL_BY_AGE,
    CONNECTIONS_MAX,
    CONNECTIONS_WINDOW_NS,
    ConnectionBudget,
    Counter,
    age_points,
)

SECOND = 10**9
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="


def test_published_signature() -> None:
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    expected = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    assert sign(base64.b64decode(SECRET), "/0/private/AddOrder", "1616492376594", body) == expected


def test_worked_example_of_the_trading_counter() -> None:
    """Add, amend at 7 s, cancel 36 s later: 1 + 1 + 2 + 4 = 8 points."""
    amend = 1 + age_points(AMEND_BY_AGE, 7 * SECOND)
    cancel = age_points(CANCEL_BY_AGE, 36 * SECOND)
    assert 1 + amend + cancel == 8


def test_worked_example_of_decay() -> None:
    """50 adds, then 10 s at 2.34 a second: 26.6."""
    counter = Counter(125, 2.34)
    for _ in range(50):
        counter.charge(0, 1)
    assert counter.value(10 * SECOND) == pytest.approx(26.6)


@pytest.mark.parametrize(
    ("age_s", "points"), [(0, 8), (4.999, 8), (5, 6), (10, 5), (15, 4), (45, 2), (90, 1), (300, 0)]
)
def test_cancel_points_by_age(age_s: float, points: int) -> None:
    assert age_points(CANCEL_BY_AGE, int(age_s * SECOND)) == points


def test_calls_over_the_rest_limit_prolong_the_wait() -> None:
    counter = Counter(3, 1.0)
    assert [counter.take(0, 1) for _ in range(5)] == [True, True, True, False, False]
    assert not counter.take(SECOND, 1)
    assert counter.take(4 * SECOND, 1)


def test_connection_budget_bans_for_ten_minutes() -> None:
    budget = ConnectionBudget()
    assert all(budget.attempt(0) for _ in range(CONNECTIONS_MAX))
    assert not budget.attempt(SECOND)
    assert not budget.attempt(CONNECTIONS_WINDOW_NS)
    assert budget.attempt(CONNECTIONS_WINDOW_NS + SECOND)


def signed(keys: Keys, nonce: str, *, now: int = 0, name: str = "key", spoil: bool = False, otp: str = "") -> Key:
    body = f"nonce={nonce}".encode()
    signature = sign(base64.b64decode(SECRET), "/0/private/Balance", nonce, body)
    headers = {"api-key": name, "api-sign": "AAAA" + signature[4:] if spoil else signature}
    return keys.check(now, "/0/private/Balance", headers, body, nonce, otp)


@pytest.fixture
def keys() -> Keys:
    return Keys([Key("main", "key", SECRET, Counter(20, 1.0))], random.Random(1))


def refusal(keys: Keys, nonce: str, **how: object) -> str:
    with pytest.raises(Refused) as caught:
        signed(keys, nonce, **how)  # type: ignore[arg-type]
    return caught.value.text


def test_nonce_must_rise(keys: Keys) -> None:
    assert signed(keys, "10").account == "main"
    assert refusal(keys, "10") == "EAPI:Invalid nonce"
    assert refusal(keys, "9") == "EAPI:Invalid nonce"
    assert refusal(keys, "-1") == "EAPI:Invalid nonce"
    assert refusal(keys, str(2**64)) == "EAPI:Invalid nonce"
    assert signed(keys, str(2**64 - 1)).account == "main"


def test_a_bad_signature_does_not_use_up_its_nonce(keys: Keys) -> None:
    assert refusal(keys, "10", spoil=True) == "EAPI:Invalid signature"
    assert signed(keys, "10").account == "main"


def test_unknown_keys_lead_to_a_lockout(keys: Keys) -> None:
    for _ in range(LOCKOUT_AFTER):
        assert refusal(keys, "1", name="other") == "EAPI:Invalid key"
    assert refusal(keys, "1") == "EGeneral:Temporary lockout"
    assert signed(keys, "1", now=LOCKOUT_NS).account == "main"


def test_one_time_password() -> None:
    keys = Keys([Key("main", "key", SECRET, Counter(20, 1.0), otp="1234")], random.Random(1))
    assert refusal(keys, "1") == "EAPI:Invalid signature"
    assert signed(keys, "1", otp="1234").account == "main"


def test_token_expires_unless_a_connection_uses_it(keys: Keys) -> None:
    text = keys.make_token(0, signed(keys, "1"))
    late = TOKEN_SECONDS * SECOND
    assert keys.token(late - 1, text).account == "main"
    keys.token(0, text).connections.add(7)
    assert keys.token(late, text).account == "main"
    keys.release(7)
    with pytest.raises(Refused, match="EAPI:Invalid token"):
        keys.token(late, text)


def test_token_missing_or_dropped(keys: Keys) -> None:
    with pytest.raises(Refused, match=r"Token\(s\) not found"):
        keys.token(0, None)
    text = keys.make_token(0, signed(keys, "1"))
    keys.invalidate_tokens()
    with pytest.raises(Refused, match="EAPI:Invalid token"):
        keys.token(0, text)
