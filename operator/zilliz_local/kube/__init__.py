"""A small Kubernetes API server in memory, for the quick start and for fast tests. See README.md."""

from zilliz_local.kube.api import KubeApi
from zilliz_local.kube.faults import Faults
from zilliz_local.kube.refusal import RefusalError
from zilliz_local.kube.stats import Stats
from zilliz_local.kube.store import Store

__all__ = ["Faults", "KubeApi", "RefusalError", "Stats", "Store"]
