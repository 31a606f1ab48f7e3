"""A `Snapshot` as a picture for a terminal: rows of styled text, always in the same places: only figures move."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from textwrap import wrap
from typing import Final

from mm.screen.amounts import money, thousands, trimmed, venue_title
from mm.screen.lines import (
    CENTS,
    accounts_notes,
    accounts_parts,
    age,
    counts,
    debt,
    position,
    positions,
    profit_parts,
    reconciled,
    residual,
    spent,
    summary,
)
from mm.screen.narrator import Happening
from mm.screen.snapshot import MarketView, Quote, Snapshot

Span = tuple[str, str]
"""Style and text. Styles: those of CODES."""
Row = tuple[Span, ...]

CODES: Final = {
    "": "",
    "bold": "1",
    "dim": "2",
    "green": "32",
    "red": "31",
    "yellow": "33",
    "cyan": "36",
    "alarm": "1;37;41",
    "bar": "7",
}
STATES: Final = {
    "CREATED": "not sent yet",
    "PENDING_NEW": "on its way",
    "NEW": "resting",
    "PARTIALLY_FILLED": "partly filled",
    "PENDING_CANCEL": "being cancelled",
    "PENDING_REPLACE": "moving",
    "UNKNOWN": "UNKNOWN, asking",
}
HAPPENINGS_MIN: Final = 3


class Size(IntEnum):
    """How much a terminal holds, and what makes way for the rest: all of it first."""

    ALL = 0
    NOTICE = 1
    """Of what a simulation is made of its first row, and of rates and times what there is room for."""
    FEW = 2
    """Without these, and without what a profit is made of."""
    CLOSE = 3
    """Without blank rows and without books of markets that nothing of ours is in."""
    LEAST = 4
    """Without any book that is not quoted, and with one row for all positions."""


PIECES: Final = re.compile(r"\S+\s*|\s+")
"""A word with the blanks behind it."""
MARGIN: Final = "   "
GAP: Final[Row] = ()


def clock(recv_ns: int) -> str:
    """`14:03:07.123`, UTC."""
    moment = datetime.fromtimestamp(recv_ns // 1_000_000_000, UTC)
    return f"{moment:%H:%M:%S}.{recv_ns // 1_000_000 % 1000:03d}"


def clean(text: str) -> str:
    """Without control characters: what a venue sends must not steer a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def paint(row: Row, columns: int, *, has_colour: bool) -> str:
    """One line, cut to the width, with the styles as escape sequences."""
    painted = []
    for style, text in row:
        shown = clean(text)[:columns]
        columns -= len(shown)
        code = CODES[style]
        painted.append(f"\x1b[{code}m{shown}\x1b[0m" if code and has_colour and shown else shown)
    return "".join(painted)


def picture(
    snapshot: Snapshot, happenings: Sequence[Happening], columns: int, lines: int, depth: dict[tuple[str, str], int]
) -> list[Row]:
    """The rows, at most `lines`. depth: rows kept for each side's quotes by market; grows to the most ever seen."""
    rates = list(_rates(snapshot, columns))
    for size in Size:
        rows = _rows(snapshot, size, columns, depth)
        room = lines - HAPPENINGS_MIN - 1 - len(rows)
        if room >= (len(rates) if size is Size.ALL else 0):
            break
    if size <= Size.NOTICE:
        rows += rates[: max(0, room)]
    told = list(happenings)[-max(HAPPENINGS_MIN, lines - len(rows) - 1) :]
    if told:
        rows += [*([GAP] if size < Size.CLOSE else []), *(_happening(happening) for happening in told)]
    return rows[:lines]


def _rows(snapshot: Snapshot, size: Size, columns: int, depth: dict[tuple[str, str], int]) -> list[Row]:
    """All but rates, times and what happens."""
    gap = [GAP] if size < Size.CLOSE else []
    labels: list[Row] = [(("dim", line),) for label in snapshot.labels for line in _wrapped(label, columns)]
    if size > Size.ALL and len(labels) > 1:
        # The first row stays: no figure means much without it. The rest is in the log alone.
        labels = [(("dim", f"{labels[0][0][1][: columns - 2]} …"),)]
    body: list[Row] = [(("alarm", line),) for each in snapshot.ladder for line in _wrapped(each, columns)]
    was_watched = False
    for market in snapshot.markets:
        if (market.is_idle and size >= Size.CLOSE) or (market.is_watched and not market.quotes and size >= Size.LEAST):
            continue
        # Markets that are only watched take a row each.
        body += [] if market.is_watched and was_watched else gap
        body += _steady(f"{market.venue} {market.symbol}", _market(market, depth), columns, depth)
        was_watched = market.is_watched
    figures = _figures(snapshot) if size < Size.FEW else _few_figures(snapshot, size)
    name = "figures" if size < Size.FEW else "few figures"
    figured = _steady(name, figures, columns, depth)
    return [_title(snapshot, columns), *labels, *body, *gap, *figured, *gap, *_state(snapshot, columns)]


