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


def test_the_replay_goes_on_where_the_market_was_and_comes_back():
    tape = builtin()
    once = len(list(tape.entries()))
    entries = list(islice(tape.replay(), 4 * once + 1))
    assert [entry.number for entry in entries] == list(range(4 * once + 1))
    assert all(one.time_us <= two.time_us for one, two in pairwise(entries))
    assert entries[once].time_us == tape.duration_us

    def middle_after(count):
        """The best prices of the pass so far, from its whole book on."""
        sides = {BUY: {}, SELL: {}}
        for entry in entries[(count - 1) // once * once : count]:
            if isinstance(entry, BookEntry):
                for side, price, size in entry.levels:
                    sides[side][price] = size
        bid, ask = (f(p for p, s in sides[k].items() if s) for f, k in ((max, BUY), (min, SELL)))
        assert bid < ask
        return (bid + ask) / 2

    assert [entry.number for entry in entries if getattr(entry, "is_snapshot", False)] == [k * once for k in range(5)]
    for turn in range(1, 5):
        assert abs(middle_after(turn * once) - middle_after(turn * once + 1)) <= 1
    assert abs(middle_after(1) - middle_after(2 * once)) <= 1


def test_every_second_pass_is_the_mirror_image():
    tape = builtin()
    once = len(list(tape.entries()))
    entries = list(islice(tape.replay(), 2 * once))
    sums = set()
    for plain, image in zip(entries[:once], entries[once:], strict=True):
        assert image.time_us - plain.time_us == tape.duration_us
        if isinstance(plain, TradeEntry):
            assert (image.side, image.size) == (-plain.side, plain.size)
            sums.add(plain.price + image.price)
        else:
            for one, two in zip(plain.levels, image.levels, strict=True):
                assert (two[0], two[2]) == (-one[0], one[2])
                sums.add(one[1] + two[1])
    assert len(sums) == 1


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: b"MMTAPE2\n" + d[8:], lambda d: d[:-1], lambda d: d[:200]])
def test_a_damaged_tape_is_refused_with_what_to_do(tmp_path, damage):
    path = tmp_path / "x.mmtape"
    path.write_bytes(damage(builtin().path.read_bytes()))
    with pytest.raises(TapeError, match="make"):
        Tape(path)


def test_a_missing_tape_is_named(tmp_path):
    with pytest.raises(TapeError, match=r"nothing\.mmtape: no such file"):
        Tape(tmp_path / "nothing.mmtape")
