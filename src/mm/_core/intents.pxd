# What a decision about quotes asks of a venue, made without a call into Python.

from libc.stdint cimport int64_t

from mm._core.commands cimport Amend, Place
from mm._core.market cimport MarketCore
from mm._core.order cimport Order
from mm._core.quotes cimport Quote


cdef inline Amend amend_of(int64_t now_ns, Order order, int64_t price, int64_t size):
    cdef Amend amend = Amend.__new__(Amend)
    amend.recv_ns = now_ns
    amend.venue = order.venue
    amend.symbol = order.symbol
    amend.client_id = order.client_id
    amend.venue_id = order.venue_id
    amend.price = price
    amend.size = size
    return amend


cdef inline Place place_of(int64_t now_ns, MarketCore market, str client_id, Quote quote):
    cdef Place place = Place.__new__(Place)
    place.recv_ns = now_ns
    place.venue = market.venue.name
    place.symbol = market.symbol
    place.client_id = client_id
    place.strategy = market.strategy_name
    place.purpose = "quote"
    place.level = quote.level
    place.side = quote.side
    place.price = quote.price
    place.size = quote.size
    place.order_type = "limit"
    place.time_in_force = "gtc"
    place.post_only = market.post_only
    place.reduce_only = False
    place.parent = ""
    return place
