"""Gauges that are read at the moment of a scrape, so that nothing has to keep them up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from zilliz_jobs.telemetry.catalogue import Family

Sample = tuple[Sequence[str], float]
"""The values of the labels, in the family's order, and the figure."""

Reading = Mapping[Family, Iterable[Sample]]


def _nothing() -> Reading:
    return {}


class LiveGauges(Collector):
    """`read` is asked by the thread of the metrics' server, whatever the event loop does meanwhile."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)
        self.read: Callable[[], Reading] = _nothing

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(one.name, one.help, labels=one.labels) for one in self._families]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        reading = self.read()
        for family, gauge in zip(self._families, self.describe(), strict=True):
            for labels, figure in reading.get(family, ()):
                gauge.add_metric(labels, figure)
            yield gauge
