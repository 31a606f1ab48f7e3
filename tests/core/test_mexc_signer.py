"""MEXC's signatures against HMAC from its definition, and a secret that nothing shows."""

from __future__ import annotations

import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import MexcSigner


def signature(secret: str, text: str) -> str:
    key = secret.encode()
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + text.encode()).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()


@given(st.text(min_size=1, max_size=100), st.text(max_size=300))
def test_signer_equals_its_twin(secret: str, text: str) -> None:
    signer = MexcSigner(secret)
    assert signer.sign(text) == signature(secret, text)
    assert signer.sign(text) == signature(secret, text)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^secret: expected text$"):
        MexcSigner("")


def test_the_secret_is_shown_by_nothing() -> None:
    signer = MexcSigner("canary-canary")
    assert repr(signer) == "MexcSigner(...)"
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(signer)
