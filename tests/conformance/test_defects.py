"""The suite itself under test: the example venue with a defect built in does not pass the case that is about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from examples.venue.lantern import codec as codecs
from examples.venue.lantern.codec import LanternCodec
from examples.venue.lantern.conformance import VENUE_CASE
from examples.venue.lantern.rows import Rows
from examples.venue.lantern.session import LanternSession
from mm._core._rust import BOOK_VALID
from mm._core.events import OrderCanceled, OrderRejected
from mm.conformance import cases
from mm.exchanges.sequenced_books import SequencedBooks

BY_NAME = {case.name: case for case in cases()}
Patch = Callable[[pytest.MonkeyPatch], None]


def doubt_taken_for_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(codecs, "DOUBT", frozenset())


def gone_taken_for_cancelled(patch: pytest.MonkeyPatch) -> None:
    true = LanternCodec.response_events

    def wrong(self: Any, command: Any, decoded: Any, now_ns: int) -> Any:
        events = true(self, command, decoded, now_ns)
        if events and getattr(events[0], "gone", False):
            return (OrderCanceled(now_ns, 0, "lantern", command.client_id, command.venue_id, 0, "gone"),)
        return events

    patch.setattr(LanternCodec, "response_events", wrong)


def rate_refusal_taken_for_doubt(patch: pytest.MonkeyPatch) -> None:
    true = LanternCodec.response_events

    def wrong(self: Any, command: Any, decoded: Any, now_ns: int) -> Any:
        events = true(self, command, decoded, now_ns)
        return () if events and type(events[0]) is OrderRejected and events[0].code == "rate" else events

    patch.setattr(LanternCodec, "response_events", wrong)


def executions_without_recovery(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Any, now_ns: int, since_ns: int) -> None:
        self._awaited.discard("executions")

    patch.setattr(LanternSession, "read_history", wrong)
    # Which would find them half a minute later.
    patch.setattr(LanternSession, "reconcile", lambda self, now_ns, reason: ())


def executions_named_by_their_message(patch: pytest.MonkeyPatch) -> None:
    true, count = Rows.execution, iter(range(10**6))

    def wrong(self: Any, row: Any, now_ns: int) -> Any:
        return true(self, {**row, "id": str(next(count))}, now_ns)

    patch.setattr(Rows, "execution", wrong)


def fees_left_out_of_balances(patch: pytest.MonkeyPatch) -> None:
    true = Rows.balance

    def wrong(self: Any, row: Any, now_ns: int, source: str) -> Any:
        return true(self, {**row, "total": row["total"].partition(".")[0]}, now_ns, source)

    patch.setattr(Rows, "balance", wrong)


def book_gaps_overlooked(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Any, kept: Any, news: Any, levels: Any) -> int:
        kept.book.apply_many(levels)
        kept.last = news.last
        return BOOK_VALID

    patch.setattr(SequencedBooks, "_change", wrong)


def clock_of_this_machine(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LanternSession, "clock_ok", lambda self, now_ns, ok: self._look_private(now_ns))
    patch.setattr(codecs, "_answer", lambda message, true=codecs._answer: _at_zero(true(message)))


def _at_zero(decoded: Any) -> Any:
    decoded.time_in_ns = decoded.time_out_ns = 0
    return decoded


def garbage_that_raises(patch: pytest.MonkeyPatch) -> None:
    true = LanternCodec.decode_frame

    def wrong(self: Any, payload: bytes, now_ns: int) -> Any:
        payload.decode()
        return true(self, payload, now_ns)

    patch.setattr(LanternCodec, "decode_frame", wrong)


def foreign_orders_uncounted(patch: pytest.MonkeyPatch) -> None:
    true = LanternSession.__init__

    def wrong(self: Any, *arguments: Any, **named: Any) -> None:
        true(self, *arguments, **named)
        self._foreign = type("Blind", (), {"read": lambda *a: [], "follow": lambda *a: []})()

    patch.setattr(LanternSession, "__init__", wrong)


def post_only_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    true = LanternCodec.encode_command

    def wrong(self: Any, command: Any, nonce: int) -> Any:
        request = true(self, command, nonce)
        body = request.body.replace(b'"post_only":true', b'"post_only":false')
        return self._signed(request.method, request.path, body, nonce, is_read=False)

    patch.setattr(LanternCodec, "encode_command", wrong)


@pytest.mark.parametrize(
    ("defect", "name"),
    [
        (doubt_taken_for_refusal, "place_answer_unreadable"),
        (gone_taken_for_cancelled, "cancel_refused_before_the_fill_is_told"),
        (rate_refusal_taken_for_doubt, "rate_limit"),
        (executions_without_recovery, "private_stream_cut"),
        (executions_named_by_their_message, "execution_twice"),
        (fees_left_out_of_balances, "fill"),
        (book_gaps_overlooked, "book_gap"),
        (clock_of_this_machine, "clock"),
        (garbage_that_raises, "hostile_bytes"),
        (foreign_orders_uncounted, "foreign_orders"),
        (post_only_not_asked_for, "post_only"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_defect_is_seen(monkeypatch: pytest.MonkeyPatch, defect: Patch, name: str) -> None:
    defect(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        BY_NAME[name].run(VENUE_CASE)
