"""What leaves before the disk has a decision, and what waits for it."""

from mm._core.driver_core import HELD_NS_MAX, LOOK_NS, DriverCore
from mm._core.events import AmendRejected, OrderDenied
from mm.engine import Engine
from tests.engine.world import World
from tests.net.driver import amend, cancel, place


class Scripted(Engine):
    """Decides what it is told to."""

    def decide_first(self, now_ns):
        return self.script.pop(0) if self.script else []

    def decide_quotes(self, now_ns):
        return []


class Log:
    """Recorder and link: what they are asked for, in order."""

    def __init__(self):
        self.seen = []
        self.is_synced = True

    def record(self, event):
        if type(event) is OrderDenied:
            self.seen.append(f"denied: {event.reason}")
        elif type(event) is AmendRejected:
            self.seen.append(f"rejected: {event.reason}")

    def commit(self):
        self.seen.append("sync" if self.is_synced else "waits")
        return self.is_synced

    def submit(self, now_ns, command):
        self.seen.append(type(command).__name__)
        return ()


def driver_of(folder, *decisions):
    engine = World(path=folder / "mm.toml").engine
    engine.__class__ = Scripted
    engine.script = list(decisions)
    log = Log()
    driver = DriverCore(engine, {"kraken": log}, log)
    driver.on_output = lambda venue: log.seen.append(f"{venue} leaves")
    return driver, log


def test_cancels_are_on_the_wire_before_an_order_of_the_same_decision_waits_for_the_disk(tmp_path):
    driver, log = driver_of(tmp_path, [place(), cancel("b1")])
    driver.decide(1, "kraken")
    assert log.seen == ["Cancel", "kraken leaves", "sync", "Place"]


def test_cancels_alone_wait_for_nothing(tmp_path):
    driver, log = driver_of(tmp_path, [cancel(), cancel()])
    driver.decide(1, "kraken")
    assert log.seen == ["Cancel", "Cancel"]


def test_news_of_a_cancel_that_leaves_is_decided_about_after_the_order_behind_it(tmp_path):
    driver, log = driver_of(tmp_path, [cancel(), place()], [cancel()])
    leave = driver.on_output

    def fails(venue):
        leave(venue)
        # As a socket does that is gone: its news come while the cancel is handed over.
        driver.on_output = leave
        driver.decide(1, "kraken")

    driver.on_output = fails
    driver.decide(1, "kraken")
    assert log.seen == ["Cancel", "kraken leaves", "sync", "Place", "Cancel"]


def test_no_order_leaves_once_the_flush_of_its_cancels_has_failed(tmp_path):
    driver, log = driver_of(tmp_path, [cancel("b1"), place(), cancel("c1")])
    leave = driver.on_output
    driver.on_output = lambda venue: leave(venue) is not None
    driver.decide(1, "kraken")
    assert log.seen == [
        "Cancel",
        "Cancel",
        "kraken leaves",
        "denied: not sent, what sends has failed and the run ends",
    ]


def test_an_order_behind_a_failed_flush_of_another_venue_is_kept_back_and_cancels_go_on(tmp_path):
    driver, log = driver_of(tmp_path, [cancel("b1"), place(), cancel("c1")])
    leave, driver.on_output = driver.on_output, None
    driver.on_output = lambda venue: leave(venue) is not None
    driver.decide(1, "")
    assert [each for each in log.seen if each != "kraken leaves"] == [
        "Cancel",
        "Cancel",
        "denied: not sent, what sends has failed and the run ends",
    ]


def test_a_cancel_never_overtakes_the_order_or_the_amend_before_it(tmp_path):
    driver, log = driver_of(tmp_path, [place(), cancel(), cancel("b1")], [amend("b1"), cancel("b1"), cancel("c1")])
    driver.decide(1, "kraken")
    driver.decide(2, "kraken")
    one = ["Cancel", "kraken leaves", "sync"]
    assert log.seen == [*one, "Place", "Cancel", *one, "Amend", "Cancel"]


def test_an_order_and_its_cancel_alone_stay_in_their_order(tmp_path):
    driver, log = driver_of(tmp_path, [place(), cancel()])
    driver.decide(1, "kraken")
    assert log.seen == ["sync", "Place", "Cancel"]


RECALLED = "not sent, it waited for the disk when it was cancelled"


def test_an_order_that_waits_for_the_disk_leaves_when_the_disk_has_it(tmp_path):
    driver, log = driver_of(tmp_path, [place(), cancel("b1")], [], [amend("c1")], [])
    log.is_synced = False
    driver.decide(1, "kraken")
    assert driver.held_due_ns == 1 + LOOK_NS
    driver.decide(driver.held_due_ns, "kraken")
    driver.decide(driver.held_due_ns, "kraken")
    # What comes meanwhile is behind it: one look at the disk serves both.
    assert log.seen == ["Cancel", "kraken leaves", "waits", "waits", "waits"]
    log.is_synced = True
    driver.decide(driver.held_due_ns, "kraken")
    assert log.seen[5:] == ["sync", "Place", "Amend"]
    assert driver.held_due_ns == 0


def test_no_cancel_waits_behind_an_order_that_waits_for_the_disk(tmp_path):
    driver, log = driver_of(
        tmp_path, [place("a1"), amend("b1"), amend("c1"), cancel("c1")], [cancel("b1"), cancel("d1")], [cancel("a1")]
    )
    log.is_synced = False
    driver.decide(1, "kraken")
    driver.decide(2, "kraken")
    # An order that has not left needs no request to cancel it.
    # Nor do they wait for a look at the disk.
    assert log.seen == ["waits", f"rejected: {RECALLED}", "Cancel", "Cancel", f"denied: {RECALLED}", "waits"]
    log.is_synced = True
    driver.decide(4, "kraken")
    assert log.seen[6:] == ["sync", "Amend", "Cancel"]


def test_an_order_that_waits_too_long_for_the_disk_is_denied(tmp_path):
    driver, log = driver_of(tmp_path, [place()])
    log.is_synced = False
    driver.decide(1, "kraken")
    driver.decide(HELD_NS_MAX, "kraken")
    driver.decide(1 + HELD_NS_MAX, "kraken")
    log.is_synced = True
    driver.decide(2 * HELD_NS_MAX, "kraken")
    assert log.seen == ["waits"] * 2 + ["denied: not sent, the disk has not taken it within 1000 ms"]
