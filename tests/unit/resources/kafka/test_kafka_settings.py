"""From the settings to librdkafka's configuration; what does not go together is an error that names both."""

from __future__ import annotations

import pytest

from resources.kafka.settings import Limits, kafka_settings
from resources.settings import Misconfigured

BROKERS = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092"}
LOGIN = {"KAFKA_SASL_USERNAME": "reader", "KAFKA_SASL_PASSWORD": "secret"}
PAIR = {"KAFKA_SSL_CERTIFICATE_LOCATION": "/c.pem", "KAFKA_SSL_KEY_LOCATION": "/k.pem"}


def test_without_brokers_there_is_no_kafka() -> None:
    """Empty is as good as not set."""
    assert kafka_settings({}) is None
    assert kafka_settings({"KAFKA_BOOTSTRAP_SERVERS": "", **LOGIN}) is None


@pytest.mark.parametrize(
    ("given", "configured"),
    [
        ({}, {"security.protocol": "PLAINTEXT"}),
        ({"KAFKA_SSL_CA_LOCATION": "/ca"}, {"security.protocol": "SSL", "ssl.ca.location": "/ca"}),
        (LOGIN, {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": "reader"}),
        ({**LOGIN, "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"}, {"sasl.mechanism": "SCRAM-SHA-512"}),
        ({**LOGIN, "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, {"security.protocol": "SASL_PLAINTEXT"}),
        (PAIR, {"security.protocol": "SSL", "ssl.certificate.location": "/c.pem", "ssl.key.location": "/k.pem"}),
    ],
)
def test_the_protocol_follows_from_the_settings(given: dict[str, str], configured: dict[str, str]) -> None:
    """Someone who gives a user and a password means SASL_SSL."""
    settings = kafka_settings(BROKERS | given)
    assert settings
    assert configured.items() <= settings.client.items()
    assert settings.client["bootstrap.servers"] == "a:9092,b:9092"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "expected one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, found 'TLS'"),
        ({"KAFKA_SASL_USERNAME": "reader"}, "KAFKA_SASL_USERNAME is set, but KAFKA_SASL_PASSWORD is not"),
        ({"KAFKA_SSL_KEY_LOCATION": "/k"}, "KAFKA_SSL_KEY_LOCATION is set, but KAFKA_SSL_CERTIFICATE_LOCATION is not"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_SSL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"),
        ({**LOGIN, "KAFKA_SECURITY_PROTOCOL": "SSL"}, "KAFKA_SECURITY_PROTOCOL SSL does not log in"),
        ({**PAIR, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "KAFKA_SECURITY_PROTOCOL PLAINTEXT does not encrypt"),
        ({"KAFKA_BATCH_BYTES": "64 MB"}, "KAFKA_BATCH_BYTES: expected a whole number above 0, found '64 MB'"),
        ({"KAFKA_DRAIN_SECONDS": "0"}, "KAFKA_DRAIN_SECONDS: expected a whole number above 0, found '0'"),
    ],
)
def test_settings_that_do_not_fit_are_named(given: dict[str, str], says: str) -> None:
    """No connection is tried with less protection than was meant."""
    with pytest.raises(Misconfigured, match=says):
        kafka_settings(BROKERS | given)


def test_limits_are_settings() -> None:
    given = {"KAFKA_BATCH_RECORDS": "10", "KAFKA_BATCH_BYTES": "20", "KAFKA_DRAIN_SECONDS": "30"}
    settings = kafka_settings(BROKERS | given)
    assert settings
    assert settings.limits == Limits(10, 20, 30.0)
