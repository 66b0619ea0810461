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
     "https://[x"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_without_repeating_it(endpoint):
    with pytest.raises(BadEndpoint) as error:
        endpoint_of(None, endpoint)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("endpoint", "region", "wanted"),
    [
        (GLOBAL, "aws-us-west-2", "https://controller.api.aws-us-west-2.zillizcloud.com"),
        (CHINA, "ali-cn-hangzhou", "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn"),
        (GLOBAL, None, None),
        (GLOBAL, "evil.example/", None),
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
    "address", ["", "in01-a.example:19530", "http://in01-a.example", "https://user:secret@x", "https://x?a=b"]
)
def test_the_key_is_sent_to_no_address_that_is_plain_or_odd(address):
    with pytest.raises(BadEndpoint, match="cannot use the cluster's connectAddress") as error:
        data_plane_of(address, GLOBAL)
    assert "secret" not in str(error.value)
