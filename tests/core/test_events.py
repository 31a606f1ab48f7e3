"""Every event survives the recording's form, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import events

INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = {
    "i": INT64,
    "c": st.integers(-128, 127),
    "t": st.booleans(),
    "s": st.text(max_size=40).filter(lambda text: text.isprintable()),
    "b": st.binary(max_size=60),
    "n": st.integers(-(10**40), 10**40),
}


@st.composite
def any_event(draw: st.DrawFn) -> events.Event:
    kind = draw(st.sampled_from(events.CLASSES))
    return kind(*[draw(VALUES[code]) for _, code in kind.FIELDS])


@given(any_event())
def test_unpack_gives_back_what_was_packed(event: events.Event) -> None:
    again = events.unpack(events.pack(event))
    assert again == event
    assert hash(again) == hash(event)
    assert repr(again) == repr(event)


@given(any_event(), st.data())
def test_truncated_event_is_a_value_error(event: events.Event, data: st.DataObject) -> None:
    packed = events.pack(event)
    with pytest.raises(ValueError, match=r"record ends"):
        events.unpack(packed[: data.draw(st.integers(0, len(packed) - 1))])


@given(any_event(), st.binary(min_size=1, max_size=5))
def test_trailing_bytes_are_a_value_error(event: events.Event, more: bytes) -> None:
    with pytest.raises(ValueError, match="after the last field"):
        events.unpack(events.pack(event) + more)


@given(st.binary(max_size=80))
def test_random_bytes_give_an_event_or_a_value_error(data: bytes) -> None:
    try:
        event = events.unpack(data)
    except ValueError:
        return
    assert events.unpack(events.pack(event)) == event


def test_kinds_are_unique_and_keep_their_numbers() -> None:
    kinds = {kind.KIND: kind.__name__ for kind in events.CLASSES}
    assert len(kinds) == len(events.CLASSES)
    assert kinds[1] == "BookFrame"
    assert kinds[25] == "Fill"
    assert kinds[60] == "Place"


def test_a_list_of_open_orders_of_form_2_does_not_say_when_it_was_asked_for() -> None:
    """Journals of earlier builds are read on: such a list proves nothing."""
    packed = b"\x21" + (5).to_bytes(8, "little") + b"\x06\x00kraken" + b"\x01" + (3).to_bytes(8, "little")
    assert events.unpack(packed) == events.OpenOrdersRead(5, "kraken", True, 3, 0)
    with pytest.raises(ValueError, match="count: the record ends"):
        events.unpack(packed[:-1])
    assert sorted(events.READABLE_FORMS) == [2, 3, events.FORMAT_VERSION]


def test_an_event_cannot_be_changed() -> None:
    event = events.Timer(5)
    with pytest.raises(AttributeError):
        event.recv_ns = 6  # type: ignore[misc]
    assert event == events.Timer(5)
    assert event != events.Timer(6)


def test_text_must_be_text() -> None:
    with pytest.raises(TypeError):
        events.VenueStatus(1, "kraken", None)  # type: ignore[arg-type]
