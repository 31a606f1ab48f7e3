"""Settings survive the trip through a recording, without their secrets."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from mm.config import Environment, SettingsError, load
from mm.config.canonical import from_json, to_json
from tests.one_venue import ONE_VENUE

SECRET = base64.b64encode(b"CANARYSECRET" * 5 + b"1234").decode()


def test_settings_come_back_equal_without_secrets() -> None:
    settings = load(ONE_VENUE, Environment({"KRAKEN_API_KEY": "CANARYKEY", "KRAKEN_API_SECRET": SECRET}))
    text = to_json(settings)
    assert b"CANARY" not in text
    assert SECRET.encode() not in text
    venue = dataclasses.replace(settings.venues["kraken"], api_key=None, api_secret=None)
    assert from_json(text) == dataclasses.replace(settings, venues={"kraken": venue}, warnings=())
    assert to_json(from_json(text)) == text


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"run":{},"limits":{},"venues":[],"strategies":{}}', b"\xff"])
def test_anything_else_is_an_error(text: bytes) -> None:
    with pytest.raises(SettingsError):
        from_json(text)


def test_a_bad_value_names_its_key() -> None:
    text = to_json(load(ONE_VENUE, Environment({}))).replace(b'"levels":1', b'"levels":0')
    with pytest.raises(SettingsError, match=r"strategies\.btc\.levels"):
        from_json(text)
