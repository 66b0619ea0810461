"""What goes over the wire around the data: envelope, error codes, and the errors in words.

Business errors travel as HTTP 200 with a code other than 0; a bad key is HTTP 401 (both recorded from the
live service). Codes without a documented meaning for our case are marked (inferred).
"""

from dataclasses import dataclass, replace

BAD_KEY = 21119
TOKEN_ILLEGAL = 80001
TOKEN_UNKNOWN = 80002
BAD_REQUEST = 400
NOT_FOUND = 404
THROTTLED = 429
WRONG_STATE = 40003
MISSING_CLUSTER = 40021
NO_ACCESS = 40022
NAME_TAKEN = 40013
MISSING_COLLECTION = 47005
TOO_MANY_IMPORTS = 47039
BAD_OBJECT_URL = 10003
NOT_FOR_SERVERLESS = 80021
CLUSTER_ID_NEEDED = 90104
NOTHING_TO_IMPORT = 90142
UNKNOWN_JOB = 90144
BAD_PROJECT = 80014
PLAN_ONLY_UP = 63104
# Milvus' own, on the data plane:
COLLECTION_NOT_FOUND = 100
COLLECTION_NOT_LOADED = 101
BAD_PARAMETER = 1100
UNEXPECTED = 65535


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
        """The business code; an answer without an envelope is a success."""
        return self.body.get("code", 0)

    @property
    def job_id(self) -> str:
        """The id in the answer, "" without one."""
        data = self.body.get("data", self.body)
        return str(data.get("jobId", "")) if isinstance(data, dict) else ""

    def without(self, names: tuple[str, ...]) -> "Reply":
        """The same answer, but these fields of its data are missing."""
        if "data" not in self.body:
            return replace(self, body={k: v for k, v in self.body.items() if k not in names})
        data = self.body["data"]
        kept = {k: v for k, v in data.items() if k not in names} if isinstance(data, dict) else data
        return replace(self, body={**self.body, "data": kept})


@dataclass(frozen=True, slots=True)
class Bare:
    """Data that a handler wants sent without the envelope."""

    data: dict[str, object]


def success(data: object, *, version: int) -> Reply:
    """v2 says code 0, v1 says code 200 (documented)."""
    if isinstance(data, Bare):
        return Reply(200, data.data)
    return Reply(200, {"code": 200 if version == 1 else 0, "data": data})


def refusal(problem: Problem) -> Reply:
    """The answer that carries a problem."""
    return Reply(problem.http, problem.envelope(), problem.retry_after)


def bad_key(*, version: int = 2, malformed: bool = False) -> Problem:
    """v2: HTTP 401 with this code was recorded; the wire text has no full stop. v1 (documented): two codes, for what
    is no token at all and for one that nobody knows."""
    if version == 1:
        return Problem(TOKEN_ILLEGAL, "Token illegal") if malformed else Problem(TOKEN_UNKNOWN, "Token unknown")
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


def backup_not_ready(backup_id: str, status: str) -> Problem:
    """Documented: only an AVAILABLE backup is restored or exported. The code is inferred."""
    return wrong_state(f"The backup {backup_id} is {status}: it must be AVAILABLE")


def name_taken(name: str) -> Problem:
    """Recorded: cluster names are unique."""
    return Problem(NAME_TAKEN, f"The cluster name {name} already exists")


def bad_project(project_id: str) -> Problem:
    """The key sees no such project."""
    return Problem(BAD_PROJECT, f"Invalid projectId: {project_id}")


def collection_exists(db_name: str, collection: str) -> Problem:
    """A name clash stops a migration (documented) and a restore (inferred); the code is inferred."""
    return bad_request(f"the collection {db_name}.{collection} already exists in the destination")


def collection_not_found(db_name: str, collection: str) -> Problem:
    """Milvus' code and text; that the managed service sends the same is inferred."""
    return Problem(COLLECTION_NOT_FOUND, f"can't find collection[database={db_name}][collection={collection}]")
