"""Deployments: which resources the platform runs on. This is the only module that reads the environment.

Belongs here: the table of deployments, and the values of settings (their names: `settings`). A resource is made by a
function when a run or a sensor needs it, never at import; each function imports what only it needs. Only `dg.EnvVar`
reads secrets, so that none gets into a log or a message.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import dagster as dg

from contracts.stream import Stream
from partitions import hour_of, key_of
from resources.alerts.settings import ALERT_SETTINGS, alerting
from resources.kafka import settings as kafka
from resources.settings import AWS, OPTIONAL, REDSHIFT, SNOWFLAKE, Misconfigured, misspelt

DEVELOPMENT_KEY = "development"
FIRST_HOUR = "2020-01-01-00:00"
RECENTLY = dt.timedelta(days=30)
Log = logging.Logger
Factory = Callable[[Sequence[Stream], Log], Any]


@dataclass(frozen=True)
class Deployment:
    """The settings that a deployment requires, and the function that makes each of its resources."""

    required: tuple[str, ...]
    resources: Mapping[str, Factory]


def deployment() -> str:
    """The name of the current deployment. Raises `Misconfigured` when `DEPLOYMENTS` does not list it."""
    name = os.environ.get("DEPLOYMENT", "local")
    if name not in DEPLOYMENTS:
        raise Misconfigured(f"DEPLOYMENT={name!r} is unknown; expected one of: {', '.join(sorted(DEPLOYMENTS))}")
    return name


def data_dir() -> Path:
    """The folder for all files on this machine. A relative path is relative to the checkout.

    Raises `Misconfigured` for a path that a file's address cannot hold.
    """
    folder = (Path(__file__).resolve().parents[2] / os.environ.get("DATA_DIR", ".data")).resolve()
    if unfit := [sign for sign in "?#" if sign in str(folder)]:
        raise Misconfigured(f"DATA_DIR: {folder} contains {unfit[0]!r}, which file addresses cannot hold: rename it")
    return folder


def first_hour() -> dt.datetime:
    """The first arrival hour that is a partition: FIRST_HOUR, or else what `begin_recently` has kept in DATA_DIR.

    Raises `Misconfigured` for what is no hour, and for an hour that has not begun.
    """
    text = os.environ.get("FIRST_HOUR") or (kept.read_text().strip() if (kept := _kept()).exists() else FIRST_HOUR)
    try:
        hour = hour_of(text)
    except ValueError:
        hour = None
    if hour is None or key_of(hour) != text or hour.minute:
        raise Misconfigured(f"FIRST_HOUR: expected an hour in UTC such as {FIRST_HOUR}, found {text!r}")
    if hour > dt.datetime.now(dt.UTC):
        raise Misconfigured(f"FIRST_HOUR: {text} is in the future, so there would be no partitions")
    return hour


def newest_first() -> bool:
    """Whether a backlog is loaded from its newest hours on. Raises `Misconfigured` for an unknown order."""
    order = os.environ.get("BACKLOG_ORDER") or "newest"
    if order not in ("newest", "oldest"):
        raise Misconfigured(f"BACKLOG_ORDER: expected newest or oldest, found {order!r}")
    return order == "newest"


def has_brokers() -> bool:
    """Whether topics of Kafka are drained. If not, the files of a stream with a topic land in another way."""
    return bool(os.environ.get(kafka.BOOTSTRAP))


def begin_recently(now: dt.datetime) -> None:
    """Let a new platform on this machine begin a month before `now`, so that its pages are not full of empty hours.

    The hour is kept in DATA_DIR, as it must not move on. A platform that has tables begins where it did.
    """
    if not _kept().exists() and not (data_dir() / "lake").exists():
        data_dir().mkdir(parents=True, exist_ok=True)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        _kept().write_text(f"{key_of(midnight - RECENTLY)}\n")


def _kept() -> Path:
    return data_dir() / "first_hour"


def _scratch() -> Path:
    return data_dir() / "scratch"


def _folder_landing(_: Sequence[Stream], __: Log) -> Any:
    from resources.landing.folder import FolderLanding

    url = urlsplit(os.environ.get("LANDING_URL", ""))
    if url.scheme not in ("", "file"):
        raise Misconfigured(f"LANDING_URL: deployment {deployment()!r} expects a folder, not {url.scheme}://")
    return FolderLanding(Path(unquote(url.path)) if url.path else data_dir() / "landing")


def _s3_landing(_: Sequence[Stream], __: Log) -> Any:
    from resources.landing.s3 import S3Landing

    return S3Landing(*_bucket("LANDING_URL"), _scratch(), queue_url=os.environ.get("LANDING_QUEUE_URL") or None)


def _kafka(streams: Sequence[Stream], log: Log) -> Any:
    from resources.kafka.kafka import Kafka
    from resources.landing.store import store_of

    values = {name: dg.EnvVar(name).get_value() or "" for name in kafka.SETTINGS}
    return Kafka(kafka.kafka_settings(values), store_of(make("landing", streams, log)))


def _bucket(setting: str) -> tuple[str, str]:
    """Bucket and prefix of a setting whose value is an s3:// URL."""
    url = urlsplit(os.environ[setting])
    if url.scheme != "s3" or not url.netloc:
        raise Misconfigured(f"{setting}: deployment {deployment()!r} expects s3://bucket/prefix")
    return url.netloc, url.path.strip("/")


