"""How much is said of what goes wrong again and again."""

from mm.screen.throttle import BURST, BURST_ALL, EVERY_ALL_NS, EVERY_NS, SECOND_NS, Throttle


class Clock:
    now_ns = 1_000 * SECOND_NS

    def __call__(self):
        return self.now_ns


def test_a_kind_is_said_a_few_times_and_then_counted():
    clock = Clock()
    throttle = Throttle(clock)
    said = [throttle.let(f"order {number} refused: no funds") for number in range(10_000)]
    assert [text for text in said if text] == [f"order {number} refused: no funds" for number in range(BURST)]
    assert throttle.left_out == 10_000 - BURST
    clock.now_ns += EVERY_NS
    assert throttle.let("order 7 refused: no funds") == "order 7 refused: no funds (9,980 more like it were left out)"
    assert throttle.let("order 8 refused: no funds") == ""


def test_another_kind_is_said_beside_a_flood():
    throttle = Throttle(Clock())
    for _ in range(1000):
        throttle.let("the same")
    assert throttle.let("something else") == "something else"


def test_words_that_are_new_each_time_meet_the_bound_of_all():
    clock = Clock()
    throttle = Throttle(clock)
    letters = "abcdefghij"
    words = ["".join(letters[int(digit)] for digit in str(number)) for number in range(5000)]
    assert sum(bool(throttle.let(f"refused: {word}")) for word in words) == BURST_ALL
    clock.now_ns += 100 * EVERY_ALL_NS
    assert sum(bool(throttle.let(f"denied: {word}")) for word in words) == 100
    assert throttle.left_out == 2 * 5000 - BURST_ALL - 100


def test_what_is_seldom_is_always_said():
    clock = Clock()
    throttle = Throttle(clock)
    for number in range(1000):
        clock.now_ns += EVERY_NS
        assert throttle.let(f"round {number}") == f"round {number}"