def _title(snapshot: Snapshot, columns: int) -> Row:
    seconds = snapshot.elapsed_ns // 1_000_000_000
    elapsed = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    world = "LIVE: real orders, real money" if snapshot.world == "live" else "simulation"
    left, right = f" mm  {world}  {elapsed}", "Ctrl-C cancels own orders and stops "
    space = columns - len(left) - len(right)
    text = left + (" " * space + right if space > 1 else "")
    return (("alarm" if snapshot.world == "live" else "bar", text.ljust(columns)),)


def _wrapped(text: str, columns: int) -> list[str]:
    return wrap(text, max(20, columns - 1), initial_indent=" ", subsequent_indent="   ")


def _steady(part: str, rows: Iterable[Row], columns: int, depth: dict[tuple[str, str], int]) -> Iterable[Row]:
    """Rows folded to the width; one that once took two goes on taking two, so that what is below it stays there."""
    # By their count too: with another position each row stands for something else.
    given = list(rows)
    for number, row in enumerate(given):
        folded = _folded(row, columns)
        key = (part, f"row {number} of {len(given)}, {columns} wide")
        most = depth[key] = max(depth.get(key, 1), len(folded))
        yield from folded
        yield from (GAP for _ in range(most - len(folded)))


def _folded(row: Row, columns: int) -> list[Row]:
    """A row on as many as it needs, broken at its blanks."""
    if sum(len(text) for _, text in row) <= columns:
        return [row]
    words: list[list[Span]] = [[]]
    for style, text in row:
        for piece in PIECES.findall(text):
            words[-1].append((style, piece))
            if piece[-1].isspace():
                words.append([])
    found: list[list[Span]] = [[]]
    width = 0
    for word in words:
        size = sum(len(text) for _, text in word)
        if width + len("".join(text for _, text in word).rstrip()) > columns and width > len(MARGIN):
            found.append([("", MARGIN)])
            width = len(MARGIN)
        found[-1] += word
        width += size
    return [tuple(each) for each in found]


def _has_total(snapshot: Snapshot) -> bool:
    return snapshot.accounts is not None and len(snapshot.markets) > 1


def _debts(snapshot: Snapshot, *, is_short: bool = False) -> Iterable[Row]:
    for view in snapshot.debts:
        yield ("", " "), ("yellow" if view.amount else "", debt(view, is_short=is_short))


def _figures(snapshot: Snapshot) -> Iterable[Row]:
    orders, hedges, *_ = summary(snapshot)
    yield ("", " "), ("bold", orders)
    yield ("", " "), ("", hedges)
    yield from _debts(snapshot)
    for market in snapshot.markets:
        if market.is_idle:
            continue
        yield ("", " "), ("bold", position(market) + _where(snapshot, market))
        yield _profit("Profit: ", *profit_parts(market), market.quote)
    if snapshot.accounts is not None and _has_total(snapshot):
        total, parts = accounts_parts(snapshot.accounts)
        # Two rows of three: six are wider than most terminals.
        yield _profit("Profit over all venues: ", total, parts[:3], "USD")
        notes = "; ".join(accounts_notes(snapshot.accounts))
        yield ("", "   "), *_terms(parts[3:], "USD")
        # On a row of its own, or 80 columns would not hold whether the balances agree.
        yield ("", "   "), ("dim", notes)


def _few_figures(snapshot: Snapshot, size: Size) -> Iterable[Row]:
    """What there is, what is owed and what came of it; of a profit over all venues not what it is made of."""
    yield ("", " "), ("bold", counts(snapshot))
    yield from _debts(snapshot, is_short=True)
    held = [market for market in snapshot.markets if not market.is_idle]
    if size is Size.LEAST and len(held) > 1:
        yield ("", " "), ("bold", positions(held))
    else:
        for market in held:
            yield ("", " "), ("bold", position(market) + _where(snapshot, market))
    if snapshot.accounts is not None and _has_total(snapshot):
        total, _ = accounts_parts(snapshot.accounts)
        yield (
            ("", " "),
            ("bold", "Profit over all venues: "),
            _amount(total, "USD"),
            ("", f"; {residual(snapshot.accounts)}"),
        )
    else:
        yield from (_profit("Profit: ", *profit_parts(market), market.quote) for market in held)


def _where(snapshot: Snapshot, market: MarketView) -> str:
    return f" on {venue_title(market.venue)}" if len(snapshot.markets) > 1 else ""


