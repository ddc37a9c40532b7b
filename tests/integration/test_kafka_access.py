"""Brokers that ask for a password or a certificate, and buckets as the landing zone of a drain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import aws
import broker
import pytest
from aws import FaultyAws
from broker import Brokers
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from topics import Topic

from resources.kafka.errors import KafkaFailed
from resources.landing.pages import LandingFailed
from resources.landing.s3 import S3Landing
from resources.landing.s3_store import S3Store

pytestmark = [pytest.mark.integration, pytest.mark.verify]
needs_kafka = pytest.mark.skipif(not broker.installed(), reason=broker.MISSING)
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker of this machine answers soon, or not at all."""
    monkeypatch.setattr("resources.kafka.broker.TIMEOUT_S", 8.0)


class Authority:
    """A certificate authority that writes PEM files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self._sign("authority", self.key.public_key(), authority=True)
        self.path = self._write("ca.pem", _pem(self.certificate))

    def pair(self, name: str) -> tuple[str, str]:
        """The paths of a certificate and its key, for a client or for the server on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = _pem(self._sign(name, key.public_key()))
        self._write(f"{name}.both.pem", text + certificate)  # as the broker wants it
        return self._write(f"{name}.pem", certificate), self._write(f"{name}.key", text)

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, authority: bool = False) -> x509.Certificate:
        built = x509.CertificateBuilder(
            self.name, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key,
            x509.random_serial_number(), NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=1),
        )  # fmt: skip
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        extended = built.add_extension(names, critical=False)
        return extended.add_extension(x509.BasicConstraints(authority, None), critical=True).sign(
            self.key, hashes.SHA256()
        )

    def _write(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ports() -> Mapping[str, int]:
    return {"SASL_SSL": broker.free_port(), "SSL": broker.free_port()}


@pytest.fixture(scope="module")
def brokers(authority: Authority, ports: Mapping[str, int]) -> Iterator[Brokers]:
    """A broker with one listener for passwords and one for certificates of clients."""
    authority.pair("server")
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required user_reader=secret;"
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.folder / "server.both.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.path,
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": login,
    }
    with broker.kafka(ports, settings) as running:
        running.create("event")
        running.send("event", [(None, b"{}")])
        yield running


@needs_kafka
def test_a_password_and_an_encrypted_connection(
    brokers: Brokers, ports: Mapping[str, int], authority: Authority, tmp_path: Path
) -> None:
    """A wrong password is named as the reason, and no secret is shown."""
    address = f"127.0.0.1:{ports['SASL_SSL']}"
    login = {"KAFKA_SASL_USERNAME": "reader", "KAFKA_SSL_CA_LOCATION": authority.path}
    good = Topic(address, "event", tmp_path / "good", KAFKA_SASL_PASSWORD="secret", **login)
    assert [written.records for written in good.drain().drained.objects] == [1]
    bad = Topic(address, "event", tmp_path / "bad", KAFKA_SASL_PASSWORD="guessed", **login)
    with pytest.raises(KafkaFailed, match="Authentication failed") as raised:
        bad.drain()
    assert "guessed" not in str(raised.value)


@needs_kafka
def test_a_certificate_of_the_client(
    brokers: Brokers, ports: Mapping[str, int], authority: Authority, tmp_path: Path
) -> None:
    """Without one the broker refuses the connection."""
    certificate, key = authority.pair("client")
    given = {"KAFKA_SSL_CERTIFICATE_LOCATION": certificate, "KAFKA_SSL_KEY_LOCATION": key}
    address, trusted = f"127.0.0.1:{ports['SSL']}", {"KAFKA_SSL_CA_LOCATION": authority.path}
    assert Topic(address, "event", tmp_path / "good", **trusted, **given).drain().drained.objects
    with pytest.raises(KafkaFailed, match="topic 'event'"):
        Topic(address, "event", tmp_path / "bad", **trusted).drain()


@needs_kafka
def test_brokers_that_cannot_be_reached_are_named(tmp_path: Path) -> None:
    """The error has the address."""
    address = f"127.0.0.1:{broker.free_port()}"
    with pytest.raises(KafkaFailed, match=f"topic 'event': .*{address}"):
        Topic(address, "event", tmp_path).drain()


@pytest.fixture(scope="module")
def cloud() -> Iterator[FaultyAws]:
    with aws.moto() as cloud:
        yield cloud


@pytest.fixture
def store(cloud: FaultyAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Store:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    cloud.client("s3").create_bucket(Bucket="drained")
    return S3Store(S3Landing("drained", "in", tmp_path))


def test_a_bucket_creates_an_object_once(store: S3Store) -> None:
    """Of drains that create one object at the same time, one is told that it did; its content is what is there."""
    contents = [bytes([number]) * 1_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda content: store.create("web/once", content), contents))
    assert sum(won) == 1
    assert store.read("web/once") == contents[won.index(True)]


def test_errors_of_a_bucket_name_the_address(cloud: FaultyAws, store: S3Store) -> None:
    """An object that does not exist is not an error of S3."""
    with pytest.raises(FileNotFoundError):
        store.read("web/absent")
    cloud.faults.plan(aws.error(403, "AccessDenied"), where=lambda request: request.method == "PUT")
    with pytest.raises(LandingFailed, match=r"creating s3://drained/in/web/x: .*AccessDenied"):
        store.create("web/x", b"")


@needs_kafka
def test_a_topic_is_drained_into_a_bucket(brokers: Brokers, store: S3Store, tmp_path: Path) -> None:
    """Two drains that do not know of each other land each message once."""
    topic = Topic(brokers.address, "event", tmp_path)
    topic.landing = store.landing
    topic.kafka = replace(topic.kafka, store=store)
    assert len(topic.drain().drained.objects) == 1
    topic.before = None
    assert topic.drain().drained.objects == []
