"""A venue on a bad day, by seed: whatever was lost, in the end books are the venue's, fills are all there, once."""

from __future__ import annotations

import random

import pytest

from mm._core.events import Fill, LinkChanged, Resync
from tests.exchanges.mexc_futures.desk import BTC, MS, START, Desk, ok, refusal
from tests.exchanges.mexc_futures.test_session_private import deal_row


class BadDay(Desk):
    """A desk whose engine asks for a resync as the real one does, and whose venue keeps its deals and its book."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.deals: list[dict[str, object]] = []
        self.levels: dict[float, float] = {99.5: 10}
        self.replies["GET private/order/list/order_deals/v3"] = self._deals
        self.replies["GET contract/depth/BTC_USDT"] = self._depth
        self.trouble = 0.0

    def _deals(self, fields: dict[str, str]) -> object:
        if self.random.random() < self.trouble:
            return self.random.choice([refusal(510), (502, b""), (200, b"<html>"), refusal(501)])
        first, last = int(fields["start_time"]), int(fields["end_time"])
        found = [row for row in self.deals if first <= int(str(row["timestamp"])) <= last]
        number, size = int(fields["page_num"]), int(fields["page_size"])
        return ok(found[::-1][(number - 1) * size : number * size])

    def _depth(self, fields: dict[str, str]) -> object:
        if self.random.random() < self.trouble:
            return self.random.choice([refusal(510), (503, b""), (200, b'{"success":true,"data":{}}')])
        bids = [[price, size, 1] for price, size in self.levels.items() if size]
        return ok({"asks": [[200.5, 20, 1]], "bids": bids, "version": self.version["BTC_USDT"], "timestamp": 1})

    def change(self) -> None:
        """The market moves; the push may be lost."""
        price, size = self.random.randrange(900, 999) / 10, self.random.choice([0, 0, 5, 30])
        self.levels[price] = size
        self.version["BTC_USDT"] += 1
        version = self.version["BTC_USDT"]
        row = {"asks": [], "bids": [[price, size, 1 if size else 0]], "version": version}
        self.changes["BTC_USDT"] = [*self.changes["BTC_USDT"], row][-20:]
        if self.random.random() >= self.trouble / 3:
            data = row | {"cts": self.now // MS}
            self.say("public", {"symbol": "BTC_USDT", "data": data, "channel": "push.depth", "ts": self.now // MS})

    def deal(self) -> None:
        """A fill, told if the private socket is there."""
        row = deal_row(id=str(len(self.deals)), timestamp=self.now // MS)
        self.deals.append(row)
        if self.random.random() < self.trouble / 3:
            self.say("private", b'{"channel":"push.personal.order.deal","data":{"id":')
        else:
            self.private("order.deal", **row)

    def look(self) -> None:
        """What the engine does about a book that is not good."""
        if BTC in self.books and not self.books[BTC].is_valid:
            self.take(self.link.submit(self.now, Resync(self.now, "mexc_futures", BTC, "not good")))


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_day_ends_well(seed: int) -> None:
    desk = BadDay(seed)
    desk.start()
    desk.trouble = 0.3
    for _ in range(400):
        desk.run(desk.random.choice([0.01, 0.05, 0.3, 0.5]))
        desk.change()
        if desk.random.random() < 0.2:
            desk.deal()
        if desk.random.random() < 0.02 and desk.open:
            desk.end(desk.random.choice(sorted(desk.open)))
        if desk.random.random() < 0.2:
            desk.look()
    desk.trouble = 0.0
    for _ in range(120):
        desk.run(1)
        desk.change()
        desk.look()
    desk.run(1)
    assert desk.session.is_up("public")
    assert desk.session.is_up("private")
    book = desk.books[BTC]
    assert book.is_valid
    assert desk.decoder.version(BTC) == desk.version["BTC_USDT"]
    expected = sorted(((round(price * 10), int(size)) for price, size in desk.levels.items() if size), reverse=True)
    assert book.levels(1) == expected
    fills = [event.execution_id for event in desk.of(Fill)]
    assert set(fills) == {str(row["id"]) for row in desk.deals}
    assert len(desk.of(LinkChanged)) > 2
    assert desk.now > START
