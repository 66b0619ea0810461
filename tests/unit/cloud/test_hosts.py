"""If these fail, a key is sent to the wrong host, or in the clear."""

import pytest

from zilliz_jobs.api.connection import CloudRegion
from zilliz_jobs.cloud.hosts import BadEndpoint, data_plane_of, endpoint_of, is_encrypted, v1_endpoint_of

GLOBAL = "https://api.cloud.zilliz.com"
CHINA = "https://api.cloud.zilliz.com.cn"


def test_each_region_of_the_vendor_has_its_control_plane():
    assert endpoint_of(CloudRegion.GLOBAL, None) == GLOBAL
    assert endpoint_of(CloudRegion.CHINA, None) == CHINA
    assert endpoint_of(None, "http://127.0.0.1:8080/") == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "endpoint",
    ["", "api.cloud.zilliz.com", "ftp://x", "https://", "https://user:secret@x", "https://x?a=b", "https://x:port",
     "https://[x", "https://@x", "https://x?", "https://x#", "https://x#@y", " https://x", "https://x ", "https://x\n",
     "https://x\n.evil.example", "https://x\t/", "https://x\\@evil.example", "https://x\\.evil.example", "https://x:0",
     "https://x:65536", "https://\u0430pi.cloud.zilliz.com", "https://x/../y", "https://x/.", "https:x", "https:///x",
     "//x", "javascript://x", "https://.x", "https://a b.example", "https://%65vil.example", "https://[::1%25eth0]"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_without_repeating_it(endpoint):
    with pytest.raises(BadEndpoint) as error:
        endpoint_of(None, endpoint)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("endpoint", "wanted"),
    [
        ("HTTPS://API.cloud.Zilliz.com", GLOBAL),
        (GLOBAL + ":443/", GLOBAL),
        (GLOBAL + ":8443", GLOBAL + ":8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://proxy.example/Zilliz/v2//", "https://proxy.example/Zilliz/v2"),
        ("https://xn--pi-6kc.example", "https://xn--pi-6kc.example"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
    ],
)
def test_one_place_has_one_name_and_so_one_budget(endpoint, wanted):
    assert endpoint_of(None, endpoint) == wanted
    assert endpoint_of(None, wanted) == wanted


@pytest.mark.parametrize(
    ("endpoint", "region", "wanted"),
    [
        (GLOBAL, "aws-us-west-2", "https://controller.api.aws-us-west-2.zillizcloud.com"),
        (CHINA, "ali-cn-hangzhou", "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn"),
        (GLOBAL, None, None),
        (GLOBAL, "evil.example/", None),
        (GLOBAL, "evil.example/#", None),
        (GLOBAL, "x@evil", None),
        (GLOBAL, "-x", None),
        (GLOBAL, "x\n", None),
        (GLOBAL, "x" * 64, None),
        (GLOBAL + ":443", "aws-us-west-2", "https://controller.api.aws-us-west-2.zillizcloud.com"),
        ("http://simulator:8080", None, "http://simulator:8080"),
        ("http://simulator:8080", "aws-us-west-2", "http://simulator:8080"),
    ],
)
def test_the_v1_host_follows_from_control_plane_and_region(endpoint, region, wanted):
    assert v1_endpoint_of(endpoint, region) == wanted


def test_a_plain_endpoint_is_told_apart():
    assert is_encrypted(GLOBAL)
    assert not is_encrypted("http://127.0.0.1")


ADDRESS = "https://in01-a.aws-us-west-2.vectordb.zillizcloud.com:19530"


@pytest.mark.parametrize(
    ("address", "endpoint", "wanted"),
    [
        (ADDRESS + "/", GLOBAL, ADDRESS),
        (ADDRESS, "http://simulator:8080", ADDRESS),
        ("http://127.0.0.1:1/in01-a", "http://simulator:8080", "http://127.0.0.1:1/in01-a"),
    ],
)
def test_a_data_plane_is_where_the_control_plane_says(address, endpoint, wanted):
    assert data_plane_of(address, endpoint) == wanted


@pytest.mark.parametrize(
    "address",
    ["", "in01-a.example:19530", "http://in01-a.example", "HTTP://in01-a.example", "https://user:secret@x.example",
     "https://x.example?a=b", "https://x.example\n.evil.example", "https://127.0.0.1:19530", "https://127.1",
     "https://2130706433", "https://0x7f.1", "https://0x7f000001", "https://[::1]", "https://[::ffff:169.254.169.254]",
     "https://169.254.169.254/latest/meta-data", "https://10.0.0.1", "https://localhost", "https://localhost.",
     "https://a.localhost", "https://kubernetes", "https://kubernetes.default.svc", "https://x.svc.cluster.local",
     "https://metadata.google.internal", "https://in01-a.example:22", "https://in01-a.example:80"],
)  # fmt: skip
def test_the_key_is_sent_to_no_address_that_is_plain_private_or_odd(address):
    with pytest.raises(BadEndpoint, match="cannot use the cluster's connectAddress") as error:
        data_plane_of(address, GLOBAL)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254", "http://10.0.0.1", "http://in01-a.example", "https://169.254.169.254",
     "http://metadata.google.internal"],
)  # fmt: skip
def test_a_stand_in_sends_nobody_further_than_to_itself(address):
    with pytest.raises(BadEndpoint):
        data_plane_of(address, "http://simulator:8080")


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("https://10.0.0.5/_data/in01-a", "https://10.0.0.5"),
        ("https://in01-a.serverless.gcp-us-west1.cloud.zilliz.com", GLOBAL),
        ("https://in01-a.example:19539", GLOBAL),
        ("https://in01-a.xn--p1ai", GLOBAL),
        ("http://simulator:9000/in01-a", "http://simulator:8080"),
    ],
)
def test_a_cluster_is_reached_by_its_name_or_where_the_connection_points(address, endpoint):
    assert data_plane_of(address, endpoint) == address
