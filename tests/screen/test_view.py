"""A live screen, plain lines and JSON: what is written, and that a reader who stops never stops us."""

from __future__ import annotations

import json
import os

import pytest

from mm.screen.narrator import Happening
from mm.screen.output import WAITING_MAX, Output
from mm.screen.picture import clock
from mm.screen.view import SYNC, SYNCED, JsonView, PlainView, TerminalView, View
from tests.screen.test_lines import SNAPSHOT

NOW = 1_700_000_000_123_000_000


def shown(
    make: type[PlainView] | type[JsonView] | type[TerminalView], *, level: str = "info", hostile: str = ""
) -> str:
    reader, writer = os.pipe()
    output = Output(writer)
    view: View = TerminalView(output) if make is TerminalView else make(output, level)  # type: ignore[call-arg,arg-type]
    view.say("hello" + hostile)
    view.happened(Happening(NOW, "Bought" + hostile))
    view.happened(Happening(NOW, "Moved", "debug"))
    for _ in range(3):
        view.happened(Happening(NOW, "Refused", key="r"))
    view.show(SNAPSHOT)
    view.show(SNAPSHOT)
    view.end(["bye"], {"clean": True})
    output.close()
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return pipe.read()


def test_plain_lines_say_repeats_once() -> None:
    text = shown(PlainView)
    assert text.startswith(
        "hello\n22:13:20.123 Bought\n22:13:20.123 Refused\n--- 30 s\nOrders: 142 total, 2 open, 128 filled\n"
    )
    assert text.endswith("bye\n")
    assert "Moved" not in text


def test_debug_says_more() -> None:
    assert "Moved" in shown(PlainView, level="debug")


def test_json_lines_are_json() -> None:
    values = [json.loads(line) for line in shown(JsonView).splitlines()]
    assert [value["type"] for value in values] == [
        "note",
        "event",
        "event",
        "event",
        "event",
        "status",
        "status",
        "end",
    ]
    assert values[-1] == {"type": "end", "clean": True}


def test_the_screen_is_redrawn_in_place_and_counts_repeats() -> None:
    text = shown(TerminalView)
    assert "Refused\x1b[2m (3 times)" in text.replace("\x1b[0m", "")
    _, first, second = text.split(SYNC)
    rows = first.count("\n") - 1  # one of them is the note above the picture
    assert second.startswith(f"\x1b[{rows}F")
    assert second.split(SYNCED)[0].count("\n") == rows
    assert "\x1b[2J" not in text


def test_the_last_word_is_wrapped_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    written: list[bytes] = []
    output = Output(sink=written.append)
    view = TerminalView(output)
    word = "the watchdog cancels by id what is left, and says so in its log"
    view.say(f"note: {word}")
    view.show(SNAPSHOT)
    view.end([f"Stopped: {word}", f"  open: {word}", "", "Position: flat"], {})
    output.close()
    text = b"".join(written).decode()
    note = text.split(SYNC)[1].replace("\x1b[K", "").splitlines()[:2]
    assert note == ["note: the watchdog cancels by id what is left, and says so", "  in its log"]
    assert text.split(SYNCED)[1].splitlines() == [
        "",
        "Stopped: the watchdog cancels by id what is left, and says",
        "  so in its log",
        "  open: the watchdog cancels by id what is left, and says so",
        "    in its log",
        "",
        "Position: flat",
    ]


@pytest.mark.parametrize("make", [PlainView, TerminalView])
def test_what_a_venue_says_cannot_steer_the_terminal(make: type[PlainView] | type[TerminalView]) -> None:
    text = shown(make, hostile="\x1b[2J\x07\x9b1m\u202e\r\n")
    for bad in ("\x1b[2J", "\x07", "\x9b", "\u202e", "\r"):
        assert bad not in text


def test_a_reader_who_is_gone_costs_only_output() -> None:
    reader, writer = os.pipe()
    output = Output(writer)
    os.close(reader)
    for number in range(1000):
        output.put(str(number))
    output.close()
    os.close(writer)


def test_a_reader_who_stops_makes_us_drop_the_oldest() -> None:
    reader, writer = os.pipe()
    output = Output(writer)
    for _ in range(WAITING_MAX * 2):
        output.put("x" * 65_536)
    assert output.dropped > 0
    os.close(reader)
    output.close()
    os.close(writer)


def test_the_clock_is_utc() -> None:
    assert clock(NOW) == "22:13:20.123"
