"""What a MigrationJob says of itself, which call it takes, and what is sent. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.migrations import BOOKS, CLUSTER, EXTERNAL, FILES, GOOD, NEW, OLD, SECRET, Spec, of

from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.api.url import SUBMITTED
from zilliz_jobs.cloud import effects
from zilliz_jobs.core.observation import Accepted, NotSent, Refused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.migrating import MigrationKind
from zilliz_jobs.kinds.migrations.migrationroutes import Route, answered, route_of, why_not
from zilliz_jobs.kinds.migrations.migrationwire import (
    external,
    in_databases,
    migrated,
    new_cluster,
    remote,
    wanted,
    whole_databases,
)
from zilliz_jobs.kinds.secretneed import SecretNeed

KIND = MigrationKind()
LOGIN = {"username": "me", "password": "pw-1234"}
MADE = {"jobId": "job-1", "clusterId": "in01-n", "username": "db_admin", "password": "pw-1234"}
NAMED = {"newCluster": {**NEW["newCluster"], "name": "moved", "credentialsSecretName": "moved-login"}}


def parsed(spec: Spec) -> MigrationJobSpec:
    return MigrationJobSpec.model_validate(spec)


def wire(model: Any) -> dict[str, Any]:
    shown: dict[str, Any] = model.model_dump(by_alias=True, exclude_none=True, mode="json")
    return shown


class TestWords:
    @pytest.mark.parametrize(
        ("spec", "target", "lock", "description"),
        [
            (of(CLUSTER, OLD), "in01-b", "migration/in01-b", "Migrate cluster in01-a into cluster in01-b"),
            (
                of(FILES, OLD),
                "in01-b",
                "migration/in01-b",
                "Migrate Milvus backup files in object storage into cluster in01-b",
            ),
            (
                of({"milvus": EXTERNAL["milvus"]}, OLD, collections=BOOKS),
                "in01-b",
                "migration/in01-b",
                "Migrate 1 collection of Milvus at milvus.example.com into cluster in01-b",
            ),
            (
                of(CLUSTER, NEW, mode="ZeroDowntime"),
                "proj-1/new cluster",
                "migration/proj-1/*",
                "Migrate cluster in01-a into a new cluster, without downtime",
            ),
            (
                of(CLUSTER, NAMED, collections=[{"database": "a"}, {"database": "b"}]),
                "proj-1/moved",
                "migration/proj-1/moved",
                "Migrate 2 parts of cluster in01-a into a new cluster moved",
            ),
            (of(adopt={"jobId": "job-1"}), "", "migration/job-1", "Migrate data"),
        ],
    )
    def test_targets_locks_and_descriptions(self, spec, target, lock, description):
        """Two locks of one target would let two submissions be open there."""
        found = parsed(spec)
        assert (KIND.target(found), KIND.submission_lock(found), KIND.description(found)) == (
            target,
            lock,
            description,
        )

    @pytest.mark.parametrize(
        "uri",
        [
            "https://me:pw-1234@host.example.com:19530/db?token=pw-1234",
            "host.example.com:19530",
            "postgresql://me:pw-1234@host.example.com/app?password=pw-1234",
            "//host.example.com",
        ],
    )
    def test_of_an_address_only_the_host_is_shown(self, uri):
        """Whoever may read jobs must not read a password, whatever a person wrote into the address."""
        written = of({"milvus": {"uri": uri, **SECRET}}, OLD, collections=BOOKS)
        found = MigrationJobSpec.model_validate(written, context={SUBMITTED: True})  # of before it was refused
        assert KIND.description(found).startswith("Migrate 1 collection of Milvus at host.example.com into")

    def test_an_address_that_is_none_is_not_shown(self):
        found = parsed(of({"milvus": {"uri": "https://[pw-1234", **SECRET}}, OLD, collections=BOOKS))
        assert KIND.description(found) == "Migrate 1 collection of Milvus into cluster in01-b"

    @pytest.mark.parametrize("name", GOOD)
    def test_every_way_can_be_told(self, name):
        assert KIND.description(parsed(GOOD[name])).startswith("Migrate ")

    def test_what_can_be_cancelled(self):
        """Documented: all but those without downtime."""
        assert KIND.traits_of(parsed(of(CLUSTER, OLD))).can_cancel
        live = KIND.traits_of(parsed(of(CLUSTER, NEW, mode="ZeroDowntime")))
        assert (live.can_cancel, live.why_no_cancel) == (False, Reason.ZERO_DOWNTIME)

    def test_an_adopted_job_has_nothing_to_submit_and_brings_no_password(self):
        assert not KIND.has_source(parsed(of(adopt={"jobId": "j"})))
        assert not KIND.has_source(parsed(of(CLUSTER, adopt={"jobId": "j"})))
        assert KIND.has_source(parsed(of(CLUSTER, OLD)))
        assert KIND.credentials_secret(parsed(of(CLUSTER, NEW, adopt={"jobId": "j"})), "one") is None

    def test_where_the_password_of_a_new_cluster_goes(self):
        assert KIND.credentials_secret(parsed(of(CLUSTER, OLD)), "one") is None
        assert KIND.credentials_secret(parsed(of(CLUSTER, NEW)), "one") == "one-credentials"
        assert KIND.credentials_secret(parsed(of(CLUSTER, NAMED)), "one") == "moved-login"


class TestSecrets:
    @pytest.mark.parametrize(
        ("name", "required", "instead"),
        [
            ("milvus", ("username", "password"), ()),
            ("pinecone", ("apiKey",), ()),
            ("qdrant", ("apiKey",), ()),
            ("elasticsearch", ("username", "password"), ()),
            ("opensearch", ("username", "password"), ()),
            ("postgresql", ("username", "password"), ()),
            ("tencentVectorDB", ("apiKey",), ()),
            ("zillizExternal", ("apiKey",), ("username", "password")),
        ],
    )
    def test_each_source_takes_the_keys_that_its_guide_names(self, name, required, instead):
        spec = parsed(of({name: EXTERNAL[name]}, OLD, collections=BOOKS))
        assert KIND.secrets(spec) == (SecretNeed("keys", required, instead=instead),)

    def test_the_others_take_what_they_name(self):
        elastic = parsed(GOOD["Elastic Cloud"])
        assert KIND.secrets(elastic) == (SecretNeed("keys", ("apiKey",)),)
        private = {"objectStorage": {"url": "s3://b/", **SECRET}}
        storage = parsed(of({"milvusBackup": private}, OLD))
        assert KIND.secrets(storage) == (SecretNeed("keys", ("accessKey", "secretKey"), ("token",)),)
        for name in ("files in a bucket", "files in a volume", "a cluster into a cluster", "adopted"):
            assert KIND.secrets(parsed(GOOD[name])) == (), name

    @pytest.mark.parametrize(
        ("secrets", "complete"),
        [
            ({}, False),
            ({"username": "me"}, False),
            ({"password": "pw"}, False),
            (LOGIN, True),
            ({"apiKey": "k"}, True),
            ({"apiKey": "k", "username": "me"}, True),
        ],
    )
    def test_one_of_two_sets_of_keys_must_be_there(self, secrets, complete):
        (need,) = KIND.secrets(parsed(GOOD["zillizExternal into a cluster"]))
        assert (need.lacks(secrets) == "") is complete
        assert need.lacks({}) == "Secret keys has neither apiKey nor username and password; add the one or the other"


class TestRoutes:
    @pytest.mark.parametrize(
        ("name", "route"),
        [
            *((f"{name} into a cluster", Route.EXTERNAL) for name in EXTERNAL),
            ("qdrant into a new cluster", Route.EXTERNAL),
            ("files in a bucket", Route.REMOTE),
            ("files in a volume", Route.REMOTE),
            ("a cluster into a cluster", Route.EXISTING),
            ("a cluster into a new cluster", Route.NEW_DEDICATED),
            ("without downtime", Route.ZERO_DOWNTIME),
        ],
    )
    def test_one_call_fits_and_the_consoles_need_the_console(self, name, route):
        spec = parsed(GOOD[name])
        assert route_of(spec) is route
        assert why_not(spec, console=True) == ""
        without = why_not(spec, console=False)
        if route in (Route.EXTERNAL, Route.ZERO_DOWNTIME):
            assert "set consoleApi.enabled on the connection" in without
            assert "adopt" in without
        else:
            assert without == ""

    @pytest.mark.parametrize("console", [True, False])
    @pytest.mark.parametrize(
        ("target", "collections", "why"),
        [
            (OLD, [{"source": "books", "destination": "tomes"}], "cannot rename collections (books)"),
            (NEW, BOOKS, "no single collections (books)"),
            (NEW, [{"database": "d"}, {"database": "d", "destDatabase": "e"}], "name d only once"),
        ],
    )
    def test_what_no_call_can_do_is_said_before_anything_is_sent(self, target, collections, why, console):
        """A renamed collection would else arrive under its old name."""
        assert why in why_not(parsed(of(CLUSTER, target, collections=collections)), console=console)

    def test_a_collection_may_be_named_as_it_is(self):
        spec = parsed(of(CLUSTER, OLD, collections=[{"source": "a", "destination": "a", "destDatabase": "d"}]))
        assert why_not(spec, console=False) == ""


class TestRequests:
    def test_files(self):
        bucket = remote(parsed(of(FILES, OLD)), {"accessKey": "ak", "secretKey": "sk", "token": "t"})
        assert wire(bucket) == {"objectUrl": "s3://b/backup/", "accessKey": "ak", "secretKey": "sk", "token": "t"}
        volume = remote(parsed(GOOD["files in a volume"]), {})
        assert wire(volume) == {"stageName": "v", "dataPath": "backup/"}

    def test_collections_are_grouped_by_their_databases(self):
        named = [
            {"source": "a"},
            {"database": "d", "source": "b"},
            {"source": "c"},
            {"source": "e", "destDatabase": "d"},
            {"database": "whole"},
            {"database": "whole", "source": "f"},
        ]
        assert [group.to_wire() for group in in_databases(parsed(of(CLUSTER, OLD, collections=named)))] == [
            {
                "dbName": "default",
                "destDbName": "default",
                "collections": [{"collectionName": "a"}, {"collectionName": "c"}],
            },
            {"dbName": "d", "destDbName": "d", "collections": [{"collectionName": "b"}]},
            {"dbName": "default", "destDbName": "d", "collections": [{"collectionName": "e"}]},
            {"dbName": "whole", "destDbName": "whole"},
        ]
        assert in_databases(parsed(of(CLUSTER, OLD))) == []

    def test_whole_databases(self):
        named = [{"database": "a"}, {"database": "b", "destDatabase": "c"}]
        assert whole_databases(parsed(of(CLUSTER, NEW, collections=named))) == {"a": "a", "b": "c"}
        assert whole_databases(parsed(of(CLUSTER, NEW))) == {}

    @pytest.mark.parametrize(
        ("plan", "cu_type", "sent"),
        [
            ("Standard", "PerformanceOptimized", "Performance-optimized"),
            ("Enterprise", "CapacityOptimized", "Capacity-optimized"),
            ("Enterprise", "TieredStorage", "Tiered-storage"),
        ],
    )
    def test_a_new_cluster_in_the_clouds_words(self, plan, cu_type, sent):
        target = {"newCluster": {**NEW["newCluster"], "plan": plan, "cuType": cu_type}}
        made = parsed(of(CLUSTER, target)).target.new_cluster
        assert wire(new_cluster(made, "moved")) == {
            "clusterName": "moved",
            "projectId": "proj-1",
            "regionId": "aws-us-west-2",
            "plan": plan,
            "cuType": sent,
            "cuSize": 2,
        }

    @pytest.mark.parametrize(
        ("name", "secrets", "sent"),
        [
            ("milvus", LOGIN, {"type": "MILVUS", "database": "shop", **LOGIN}),
            ("pinecone", {"apiKey": "k"}, {"type": "PINECONE", "apiKey": "k"}),
            ("qdrant", {"apiKey": "k"}, {"type": "QDRANT", "apiKey": "k"}),
            ("elasticsearch", LOGIN, {"type": "ELASTICSEARCH", **LOGIN}),
            ("opensearch", LOGIN, {"type": "OPENSEARCH", **LOGIN}),
            ("postgresql", LOGIN, {"type": "POSTGRESQL", "database": "app", **LOGIN}),
            ("tencentVectorDB", {"apiKey": "k"}, {"type": "TENCENT_VECTORDB", "apiKey": "k"}),
            ("zillizExternal", LOGIN, {"type": "ZILLIZ_EXTERNAL", **LOGIN}),
            ("zillizExternal", {"apiKey": "k", **LOGIN}, {"type": "ZILLIZ_EXTERNAL", "apiKey": "k"}),
        ],
    )
    def test_another_vendors_address_and_login(self, name, secrets, sent):
        spec = parsed(of({name: EXTERNAL[name]}, OLD, collections=BOOKS))
        found = external(spec.source, secrets)
        address = {"uri": EXTERNAL[name]["uri"]} if "uri" in EXTERNAL[name] else {}
        assert wire(found) == {**address, **sent}
        assert "pw-1234" not in repr(found)

    def test_elastic_cloud_has_no_address(self):
        found = external(parsed(GOOD["Elastic Cloud"]).source, {"apiKey": "k"})
        assert wire(found) == {"type": "ELASTICSEARCH", "cloudId": "demo:ZXU=", "apiKey": "k"}

    def test_every_name_is_sent_in_full(self):
        """Whose default a missing name would get is not documented, and the look-up must know the names."""
        named = [{"source": "my-index"}, {"source": "b", "destination": "c", "destDatabase": "d"}]
        pinecone = parsed(of({"pinecone": SECRET}, OLD, collections=named))
        assert [wire(one) for one in migrated(pinecone)] == [
            {"collectionName": "my-index", "destDbName": "default", "destCollectionName": "my_index"},
            {"collectionName": "b", "destDbName": "d", "destCollectionName": "c"},
        ]
        elsewhere = parsed(GOOD["a database of another organisation"])
        assert [wire(one) for one in migrated(elsewhere)] == [
            {"dbName": "d", "collectionName": "a", "destDbName": "d", "destCollectionName": "a"}
        ]

    def test_the_names_that_will_be_new(self):
        held = {"default": ["x", "y"], "d": ["z"]}
        named = [{"source": "a"}, {"database": "d", "destDatabase": "e"}, {"source": "a"}]
        assert wanted(parsed(of(CLUSTER, OLD, collections=named)), held) == ["default/a", "e/z"]
        assert wanted(parsed(of(CLUSTER, OLD)), {"default": ["x", "y"]}) == ["default/x", "default/y"]


class TestAnswers:
    def test_a_new_cluster_comes_with_its_login(self):
        answer = answered(parsed(of(CLUSTER, NEW)), effects.Taken(MADE))
        assert answer == Accepted(
            {"jobId": "job-1", "newClusterId": "in01-n"},
            {"clusterId": "in01-n"},
            {"username": "db_admin", "password": "pw-1234", "clusterId": "in01-n"},
        )
        assert "pw-1234" not in repr(answer)

    def test_half_an_answer_is_followed_by_the_half(self):
        without_job = answered(parsed(of(CLUSTER, NEW)), effects.Taken({"clusterId": "in01-n"}))
        assert without_job == Accepted({"newClusterId": "in01-n"}, {"clusterId": "in01-n"}, {})
        without_cluster = answered(parsed(of(CLUSTER, NEW)), effects.Taken({"jobId": "job-1"}))
        assert without_cluster == Accepted({"jobId": "job-1"}, {}, {})

    def test_an_old_cluster_comes_without(self):
        answer = answered(parsed(of(CLUSTER, OLD)), effects.Taken({"jobId": "job-1"}))
        assert answer == Accepted({"jobId": "job-1", "clusterId": "in01-b"}, {"clusterId": "in01-b"})

    @pytest.mark.parametrize("status", [404, 405])
    @pytest.mark.parametrize("name", ["a cluster into a cluster", "a cluster into a new cluster", "without downtime"])
    def test_a_call_that_is_gone_names_the_way_out_and_is_not_tried_for_ever(self, name, status):
        answer = answered(parsed(GOOD[name]), effects.Refused(None, status, "cannot start: HTTP 404"))
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NO_PUBLIC_API, False)
        assert "adopt" in answer.message

    def test_other_answers_mean_what_they_mean_for_every_kind(self):
        spec = parsed(of(FILES, OLD))
        assert answered(spec, effects.Refused(404, 404, "no")) == Refused(Reason.REJECTED, "no")
        assert answered(spec, effects.Refused(40003, 200, "busy")) == Refused(Reason.CLUSTER_BUSY, "busy", True)
        assert answered(spec, effects.NotSent(Reason.RATE_LIMITED, "later", 1.0)) == NotSent(
            Reason.RATE_LIMITED, "later", 1.0
        )

    def test_a_name_that_was_taken_meanwhile_can_be_changed(self):
        answer = answered(parsed(of(CLUSTER, NAMED)), effects.Refused(40013, 200, "exists"))
        assert answer == Refused(Reason.NAME_TAKEN, "exists", heals=True)