def _sqlite_lake(_: Sequence[Stream], __: Log) -> Any:
    from lake.tables import Lake

    folder = data_dir() / "lake"
    folder.mkdir(parents=True, exist_ok=True)
    catalog = quote(str(folder / "catalog.db"))  # SQLAlchemy unquotes this; pyiceberg uses file:// as it is
    properties = {"uri": f"sqlite:///{catalog}?timeout=60", "warehouse": f"file://{folder}"}
    return Lake(properties, _scratch())


def _glue_lake(_: Sequence[Stream], __: Log) -> Any:
    from pyiceberg.catalog import CatalogType

    from lake.tables import Lake

    properties = {"warehouse": _lake_url(), "s3.region": os.environ["AWS_DEFAULT_REGION"]}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        properties |= {"s3.endpoint": endpoint, "s3.force-virtual-addressing": "false"}
    return Lake(properties, _scratch(), CatalogType.GLUE)


def _lake_url() -> str:
    return "s3://" + "/".join(part for part in _bucket("LAKE_URL") if part)


def _duckdb_warehouse(_: Sequence[Stream], __: Log) -> Any:
    from resources.warehouse.duckdb import DuckDBWarehouse

    folder = data_dir()
    return DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", _scratch())


def _snowflake_warehouse(_: Sequence[Stream], __: Log) -> Any:
    from dagster_snowflake import SnowflakeResource

    from resources.warehouse.snowflake import SnowflakeWarehouse

    network = {name: os.environ.get(f"SNOWFLAKE_{name.upper()}") for name in ("host", "port", "protocol")}
    # An EnvVar without a value is an error, so an optional one is passed only if it has one.
    passphrase = dg.EnvVar("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")
    resource = SnowflakeResource(
        account=dg.EnvVar("SNOWFLAKE_ACCOUNT"),
        user=dg.EnvVar("SNOWFLAKE_USER"),
        private_key=dg.EnvVar("SNOWFLAKE_PRIVATE_KEY"),
        private_key_password=passphrase if passphrase.get_value() else None,
        role=dg.EnvVar("SNOWFLAKE_ROLE"),
        warehouse=dg.EnvVar("SNOWFLAKE_WAREHOUSE"),
        database=dg.EnvVar("SNOWFLAKE_DATABASE"),
        schema="platform",
        timezone="UTC",
        login_timeout=60,
        network_timeout=600,
        additional_snowflake_connection_args={name: value for name, value in network.items() if value},
    )
    stage = os.environ["SNOWFLAKE_STAGE"]
    return SnowflakeWarehouse(resource.process_config_and_initialize(), stage, _lake_url())


def _redshift_warehouse(_: Sequence[Stream], __: Log) -> Any:
    from dagster_aws.redshift import RedshiftClientResource

    from resources.warehouse.redshift import RedshiftWarehouse

    resource = RedshiftClientResource(
        host=dg.EnvVar("REDSHIFT_HOST"),
        port=int(os.environ.get("REDSHIFT_PORT", "5439")),
        user=dg.EnvVar("REDSHIFT_USER"),
        password=dg.EnvVar("REDSHIFT_PASSWORD"),
        database=dg.EnvVar("REDSHIFT_DATABASE"),
        sslmode=os.environ.get("REDSHIFT_SSLMODE", "require"),
        connect_timeout=60,
    )
    return RedshiftWarehouse(resource.process_config_and_initialize(), os.environ["REDSHIFT_COPY_ROLE"], _lake_url())


