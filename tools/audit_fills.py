"""Derive every simulated fill again, from the recording and the order log alone, and name every difference.

    python tools/audit_fills.py orders.jsonl [--tape FILE]

The log has a JSON object a line. Requests and what else came from outside (`start`, `deposit`, `restored`, `uncross`,
`place`, `amend`, `cancel`, `status`, `stop`, the `book` of a market that is on no tape; of contracts also `position`,
`unentered`, `outside`, `funding`) are taken as given. What the exchange made of them (`rest`, `fill`, `end`) must come
out here again, in the same order and to the last unit: price, size, fee, cause, the tape's trade and its size, and the
queue ahead at arrival and before the fill. `tape` in each line is how many entries of the tape came
before it. At `stop` the balances must agree too, and nothing may be missing.
Exit status: 0 all derived, 1 differences, 2 unreadable input.

This is written apart from the simulator and imports nothing of it: plain dictionaries and lists, everything looked up
anew, slow and obvious. One shared thing is the form of the tape, which is parsed here again.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BUY, SELL = 1, -1
LEDGER_DECIMALS = 10
UNSEEN = 10**18
HALTED = {"post_only", "cancel_only", "maintenance"}
DIFFERENCES_MAX = 20
"""Shown; after the first one the rest mostly follows from it."""


class Unreadable(Exception):
    """The log or the tape is not what it should be."""


# --- the tape -------------------------------------------------------------------------------------------------------


def read_tape(path: Path) -> tuple[dict[str, Any], list[tuple[int, str, Any]]]:
    """Its facts, and its entries: microseconds, "book" or "trade", and the levels or (side, price, size)."""
    data = path.read_bytes()
    if data[:8] != b"MMTAPE1\n":
        raise Unreadable(f"{path}: not a tape")
    length = int.from_bytes(data[8:12], "little")
    facts = json.loads(data[12 : 12 + length])
    body = data[16 + length :]
    if zlib.crc32(body) != int.from_bytes(data[12 + length : 16 + length], "little"):
        raise Unreadable(f"{path}: the checksum does not agree")
    numbers = _varints(zlib.decompress(body))
    entries: list[tuple[int, str, Any]] = []
    price, time_us = facts["reference"], 0

    def level() -> tuple[int, int, int]:
        nonlocal price
        side = BUY if next(numbers) else SELL
        step = next(numbers)
        price += step // 2 if step % 2 == 0 else -(step + 1) // 2
        return side, price, next(numbers)

    for kind in numbers:
        time_us += next(numbers)
        if kind == 0:
            entries.append((time_us, "book", [level() for _ in range(next(numbers))]))
        else:
            entries.append((time_us, "trade", level()))
    return facts, entries


def _varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def finer(entry: tuple[int, str, Any], factor: int, step: int) -> tuple[int, str, Any]:
    """An entry on a grid that is `factor` times finer, in sizes `step` times coarser: levels go up, trades down."""
    time_us, kind, payload = entry
    if kind == "book":
        return time_us, kind, [(side, price * factor, -(-size // step)) for side, price, size in payload]
    side, price, size = payload
    return time_us, kind, (side, price * factor, size // step)


class Replay:
    """Entry number n of the endless replay: every second pass upside down, around the axis where the first ended."""

    def __init__(self, path: Path, factor: int = 1, step: int = 1) -> None:
        facts, entries = read_tape(path)
        self.duration_us = facts["duration_us"]
        book: dict[tuple[int, int], int] = {}
        sums = []
        for _, kind, payload in entries:
            if kind == "book":
                for side, price, size in payload:
                    book[side, price] = size
                if not sums:
                    sums.append(self._sum(book))
        sums.append(self._sum(book))
        self.axis = sum(sums) // 2 * factor
        self.entries = entries if factor == step == 1 else [finer(entry, factor, step) for entry in entries]

    def _sum(self, book: dict[tuple[int, int], int]) -> int:
        bid = max(price for (side, price), size in book.items() if side == BUY and size)
        return bid + min(price for (side, price), size in book.items() if side == SELL and size)

    def entry(self, number: int) -> tuple[int, str, Any, bool]:
        """Microseconds, kind, payload, whether it is a whole book."""
        turn, index = divmod(number, len(self.entries))
        time_us, kind, payload = self.entries[index]
        if turn % 2:
            if kind == "book":
                payload = [(-side, self.axis - price, size) for side, price, size in payload]
            else:
                side, price, size = payload
                payload = (-side, self.axis - price, size)
        return time_us + turn * self.duration_us, kind, payload, index == 0


# --- the exchange, once more ----------------------------------------------------------------------------------------


class Order:
    """One order as the audit sees it."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.id, self.account, self.symbol = line["order_id"], line["account"], line["symbol"]
        self.side, self.price, self.size, self.filled = line["side"], line["price"], line["size"], line["cum_size"]
        self.type, self.time_in_force, self.post_only = line["type"], line["time_in_force"], line["post_only"]
        self.self_trade, self.expire_ns = line["self_trade"], line["expire_ns"]
        # Of contracts: whether it only closes, and the account's position mode (2 nets).
        self.closes, self.mode = line.get("closes", False), line.get("mode", 2)
        self.ahead = self.joined = 0
        self.over = False

    @property
    def left(self) -> int:
        """What can still fill."""
        return 0 if self.over else self.size - self.filled


