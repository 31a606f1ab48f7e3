# cython: nonecheck=True
"""What may be sent now, and why not: gates of a market, limits, the venue's rate. Nothing here decides or sends."""

from libc.stdint cimport int64_t

from mm._core.booking cimport BookingCore
from mm._core.limits cimport Refused, net_micro_usd
from mm._core.market cimport MarketCore, VenueCore
from mm._core.order cimport UNKNOWN, Order
from mm._core.quotes cimport Quote, Quoting
from mm._core.words cimport same

from mm._core.quoter import TOO_CLOSE as _TOO_CLOSE

# States of an instrument or a venue in which resting orders can be placed.
QUOTABLE = frozenset({"online", "post_only", "limit_only"})

# So long the end of an order that should not stand is waited for: an answer to its cancel may take five seconds, and
# the next try follows two seconds later. What lists show of it after that is news of it.
ASTRAY_NS_MAX = 10_000_000_000
ASTRAY = "an order stands here that should not"

cdef int64_t _ASTRAY_NS_MAX = ASTRAY_NS_MAX
# A cancel that works is confirmed long before that, and the quotes beside it keep their places in the queue.
cdef int64_t _ASTRAY_PULL_NS = 1_000_000_000
cdef frozenset _QUOTABLE = QUOTABLE
cdef str URGENT = _TOO_CLOSE
cdef str EMPTY = ""
cdef str HEDGE = "hedge"
cdef str QUOTE = "quote"


