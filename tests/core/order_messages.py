"""Commands and the venue's words, short to write: one venue, one symbol, size 100 at 60,000.0 unless said otherwise."""

from __future__ import annotations

from mm._core import events as ev

VENUE, SYMBOL = "kraken", "BTC/USD"
BUY, SELL = 1, -1
SECOND_NS = 1_000_000_000


def place(client_id="a", side=BUY, price=600_000, size=100, symbol=SYMBOL, strategy="mm", at=1):
    return ev.Place(
        at, VENUE, symbol, client_id, strategy, "quote", 0, side, price, size, "limit", "gtc", True, False, ""
    )


def amend(price=600_100, size=150, client_id="a", at=3):
    return ev.Amend(at, VENUE, SYMBOL, client_id, "V1", price, size)


def cancel(client_id="a", at=3):
    return ev.Cancel(at, VENUE, SYMBOL, client_id, "V1", "test")


def pending(client_id="a", venue_id="V1", at=2):
    return ev.OrderPending(at, at, VENUE, client_id, venue_id)


def accepted(client_id="a", venue_id="V1", at=2):
    return ev.OrderAccepted(at, at, VENUE, client_id, venue_id)


def rejected(client_id="a", at=2):
    return ev.OrderRejected(at, at, VENUE, client_id, "", "insufficient funds", "rejected")


def denied(client_id="a", at=2):
    return ev.OrderDenied(at, at, VENUE, client_id, "", "link is down")


def fill(client_id="a", size=40, execution="E1", price=600_000, cum=-1, venue_id="V1", side=BUY, symbol=SYMBOL, at=5):
    return ev.Fill(at, at, VENUE, client_id, venue_id, symbol, side, execution, price, size, cum, "m", 0, "USD")


def amended(price=600_100, size=150, cum=-1, client_id="a", at=6, venue_ns=None):
    return ev.OrderAmended(at, at if venue_ns is None else venue_ns, VENUE, client_id, "V1", price, size, cum)


def amend_rejected(code="rejected", client_id="a", at=6):
    return ev.AmendRejected(at, at, VENUE, client_id, "V1", "no", code)


def cancel_rejected(gone=False, client_id="a", at=6):
    return ev.CancelRejected(at, at, VENUE, client_id, "V1", "no", "gone" if gone else "rejected", gone)


def canceled(client_id="a", cum=-1, venue_id="V1", at=7):
    return ev.OrderCanceled(at, at, VENUE, client_id, venue_id, cum, "as asked")


def lost(request, client_id="a", at=4):
    return ev.OutcomeUnknown(at, at, VENUE, client_id, "", request, "no answer")


def absent(client_id="a", at=90 * SECOND_NS):
    return ev.OrderAbsent(at, at, VENUE, client_id, "", "two complete reads")


def report(status, cum=0, size=100, price=600_000, source="query", client_id="a", at=6, side=BUY, venue_id="V1"):
    return ev.OrderReport(at, at, VENUE, client_id, venue_id, SYMBOL, side, status, price, size, cum, "", source)
