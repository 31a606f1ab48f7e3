"""Differences between our books and a venue's: what may follow from one, and how it is told to people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from mm._core import events as ev
from mm._core.fixed import amount_text

SECOND_NS: Final = 1_000_000_000
SHOWN_MAX: Final = 20
"""Of the newest differences, by a report for people; programs get all that are kept."""
BOOKED: Final = "booked"
CLOSED: Final = "closed"
TAKEN_BACK: Final = "taken back"
CANCELLED: Final = "cancelled again"
EXTERNAL: Final = "external"
UNEXPLAINED: Final = "unexplained"
EXPLAINED: Final = "explained"
ACCEPTED: Final = "accepted"
UNCOMPARED: Final = "not compared"
OVER: Final = frozenset({EXPLAINED, ACCEPTED})
ALARMED: Final = OVER | {UNEXPLAINED}
"""What an alarm tells of."""
VERDICTS: Final = {
    BOOKED: "what was missing here is booked, once",
    CLOSED: "an order that stood here is over",
    TAKEN_BACK: "an order of ours that nobody here knew: counted and cancelled",
    CANCELLED: "an order that is over here and open at the venue: cancelled again",
    EXTERNAL: "somebody else's doing, by the venue's own fills or position: booked as such",
    UNEXPLAINED: "nothing says why: the instrument is halted",
    EXPLAINED: "an unexplained difference that is there no more",
    ACCEPTED: "an unexplained difference that an operator has accepted",
    UNCOMPARED: "at a stop: the venue's last word is another, and no two reads agree on it: nothing is booked",
}


def told(event: ev.Difference) -> str:
    """A difference as a sentence."""
    if event.verdict == ACCEPTED:
        return f"{event.venue}: the difference in {event.what} {event.subject} is accepted by an operator"
    says = f"{event.venue}: {event.what} {event.subject}: here {event.ours}, there {event.theirs}"
    return f"{says}: {event.verdict} ({event.evidence})"


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """A report as lines for people: a venue in each, then what is unexplained, then the newest differences."""
    lines = []
    for name, venue in report["venues"].items():
        if venue["read_ns"]:
            when = f"{venue['age_s']:.0f} s ago" if venue["age_s"] is not None else clock(venue["read_ns"])
            whole = "" if venue["complete"] else ", NOT COMPLETE"
            used = f", {venue['calls']} calls of {venue['points']} points" if venue["calls"] else ""
            lines.append(f"{name}: round {venue['rounds']}, {when}{whole} ({venue['what']}{used})")
        else:
            lines.append(f"{name}: not read yet")
        for each in venue["unexplained"]:
            text = amount_text(int(each["amount"])) if each["what"] == "balance" else each["amount"]
            lines.append(f"  UNEXPLAINED: {each['what']} {each['subject']}, {text} more there: halted; see --accept")
        for each in venue.get("uncompared", ()):
            text = f"{each['what']} {each['subject']}, {amount_text(int(each['amount']))} more there by its last word"
            lines.append(f"  NOT COMPARED: {text} ({each['evidence']})")
    differences = report["differences"]
    is_known = report.get("venues_known", True)
    if not is_known:
        lines.append("which venues the run had is not known")
    has_died = report.get("has_died", False)
    unread = not is_known or has_died or any(not is_compared(venue) for venue in report["venues"].values())
    none = "no differences where it was read" if unread else "no differences"
    lines.append(f"{len(differences)} differences" if differences else none)
    for each in differences[-SHOWN_MAX:]:
        says = f"here {each['ours']}, there {each['theirs']}" if each["ours"] or each["theirs"] else ""
        subject = f"{each['venue']} {each['what']} {each['subject']}"
        lines.append(f"  {clock(each['time_ns'])} {subject}: {says}: {each['verdict']} ({each['evidence']})")
    return lines


def is_compared(venue: Mapping[str, Any]) -> bool:
    """Whether a report knows how far our books are those of a venue of it."""
    return bool(venue["read_ns"]) and not venue.get("uncompared")


def clock(time_ns: int) -> str:
    """A moment in UTC, for people."""
    return f"{datetime.fromtimestamp(time_ns // SECOND_NS, UTC):%H:%M:%S}"


def as_json(event: ev.Difference) -> dict[str, Any]:
    """A difference as plain values; amounts are text, since they pass 53 bits."""
    return {
        "time_ns": event.recv_ns,
        "venue": event.venue,
        "what": event.what,
        "subject": event.subject,
        "ours": event.ours,
        "theirs": event.theirs,
        "amount": str(event.amount),
        "evidence": event.evidence,
        "verdict": event.verdict,
    }
