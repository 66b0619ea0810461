"""Secrets that a manifest names: only those that carry the label which allows their use.

A person who may write jobs must not be able to have any Secret of the namespace sent to an address of their own.
"""

from __future__ import annotations

from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound
from zilliz_jobs.kube.secrets import Secret, Secrets

CREDENTIALS_LABEL = "jobs.zilliz.com/credentials"
RETRY_SECONDS = 5.0


async def read_labelled(secrets: Secrets, namespace: str, name: str) -> tuple[Secret | None, Blocked | None]:
    """The Secret, if it carries the label that allows its use; else None and the reason. Raises no KubeError."""
    try:
        secret = await secrets.read(namespace, name)
    except NotFound:
        return None, Blocked(
            Reason.SECRET_NOT_FOUND, f"there is no Secret {name} in namespace {namespace}; create it"
        )
    except Forbidden as error:
        return None, Blocked(Reason.KUBERNETES_REFUSED, f"the operator may not read Secret {name}: {error}")
    except KubeError as error:
        return None, Blocked(Reason.KUBERNETES_UNAVAILABLE, f"cannot read Secret {name}: {error}", RETRY_SECONDS)
    if secret.labels.get(CREDENTIALS_LABEL) != "true":
        message = f'Secret {name} may not be used: give it the label {CREDENTIALS_LABEL}: "true"'
        return None, Blocked(Reason.SECRET_NOT_LABELLED, message)
    return secret, None
