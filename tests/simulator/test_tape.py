"""The shipped tape, its form and its endless replay."""

from itertools import islice, pairwise

import pytest

from mm.simulator.tape import BUY, SELL, BookEntry, Tape, TapeError, TradeEntry, builtin


def test_the_shipped_tape_has_what_it_says_and_is_never_crossed():
    tape = builtin()
    counts = {"book": 0, "trades": 0, "levels": 0}
    sides = {BUY: {}, SELL: {}}
    last_us = 0
    for entry in tape.entries():
        assert entry.time_us >= last_us
        last_us = entry.time_us
        if isinstance(entry, TradeEntry):
            counts["trades"] += 1
            continue
        counts["book"] += not entry.is_snapshot
        counts["levels"] += len(entry.levels)
        for side, price, size in entry.levels:
            if size:
                sides[side][price] = size
            else:
                del sides[side][price]
        assert max(sides[BUY]) < min(sides[SELL])
        assert len(sides[BUY]) == len(sides[SELL]) == 200
    assert counts == tape.facts["counts"]
    assert last_us < tape.duration_us


def test_the_replay_goes_on_where_the_market_was():
    tape = builtin()
    once = len(list(tape.entries()))
    entries = list(islice(tape.replay(), 2 * once + 1))
    assert [entry.number for entry in entries] == list(range(2 * once + 1))
    assert all(one.time_us <= two.time_us for one, two in pairwise(entries))

    def middle(count):
        sides = {BUY: {}, SELL: {}}
        for entry in entries[:count]:
            if isinstance(entry, BookEntry):
                if entry.is_snapshot:
                    sides = {BUY: {}, SELL: {}}
                for side, price, size in entry.levels:
                    sides[side][price] = size
        return sum(f(p for p, s in sides[k].items() if s) for f, k in ((max, BUY), (min, SELL))) / 2

    assert entries[once].is_snapshot
    assert abs(middle(once) - middle(once + 1)) <= 1


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: b"MMTAPE2\n" + d[8:], lambda d: d[:-1], lambda d: d[:200]])
def test_a_damaged_tape_is_refused_with_what_to_do(tmp_path, damage):
    path = tmp_path / "x.mmtape"
    path.write_bytes(damage(builtin().path.read_bytes()))
    with pytest.raises(TapeError, match="make"):
        Tape(path)


def test_a_missing_tape_is_named(tmp_path):
    with pytest.raises(TapeError, match=r"nothing\.mmtape: no such file"):
        Tape(tmp_path / "nothing.mmtape")
