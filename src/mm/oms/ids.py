"""Client order ids: owner, epoch, purpose, counter; never the same twice, and recognised after a restart.

The form is owner + epoch in base 36 + one capital letter for the purpose + counter in base 36: `mm1zQ4f`. Kraken's free
form takes 18 ASCII characters; two for the owner, six for an epoch (2^31 starts), one for the purpose and nine for the
counter (10^14 orders) are exactly that.
"""

from __future__ import annotations

from typing import Final

from mm._core.client_ids import ClientIdsCore
from mm.errors import LocalError
from mm.ownership import PURPOSE_LETTERS, own_form

LENGTH_MAX: Final = 18
PURPOSES: Final = {letter: purpose for purpose, letter in PURPOSE_LETTERS.items()}
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """Return a number of zero or more in lower-case base 36."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
        if not number:
            return text


class ClientIds(ClientIdsCore):
    """The ids of one start. Peeking does not take: an id is taken when its Place is applied, so replay takes the
    same."""

    __slots__ = ("_form",)

    def __init__(self, owner: str, epoch: int) -> None:
        prefix = owner + base36(epoch)
        # An order of another program may begin with our two letters too.
        self._form = own_form(owner)
        if not owner.isascii() or not owner.isalnum() or len(prefix) > LENGTH_MAX - 8:
            raise LocalError(f"owner {owner!r} and epoch {epoch} do not leave room for the counter of a client id")
        super().__init__(owner, prefix, PURPOSE_LETTERS)

    def is_own(self, client_id: str) -> bool:
        """Whether an order at the venue is ours, from this start or an earlier one."""
        return self._form.fullmatch(client_id) is not None

    def epoch_of(self, client_id: str) -> int:
        """The start that an own id is of. Raises LocalError for another's."""
        found = self._form.fullmatch(client_id)
        if found is None:
            raise LocalError(f"{client_id!r} is no client id of ours")
        return int(found["epoch"], 36)

    def purpose_of(self, client_id: str) -> str:
        """What an order with an own id was for. Raises LocalError for another's."""
        found = self._form.fullmatch(client_id)
        if found is None:
            raise LocalError(f"{client_id!r} is no client id of ours")
        return PURPOSES[found["purpose"]]
