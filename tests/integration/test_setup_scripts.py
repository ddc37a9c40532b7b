"""The scripts that set up a warehouse: what they make is enough for the platform, and no more than readers need."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import aws
import clouds
import postgres
import psycopg2
import pytest
import redshift_standin
import snowflake_standin
import sqlglot
from driving import ROOT
from psycopg2.errors import InsufficientPrivilege
from sqlglot import exp
from sqlglot.errors import ParseError

from contracts.commerce import COMMERCE
from lake.schemas import Layer
from resources.environment import make

pytestmark = pytest.mark.integration
BEYOND = ["CREATE ROLE", "CREATE USER", "GRANT ROLE", "GRANT SELECT"]
VARIABLES = {"landing_url": "s3://l", "lake_url": "s3://k", "role_arn": "arn:aws:iam::1:role/r", "public_key": "MIIB"}


def test_every_statement_of_snowflakes_script_is_one() -> None:
    """The parser knows every statement except those about roles, users and integrations."""
    unknown = []
    for statement in snowflake_standin.setup_statements(VARIABLES):
        assert "&{" not in statement
        try:
            if isinstance(sqlglot.parse_one(statement, read="snowflake"), exp.Command):
                unknown.append(" ".join(statement.split()[:2]))
        except ParseError:
            unknown.append(" ".join(statement.split()[:2]))
    assert sorted(set(unknown)) == sorted(BEYOND)


def test_both_published_schemas_have_the_same_grants() -> None:
    """They change places at each release, and their grants with them."""
    grants = [
        s for s in snowflake_standin.setup_statements(VARIABLES) if s.startswith("GRANT") and "analytics.gold" in s
    ]
    mine = {grant for grant in grants if "gold_next" not in grant}
    assert len(mine) == 2
    assert {grant.replace("analytics.gold ", "analytics.gold_next ") for grant in mine} == set(grants) - mine


@pytest.fixture(scope="module")
def settings() -> Iterator[Mapping[str, str]]:
    """A Redshift set up by the script, with a reader, and the platform's own user in the settings."""
    if not postgres.installed():
        pytest.skip("PostgreSQL is not installed")
    with aws.moto() as cloud:
        client = cloud.client("s3")
        client.create_bucket(Bucket=clouds.LAKE)

        def read(url: str) -> bytes:
            address = urlsplit(url)
            content: bytes = client.get_object(Bucket=address.netloc, Key=address.path.strip("/"))["Body"].read()
            return content

        with redshift_standin.redshift(read) as found:
            port = int(found["REDSHIFT_PORT"])
            execute(port, postgres.USER, postgres.USER, "CREATE DATABASE events")
            script = (ROOT / "infra" / "redshift.sql").read_text().replace(":password", "'Canary123'")
            execute(port, postgres.USER, "events", script)
            execute(port, postgres.USER, "events", "CREATE USER reader; ALTER GROUP events_readers ADD USER reader")
            mine = {"REDSHIFT_DATABASE": "events", "REDSHIFT_USER": "events_platform", "REDSHIFT_PASSWORD": "Canary123"}
            buckets = {"LANDING_URL": f"s3://{clouds.LANDING}", "LAKE_URL": f"s3://{clouds.LAKE}/lake"}
            rest = {
                "DEPLOYMENT": "aws-redshift",
                "PERSONAL_DATA_KEY": "k",
                "REDSHIFT_COPY_ROLE": "arn:aws:iam::1:role/r",
            }
            yield {**cloud.environment, **found, **mine, **buckets, **rest}


def execute(port: int, user: str, database: str, sql: str) -> list[tuple[object, ...]]:
    """Run statements as a user; returns the rows."""
    connection = psycopg2.connect(host="127.0.0.1", port=port, user=user, dbname=database, sslmode="disable")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_the_platforms_user_of_redshift_can_do_its_work(
    settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script's grants are enough for it, and readers see the release and nothing else."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    warehouse = make("warehouse", [COMMERCE], logging.getLogger("test"))
    silver = make("lake", [COMMERCE], logging.getLogger("test")).table(Layer.SILVER, COMMERCE)
    warehouse.apply_snapshot(COMMERCE, silver, None)
    with warehouse.session() as cursor:
        cursor.execute("CREATE SCHEMA marts")
        cursor.execute("CREATE TABLE marts.fct_orders AS SELECT 1 AS x")
    for _ in range(2):
        warehouse.release(["marts"], {}, {})
    port = int(settings["REDSHIFT_PORT"])
    assert execute(port, "reader", "events", "SELECT x FROM gold.fct_orders") == [(1,)]
    for hidden in ("marts.fct_orders", "silver.commerce", "platform.applied"):
        with pytest.raises(InsufficientPrivilege):
            execute(port, "reader", "events", f"SELECT * FROM {hidden}")
    with pytest.raises(InsufficientPrivilege):
        execute(port, "reader", "events", "CREATE TABLE gold.mine (x int)")
