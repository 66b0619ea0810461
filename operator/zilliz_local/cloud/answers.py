"""What goes over the wire around the data: envelope, error codes, and the errors in words.

Business errors travel as HTTP 200 with a code other than 0; a bad key is HTTP 401 (both recorded from the
live service). Codes without a documented meaning for our case are marked (inferred).
"""

from dataclasses import dataclass

BAD_KEY = 21119
BAD_REQUEST = 400
NOT_FOUND = 404
THROTTLED = 429
WRONG_STATE = 40003
MISSING_CLUSTER = 40021
NO_ACCESS = 40022
MISSING_COLLECTION = 47005
TOO_MANY_IMPORTS = 47039
BAD_OBJECT_URL = 10003
NOT_FOR_SERVERLESS = 80021
CLUSTER_ID_NEEDED = 90104
NOTHING_TO_IMPORT = 90142
UNKNOWN_JOB = 90144


class Problem(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """A request that the cloud refuses: business `code`, HTTP status and `message`."""

    def __init__(self, code: int, message: str, http: int = 200, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http = http
        self.retry_after = retry_after

    def envelope(self) -> dict[str, object]:
        """The body of the answer."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, before faults have had their way with it."""

    http: int
    body: dict[str, object]
    retry_after: int | None = None

    @property
    def code(self) -> object:
        """The business code."""
        return self.body.get("code")


def success(data: object, *, version: int) -> Reply:
    """v2 says code 0, v1 says code 200 (documented)."""
    return Reply(200, {"code": 200 if version == 1 else 0, "data": data})


def refusal(problem: Problem) -> Reply:
    """The answer that carries a problem."""
    return Reply(problem.http, problem.envelope(), problem.retry_after)


def bad_key() -> Problem:
    """HTTP 401 with this code was recorded; the wire text has no full stop."""
    return Problem(BAD_KEY, "Invalid API key", http=401)


def throttled(endpoint: str, retry_after: int = 1) -> Problem:
    """Status and code inferred; a known client looks for the words "rate limit"."""
    return Problem(THROTTLED, f"rate limit exceeded for {endpoint}", http=429, retry_after=retry_after)


def bad_request(why: str) -> Problem:
    """A field is missing or wrong."""
    return Problem(BAD_REQUEST, f"Invalid request parameters: {why}")


def unknown_job(job_id: str) -> Problem:
    """Documented for imports under a cluster; inferred for GET /v2/jobs/{id}."""
    return Problem(UNKNOWN_JOB, f"The job {job_id} cannot be found")


def missing_cluster(cluster_id: str) -> Problem:
    """The cluster does not exist."""
    return Problem(MISSING_CLUSTER, f"The cluster {cluster_id} does not exist")


def no_access(cluster_id: str) -> Problem:
    """The key's projects do not hold this cluster."""
    return Problem(NO_ACCESS, f"No access to the cluster {cluster_id}")


def wrong_state(message: str) -> Problem:
    """The action is not available now: documented for clusters, inferred for jobs."""
    return Problem(WRONG_STATE, message)


def missing_collection(db_name: str, collection: str) -> Problem:
    """The target collection is not there."""
    return Problem(MISSING_COLLECTION, f"The collection {db_name}.{collection} does not exist")


def missing_backup(backup_id: str) -> Problem:
    """Inferred: body code 404, as other resources use."""
    return Problem(NOT_FOUND, f"The backup {backup_id} does not exist")
