"""Frames that were damaged on the way, and frames in every form that JSON allows."""

import json
import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mm._core import BOOK_MALFORMED, BOOK_OTHER_CHANNEL, BOOK_VALID
from tests.core.kraken_frames import FRAMES, decoder_of
from tests.reference.book import Book as Twin
from tests.reference.book import KrakenBookDecoder as TwinDecoder


@given(st.data())
def test_a_dropped_or_changed_level_is_detected(data):
    decoder, book = decoder_of("BTC/USD")
    twin = Twin(10, 1, 8)
    twin_decoder = TwinDecoder("BTC/USD", twin)
    broken = data.draw(st.integers(0, 60), label="broken frame")
    for number, text in enumerate(FRAMES[:80]):
        twin_decoder.apply(text)
        if number != broken:
            code = decoder.apply(text)
        elif data.draw(st.booleans(), label="drop it"):
            continue
        else:
            spots = [m.start(1) for m in re.finditer(rb"(\d)(?=[\d.]*[,}])", text.partition(b',"checksum"')[0])]
            spot = data.draw(st.sampled_from(spots), label="digit")
            digit = data.draw(st.sampled_from(b"0123456789"), label="becomes")
            code = decoder.apply(text[:spot] + bytes([digit]) + text[spot + 1 :])
        # A book that is said to be valid is the venue's; one that differs is never said to be.
        assert bool(code >= 0 and code & BOOK_VALID) == book.is_valid
        if book.is_valid:
            assert book.state_hash() == twin.state_hash()


KINDS = st.sampled_from(("set", "cut", "insert", "copy", "drop"))
PAYLOADS = st.binary(min_size=1, max_size=6) | st.text('{}[]",:0123456789.e-', min_size=1, max_size=3).map(str.encode)
MUTATIONS = st.lists(st.tuples(st.integers(0, 10**6), KINDS, PAYLOADS), min_size=1, max_size=4)
JSON_LIKE = st.text('{}[]",:\\u0123456789.eE-truefalsnl channelbookdatype', max_size=200).map(str.encode)


def mutate(text, mutations):
    for place, kind, payload in mutations:
        at = place % (len(text) + 1)
        if kind == "set":
            text = text[:at] + payload + text[at + len(payload) :]
        elif kind == "cut":
            text = text[:at]
        elif kind == "insert":
            text = text[:at] + payload + text[at:]
        elif kind == "copy":
            text = text[:at] + text[at // 2 :]
        else:
            text = text[:at] + text[at + len(payload) :]
    return text


@given(number=st.integers(0, 40), mutations=MUTATIONS)
def test_a_damaged_frame_never_raises_and_never_leaves_a_wrong_book_valid(number, mutations):
    decoder, book = decoder_of("BTC/USD")
    for text in FRAMES[: number + 1]:
        decoder.apply(text)
    held = book.state_hash()
    twin = Twin(10, 1, 8)
    twin.apply_snapshot(book.levels(1), book.levels(-1))
    damaged = mutate(FRAMES[number + 1], mutations)
    code = decoder.apply(damaged)
    if code < 0:
        assert book.state_hash() == held
    elif code & BOOK_VALID:
        assert TwinDecoder("BTC/USD", twin).apply(damaged)
        assert twin.is_valid
        assert book.state_hash() == twin.state_hash()
    else:
        assert not book.is_valid


@given(st.binary(max_size=200) | JSON_LIKE)
def test_garbage_never_raises_and_changes_nothing(text):
    decoder, book = decoder_of("BTC/USD")
    decoder.apply(FRAMES[0])
    held = book.state_hash()
    assert decoder.apply(text) in (BOOK_MALFORMED, BOOK_OTHER_CHANNEL)
    assert book.state_hash() == held


NOTE = json.dumps({"deep": [{"price": "1"}, [], {}, None, True, -1.5e3, '\\"}']})


def printed(value, chance):
    """`value` as JSON: members in any order, blanks anywhere, unknown members; (units, precision) in any exact form."""
    blank = chance.choice(("", " ", "\n\t "))
    if isinstance(value, dict):
        members = [f'"{key}"{blank}:{blank}{printed(item, chance)}' for key, item in value.items()]
        if chance.random() < 0.3:
            members.append(f'"note":{NOTE}')
        chance.shuffle(members)
        return "{" + ",".join(blank + member + blank for member in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(blank + printed(item, chance) + blank for item in value) + blank + "]"
    if isinstance(value, tuple):
        units, precision = value
        digits = f"{units:0{precision + 1}d}"
        plain = f"{digits[:-precision]}.{digits[-precision:]}"
        forms = (
            plain,
            plain + "000",
            f"{units * 1000}e-{precision + 3}",
            f"{units}E{-precision}",
            f"{units}.0e{-precision}",
        )
        return chance.choice(forms)
    return json.dumps(value)


ROWS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10**10)), max_size=14)


@given(st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=3), st.integers(0, 2**32).map(Random))
def test_any_form_of_a_frame_means_the_same(messages, chance):
    decoder, book = decoder_of("BTC/USD")
    twin = Twin(10, 1, 8)
    for number, (bids, asks) in enumerate(messages):
        twin.apply_many([(1, *level) for level in bids] + [(-1, *level) for level in asks])
        body = {
            name: [{"price": (p, 1), "qty": (q, 8)} for p, q in side] for name, side in (("bids", bids), ("asks", asks))
        }
        body |= {"symbol": "BTC/USD", "checksum": twin.checksum(), "timestamp": "2026-07-19T17:54:39Z"}
        text = printed({"channel": "book", "type": "update" if number else "snapshot", "data": [body]}, chance)
        assert decoder.apply(text.encode()) & BOOK_VALID, (text, decoder.last_error)
        assert book.state_hash() == twin.state_hash()
