"""Kraken's signatures: the published ones, the slow twin's, and a secret that nothing shows."""

import base64
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import KrakenSigner
from tests.core.kraken_frames import DATA
from tests.reference.kraken_signer import signature

VECTORS = json.loads((DATA / "signature" / "vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_signature_agrees(vector):
    signer = KrakenSigner(vector["api_secret_base64"])
    signed = signer.sign(vector["uri_path"], int(vector["nonce"]), vector["body"].encode())
    assert signed == vector["expected_api_sign"]


@given(st.binary(min_size=1, max_size=300), st.text(max_size=60), st.integers(0, 2**64 - 1), st.binary(max_size=600))
def test_signer_equals_its_twin(key, path, nonce, body):
    secret = base64.b64encode(key).decode()
    signer = KrakenSigner(secret)
    assert signer.sign(path, nonce, body) == signature(secret, path, nonce, body)
    assert signer.sign(path, nonce, body) == signature(secret, path, nonce, body)


@pytest.mark.parametrize("secret", ["", "=", "a2V5\n", "a2V", "not base64!", "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXN é"])
def test_secret_that_is_not_base64_is_refused_without_being_repeated(secret):
    with pytest.raises(ValueError, match=r"^secret: expected base64 text$"):
        KrakenSigner(secret)


def test_secret_is_shown_by_nothing():
    secret = base64.b64encode(b"canary-canary-canary").decode()
    signer = KrakenSigner(secret)
    assert repr(signer) == str(signer) == "KrakenSigner(...)"
    assert [name for name in dir(signer) if not name.startswith("_")] == ["sign"]
    with pytest.raises(TypeError):
        pickle.dumps(signer)


@pytest.mark.parametrize("nonce", [-1, 2**64])
def test_nonce_out_of_range_is_refused(nonce):
    with pytest.raises(OverflowError):
        KrakenSigner("a2V5").sign("/0/private/Balance", nonce, b"")
