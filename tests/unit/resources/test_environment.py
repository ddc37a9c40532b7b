"""The table of deployments: complete, without fallbacks, and read only when a resource is needed."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts import STREAMS
from lake.commits import commit
from lake.reading import files_of, read
from lake.schemas import LEDGER, PARTITION_BY, Layer
from lake.writing import DataFileWriter
from resources import dbt, environment
from resources.alerts.settings import ALERT_SETTINGS
from resources.environment import DEPLOYMENTS, data_dir, deployment, make, resources
from resources.kafka.settings import SETTINGS as KAFKA
from resources.settings import Misconfigured

ROOT = Path(__file__).resolve().parents[3]
LOG = logging.getLogger("test")


def test_every_deployment_names_every_resource() -> None:
    """A missing resource would only be noticed in production."""
    names = {name: set(chosen.resources) for name, chosen in DEPLOYMENTS.items()}
    assert len({frozenset(found) for found in names.values()}) == 1, names
    assert set(resources(STREAMS)) == names["local"]


def test_an_unknown_deployment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name must not fall back to the local resources, or to anything else."""
    monkeypatch.setenv("DEPLOYMENT", "prod")
    with pytest.raises(Misconfigured, match=r"DEPLOYMENT='prod' is unknown; expected one of: .*local"):
        deployment()
    with pytest.raises(Misconfigured):
        make("lake", STREAMS, LOG)


@pytest.mark.parametrize("name", ["aws-snowflake", "aws-redshift"])
def test_missing_settings_are_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """All at once, so that nobody fixes one setting per run; and never a value."""
    required = DEPLOYMENTS[name].required
    monkeypatch.setenv("DEPLOYMENT", name)
    for setting in required:
        monkeypatch.setenv(setting, "canary")
    monkeypatch.delenv(required[0])
    monkeypatch.setenv(required[-1], "")
    for resource in DEPLOYMENTS[name].resources:
        with pytest.raises(Misconfigured) as raised:
            make(resource, STREAMS, LOG)
        assert str(raised.value) == f"DEPLOYMENT='{name}' lacks these settings: {required[0]}, {required[-1]}"


@pytest.mark.parametrize(
    ("name", "says"),
    [("staging-typo", "DEPLOYMENT='staging-typo' is unknown; expected one of:"), ("aws-redshift", "REDSHIFT_HOST")],
)
def test_loading_the_definitions_says_what_is_wrong(tmp_path: Path, name: str, says: str) -> None:
    """Otherwise the first run would be the first to say it. Without some settings assets can still be looked at."""
    settings = {"DEPLOYMENT": name, "DATA_DIR": str(tmp_path), "REDSHIFT_HOST": ""}
    command = [sys.executable, "-c", "import definitions"]
    done = subprocess.run(
        command,
        cwd=ROOT / "platform",
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode == 0) == (name in DEPLOYMENTS)
    assert says in done.stderr


def test_iceberg_marts_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty by default; blanks and repetitions do not matter."""
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    for listed, names in ((None, ()), ("", ()), (" fct_orders,users, fct_orders,", ("fct_orders", "users"))):
        if listed is None:
            monkeypatch.delenv("ICEBERG_MARTS", raising=False)
        else:
            monkeypatch.setenv("ICEBERG_MARTS", listed)
        assert make("iceberg_marts", STREAMS, LOG).names == names


def test_an_unknown_mart_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise somebody would wait for a table that never appears."""
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    monkeypatch.setenv("ICEBERG_MARTS", "fct_orders,fct_ordes,int_days")
    with pytest.raises(Misconfigured, match=r"unknown marts fct_ordes, int_days; expected some of: .*fct_orders"):
        make("iceberg_marts", STREAMS, LOG)


def test_on_aws_the_landing_zone_must_be_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path would be taken for the name of a bucket."""
    monkeypatch.setenv("DEPLOYMENT", "aws-redshift")
    for setting in DEPLOYMENTS["aws-redshift"].required:
        monkeypatch.setenv(setting, "/data")
    with pytest.raises(Misconfigured, match="LANDING_URL: deployment 'aws-redshift' expects s3://bucket/prefix"):
        make("landing", STREAMS, LOG)
    monkeypatch.setenv("LANDING_URL", "s3://bucket/a/b/")
    landing = make("landing", STREAMS, LOG)
    assert (landing.bucket, landing.prefix) == ("bucket", "a/b")


def test_secrets_are_read_by_dagster_alone() -> None:
    """Where Dagster shows configuration, it shows the name of an `EnvVar`, not its value."""
    read = re.findall(r"environ(?:\.get\(|\[)['\"](\w+)", Path(environment.__file__).read_text())
    assert read
    assert [name for name in read if re.search("KEY|PASSWORD|PASSPHRASE|SECRET|TOKEN", name)] == []


@pytest.mark.parametrize("passphrase", ["", "p"])
def test_snowflakes_key_may_be_encrypted(monkeypatch: pytest.MonkeyPatch, passphrase: str) -> None:
    """The passphrase is optional."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = serialization.PrivateFormat.PKCS8
    cipher = serialization.BestAvailableEncryption(b"p") if passphrase else serialization.NoEncryption()
    monkeypatch.setenv("DEPLOYMENT", "aws-snowflake")
    for setting in DEPLOYMENTS["aws-snowflake"].required:
        monkeypatch.setenv(setting, "s3://bucket")
    monkeypatch.setenv("SNOWFLAKE_PRIVATE_KEY", key.private_bytes(serialization.Encoding.PEM, pkcs8, cipher).decode())
    monkeypatch.setenv("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", passphrase)
    given: dict[str, object] = {}
    monkeypatch.setattr("snowflake.connector.connect", lambda **arguments: given.update(arguments) or MagicMock())
    make("warehouse", STREAMS, LOG).connect()
    assert given["private_key"] == key.private_bytes(serialization.Encoding.DER, pkcs8, serialization.NoEncryption())


