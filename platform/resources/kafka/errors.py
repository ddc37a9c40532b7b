"""Errors of Kafka. They are apart from the client, which is imported only when a broker is asked."""

from __future__ import annotations


class NoBrokers(Exception):
    """A topic is to be read, and no brokers are set."""


class KafkaFailed(Exception):
    """The brokers cannot be reached, refuse a request, or do not have the topic; the message says which."""
