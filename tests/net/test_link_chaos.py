"""The link machine under whatever may happen, in any order: what must hold after each step, and once it is over."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mm._core.events import (
    Amend,
    Cancel,
    OrderAbsent,
    OrderDenied,
    OrderPending,
    OrderRejected,
    OrderReport,
    Place,
    QueryOrder,
)
from mm._core.orders import OrderState, OrderStore
from mm.net.actions import PRIVATE, PUBLIC, Connect, Disconnect, Request, Send
from tests.cases import cases
from tests.net.driver import BALANCES, SECOND, SNAPSHOT, Driver, amend, cancel, place

ENDS = (OrderDenied, OrderRejected, OrderPending, OrderReport, OrderAbsent)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "place",
                "place",
                "amend",
                "cancel",
                "cancel",
                "answer",
                "answer",
                "refuse",
                "token",
                "close",
                "closed",
                "refuse_connects",
                "unsent",
                "lose",
                "reply",
                "reply",
                "garbage",
                "gap",
                "time",
                "time",
                "long",
            ]
        ),
        st.integers(0, 7),
    ),
    min_size=10,
    max_size=70,
)


class StoreDriver(Driver):
    """Shows the order store what the link says, as the engine does."""

    def __init__(self) -> None:
        super().__init__()
        self.store = OrderStore()

    def take(self, events: Any) -> list[Any]:
        for event in events:
            if hasattr(event, "client_id"):
                self.store.apply(event)
        return super().take(events)

    def submit(self, command: Any) -> list[Any]:
        kind, order = type(command), self.store.get(command.client_id)
        if kind is Place:
            self.store.place(command)
        elif order is None or not order.is_open:
            return []
        elif kind is Cancel:
            self.store.cancel(command)
        elif kind is Amend:
            if order.state not in (OrderState.NEW, OrderState.PARTIALLY_FILLED):
                return []
            self.store.amend(command)
        return super().submit(command)


class World:
    """A venue that answers only when told to, and keeps its own list of what reached it."""

    def __init__(self) -> None:
        self.driver = StoreDriver()
        self.driver.ready()
        self.driver.answer_rest()
        self.open = {PUBLIC: True, PRIVATE: True}
        self.submitted: list[str] = []
        self.reached: list[str] = []
        self.unanswered: dict[int, dict[str, Any]] = {}
        self.calls: dict[int, tuple[str, dict[str, Any]]] = {}
        self.sequence = 1
        self.refusals = 0
        self.driver.on_step = self.look
        self.look()

    def look(self) -> None:
        """Carry out the actions, judging each."""
        actions, self.driver.actions = self.driver.actions, []
        for action in actions:
            if type(action) is Connect and self.refusals:
                self.refusals -= 1
                self.driver.closed(action.channel, 0, "refused")
            elif type(action) is Connect:
                self.open[action.channel] = True
                self.driver.opened(action.channel)
            elif type(action) is Disconnect:
                self.open[action.channel] = False
                self.unanswered = {i: m for i, m in self.unanswered.items() if m["on"] != action.channel}
            elif type(action) is Request:
                self.calls[action.request_id] = (action.request.path[1:], json.loads(action.request.body))
                assert len(self.calls) <= 3, "one read, one cancel, one public call at a time"
                assert action.request.path[1:] not in ("Place", "Amend")
            else:
                self.sent(action)
        if self.driver.actions:
            self.look()

    def sent(self, action: Send) -> None:
        assert self.open[action.channel], "nothing is written on a closed socket"
        message = json.loads(action.payload)
        message["on"] = action.channel
        if message["method"] == "Place":
            assert message["client_id"] not in self.reached, "one intent, at most one order"
            self.reached.append(message["client_id"])
        if message["method"] in ("Place", "Amend"):
            assert self.driver.link.session.is_up(PRIVATE)
        if action.request_id:
            for other in self.unanswered.values():
                if other.get("sent_ns", 0) > self.driver.now - 5 * SECOND and message["client_id"]:
                    is_same = other.get("client_id") == message["client_id"]
                    is_cancel = message["method"] == "Cancel" and other["method"] != "Cancel"
                    assert not is_same or is_cancel, "two requests on one order under way"
            message["sent_ns"] = self.driver.now
        self.unanswered[message["req_id"]] = message

    def step(self, what: str, number: int) -> None:
        driver = self.driver
        name = self.submitted[-1 - number % len(self.submitted)] if self.submitted else "a0"
        requests = [i for i, message in self.unanswered.items() if message["method"] in ("Place", "Amend", "Cancel")]
        if what == "place":
            self.submitted.append(f"mm{len(self.submitted)}")
            driver.submit(place(self.submitted[-1]))
        elif what == "amend":
            driver.submit(amend(name))
        elif what == "cancel":
            driver.submit(cancel(name))
        elif what in ("answer", "refuse", "token") and requests:
            message = self.unanswered.pop(requests[number % len(requests)])
            error = {"answer": "", "refuse": "EOrder:Unknown order", "token": "EAPI:Invalid token"}[what]
            self.respond(message, error)
        elif what == "close" and self.open[PRIVATE]:
            self.drop(PRIVATE)
            driver.closed(PRIVATE)
        elif what == "closed" and self.open[PUBLIC]:
            self.drop(PUBLIC)
            driver.closed(PUBLIC)
        elif what == "unsent" and requests:
            message = self.unanswered.pop(requests[-1])
            if message["method"] == "Place":
                self.reached.remove(message["client_id"])
            driver.take(driver.link.unsent(driver.now, PRIVATE, message["req_id"]))
        elif what == "lose" and self.calls:
            driver.reply(self.calls.popitem()[0], b"lost", status=-(number % 2))
        elif what == "reply" and self.calls:
            request_id = next(iter(self.calls))
            self.reply(request_id, *self.calls.pop(request_id))
        elif what == "refuse_connects":
            self.refusals = number
        elif what == "garbage":
            driver.frame(PRIVATE, b"{")
        elif what == "gap" and self.open[PRIVATE]:
            self.sequence += 2
            self.update()
        elif what == "time":
            driver.wait(0.3 * number)
        elif what == "long":
            driver.wait(4 * number, heartbeats=number % 2 == 0)
        self.look()

    def respond(self, message: dict[str, Any], error: str = "") -> None:
        client_id = message["client_id"]
        frame = {"method": message["method"], "req_id": message["req_id"], "success": not error}
        if error:
            frame["error"] = error
            if message["method"] == "Place":
                self.reached.remove(client_id)
        elif message["method"] == "Place":
            frame["order_id"] = f"O{client_id}"
        self.driver.frame(PRIVATE, frame)
        if message["method"] == "Place" and not error:
            self.sequence += 1
            self.update({"what": "accepted", "client_id": client_id, "venue_id": f"O{client_id}"})

    def update(self, *rows: dict[str, Any]) -> None:
        message = {"channel": "executions", "type": "update", "data": rows, "sequence": self.sequence}
        self.driver.frame(PRIVATE, message)

    def drop(self, channel: str) -> None:
        self.open[channel] = False
        self.unanswered = {i: m for i, m in self.unanswered.items() if m["on"] != channel}

    def reply(self, request_id: int, kind: str, body: dict[str, Any]) -> None:
        """The truth: every order that reached the venue and is asked for is there."""
        if kind == "token":
            self.driver.tokens += 1
            message: Any = {"token": f"token{self.driver.tokens}"}
        elif kind == "closed_orders" and body["client_id"] in self.reached:
            message = {"rows": [self.ended(body["client_id"])]}
        elif kind == "query_orders":
            message = {"rows": [self.ended(venue_id[1:]) for venue_id in body["venue_ids"]]}
        else:
            message = {"rows": [], "total": 0}
        self.driver.reply(request_id, message)

    def ended(self, client_id: str) -> dict[str, Any]:
        assert client_id in self.reached
        return {"what": "canceled_report", "client_id": client_id, "venue_id": f"O{client_id}"}

    def heal(self) -> None:
        """From now on everything answers at once."""
        self.refusals = 0
        for _ in range(2000):
            for request_id in tuple(self.calls):
                self.reply(request_id, *self.calls.pop(request_id))
            for message in tuple(self.unanswered.values()):
                del self.unanswered[message["req_id"]]
                self.acknowledge(message)
            self.look()
            self.driver.wait(1)
            session, link = self.driver.link.session, self.driver.link
            idle = not self.calls and not self.unanswered
            if idle and session.is_up(PUBLIC) and session.is_up(PRIVATE) and not link.in_doubt:
                return

    def acknowledge(self, message: dict[str, Any]) -> None:
        driver, channel = self.driver, message["on"]
        if message["method"] == "ping":
            driver.frame(channel, {"method": "pong", "req_id": message["req_id"], "in": driver.now, "out": driver.now})
            return
        if message["method"] in ("Place", "Amend", "Cancel"):
            self.respond(message)
            return
        driver.frame(channel, {"method": message["method"], "req_id": message["req_id"], "success": True})
        if message["method"] == "subscribe" and channel == PRIVATE:
            self.sequence = 1 if message["channel"] == "executions" else self.sequence
            driver.frame(PRIVATE, SNAPSHOT if message["channel"] == "executions" else BALANCES)


@cases(150, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_no_order_twice_no_silence_about_any_and_every_doubt_ends(steps: list[tuple[str, int]]) -> None:
    world = World()
    for what, number in steps:
        world.step(what, number)
    world.heal()
    link = world.driver.link
    assert link.session.is_up(PUBLIC)
    assert link.session.is_up(PRIVATE)
    assert link.in_doubt == 0
    assert world.calls == {}
    for client_id in world.submitted:
        told = [event for event in world.driver.events if getattr(event, "client_id", "") == client_id]
        assert any(isinstance(event, ENDS) for event in told), f"nothing is known about {client_id}"
        if any(type(event) is OrderAbsent for event in told):
            assert client_id not in world.reached, "absence of an order that the venue has"
        if any(type(event) is OrderDenied for event in told):
            assert client_id not in world.reached, "denied, yet its bytes left"
    store = world.driver.store
    for order in store.open():
        # What the engine asks about own orders that a complete read does not list.
        world.driver.submit(QueryOrder(world.driver.now, "kraken", order.client_id, order.venue_id))
    world.look()
    world.heal()
    assert [(order.client_id, order.state) for order in store.open()] == []
    assert store.contradictions == 0
