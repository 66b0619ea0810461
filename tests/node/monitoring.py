"""Prometheus and Alertmanager beside a node, with the chart's rules in a sixtieth of their times."""

from __future__ import annotations

import itertools
import json
import os
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tests.node.stage import NAMESPACE, Chart
from tests.support.charted import CHART
from tests.support.controlplane.supervise import Reaper, Server, free_ports
from tests.support.debian import unpacked
from tests.support.shortrules import shortened

PACKAGES = ("prometheus", "prometheus-alertmanager")
START_SECONDS = 60.0
PATIENCE = 120.0
SERVICE = "app.kubernetes.io/name=zilliz-jobs-operator"
INTERVAL = "1s"
EVER = datetime.min.replace(tzinfo=UTC)
WITH_ITS_SHARE = 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share && exec "$@"'
"""Debian's Alertmanager reads its templates there, and nowhere else; the mount is seen by nobody else."""


class Monitoring:
    """Reads the metrics of the chart's pods, as its ServiceMonitor says. Prometheus of Debian cannot ask Kubernetes
    for them, so `refresh` writes down which they are."""

    def __init__(self, chart: Chart, folder: Path, reaper: Reaper) -> None:
        with chart.node.machine.outside():
            found = unpacked(*PACKAGES, into="monitoring")
        share = found["prometheus"].parents[1] / "share"
        self._chart = chart
        self._targets = folder / "targets.json"
        ports = free_ports(2)
        self._prometheus, self._alertmanager = (f"127.0.0.1:{port}" for port in ports)
        rules = folder / "rules.yaml"
        rules.write_text(yaml.safe_dump(shortened(yaml.safe_load((CHART / "files/alerts.yaml").read_text()))))
        config = {
            "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [self._alertmanager]}]}]},
            "scrape_configs": [
                {
                    "job_name": "operator",
                    "honor_labels": True,
                    "file_sd_configs": [{"files": [str(self._targets)], "refresh_interval": INTERVAL}],
                }
            ],
        }
        (folder / "prometheus.yaml").write_text(json.dumps(config))
        (folder / "alertmanager.yaml").write_text(
            json.dumps({"route": {"receiver": "none"}, "receivers": [{"name": "none"}]})
        )
        self.refresh()
        self._servers = (
            Server(
                "alertmanager",
                [
                    *("unshare", "--mount", "sh", "-c", WITH_ITS_SHARE, str(share)),
                    str(found["prometheus-alertmanager"]),
                    f"--config.file={folder / 'alertmanager.yaml'}",
                    f"--storage.path={folder / 'alertmanager'}",
                    f"--web.listen-address={self._alertmanager}",
                    "--cluster.listen-address=",
                ],
                folder,
                reaper,
            ),
            Server(
                "prometheus",
                [
                    str(found["prometheus"]),
                    f"--config.file={folder / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={folder / 'prometheus'}",
                    f"--web.listen-address={self._prometheus}",
                    "--rules.alert.resend-delay=5s",
                ],
                folder,
                reaper,
            ),
        )

    def start(self) -> None:
        alertmanager, prometheus = self._servers
        alertmanager.start(lambda: self._is_ready(self._alertmanager), START_SECONDS, os.environ)
        prometheus.start(lambda: self._is_ready(self._prometheus), START_SECONDS, os.environ)
        self.until("both replicas are read", lambda: self.value("sum(up)") == 2.0)

    def stop(self) -> None:
        for server in self._servers:
            server.stop(kill=True)

    def refresh(self) -> None:
        """The pods behind the chart's Service, with the labels that a ServiceMonitor gives them."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
        targets = []
        for slice_ in self._chart.plane.client.get(path, labelSelector=SERVICE)["items"]:
            endpoints = slice_.get("endpoints") or []
            ports = [one["port"] for one in slice_.get("ports") or [] if one["name"] == "metrics"]
            service = slice_["metadata"]["labels"]["kubernetes.io/service-name"]
            for endpoint, port in itertools.product(endpoints, ports):
                labels = {"namespace": NAMESPACE, "job": service, "pod": endpoint["targetRef"]["name"]}
                targets.append({"targets": [f"{endpoint['addresses'][0]}:{port}"], "labels": labels})
        draft = self._targets.with_suffix(".draft")
        draft.write_text(json.dumps(targets))
        draft.rename(self._targets)

    # -- asking

    def firing(self, since: datetime = EVER, **labels: str) -> set[str]:
        """The alerts with these labels that Alertmanager has, that have not ended, and that began no earlier."""
        alerts = _read(self._alertmanager, "/api/v2/alerts?active=true")
        found = [one["labels"] for one in alerts if datetime.fromisoformat(one["startsAt"]) >= since]
        return {has["alertname"] for has in found if labels.items() <= has.items()}

    def rules(self) -> dict[str, str]:
        """Each rule of the chart by its name: ok, or what is wrong with it."""
        groups = _read(self._prometheus, "/api/v1/rules")["data"]["groups"]
        return {rule["name"]: rule.get("lastError") or rule["health"] for group in groups for rule in group["rules"]}

    def value(self, expression: str) -> float | None:
        query = urllib.parse.urlencode({"query": expression})
        found = _read(self._prometheus, f"/api/v1/query?{query}")["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def until(self, what: str, happened: Any, seconds: float = PATIENCE) -> float:
        """How long it took, in seconds."""
        began = time.monotonic()
        while not happened():
            self.refresh()
            told = f"firing: {sorted(self.firing())}" if self._servers[0].running else ""
            assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}\n{told}"
            time.sleep(0.5)
        return time.monotonic() - began

    @staticmethod
    def _is_ready(address: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{address}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _read(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return json.loads(answer.read())


@contextmanager
def monitoring(chart: Chart, folder: Path) -> Iterator[Monitoring]:
    with closing(Reaper(None)) as reaper:
        made = Monitoring(chart, folder, reaper)
        try:
            made.start()
            yield made
        finally:
            made.stop()