def _profit(title: str, total: int, parts: list[tuple[str, int]], currency: str) -> Row:
    return ("", " "), ("bold", title), _amount(total, currency), ("", " = "), *_terms(parts, currency)


def _terms(parts: list[tuple[str, int]], currency: str) -> Row:
    spans: list[Span] = []
    for number, (name, cents) in enumerate(parts):
        spans += [("", f"{', ' if number else ''}{name} "), _amount(cents, currency)]
    return tuple(spans)


def _amount(cents: int, currency: str) -> Span:
    # By what is shown: a fraction of a cent is neither gain nor loss.
    return _sign(cents), money(cents, CENTS, currency, sign=True)


def _sign(units: int) -> str:
    return "green" if units > 0 else "red" if units < 0 else ""


def _market(market: MarketView, depth: dict[tuple[str, str], int]) -> Iterable[Row]:
    name = f" {venue_title(market.venue)} {market.symbol}"
    if market.book_age_ns < 0 or not market.bid or not market.ask:
        yield ("bold", name), ("yellow", "  no book")
    else:
        bid, ask = float(market.bid), float(market.ask)
        width = f"spread {(ask - bid) / (ask + bid) * 20_000:.2f} bps"
        yield (
            ("bold", name + "  "),
            ("green", thousands(market.bid)),
            ("dim", " / "),
            ("red", thousands(market.ask)),
            ("dim", f"  {width}, book {age(market.book_age_ns)} old"),
        )
    if market.is_watched and not market.quotes:
        if market.why:
            yield (("dim", f"   {market.why}"),)
        return
    asks = [quote for quote in market.quotes if quote.side < 0]
    bids = [quote for quote in market.quotes if quote.side > 0]
    key = (market.venue, market.symbol)
    rows = depth[key] = max(depth.get(key, 1), len(asks), len(bids))
    # Asks end and bids begin at the middle, where the market is.
    yield from (GAP for _ in range(rows - len(asks)))
    yield from (_quote("ask", "red", quote) for quote in asks)
    yield from (_quote("bid", "green", quote) for quote in bids)
    yield from (GAP for _ in range(rows - len(bids)))
    yield (("yellow" if market.why.startswith("not quoting") else "dim", f"   {market.why}"),)


def _quote(word: str, style: str, quote: Quote) -> Row:
    far = f"{quote.distance_bps:+8.2f} bps" if quote.distance_bps is not None else " " * 12
    state = STATES.get(quote.state, quote.state.lower())
    return (
        (style, f"   our {word}  {thousands(quote.price):>14}"),
        ("", f"  {trimmed(quote.size):>12}"),
        ("dim", f"  {far}  "),
        ("alarm" if quote.state == "UNKNOWN" else "dim", state),
    )


def _state(snapshot: Snapshot, columns: int) -> Iterable[Row]:
    """Links, and whether our books are the venues'."""
    row: list[Span] = []
    links = snapshot.links
    if len(links) > 1 and all(up for *_, up in links):
        venues = dict.fromkeys(venue_title(venue) for venue, *_ in links)
        yield ("green", " up   "), ("", f"all {len(links)} links: {', '.join(venues)}")
        links = ()
    for venue, channel, up in links:
        link: list[Span] = [
            ("green" if up else "red", " up   " if up else " DOWN "),
            ("", f"{venue_title(venue)} {channel}  "),
        ]
        if row and sum(len(text) for _, text in row + link) > columns:
            yield tuple(row)
            row = []
        row += link
    if row:
        yield tuple(row)
    if snapshot.reconciled is not None:
        style = "alarm" if snapshot.reconciled.unexplained or snapshot.reconciled.uncompared else "dim"
        for line in _wrapped(reconciled(snapshot.reconciled), columns):
            yield ((style, line),)


def _rates(snapshot: Snapshot, columns: int) -> Iterable[Row]:
    """What is left of the venues' rates, and how long things take."""
    if snapshot.headroom:
        for line in _wrapped(", ".join(snapshot.headroom) + " left", columns):
            yield (("dim", line),)
    for name, p50, p99, most in snapshot.latencies:
        yield (("dim", f" {name}: p50 {spent(p50)}, p99 {spent(p99)}, max {spent(most)}"),)


def _happening(happening: Happening) -> Row:
    text = happening.text
    style = ""
    if text.startswith(("Bought", "Sold")):
        style = "green" if text.startswith("Bought") else "red"
    elif any(word in text for word in ("is down", "refused", "unknown", "not to be trusted", "ERROR", "CRITICAL")):
        style = "yellow"
    several = "in {} fills" if style in ("green", "red") else "{} times"
    times = f" ({several.format(happening.count)})" if happening.count > 1 else ""
    return ("dim", f" {clock(happening.recv_ns)}  "), (style, text), ("dim", times)
