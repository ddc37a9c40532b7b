"""The table of deployments: complete, without fallbacks, and read only when something is needed."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts import STREAMS
from resources import dbt, environment
from resources.environment import DEPLOYMENTS, Misconfigured, data_dir, deployment, make, resources

ROOT = Path(__file__).resolve().parents[3]
LOG = logging.getLogger("test")


def test_every_deployment_names_every_resource() -> None:
    """A resource that one of them lacks would fail in production first."""
    names = {name: set(chosen.resources) for name, chosen in DEPLOYMENTS.items()}
    assert len({frozenset(found) for found in names.values()}) == 1, names
    assert set(resources(STREAMS)) == names["local"]


def test_an_unknown_deployment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name must not fall back to the laptop's resources, or to anything else."""
    monkeypatch.setenv("DEPLOYMENT", "prod")
    with pytest.raises(Misconfigured, match=r"DEPLOYMENT='prod' is unknown; there are: .*local"):
        deployment()
    with pytest.raises(Misconfigured):
        make("lake", STREAMS, LOG)


@pytest.mark.parametrize("name", ["aws-snowflake", "aws-redshift"])
def test_a_half_configured_deployment_names_what_it_lacks(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """All of it at once, so that nobody fixes one setting a run; and never a value."""
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


def test_marts_to_publish_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """None by default; each once, however it is written."""
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    for listed, names in ((None, ()), ("", ()), (" fct_orders,users, fct_orders,", ("fct_orders", "users"))):
        if listed is None:
            monkeypatch.delenv("ICEBERG_MARTS", raising=False)
        else:
            monkeypatch.setenv("ICEBERG_MARTS", listed)
        assert make("iceberg_marts", STREAMS, LOG).names == names


def test_a_mart_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt one, or a model that readers may not rely on, would be missed by whoever waits for its table."""
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    monkeypatch.setenv("ICEBERG_MARTS", "fct_orders,fct_ordes,int_events")
    with pytest.raises(Misconfigured, match=r"no mart by fct_ordes, int_events; there are: .*fct_orders"):
        make("iceberg_marts", STREAMS, LOG)


def test_a_bucket_is_wanted_where_a_bucket_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path would be taken for a bucket's name."""
    monkeypatch.setenv("DEPLOYMENT", "aws-redshift")
    for setting in DEPLOYMENTS["aws-redshift"].required:
        monkeypatch.setenv(setting, "/data")
    with pytest.raises(Misconfigured, match="LANDING_URL: deployment 'aws-redshift' wants s3://bucket/prefix"):
        make("landing", STREAMS, LOG)
    monkeypatch.setenv("LANDING_URL", "s3://bucket/a/b/")
    landing = make("landing", STREAMS, LOG)
    assert (landing.bucket, landing.prefix) == ("bucket", "a/b")


def test_secrets_are_read_by_dagster_alone() -> None:
    """What `dg.EnvVar` reads is shown by its name wherever Dagster shows configuration."""
    read = re.findall(r"environ(?:\.get\(|\[)['\"](\w+)", Path(environment.__file__).read_text())
    assert read
    assert [name for name in read if re.search("KEY|PASSWORD|PASSPHRASE|SECRET|TOKEN", name)] == []


@pytest.mark.parametrize("passphrase", ["", "p"])
def test_snowflakes_key_may_be_encrypted(monkeypatch: pytest.MonkeyPatch, passphrase: str) -> None:
    """A passphrase that is there is used, and none is wanted where there is none."""
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
    """`.env.example` is where people look for what can be set."""
    read = {
        setting
        for path in (Path(environment.__file__), ROOT / "dbt" / "profiles.yml")
        for setting in SETTING.findall(path.read_text())
    }
    listed = re.findall(r"^([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(listed) == read | REQUIRED


def test_dbts_targets_read_no_setting_that_the_deployment_does_not_ask_for() -> None:
    """What one of them lacks would come to light in the middle of a gold run."""
    for name, chosen in DEPLOYMENTS.items():
        without_default = set(re.findall(r"env_var\('([A-Z_]+)'\)", json.dumps(dbt.output(name))))
        assert without_default <= set(chosen.required)


def test_a_laptop_needs_no_cloud() -> None:
    """The clients of AWS, Snowflake and Redshift cost seconds to import."""
    heavy = {"boto3", "snowflake.connector", "dagster_aws", "dagster_snowflake", "psycopg2", "redshift_connector"}
    code = f"import sys, definitions; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "platform", capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_the_local_deployment_lives_in_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever removes the folder has removed everything, and others find tables and files at known places."""
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
    """Not to wherever the daemon, the web server or a test happens to be started."""
    monkeypatch.chdir("/")
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert data_dir() == ROOT / ".data"


@pytest.mark.parametrize(("url", "root"), [("file:///data/a%20b", "/data/a b"), ("/data/x", "/data/x")])
def test_the_landing_zone_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, url: str, root: str) -> None:
    """Often it is a mounted folder that producers write to."""
    monkeypatch.setenv("LANDING_URL", url)
    assert make("landing", STREAMS, LOG).root == Path(root)


def test_a_landing_zone_that_is_no_folder_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket's address would otherwise be taken for a folder that happens to be empty."""
    monkeypatch.setenv("LANDING_URL", "s3://bucket/x")
    with pytest.raises(Misconfigured, match="LANDING_URL"):
        make("landing", STREAMS, LOG)


@pytest.mark.parametrize("key", ["", environment.DEVELOPMENT_KEY, None])
def test_the_development_key_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    """Hashes under a key that everybody knows protect nobody."""
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
    """Definitions load in the web server, the daemon and in CI, where no setting may be needed."""
    code = "import resources.environment as e, sensors.arrivals, assets.silver; e.resources(())"
    hostile = {"DEPLOYMENT": "unknown", "LANDING_URL": "s3://nowhere", "DATA_DIR": str(tmp_path / "data")}
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "platform", env=os.environ | hostile, check=True, timeout=60
    )
    assert list(tmp_path.iterdir()) == []
