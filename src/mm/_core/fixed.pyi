class FixedError(ValueError):
    field: str
    value: object
    reason: str
    def __init__(self, field: str, value: object, reason: str) -> None: ...

def to_units(
    text: str | bytes,
    precision: int,
    field: str,
    increment: int = 1,
    allow_zero: bool = False,
    allow_negative: bool = False,
) -> int: ...
def to_text(units: int, precision: int) -> str: ...
def amount(text: str | bytes, field: str, allow_negative: bool = True) -> int: ...
def amount_text(units: int) -> str: ...
