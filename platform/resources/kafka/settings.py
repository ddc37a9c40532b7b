"""Settings of Kafka: from the values of the settings to librdkafka's configuration.

Belongs here: which settings there are, and which go together. Not here: reading the environment
(`resources.environment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.settings import Misconfigured

BOOTSTRAP = "KAFKA_BOOTSTRAP_SERVERS"
PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
USER, PASSWORD = "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"
CERTIFICATE, KEY = "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION"
CLIENT: Mapping[str, str] = {
    BOOTSTRAP: "bootstrap.servers",
    PROTOCOL: "security.protocol",
    "KAFKA_SASL_MECHANISM": "sasl.mechanism",
    USER: "sasl.username",
    PASSWORD: "sasl.password",
    "KAFKA_SSL_CA_LOCATION": "ssl.ca.location",
    CERTIFICATE: "ssl.certificate.location",
    KEY: "ssl.key.location",
    "KAFKA_SSL_KEY_PASSWORD": "ssl.key.password",
}
RECORDS, BYTES, SECONDS = "KAFKA_BATCH_RECORDS", "KAFKA_BATCH_BYTES", "KAFKA_DRAIN_SECONDS"
SETTINGS = (*CLIENT, RECORDS, BYTES, SECONDS)
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


@dataclass(frozen=True)
class Limits:
    """How much a drain takes: messages of one object, bytes that it holds at once, seconds until it ends."""

    records: int = 200_000
    bytes: int = 64 << 20
    seconds: float = 45.0


@dataclass(frozen=True)
class KafkaSettings:
    """`client` is librdkafka's configuration of the connection. It holds secrets, so it is not shown."""

    client: Mapping[str, Any] = field(repr=False)
    limits: Limits = Limits()


def kafka_settings(values: Mapping[str, str]) -> KafkaSettings | None:
    """The settings with their values (empty: not set) as a configuration. None without brokers.

    Without a protocol, the one that the other settings need is taken. Raises `Misconfigured`.
    """
    given = {name: values[name] for name in SETTINGS if values.get(name)}
    if BOOTSTRAP not in given:
        return None
    protocol = given.get(PROTOCOL) or ("SASL_SSL" if USER in given else "SSL" if _uses_tls(given) else "PLAINTEXT")
    if protocol not in PROTOCOLS:
        raise Misconfigured(f"{PROTOCOL}: expected one of {', '.join(PROTOCOLS)}, found {protocol!r}")
    sasl = protocol.startswith("SASL")
    for one, other in ((USER, PASSWORD), (PASSWORD, USER), (CERTIFICATE, KEY), (KEY, CERTIFICATE)):
        if one in given and other not in given:
            raise Misconfigured(f"{one} is set, but {other} is not")
    if sasl and USER not in given:
        raise Misconfigured(f"{PROTOCOL} {protocol} needs {USER} and {PASSWORD}")
    if not sasl and USER in given:
        raise Misconfigured(f"{USER} is set, but {PROTOCOL} {protocol} does not log in")
    if not protocol.endswith("SSL") and _uses_tls(given):
        raise Misconfigured(f"certificates are set, but {PROTOCOL} {protocol} does not encrypt")
    client = {CLIENT[name]: value for name, value in given.items() if name in CLIENT}
    client |= {"security.protocol": protocol} | ({"sasl.mechanism": "PLAIN"} if sasl else {}) | client
    return KafkaSettings(client, _limits(given))


def _uses_tls(given: Mapping[str, str]) -> bool:
    return any(name.startswith("KAFKA_SSL_") for name in given)


def _limits(given: Mapping[str, str]) -> Limits:
    usual = Limits()
    records, size = _number(given, RECORDS, usual.records), _number(given, BYTES, usual.bytes)
    return Limits(records, size, float(_number(given, SECONDS, int(usual.seconds))))


def _number(given: Mapping[str, str], name: str, usual: int) -> int:
    text = given.get(name, str(usual))
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise Misconfigured(f"{name}: expected a whole number above 0, found {text!r}")
    return int(text)
