"""How the watches trust the server: as the requests do, or they reach another one, or none."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from zilliz_jobs.kube.connection import Credentials
from zilliz_jobs.kube.session import tls_of


@pytest.fixture(scope="module")
def authority() -> str:
    """One that the machine trusts."""
    context = ssl.create_default_context()
    context.load_default_certs()
    return ssl.DER_cert_to_PEM_cert(context.get_ca_certs(binary_form=True)[0])


def known(**more: object) -> Credentials:
    return Credentials("https://10.1.2.3:6443", **more)  # type: ignore[arg-type]


def expected_name(context: ssl.SSLContext) -> str | None:
    """In the certificate of a server that is reached by its address."""
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="10.1.2.3").server_hostname


@pytest.mark.parametrize(("named", "expected"), [(None, "10.1.2.3"), ("api.example", "api.example")])
@pytest.mark.parametrize("own_authority", [True, False])
def test_the_certificate_must_be_of_the_name_and_the_authority_that_the_kubeconfig_has(
    tmp_path: Path, authority: str, named: str | None, expected: str, own_authority: bool
) -> None:
    """Behind a tunnel the address is in no certificate. More trust than was asked for lets another server read the
    token."""
    (file := tmp_path / "ca.crt").write_text(authority)
    context = tls_of(known(tls_server_name=named, ca_path=str(file) if own_authority else None))
    assert expected_name(context) == expected
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.verify_flags == ssl.create_default_context().verify_flags
    trusted = [ssl.DER_cert_to_PEM_cert(one) for one in context.get_ca_certs(binary_form=True)]
    assert (trusted == [authority]) is own_authority
    assert trusted


@pytest.mark.parametrize("named", [None, "api.example"])
def test_a_server_is_believed_unseen_only_where_the_kubeconfig_says_so(named: str | None) -> None:
    context = tls_of(known(insecure=True, tls_server_name=named))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize("file", ["ca_path", "certificate_path"])
def test_a_file_that_cannot_be_used_is_an_error_and_not_a_connection_as_nobody(tmp_path: Path, file: str) -> None:
    with pytest.raises(FileNotFoundError):
        tls_of(known(**{file: str(tmp_path / "gone")}))
    (empty := tmp_path / "empty").write_text("")
    with pytest.raises(ssl.SSLError):
        tls_of(known(**{file: str(empty)}))