cdef class GatesCore(BookingCore):
    """The part of the engine that says no. Its callers are `decide` and whoever explains a decision.

    awaited: what the run waits for before its first order, '' once everything is there.
    """

    def wait_for(self, int64_t book_age_ns_max, int64_t private_down_ns_max):
        """Let quotes stand for so long without news of a book, or of their orders."""
        self._book_age_ns_max = book_age_ns_max
        self._private_down_ns_max = private_down_ns_max

    cpdef str gate(self, int64_t now_ns, MarketCore market):
        """Why nothing may be quoted ('' when it may)."""
        # From when on standing quotes are taken away.
        self._pull_ns = now_ns
        if market.killed:
            return market.killed
        if self.is_paused:
            return "paused by the operator"
        if market.problem:
            return market.problem
        if market.paused:
            return market.paused
        if market.halted:
            return market.halted
        if market.off_peg:
            return market.currency_gate()
        if market.waits:
            return market.waits
        if self.awaited:
            return self.awaited
        return self.market_gate(now_ns, market)

    cpdef str market_gate(self, int64_t now_ns, MarketCore market):
        """Why nothing may be sent to a market ('' when it may), whoever wants it."""
        cdef str why
        # In a market that falls the price is always far from its average: who has to get out goes by the book.
        why = market.sealed or self.venue_gate(now_ns, market) or market.doubt(now_ns)
        if why or not self.is_astray(now_ns, market):
            return why
        # What it may still fill is no debt paid: nothing is added to it. What stands besides may, for a moment.
        self._pull_ns = market.astray_ns + _ASTRAY_PULL_NS
        return ASTRAY

    cpdef bint is_astray(self, int64_t now_ns, MarketCore market) noexcept:
        """Whether an order stands in a market that should not, by a word of it that is not too old."""
        return market.astray_ns != 0 and now_ns - market.astray_ns < _ASTRAY_NS_MAX

    cpdef str venue_gate(self, int64_t now_ns, MarketCore market):
        """Why nothing can be sent to a market ('' when it can), be it to get out of a position."""
        cdef VenueCore venue = market.venue
        cdef int64_t off_ns = venue.clock_offset_ns
        if not venue.private_up:
            self._pull_ns = venue.private_down_ns + self._private_down_ns_max
            return "private stream is down"
        if market.status not in _QUOTABLE:
            return f"{market.symbol} is {market.status.replace('_', ' ')}"
        if venue.status not in _QUOTABLE:
            return f"{venue.name} is {venue.status.replace('_', ' ')}"
        if off_ns > venue.clock_offset_ns_max or -off_ns > venue.clock_offset_ns_max:
            return f"this machine's clock is {abs(off_ns) / 1e9:.1f} s off the venue's: synchronise it"
        if not market.book_ok:
            self._pull_ns = market.book_ns + self._book_age_ns_max
            return f"no book to quote from: {market.gap}"
        if now_ns - market.book_ns > self._book_age_ns_max:
            return f"the book is {(now_ns - market.book_ns) / 1e9:.1f} s old"
        return EMPTY

    cpdef Quoting curbed(self, MarketCore market, Quoting quoting):
        """What the kill ladder leaves of an answer."""
        return quoting if market.curb is None else <Quoting?>market.curb(market, quoting)

    cpdef Refused refusal(
        self, int64_t now_ns, MarketCore market, Order order, Quote quote, str reason, object others_micro_usd
    ):
        """Why a step may not be taken now, by the limits or the venue's rate; None when it may. Changes nothing.

        others_micro_usd: worst case of the other assets.
        """
        cdef Refused refused = self._judged(
            market, quote.side, quote.price, quote.size, market.post_only, order, True, self.orders._open.count,
            others_micro_usd,
        )
        if refused is not None:
            return refused
        rates = market.limits
        if rates is None:
            return None
        # A quote that stands too close has to get away: an amend costs less than the cancel that it saves.
        urgent = reason == URGENT
        if order is None:
            allowed = rates.allows(now_ns, "place", 0, urgent, len(market.orders))
        else:
            allowed = rates.allows(now_ns, "amend", now_ns - order.touched_ns, urgent, len(market.orders))
        return None if allowed else Refused("rate", "the venue's order rate limit is used up")

    cdef Refused _judged(
        self, MarketCore market, int side, int64_t price, int64_t size, bint post_only, Order order, bint is_quote,
        int64_t orders_open, object others_micro_usd,
    ):
        """Why caps forbid an order, or the change of one; None when they do not. A strategy's own hold its quotes."""
        cdef Refused refused = self.limits.judge(
            market, side, price, size, post_only, order, orders_open, others_micro_usd
        )
        if refused is None and is_quote and market.is_capped:
            refused = self.limits.judge_own(market, side, size, order)
        return refused

    cpdef int look_around(self, int64_t now_ns, MarketCore market) except -1:
        """Bring the markets that a strategy reads to this moment."""
        cdef MarketCore other
        for each in market.hears:
            other = <MarketCore>each
            other.refresh(self.orders, now_ns)
            other.seen_gate = self.market_gate(now_ns, other)
        return 0

    cpdef object others_micro_usd(self, MarketCore market):
        """The worst case of every other asset, each over all venues."""
        if len(self._assets) == 1:
            return 0
        total = 0
        for base, markets in self._assets.items():
            if base != market.base:
                total += net_micro_usd(<list>markets)
        return total

    cdef str _forbidden(self, int64_t now_ns, Order order):
        """Why a request that has not left may not be sent now ('' when it may)."""
        cdef MarketCore market = self._market_of(order.venue, order.symbol)
        cdef Refused refused
        cdef int64_t price = order.pending_price or order.price
        cdef int64_t size = (order.pending_size or order.size) - order.cum_size
        cdef bint is_quote = same(order.purpose, QUOTE)
        cdef str why
        if order._state == UNKNOWN:
            return "in doubt"
        if market.is_frozen:
            return market.problem
        if not is_quote and not same(order.purpose, HEDGE):
            # It closes a position, and no cap of a run holds that back.
            return self.venue_gate(now_ns, market) or self._let_go(market, order)
        why = self.gate(now_ns, market) if is_quote else self.market_gate(now_ns, market)
        if why:
            return why
        market.refresh(self.orders, now_ns)
        # It counts for itself already.
        refused = self._judged(
            market, order.side, price, size, order.post_only, order, is_quote, 0, self.others_micro_usd(market)
        )
        return EMPTY if refused is None else refused.reason

    cdef bint _is_killed(self, Order order) except -1:
        """Whether a step of the kill ladder lets nothing be quoted where an order is."""
        cdef MarketCore market = self.markets.get((order.venue, order.symbol))
        return market is not None and market.killed != EMPTY

    cdef bint _in_maintenance(self, str venue, str symbol) except -1:
        """Whether the venue takes no cancel of a symbol now, or has no such symbol any more."""
        cdef MarketCore market = self.markets.get((venue, symbol))
        if (<VenueCore?>self.venues[venue]).status == "maintenance":
            return True
        return market is not None and (market.status == "maintenance" or market.status == "delisted")

    cdef MarketCore _market_of(self, str venue, str symbol):
        cdef MarketCore market = self.market_at(venue, symbol)
        if market is None:
            raise KeyError(f"{symbol} of {venue} is not traded in this run")
        return market
