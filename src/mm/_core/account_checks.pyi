from typing import final

from mm._core.event import Event

@final
class Reconcile(Event):
    @property
    def venue(self) -> str: ...
    @property
    def reason(self) -> str: ...
    def __init__(self, recv_ns: int, venue: str, reason: str) -> None: ...

@final
class AccountRead(Event):
    @property
    def venue(self) -> str: ...
    @property
    def begun_ns(self) -> int: ...
    @property
    def is_complete(self) -> bool: ...
    @property
    def calls(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def reason(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue: str,
        begun_ns: int,
        is_complete: bool,
        calls: int,
        cost: int,
        reason: str,
    ) -> None: ...

@final
class Difference(Event):
    @property
    def venue(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def ours(self) -> str: ...
    @property
    def theirs(self) -> str: ...
    @property
    def amount(self) -> int: ...
    @property
    def evidence(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue: str,
        what: str,
        subject: str,
        ours: str,
        theirs: str,
        amount: int,
        evidence: str,
        verdict: str,
    ) -> None: ...

@final
class Reconciled(Event):
    @property
    def venue(self) -> str: ...
    @property
    def begun_ns(self) -> int: ...
    @property
    def differences(self) -> int: ...
    @property
    def unexplained(self) -> int: ...
    @property
    def summary(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue: str,
        begun_ns: int,
        differences: int,
        unexplained: int,
        summary: str,
    ) -> None: ...
