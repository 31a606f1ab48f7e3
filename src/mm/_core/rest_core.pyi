from typing import Any, Final, final

from typing_extensions import disjoint_base

CANCEL_SHARE: Final[int]
READ_TIMEOUT_NS: Final[int]
COMMAND_TIMEOUT_NS: Final[int]

@final
class Call:
    """One REST call, from wish to final answer."""

    kind: str
    owner: str
    parameters: dict[str, Any]
    command: Any
    subject: Any
    query: Any
    request_id: int
    is_read: bool
    is_private: bool
    urgent: bool
    rank: int
    cost: int
    attempts: int
    nonce_refused: bool
    not_before_ns: int
    expires_ns: int

    def __init__(
        self,
        kind: str,
        owner: str,
        parameters: dict[str, Any] | None = None,
        *,
        command: Any = None,
        subject: Any = None,
        query: Any = None,
        request_id: int = 0,
        is_read: bool = True,
        is_private: bool = True,
        urgent: bool = False,
        rank: int = 0,
        cost: int = 1,
        not_before_ns: int = 0,
        expires_ns: int = 0,
    ) -> None: ...
    @property
    def has_priority(self) -> bool: ...
    @property
    def timeout_ns(self) -> int: ...

@disjoint_base
class SilenceCore:
    """Whether a reason to send nothing is in force. state: `mm.net.access.State`; open_state: the one without it."""

    state: Any

    def __init__(self, open_state: Any) -> None: ...

@disjoint_base
class RestCore:
    """waiting: calls that wait; urgent: those in flight on the lane of orders and cancels, `urgent_max` at most; ban,
    key: while one of them is in force, orders are kept back."""

    waiting: list[Call]

    def __init__(self, urgent_max: int, ban: SilenceCore, key: SilenceCore) -> None: ...
    @property
    def urgent(self) -> list[Call]: ...
    @property
    def urgent_max(self) -> int: ...
    @property
    def orders_max(self) -> int: ...