def _iceberg_marts(_: Sequence[Stream], __: Log) -> Any:
    from resources import dbt
    from resources.marts import IcebergMarts

    named = (name.strip() for name in os.environ.get("ICEBERG_MARTS", "").split(","))
    names = tuple(dict.fromkeys(name for name in named if name))
    known = dbt.mart_names() if names else []
    if unknown := [name for name in names if name not in known]:
        raise Misconfigured(f"ICEBERG_MARTS: unknown marts {', '.join(unknown)}; expected some of: {', '.join(known)}")
    return IcebergMarts(names)


def _conformers(streams: Sequence[Stream], log: Log) -> Any:
    from events.conform import Conformers

    key = dg.EnvVar("PERSONAL_DATA_KEY").get_value() or DEVELOPMENT_KEY
    if key == DEVELOPMENT_KEY:
        log.warning("PERSONAL_DATA_KEY is not set: personal data is hashed with the public development key")
    return {stream.name: Conformers(stream, key.encode()) for stream in streams}


_ANYWHERE: Mapping[str, Factory] = {
    "dbt_work": lambda _, __: data_dir() / "dbt",
    "iceberg_marts": _iceberg_marts,
    "conformers": _conformers,
    "alerting": lambda _, __: alerting(os.environ),
    "kafka": _kafka,
}
_ON_AWS: Mapping[str, Factory] = {"landing": _s3_landing, "lake": _glue_lake, **_ANYWHERE}

DEPLOYMENTS: Mapping[str, Deployment] = {
    "local": Deployment(
        required=(),
        resources={"landing": _folder_landing, "lake": _sqlite_lake, "warehouse": _duckdb_warehouse, **_ANYWHERE},
    ),
    "aws-snowflake": Deployment(
        required=(*AWS, *SNOWFLAKE),
        resources={"warehouse": _snowflake_warehouse, **_ON_AWS},
    ),
    "aws-redshift": Deployment(
        required=(*AWS, *REDSHIFT),
        resources={"warehouse": _redshift_warehouse, **_ON_AWS},
    ),
}


def resources(streams: Sequence[Stream]) -> dict[str, dg.ResourceDefinition]:
    """All resources. Each is made when it is first needed, for the deployment that is set then."""

    def definition(name: str) -> dg.ResourceDefinition:
        return dg.ResourceDefinition(lambda context: make(name, streams, context.log))

    return {name: definition(name) for name in DEPLOYMENTS["local"].resources}


def make(name: str, streams: Sequence[Stream], log: Log) -> Any:
    """One resource of the current deployment. Raises `Misconfigured`, which names all missing settings at once."""
    if missing := _missing_settings():
        raise Misconfigured(missing)
    return DEPLOYMENTS[deployment()].resources[name](streams, log)


def check_settings(log: Log) -> None:
    """Warn of missing settings when a code location loads. Raises `Misconfigured` for an unknown deployment."""
    if missing := _missing_settings():
        log.warning(f"{missing}. Until they are set, every run fails.")


def named_settings() -> tuple[list[str], list[str], dict[str, str]]:
    """The names of settings that are set, of required ones that are not, and of misspelt ones with what is meant.

    Raises `Misconfigured` for a deployment that does not exist.
    """
    required = DEPLOYMENTS[deployment()].required
    known = {*OPTIONAL, *kafka.SETTINGS, *ALERT_SETTINGS}.union(*(each.required for each in DEPLOYMENTS.values()))
    unset = [name for name in required if not os.environ.get(name)]
    return sorted(known & os.environ.keys()), unset, misspelt(os.environ, known)


def _missing_settings() -> str | None:
    """A message that names all settings that the current deployment requires and that are not set."""
    _, missing, _ = named_settings()
    return f"DEPLOYMENT={deployment()!r} lacks these settings: {', '.join(missing)}" if missing else None
