"""Is this the region that is meant? Wrongly "no", and our own backup passes for a copy, so it is made twice; wrongly
"yes", and somebody else's copy is told as our backup."""

from __future__ import annotations

import pytest

from zilliz_jobs.kinds.regions import is_same_region


@pytest.mark.parametrize(
    ("told", "wanted", "same"),
    [
        # the cloud's own two spellings, and capitals
        ("aws-us-west-2", "aws-us-west-2", True),
        ("us-west-2", "aws-us-west-2", True),
        ("az-westus3", "azure-westus3", True),
        ("WESTUS3", "az-westus3", True),
        ("cn-hangzhou", "ali-cn-hangzhou", True),
        ("US-WEST1", "gcp-us-west1", True),
        # another one for certain
        ("aws-us-east-1", "aws-us-west-2", False),
        ("us-east-1", "aws-us-west-2", False),
        ("us-east-1", "us-west-2", False),
        ("us-gov-west-1", "aws-us-west-2", False),
        ("gcp-us-west1", "gcp-us-west12", False),
        ("az-eastus2", "az-eastus", False),
        ("ali-cn-hangzhou", "ali-cn-beijing", False),
        ("gcp-us-west1", "aws-us-west-2", False),
        ("ali-us-west-1", "aws-us-west-1", False),
        # nobody can tell
        ("", "aws-us-west-2", None),
        ("aws-us-west-2", "", None),
        ("aws-us-wes\N{REPLACEMENT CHARACTER}-2", "aws-us-west-2", None),
        ("Oregon", "aws-us-west-2", None),
        ("aws-oregon", "aws-us-west-2", None),
        ("us_west_2", "aws-us-west-2", None),
        ("aws:us-west-2", "aws-us-west-2", None),
        ("[aws-us-west-2]", "aws-us-west-2", None),
        ("aws-us-west", "aws-us-west-2", None),
        ("us-west-2a", "aws-us-west-2", None),
        ("aws-us-west-2-lax-1", "aws-us-west-2", None),
        ("eastus", "az-westus3", None),
        ("alibaba-cn-hangzhou", "ali-cn-hangzhou", None),
    ],
)
def test_one_region_or_two(told, wanted, same):
    assert is_same_region(told, wanted) is same
    assert is_same_region(wanted, told) is same
