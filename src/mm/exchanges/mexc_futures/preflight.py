"""May this account hedge here, and if not, what then: a pure judgement of what was read before the first order.

| finding | consequence |
| --- | --- |
| ok | nothing to say |
| warn | said, and traded |
| degrade | order entry is closed to the account or the contract: hedge on spot instead |
| refuse | trading would do something else than what was configured, or the key cannot do what it takes |

(MEXC Futures reference: status of API trading, orders, positions and account.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from mm.exchanges.mexc_futures.contracts import ContractTerms
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.mexc_futures.terms import HEDGE, OPEN_TYPES, POSITION_MODES, TradingMode

RIGHTS: Final = {701: "read the account", 702: "change the account", 703: "read orders", 704: "place orders"}
KEY_PROBLEMS: Final = {
    401: "the key is not authorised",
    402: "the key has expired (keys without an address bound live 90 days)",
    406: "this machine's address is not on the key's list",
    602: "the signature is refused: copy key and secret again, whole",
}
ENTRY_CLOSED: Final = {
    511: "the order endpoint is closed to this account",
    604: "order entry is under maintenance",
    801: "the venue is under maintenance",
    1002: "the contract does not take orders over the API",
    6001: "the account may not trade futures",
    6002: "the account may not open positions",
    6005: "the contract is not available",
    200005: "the account needs an identity check before it may trade futures over the API",
    200006: "the account needs an identity check before it may trade futures over the API",
    300002: "futures are not offered in the account's region",
}
"""Codes that say that order entry is closed, whatever the request was."""
INSTEAD: Final = 'hedge on MEXC spot instead (fallback = "mexc_spot" in [hedging.NAME]), or end the cause'
Leverages = Sequence[tuple[int, int, int, int]]
"""Side, open type (0 not said), leverage, maintenance rate in 1e-8."""


class Severity(IntEnum):
    """What a finding means, the gravest last."""

    OK = 0
    WARN = 1
    DEGRADE = 2
    REFUSE = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. topic: a word for programs; text: a sentence for people; symbol: of what is about
    one contract alone."""

    severity: Severity
    topic: str
    text: str
    symbol: str = ""


@dataclass(slots=True)
class AccountFacts:
    """What was read of the account; None and missing symbols: not read.

    refusals: code of each read or order that was refused, by its kind; fees: maker and taker in 1e-8. Whether a key may
    withdraw the venue tells nowhere: a live start asks for the operator's word (`accept_unknown_key_rights`).
    """

    position_mode: int | None = None
    leverages: dict[str, Leverages] = field(default_factory=dict)
    fees: dict[str, tuple[int, int]] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings, and the gravest consequence."""

    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The gravest finding's."""
        return max((finding.severity for finding in self.findings), default=Severity.OK)

    @property
    def is_closed(self) -> bool:
        """Whether order entry is closed to the account; of a contract the instrument's status says it."""
        return any(finding.severity is Severity.DEGRADE and not finding.symbol for finding in self.findings)

    @property
    def text(self) -> str:
        """The gravest findings in one sentence."""
        return "; ".join(finding.text for finding in self.findings if finding.severity is self.severity)


def judge(
    mode: TradingMode,
    contracts: Mapping[str, ContractTerms | None],
    facts: AccountFacts,
    *,
    taker_fee_e8_max: int = 0,
) -> Verdict:
    """Return what speaks against trading these symbols in this mode. taker_fee_e8_max: 0 any."""
    findings: list[Finding] = []
    _key(facts, findings)
    _mode(mode, facts, findings)
    for symbol, terms in contracts.items():
        _contract(symbol, terms, mode, findings)
        _leverage(symbol, terms, mode, facts.leverages.get(symbol), findings)
        _fees(symbol, facts.fees.get(symbol), taker_fee_e8_max, findings)
    return Verdict(tuple(findings))


def entry_closed(code: int) -> str:
    """Return why order entry is closed, if a code says so; else an empty text."""
    return ENTRY_CLOSED.get(code, "")


