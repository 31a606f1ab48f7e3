"""Named counters, gauges and latency histograms, cheap enough for the hot path: adding is one attribute increment.

    frames = registry.counter("frames_total", "frames received", venue="kraken")
    frames.value += 1

Reading is the reader's work: `samples()` walks everything in the order of registration, `values()` gives a flat dict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mm._core import Histogram

METRICS_MAX: Final = 1000
"""A name made of an order id would grow without end: that is a defect, found here."""


class Counter:
    """A count that only grows; add to `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Gauge:
    """A value that goes up and down; set `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


Metric = Counter | Gauge | Histogram


@dataclass(frozen=True, slots=True)
class Sample:
    """One registered metric with its name, meaning and labels."""

    name: str
    help: str
    labels: tuple[tuple[str, str], ...]
    metric: Metric

    def key(self) -> str:
        """`frames_total{venue="kraken"}`."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{labels}}}" if labels else self.name


class Registry:
    """All metrics of one process. Asking again for the same name and labels gives the same metric."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, tuple[tuple[str, str], ...]], Sample] = {}

    def counter(self, name: str, help: str, **labels: str) -> Counter:
        """The counter of a name (ending in `_total`) and labels."""
        metric = self._get(name, help, labels, Counter)
        assert isinstance(metric, Counter)
        return metric

    def gauge(self, name: str, help: str, **labels: str) -> Gauge:
        """The gauge of a name and labels."""
        metric = self._get(name, help, labels, Gauge)
        assert isinstance(metric, Gauge)
        return metric

    def histogram(self, name: str, help: str, **labels: str) -> Histogram:
        """The latency histogram of a name (ending in `_ns`) and labels."""
        metric = self._get(name, help, labels, Histogram)
        assert isinstance(metric, Histogram)
        return metric

    def samples(self) -> Iterator[Sample]:
        """Every metric, in the order of registration."""
        return iter(self._samples.values())

    def _get(self, name: str, help: str, labels: dict[str, str], kind: type[Metric]) -> Metric:
        key = (name, tuple(sorted(labels.items())))
        sample = self._samples.get(key)
        if sample is None:
            if len(self._samples) >= METRICS_MAX:
                raise ValueError(f"more than {METRICS_MAX} metrics: {name} has a label without bound")
            sample = self._samples[key] = Sample(name, help, key[1], kind())
        if not isinstance(sample.metric, kind):
            raise ValueError(f"{name} is a {type(sample.metric).__name__}, not a {kind.__name__}")
        return sample.metric
