"""Kafka: the brokers' topics, and draining them into the landing zone."""