SETTING = re.compile(r"""(?:environ(?:\.get\(|\[)|EnvVar\(|env_var\()['"]([A-Z][A-Z_0-9]+)['"]""")
REQUIRED = {setting for chosen in DEPLOYMENTS.values() for setting in chosen.required}


def test_every_setting_is_in_the_example() -> None:
    """People look into `.env.example` for what can be set."""
    read = {
        setting
        for path in (Path(environment.__file__), ROOT / "dbt" / "profiles.yml")
        for setting in SETTING.findall(path.read_text())
    }
    listed = re.findall(r"^([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(listed) == read | REQUIRED | {*KAFKA, *ALERT_SETTINGS}


def test_a_deployment_requires_all_settings_of_its_dbt_target() -> None:
    """Otherwise a missing one would fail in the middle of a gold run."""
    for name, chosen in DEPLOYMENTS.items():
        without_default = set(re.findall(r"env_var\('([A-Z_]+)'\)", json.dumps(dbt.output(name))))
        assert without_default <= set(chosen.required)


def test_a_laptop_needs_no_cloud() -> None:
    """Importing the clients of AWS, Snowflake and Redshift takes seconds."""
    heavy = {"boto3", "snowflake.connector", "dagster_aws", "dagster_snowflake", "psycopg2", "redshift_connector"}
    code = f"import sys, definitions; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "platform", capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_the_local_deployment_lives_in_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Removing the folder removes everything, and other tools find tables and files at known places."""
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    monkeypatch.delenv("LANDING_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    made = {name: make(name, STREAMS, LOG) for name in DEPLOYMENTS["local"].resources}
    assert made["landing"].root == tmp_path / "landing"
    assert made["lake"].properties["uri"].startswith(f"sqlite:///{tmp_path}/lake/catalog.db")
    assert (made["warehouse"].path, made["warehouse"].published) == (
        tmp_path / "warehouse.duckdb",
        tmp_path / "gold.duckdb",
    )
    assert set(made["conformers"]) == {stream.name for stream in STREAMS}


def test_the_data_folder_is_relative_to_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to the working directory of the daemon, the web server or a test."""
    monkeypatch.chdir("/")
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert data_dir() == ROOT / ".data"


@pytest.mark.parametrize("name", ["a b", "dätä", "it's", 'a "b"', "100%", "a%20b", "a+b&c"])
def test_the_data_folder_may_have_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """All files of the lake lie in that folder, and are found again by the addresses that the tables keep."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / name))
    lake = make("lake", STREAMS, LOG)
    ledger = lake.table(Layer.LEDGER, STREAMS[0])
    writer = DataFileWriter(ledger, PARTITION_BY[Layer.LEDGER])
    row = {"path": "a", "version": "b", "arrival_hour": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "current": True}
    writer.write(pl.DataFrame([row], schema_overrides={"arrival_hour": LEDGER["arrival_hour"]}))
    commit(ledger, writer.finish(), [], {})
    again = make("lake", STREAMS, LOG).table(Layer.LEDGER, STREAMS[0])
    assert [batch.num_rows for batch in read(again, files_of(again))] == [1]
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a?b", "a#b"])
def test_a_data_folder_that_no_address_can_name_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Files would lie in a folder of another name, and nobody would find them."""
    monkeypatch.setenv("DATA_DIR", f"/data/{name}")
    with pytest.raises(Misconfigured, match=r"DATA_DIR: /data/a.b contains '.', which file addresses cannot hold"):
        make("lake", STREAMS, LOG)


@pytest.mark.parametrize(("url", "root"), [("file:///data/a%20b", "/data/a b"), ("/data/x", "/data/x")])
def test_the_landing_zone_may_be_any_folder(monkeypatch: pytest.MonkeyPatch, url: str, root: str) -> None:
    """Often it is a mounted folder that producers write to."""
    monkeypatch.setenv("LANDING_URL", url)
    assert make("landing", STREAMS, LOG).root == Path(root)


def test_locally_the_landing_zone_must_be_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the address of a bucket would be taken for a folder that is empty."""
    monkeypatch.setenv("LANDING_URL", "s3://bucket/x")
    with pytest.raises(Misconfigured, match="LANDING_URL"):
        make("landing", STREAMS, LOG)


@pytest.mark.parametrize("key", ["", environment.DEVELOPMENT_KEY, None])
def test_the_development_key_causes_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    """Hashes with a public key protect nobody."""
    if key is None:
        monkeypatch.delenv("PERSONAL_DATA_KEY", raising=False)
    else:
        monkeypatch.setenv("PERSONAL_DATA_KEY", key)
    make("conformers", STREAMS, LOG)
    assert "PERSONAL_DATA_KEY" in caplog.text
    caplog.clear()
    monkeypatch.setenv("PERSONAL_DATA_KEY", "a secret")
    made = make("conformers", STREAMS, LOG)
    assert caplog.text == ""
    assert {conformers.secret for conformers in made.values()} == {b"a secret"}


def test_nothing_is_read_at_import(tmp_path: Path) -> None:
    """The web server, the daemon and CI load the definitions without any settings."""
    code = "import resources.environment as e, sensors.arrivals, assets.silver; e.resources(())"
    hostile = {"DEPLOYMENT": "unknown", "LANDING_URL": "s3://nowhere", "DATA_DIR": str(tmp_path / "data")}
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "platform", env=os.environ | hostile, check=True, timeout=60
    )
    assert list(tmp_path.iterdir()) == []
