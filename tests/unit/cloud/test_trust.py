"""The certificates that the cloud's are checked against are read once for all keys, and are those of the files."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.transport import Transport
from zilliz_jobs.cloud.trust import trusted


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_certificates: tuple[str, str]) -> Path:
    """A file of certificates that the environment names."""
    path = tmp_path / "ca.pem"
    path.write_text(two_certificates[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture(scope="module")
def two_certificates() -> tuple[str, str]:
    """Two of those that the machine trusts."""
    context = ssl.create_default_context()
    context.load_default_certs()
    first, second, *_ = context.get_ca_certs(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(first), ssl.DER_cert_to_PEM_cert(second)


def serials(context: ssl.SSLContext) -> list[object]:
    return [one["serialNumber"] for one in context.get_ca_certs()]


def test_many_keys_share_what_was_read_once() -> None:
    """A process with a thousand keys would else hold a thousand copies of the machine's bundle."""
    one, other = (Transport("https://api.example", key, Limiter()) for key in ("key-one", "key-two"))
    assert one._tls is other._tls is trusted()


def test_a_bundle_that_is_replaced_is_trusted_from_the_next_session_on(
    bundle: Path, two_certificates: tuple[str, str]
) -> None:
    """Else who renews the certificate of a proxy would have to restart the operator."""
    before = serials(trusted())
    later = bundle.with_name("later.pem")
    later.write_text(two_certificates[1])
    later.replace(bundle)
    after = serials(trusted())
    assert len(before) == len(after) == 1
    assert before != after


def test_a_mounted_configmap_is_replaced_by_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_certificates: tuple[str, str]
) -> None:
    """The kubelet writes a new folder and turns the link `..data` to it; the named path stays."""
    for name, text in zip(("first", "second"), two_certificates, strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.pem").write_text(text)
    data, new = tmp_path / "..data", tmp_path / "..data_tmp"
    data.symlink_to("first")
    monkeypatch.setenv("SSL_CERT_FILE", str(data / "ca.pem"))
    before = serials(trusted())
    new.symlink_to("second")
    new.replace(data)
    assert serials(trusted()) != before


def test_what_the_environment_names_counts_at_once(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = trusted()
    monkeypatch.delenv("SSL_CERT_FILE")
    assert trusted() is not own
    assert len(serials(own)) == 1


def test_a_file_that_is_named_and_not_there_is_no_reason_to_trust_others(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names a bundle wants no other."""
    monkeypatch.delenv("SSL_CERT_FILE")
    trusted()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle.with_name("missing.pem")))
    with pytest.raises(OSError, match="No such file"):
        trusted()