class Audit:
    """Derives outcomes into `expected`; `check` compares a logged one with the next of them."""

    def __init__(self, replay: Replay, start: dict[str, Any]) -> None:
        self.replay, self.start = replay, start
        self.instruments: dict[str, Any] = start["instruments"]
        self.tape_symbol = start["tape_symbol"]
        self.recorded: dict[tuple[str, int], dict[int, int]] = {}
        self.resting: dict[tuple[str, int], list[Order]] = {}
        for symbol in self.instruments:
            for side in (BUY, SELL):
                self.recorded[symbol, side], self.resting[symbol, side] = {}, []
        self.orders: dict[str, Order] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.positions: dict[tuple[str, str, int], tuple[int, int]] = {}
        """Size and cost of each account's long (+1) and short (-1) contracts."""
        self.statuses = {symbol: traded["status"] for symbol, traded in self.instruments.items()}
        self.expected: deque[dict[str, Any]] = deque()
        self.applied = 0
        self.halted_ns = self.halt_began_ns = 0
        self.fills = self.fees_cut = 0

    # What the log tells.

    def take(self, line: dict[str, Any]) -> list[str]:
        """Take a line; returns differences."""
        event = line["event"]
        if event in ("rest", "fill", "end"):
            return self._outcome(line)
        problems = self._reach(line["tape"])
        if event == "deposit":
            key = line["account"], line["asset"]
            self.balances[key] = self.balances.get(key, 0) + line["amount"]
        elif event in ("place", "restored"):
            problems += self._place(line)
        elif event == "amend":
            problems += self._amend(line)
        elif event == "unentered":
            # It was never in the market; its end follows.
            self.orders[line["order_id"]] = Order(line)
        elif event == "outside":
            order = self.orders[line["order_id"]] = Order(line)
            self._fill(order, order.price, order.size, False, line["cause"])
        elif event == "funding":
            key = line["account"], self.instruments[line["symbol"]]["quote"]
            self.balances[key] = self.balances.get(key, 0) + line["amount"]
        elif event == "position":
            self.positions[line["account"], line["symbol"], line["side"]] = line["size"], line["cost"]
        elif event == "cancel":
            self._cancel(line)
        elif event == "status":
            self._status(line)
        elif event == "uncross":
            for symbol in (self.tape_symbol, *(symbol for symbol in self.instruments if symbol != self.tape_symbol)):
                self._cross(line["time_ns"], symbol)
        elif event == "book":
            if line["symbol"] == self.tape_symbol:
                problems.append("a book of the symbol that is on the tape")
            self._book(line["time_ns"], line["symbol"], line["levels"], False)
        elif event == "stop":
            problems += self._stop(line)
        else:
            problems.append(f"unknown event {event!r}")
        return problems

    def _outcome(self, line: dict[str, Any]) -> list[str]:
        if line["event"] == "end" and line["status"] == "expired":
            return self._expired(line)
        while not self.expected and self.applied <= line["tape"]:
            self._next_entry()
        if not self.expected:
            return [f"{_name(line)} cannot be derived: neither the tape nor a request leads to it"]
        wanted = self.expected.popleft()
        problems = []
        if line["event"] == "fill" and wanted["event"] == "fill":
            problems += self._fee(line, wanted)
            if line["maker"] and line["cause"].startswith(("tape:", "cross")) and line["time_ns"] != wanted["time_ns"]:
                problems.append(f"{_name(line)} at {line['time_ns']} ns, the tape's entry is at {wanted['time_ns']} ns")
        wanted.pop("time_ns", None)
        wrong = {key: (line.get(key), value) for key, value in wanted.items() if line.get(key) != value}
        if wrong:
            told = ", ".join(f"{key} {has!r}, derived {value!r}" for key, (has, value) in wrong.items())
            problems.append(f"{_name(line)}: {told}")
        return problems

    def _fee(self, line: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
        traded = self.instruments[line["symbol"]]
        rate = traded["maker_fee_e6"] if wanted["maker"] else traded["taker_fee_e6"]
        cost = wanted["fill_price"] * wanted["fill_size"]
        scale = 10 ** (traded["price_precision"] + traded["size_precision"]) * 10**6
        fee = (cost * rate * 2 * 10 ** traded["quote_decimals"] + scale) // (scale * 2)
        problems = []
        # The venue takes one unit less where rounding has used up what the order reserved.
        if line["fee"] == fee - 1 and line["side"] == BUY:
            self.fees_cut += 1
        elif line["fee"] != fee:
            problems.append(f"{_name(line)}: fee {line['fee']}, derived {fee}")
        base, quote = (line["account"], traded["base"]), (line["account"], traded["quote"])
        money = cost * 10 ** (LEDGER_DECIMALS - traded["price_precision"] - traded["size_precision"])
        size = wanted["fill_size"] * 10 ** (LEDGER_DECIMALS - traded["size_precision"])
        paid = line["fee"] * 10 ** (LEDGER_DECIMALS - traded["quote_decimals"])
        self.fills += 1
        if traded.get("contract"):
            self.balances[quote] = self.balances.get(quote, 0) + self._position(line, wanted, money) - paid
            return problems
        self.balances[base] = self.balances.get(base, 0) + wanted["side"] * size
        self.balances[quote] = self.balances.get(quote, 0) - wanted["side"] * money - paid
        problems += [
            f"{_name(line)}: {asset} of {account} goes below zero"
            for account, asset in (base, quote)
            if self.balances[account, asset] < 0
        ]
        return problems

    def _position(self, line: dict[str, Any], wanted: dict[str, Any], value: int) -> int:
        """Put an execution on the positions; returns the profit of what it closed."""
        order = self.orders[line["order_id"]]
        side, size = wanted["side"], wanted["fill_size"]
        own, against = (order.account, order.symbol, side), (order.account, order.symbol, -side)
        held, cost = self.positions.get(against, (0, 0))
        closing = min(held, size) if order.mode == 2 or order.closes else 0
        unit = value // size
        profit = 0
        if closing:
            part = cost if closing == held else cost * closing // held
            self.positions[against] = held - closing, cost - part
            profit = -side * (unit * closing - part)
        if size > closing:
            held, cost = self.positions.get(own, (0, 0))
            self.positions[own] = held + size - closing, cost + unit * (size - closing)
        return profit

    def _reach(self, number: int) -> list[str]:
        """Apply the tape up to an entry; whatever was expected before must have been told."""
        while self.applied < number:
            self._next_entry()
        missing, self.expected = self.expected, deque()
        return [f"the log lacks: {wanted}" for wanted in missing]

    def _place(self, line: dict[str, Any]) -> list[str]:
        order = Order(line)
        if order.id in self.orders:
            return [f"order {order.id} is placed twice"]
        self.orders[order.id] = order
        if line["event"] == "restored":
            self._rest(order)
        elif order.post_only and self._would_take(order):
            self._end(order, "Post only order")
        elif order.time_in_force == "fok" and self._reachable(order) < order.size:
            self._end(order, "Unfilled rest canceled")
        else:
            self._work(order)
        return []

    def _amend(self, line: dict[str, Any]) -> list[str]:
        order = self.orders.get(line["order_id"])
        if order is None or not order.left:
            return [f"{_name(line)} of an order that is not open"]
        keeps = line["size"] <= order.filled or (line["price"] == order.price and line["size"] < order.size)
        problems = [] if keeps == line["keeps_place"] else [f"{_name(line)}: keeps_place should be {keeps}"]
        if line["size"] < order.filled:
            problems.append(f"{_name(line)}: size {line['size']} is less than the {order.filled} that are filled")
        if line["size"] <= order.filled:
            order.size = line["size"]
            self._leave(order)
            self._end(order, "User requested")
            return problems
        if not keeps:
            self._leave(order)
        order.price, order.size = line["price"], line["size"]
        if not keeps:
            if line["post_only"] and self._would_take(order):
                problems.append(f"{_name(line)}: a post-only amend that takes")
            self._work(order)
        return problems

    def _cancel(self, line: dict[str, Any]) -> None:
        order = self.orders.get(line["order_id"])
        if order is not None and order.left:
            self._leave(order)
            self._end(order, line["reason"])

    def _expired(self, line: dict[str, Any]) -> list[str]:
        order = self.orders.get(line["order_id"])
        if order is None or order.time_in_force != "gtd" or not order.left or line["time_ns"] < order.expire_ns:
            return [f"{_name(line)}: expired, but that is not due"]
        problems = self._reach(line["tape"])
        self._leave(order)
        order.over = True
        return problems

    def _status(self, line: dict[str, Any]) -> None:
        symbol, before = line["symbol"], self.statuses[line["symbol"]]
        self.statuses[symbol] = line["status"]
        if symbol == self.tape_symbol:
            if before not in HALTED and line["status"] in HALTED:
                self.halt_began_ns = line["time_ns"]
            elif before in HALTED and line["status"] not in HALTED:
                self.halted_ns += line["time_ns"] - self.halt_began_ns

    def _stop(self, line: dict[str, Any]) -> list[str]:
        problems = []
        for account, assets in line["balances"].items():
            for asset, amount in assets.items():
                derived = self.balances.get((account, asset), 0)
                if derived != amount:
                    problems.append(f"{asset} of {account}: balance {amount}, derived {derived}")
        return problems

    # What follows from it: the tape.

    def _next_entry(self) -> None:
        time_us, kind, payload, whole = self.replay.entry(self.applied)
        time_ns = self.start["time_ns"] + self.halted_ns + int(time_us * 1000 / self.start["speed"])
        if kind == "trade":
            self._tape_trade(time_ns, *payload)
        else:
            self._book(time_ns, self.tape_symbol, payload, whole)
        self.applied += 1

    def _book(self, time_ns: int, symbol: str, levels: list[tuple[int, int, int]], whole: bool) -> None:
        changed = set()
        if whole:
            for side in (BUY, SELL):
                changed |= {(side, price) for price in self.recorded[symbol, side]}
                self.recorded[symbol, side].clear()
        for side, price, size in levels:
            changed.add((side, price))
            self.recorded[symbol, side][price] = size
            if not size:
                del self.recorded[symbol, side][price]
        for side, price in changed:
            size = self.recorded[symbol, side].get(price, 0)
            if size or not self._is_beyond(symbol, side, price):
                for order in self._at(symbol, side, price):
                    order.ahead = min(order.ahead, size)
        self._cross(time_ns, symbol)

    def _cross(self, time_ns: int, symbol: str) -> None:
        """Recorded size at or through an order's price trades with the order, best first, at the order's price."""
        for side in (BUY, SELL):
            other = self.recorded[symbol, -side]
            for order in self._queue(symbol, side):
                while order.left and other:
                    best = min(other) if side == BUY else max(other)
                    if (best - order.price) * side > 0:
                        break
                    size = min(order.left, other[best])
                    self._eat(symbol, -side, best, size)
                    self._fill(order, order.price, size, True, "cross", time_ns=time_ns)

    def _tape_trade(self, time_ns: int, taker: int, price: int, size: int) -> None:
        symbol, side, cause, left = self.tape_symbol, -taker, f"tape:{self.applied}", size
        # A trade beyond a level came through it: what was recorded there has gone.
        for better in [known for known in self.recorded[symbol, side] if (known - price) * side > 0]:
            self._eat(symbol, side, better, self.recorded[symbol, side][better])
        for order in self._queue(symbol, side):
            if (order.price - price) * side > 0 and left:
                part = min(left, order.left)
                self._fill(order, order.price, part, True, cause, size, time_ns)
                left -= part
        for order in self._at(symbol, side, price):
            ahead = min(left, order.ahead)
            self._eat(symbol, side, price, ahead)
            left -= ahead
            if left:
                part = min(left, order.left)
                self._fill(order, price, part, True, cause, size, time_ns)
                left -= part
        self._eat(symbol, side, price, left)

    # What follows from it: an arriving order.

    def _work(self, order: Order) -> None:
        symbol, side = order.symbol, -order.side
        while order.left:
            price = self._best(symbol, side)
            if not price or not self._reaches(order, price):
                break
            for maker in self._at(symbol, side, price):
                self._take(order, side, price, maker.ahead)
                if not order.left:
                    break
                if maker.account == order.account and order.self_trade != "allow":
                    if order.self_trade in ("cancel_oldest", "cancel_both"):
                        self._leave(maker)
                        self._end(maker, "Self trade prevention")
                    if order.self_trade in ("cancel_newest", "cancel_both"):
                        self._end(order, "Self trade prevention")
                        break
                    continue
                size = min(order.left, maker.left)
                self._fill(maker, price, size, True, f"match:{order.id}")
                self._fill(order, price, size, False, f"match:{maker.id}")
            self._take(order, side, price, order.left)
        if order.left:
            if order.type == "market" or order.time_in_force in ("ioc", "fok"):
                self._end(order, "Unfilled rest canceled")
            else:
                self._rest(order)

    def _take(self, order: Order, side: int, price: int, most: int) -> None:
        size = min(order.left, most, self.recorded[order.symbol, side].get(price, 0))
        if size:
            self._eat(order.symbol, side, price, size)
            self._fill(order, price, size, False, "take")

    def _rest(self, order: Order) -> None:
        unknown = UNSEEN if self._is_beyond(order.symbol, order.side, order.price) else 0
        order.ahead = order.joined = self.recorded[order.symbol, order.side].get(order.price, unknown)
        self.resting[order.symbol, order.side].append(order)
        self.expected.append({"event": "rest", "order_id": order.id, "price": order.price, "queue_ahead": order.ahead})

    def _leave(self, order: Order) -> None:
        if order in self.resting[order.symbol, order.side]:
            self.resting[order.symbol, order.side].remove(order)

    def _end(self, order: Order, reason: str) -> None:
        order.over = True
        self.expected.append({"event": "end", "order_id": order.id, "status": "canceled", "reason": reason})

    def _fill(
        self, order: Order, price: int, size: int, maker: bool, cause: str, tape_size: int = 0, time_ns: int = 0
    ) -> None:
        order.filled += size
        if not order.left:
            self._leave(order)
        self.expected.append(
            {
                "event": "fill", "order_id": order.id, "account": order.account, "side": order.side,
                "fill_price": price, "fill_size": size, "cum_size": order.filled, "maker": maker, "cause": cause,
                "tape_size": tape_size, "queue_joined": order.joined, "queue_ahead": order.ahead, "time_ns": time_ns,
            }
        )  # fmt: skip

    # Looking things up.

    def _queue(self, symbol: str, side: int) -> list[Order]:
        """Resting orders, price first, then time."""
        return sorted(self.resting[symbol, side], key=lambda order: -side * order.price)

    def _at(self, symbol: str, side: int, price: int) -> list[Order]:
        return [order for order in self.resting[symbol, side] if order.price == price]

    def _best(self, symbol: str, side: int) -> int:
        prices = [*self.recorded[symbol, side], *(order.price for order in self.resting[symbol, side])]
        return 0 if not prices else max(prices) if side == BUY else min(prices)

    def _is_beyond(self, symbol: str, side: int, price: int) -> bool:
        """Deeper than all that is recorded."""
        return all((price - known) * side < 0 for known in self.recorded[symbol, side])

    def _reaches(self, order: Order, price: int) -> bool:
        return order.type == "market" or (order.price - price) * order.side >= 0

    def _would_take(self, order: Order) -> bool:
        best = self._best(order.symbol, -order.side)
        return bool(best) and self._reaches(order, best)

    def _reachable(self, order: Order) -> int:
        side = -order.side
        recorded = sum(size for price, size in self.recorded[order.symbol, side].items() if self._reaches(order, price))
        return recorded + sum(
            other.left
            for other in self.resting[order.symbol, side]
            if (other.account != order.account or order.self_trade == "allow") and self._reaches(order, other.price)
        )

    def _eat(self, symbol: str, side: int, price: int, size: int) -> None:
        if not size:
            return
        book = self.recorded[symbol, side]
        before = book.pop(price, 0)
        if before > size:
            book[price] = before - size
        for order in self._at(symbol, side, price):
            order.ahead = 0 if 0 < before <= size else max(0, order.ahead - size)


def _name(line: dict[str, Any]) -> str:
    what = f" {line['execution_id']}" if "execution_id" in line else ""
    return f"{line['event']}{what} of {line['order_id']} ({line.get('cause', 'no cause')})"


# --- the report -----------------------------------------------------------------------------------------------------


def audit(log: Path, tape: Path | None) -> tuple[list[str], str]:
    """Differences, and a line on what was looked at. Raises Unreadable."""
    auditor: Audit | None = None
    path = tape
    problems: list[str] = []
    lines = fills = cut = 0
    stopped = False
    factor = step = 1
    with log.open() as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
                lines += 1
                if line["event"] == "tape":
                    path = tape or Path(line["path"])
                    factor, step = line.get("price_factor", 1), line.get("size_step", 1)
                elif line["event"] == "start":
                    if line["format"] != 2 or path is None:
                        raise Unreadable(f"{log}:{number}: log format {line['format']} of tape {path}; give --tape")
                    if auditor is not None:
                        fills, cut = fills + auditor.fills, cut + auditor.fees_cut
                    auditor, stopped = Audit(Replay(path, factor, step), line), False
                elif auditor is None:
                    raise Unreadable(f"{log}:{number}: no start before this line")
                else:
                    stopped = line["event"] == "stop"
                    problems += [f"{log.name}:{number}: {problem}" for problem in auditor.take(line)]
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise Unreadable(f"{log}:{number}: not a line of an order log ({error!r})") from None
            if len(problems) >= DIFFERENCES_MAX:
                break
    if auditor is None:
        raise Unreadable(f"{log}: empty")
    problems += [f"{log.name}: the log ends before: {wanted}" for wanted in auditor.expected]
    summary = f"{fills + auditor.fills} fills derived from {lines} lines of {log}"
    if cut + auditor.fees_cut:
        summary += f", {cut + auditor.fees_cut} fees one unit under their rounding"
    if not stopped:
        summary += "; the log is open (no stop), so later fills may be missing"
    return problems, summary


def main(arguments: list[str]) -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("log", type=Path, help="order log of a simulator (orders.jsonl)")
    parser.add_argument("--tape", type=Path, help="recording; the one that the log names by default")
    options = parser.parse_args(arguments)
    try:
        problems, summary = audit(options.log, options.tape)
    except (Unreadable, OSError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    for problem in problems[:DIFFERENCES_MAX]:
        print(f"audit: {problem}", file=sys.stderr)
    print(f"audit: {summary}: {'DIFFERENCES' if problems else 'all agree'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
