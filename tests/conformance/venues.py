"""The venues of the package, each with its simulated counterpart; a new one is one entry."""

from dataclasses import replace

from mm.conformance import VenueCase, Words
from mm.exchanges import find
from mm.simulator.kinds import KINDS

FUTURES = VenueCase(
    face=find("mexc_futures"),
    kind=KINDS["mexc_futures"],
    words=Words(
        place="POST order/create",
        cancel="POST order/cancel",
        own=("order", "order.deal"),
        book="depth",
        rate_refusal="510:Requests are too frequent",
        doubtful_refusal="500:Internal error",
    ),
    # Four orders in two seconds are its limit, which a case that sends eight at once is not about.
    options={"mexc_futures_tier": "unlimited"},
    size=40,
)
VENUES = (
    VenueCase(
        face=find("kraken"),
        kind=KINDS["kraken"],
        words=Words(
            place="add_order",
            cancel="cancel_order",
            amend="amend_order",
            own=("executions",),
            book="book",
            rate_refusal="EOrder:Rate limit exceeded",
            doubtful_refusal="EService:Unavailable",
        ),
        settings={"accept_account_wide_timer": True},
    ),
    VenueCase(
        face=find("mexc_spot"),
        kind=KINDS["mexc_spot"],
        words=Words(
            place="POST order",
            cancel="DELETE order",
            own=("orders", "deals"),
            book="aggre.depth",
            rate_refusal="429:Too many requests",
            doubtful_refusal="503:Service unavailable",
        ),
    ),
    FUTURES,
    # Longs and shorts beside each other: another account, other order sides, other closing.
    replace(
        FUTURES,
        settings={"position_mode": "hedge"},
        options={**FUTURES.options, "position_mode": "hedge"},
        mode="hedge",
    ),
)
