"""The web stream: what members of the community site do, taken from Kafka."""
