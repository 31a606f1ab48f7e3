"""The hash by which a twin and its native class are compared (the finaliser of splitmix64)."""

MASK = (1 << 64) - 1


def fold(state: int, value: int) -> int:
    mixed = ((state ^ (value & MASK)) + 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return mixed ^ (mixed >> 31)


def fold_wide(state: int, value: int) -> int:
    return fold(fold(state, value & MASK), (value >> 64) & MASK)