def _key(facts: AccountFacts, findings: list[Finding]) -> None:
    for kind, code in facts.refusals.items():
        if code in RIGHTS:
            text = f"{VENUE}: the key may not {RIGHTS[code]} ({kind} gave {code}): give it that right"
            findings.append(Finding(Severity.REFUSE, "rights", text))
        elif code in KEY_PROBLEMS:
            findings.append(Finding(Severity.REFUSE, "key", f"{VENUE}: {KEY_PROBLEMS[code]} ({kind} gave {code})"))
        elif code in ENTRY_CLOSED:
            text = f"{VENUE}: {ENTRY_CLOSED[code]} ({kind} gave {code}): {INSTEAD}"
            findings.append(Finding(Severity.DEGRADE, "entry", text))


def _mode(mode: TradingMode, facts: AccountFacts, findings: list[Finding]) -> None:
    if facts.position_mode is None:
        text = f"{VENUE}: the account's position mode could not be read: it must be {mode.position_mode}"
        findings.append(Finding(Severity.REFUSE, "position_mode", text))
    elif facts.position_mode != POSITION_MODES[mode.position_mode]:
        actual = "hedge" if facts.position_mode == HEDGE else "one_way"
        text = (
            f"{VENUE}: the account is in {actual} mode, the configuration says {mode.position_mode}: change one of "
            "them (the account's only while no order and no position is open)"
        )
        findings.append(Finding(Severity.REFUSE, "position_mode", text))


def _contract(symbol: str, terms: ContractTerms | None, mode: TradingMode, findings: list[Finding]) -> None:
    if terms is None:
        text = f"{VENUE}: {symbol} is not in the venue's list: check the symbol in the configuration"
        findings.append(Finding(Severity.REFUSE, "contract", text))
        return
    if terms.api_allowed is False:
        text = f"{VENUE}: {symbol} takes no orders over the API (apiAllowed is false): {INSTEAD}"
        findings.append(Finding(Severity.DEGRADE, "entry", text, symbol))
    elif terms.api_allowed is None:
        text = f"{VENUE}: the venue does not say whether {symbol} takes orders over the API: the first order will tell"
        findings.append(Finding(Severity.WARN, "entry", text))
    if not terms.is_tradable and terms.api_allowed is not False:
        text = f"{VENUE}: {symbol} is not open for trading now: {INSTEAD}"
        findings.append(Finding(Severity.DEGRADE, "contract", text, symbol))
    if not (terms.isolated if mode.open_type == "isolated" else terms.cross):
        text = f"{VENUE}: {symbol} has no {mode.open_type} margin: change open_type"
        findings.append(Finding(Severity.REFUSE, "open_type", text))


def _leverage(
    symbol: str, terms: ContractTerms | None, mode: TradingMode, rows: Leverages | None, findings: list[Finding]
) -> None:
    if terms is not None and mode.leverage > terms.leverage_max > 0:
        text = f"{VENUE}: {symbol} allows a leverage of {terms.leverage_max}, the configuration says {mode.leverage}"
        findings.append(Finding(Severity.REFUSE, "leverage", text))
    if not mode.leverage:
        return
    if rows is None:
        text = f"{VENUE}: the leverage of {symbol} could not be read: it should be {mode.leverage}"
        findings.append(Finding(Severity.WARN, "leverage", text))
        return
    wanted = OPEN_TYPES[mode.open_type]
    actual = {leverage for _, open_type, leverage, _ in rows if open_type in (0, wanted)}
    if actual - {mode.leverage}:
        found = ", ".join(str(each) for each in sorted(actual))
        text = (
            f"{VENUE}: the leverage of {symbol} is {found}, the configuration says {mode.leverage}: change one of them"
        )
        findings.append(Finding(Severity.REFUSE, "leverage", text))


def _fees(symbol: str, rates: tuple[int, int] | None, taker_fee_e8_max: int, findings: list[Finding]) -> None:
    if rates is None:
        text = f"{VENUE}: the fee rates of {symbol} could not be read: the configured ones count"
        findings.append(Finding(Severity.WARN, "fees", text))
        return
    maker, taker = rates
    shown = f"{maker / 1e6:g} % maker, {taker / 1e6:g} % taker"
    if taker_fee_e8_max and taker > taker_fee_e8_max:
        text = f"{VENUE}: {symbol} costs {shown}: more than the {taker_fee_e8_max / 1e6:g} % that was planned with"
        findings.append(Finding(Severity.WARN, "fees", text))
    else:
        findings.append(Finding(Severity.OK, "fees", f"{VENUE}: {symbol} costs {shown}"))
