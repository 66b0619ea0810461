"""From the errors of Kubernetes to the answers and errors that the core and the pollers know: one table. Pure."""

from __future__ import annotations

from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.core.observation import CancelAnswer, CancelRefused, CancelUnclear, EffectUnknown, Refused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import Forbidden, Invalid, KubeError, Unauthorised, Unavailable

AGAIN_SECONDS = 30.0
_SAID_NO = (Forbidden, Invalid, Unauthorised)
"""Nothing was written."""


def unreadable(error: KubeError) -> Transient:
    """A read of Kubernetes that told nothing of the worker."""
    refused = isinstance(error, _SAID_NO)
    reason = Reason.KUBERNETES_REFUSED if refused else Reason.KUBERNETES_UNAVAILABLE
    after = error.retry_after if isinstance(error, Unavailable) else None
    return Transient(str(error), reason=reason, retry_after=after)


def written(error: KubeError) -> Refused | EffectUnknown:
    """A write of which nobody knows whether it took effect, unless Kubernetes said no."""
    if isinstance(error, _SAID_NO):
        return Refused(Reason.KUBERNETES_REFUSED, str(error), heals=True, retry_after=AGAIN_SECONDS)
    return EffectUnknown(str(error))


def cancelled(error: KubeError) -> CancelAnswer:
    """A deletion that failed; it may be sent again unless Kubernetes said no."""
    if isinstance(error, _SAID_NO):
        return CancelRefused(Reason.KUBERNETES_REFUSED, str(error))
    return CancelUnclear(str(error), error.retry_after if isinstance(error, Unavailable) else None)
