"""What a fault hook `refuse` answers: the venue's own code and words, and an error where the venue knows none such."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mm.simulator.hooks import HookError, Hooks
from mm.simulator.kinds import KINDS, KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.kraken import errors as kraken
from mm.simulator.mexc_futures import codes as futures_codes
from mm.simulator.mexc_futures import errors as futures
from mm.simulator.mexc_spot import codes as spot_codes
from mm.simulator.mexc_spot import rest as spot

DATA = Path(__file__).parent.parent / "exchanges" / "data"


def documented(venue: str, part: str) -> set[int]:
    return {entry["code"] for entry in json.loads((DATA / venue / "errors.json").read_text())[part]}


def test_every_documented_code_of_a_refusal_can_be_answered_with_nothing_but_the_code() -> None:
    assert set(spot_codes.TEXTS) == documented("mexc_spot", "spot") - {0, 200}
    assert set(futures_codes.TEXTS) == documented("mexc_futures", "futures") - {0, 200}


@pytest.mark.parametrize(
    ("error", "code", "text", "status"),
    [
        ("30004", 30004, "Insufficient position", 400),
        ("-2011", -2011, "Unknown order sent", 400),
        ("429", 429, "Too Many Requests", 429),
        ("429:slower", 429, "slower", 429),
        ("987654:never heard of", 987654, "never heard of", 400),
        ("30016:", 30016, "", 400),
        ("", 503, "Service not available, please try again", 503),
    ],
)
def test_a_code_of_mexc_spot(error: str, code: int, text: str, status: int) -> None:
    refusal = spot.hook_refusal(error)
    assert (refusal.code, refusal.text, refusal.status) == (code, text, status)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [("2005", 2005, futures_codes.TEXTS[2005]), ("2005:none", 2005, "none"), ("", 500, "Internal error")],
)
def test_a_code_of_mexc_futures(error: str, code: int, text: str) -> None:
    refusal = futures.hook_refusal(error)
    assert (refusal.code, refusal.text, refusal.status) == (code, text, 200)


def test_an_error_of_kraken_is_its_text() -> None:
    assert kraken.hook_refusal("EOrder:Insufficient funds") == "EOrder:Insufficient funds"
    assert kraken.hook_refusal("") == "EService:Unavailable"


@pytest.mark.parametrize(
    ("venue", "error", "says"),
    [
        (MEXC_SPOT, "Trading disabled", "a code and a text"),
        (MEXC_SPOT, "EOrder:Insufficient funds", "a code and a text"),
        (MEXC_SPOT, "200", "the code of a refusal"),
        (MEXC_SPOT, "987654", "write '987654:' and a text"),
        (MEXC_FUTURES, "0:ok", "the code of a refusal"),
        (MEXC_FUTURES, "30004", "write '30004:' and a text"),
        (KRAKEN, "30004", "as Kraken writes it"),
        (KRAKEN, "Insufficient funds", "as Kraken writes it"),
    ],
)
def test_what_no_venue_would_say_is_an_error_when_the_hook_is_set(venue: str, error: str, says: str) -> None:
    kind = KINDS[venue]
    with pytest.raises(HookError, match=says) as refused:
        Hooks(1, 0, kind.actions, kind.refusal).load([{"on": "request", "action": "refuse", "error": error}])
    assert "hook 0: hook field 'error'" in str(refused.value)
