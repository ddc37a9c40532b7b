"""Names of the settings: which ones AWS and the warehouses require, which ones may be left out.

Belongs here: names. Not here: values, which only `environment` reads; Kafka's (`kafka.settings`), those of alerts
(`alerts.settings`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

AWS = ("AWS_DEFAULT_REGION", "LANDING_URL", "LAKE_URL", "PERSONAL_DATA_KEY")
SNOWFLAKE = tuple(
    f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "PRIVATE_KEY", "ROLE", "WAREHOUSE", "DATABASE", "STAGE")
)
REDSHIFT = tuple(f"REDSHIFT_{name}" for name in ("HOST", "USER", "PASSWORD", "DATABASE", "COPY_ROLE"))
OPTIONAL = (
    *("DEPLOYMENT", "DATA_DIR", "FIRST_HOUR", "BACKLOG_ORDER", "LANDING_QUEUE_URL", "ICEBERG_MARTS"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "REDSHIFT_PORT", "REDSHIFT_SSLMODE"),
    *("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "SNOWFLAKE_HOST", "SNOWFLAKE_PORT", "SNOWFLAKE_PROTOCOL"),
)


class Misconfigured(Exception):
    """A setting is missing or invalid; the message names it."""


def misspelt(given: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """The names that look like a known one, with that one."""
    close = {name: get_close_matches(name, known, 1, 0.85) for name in given if name not in known}
    return {name: meant[0] for name, meant in close.items() if meant}
