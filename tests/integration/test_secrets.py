"""Secrets stay in the environment: no run, good or bad, writes one down, and no answer of Dagster holds one."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import clouds
import dagster as dg
import pytest
import scanning
from deployed import Deployed
from driving import ROOT, execute, materialize

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = [pytest.mark.integration, pytest.mark.verify]
HOUR = dt.datetime(2026, 1, 1, 10)
ONE_MART = 'kind:dbt and +key:"gold/fct_orders"'  # of gold with a secret, one mart says as much as all of them
NO_KEY = "canary-in-a-key-that-is-none"
# The job that finds the mistake, the wrong settings, and the text that the error must have.
WRONG: Mapping[str, list[tuple[str, Mapping[str, str], str]]] = {
    "aws-snowflake": [
        ("ingest", {"SNOWFLAKE_STAGE": "", "LAKE_URL": ""}, "lacks these settings: LAKE_URL, SNOWFLAKE_STAGE"),
        ("ingest", {"LANDING_URL": "s3://no-such-bucket"}, "NoSuchBucket"),
        ("ingest", {"SNOWFLAKE_STAGE": "platform.none"}, "PLATFORM.NONE"),
        ("gold", {"SNOWFLAKE_PRIVATE_KEY": NO_KEY}, "Unable to load private key"),
    ],
    "aws-redshift": [
        (
            "ingest",
            {"PERSONAL_DATA_KEY": "", "REDSHIFT_HOST": ""},
            "lacks these settings: PERSONAL_DATA_KEY, REDSHIFT_HOST",
        ),
        ("gold", {"REDSHIFT_PORT": "1"}, "Connection refused"),
    ],
}
# All that the UI can show of runs, assets, resources and the instance.
ASKED = """{
  instance { info }
  workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
    ... on RepositoryLocation { repositories { allTopLevelResourceDetails {
      name description configuredValues { key value type } configFields { name defaultValueAsJson }
    } } }
    ... on PythonError { ...Error }
  } } } }
  assetNodes { description assetMaterializations { message metadataEntries { ...Entry } } }
  runsOrError { ... on Runs { results { status runConfigYaml tags { key value } eventConnection { events {
    ... on MessageEvent { message }
    ... on ErrorEvent { error { ...Error } }
    ... on DisplayableEvent { description metadataEntries { ...Entry } }
  } } } } }
}
fragment Error on PythonError { className message stack errorChain { error { className message stack } } }
fragment Entry on MetadataEntry {
  label description
  ... on TextMetadataEntry { text }
  ... on MarkdownMetadataEntry { mdStr }
  ... on JsonMetadataEntry { jsonString }
  ... on UrlMetadataEntry { url }
  ... on PathMetadataEntry { path }
  ... on TableMetadataEntry { table { records } }
}"""


@dataclass(frozen=True)
class Told:
    """The output of good and bad runs, the place of all that was stored, and the texts that must be in none of it."""

    data: Path
    good: Mapping[str, subprocess.CompletedProcess[str]]
    bad: list[tuple[str, subprocess.CompletedProcess[str]]]
    betraying: Mapping[str, str]


@pytest.fixture(scope="module", params=clouds.NAMES)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, definitions: dg.Definitions
) -> Iterator[Told]:
    """Runs with something wrong in their settings, then an hour from landing to gold; a canary is in every secret."""
    name = request.param
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    with clouds.cloud(name) as (aws, settings):
        data = tmp_path_factory.mktemp(name)
        platform = Deployed(data, definitions, dg.DagsterInstance.ephemeral(), settings=settings, aws=aws)
        simulate(COMMERCE, Plan(HOUR, hours=1, rate=60), platform.landing)
        platform.upload()
        bad = [
            (how, execute(platform, job, HOUR if job == "ingest" else None, **wrong)) for job, wrong, how in WRONG[name]
        ]
        good = {
            "ingest": execute(platform, "ingest", HOUR),
            "gold": materialize(platform, ONE_MART, f"{HOUR:%Y-%m-%d}"),
        }
        asking = [Path(sys.executable).with_name("dagster-graphql"), "-w", "workspace.yaml", "-t", ASKED]
        good["graphql"] = subprocess.run(
            [*asking, "-o", data / "answer"], cwd=ROOT, env=platform.for_child(DAGSTER_HOME=str(data / "dagster")),
            text=True, capture_output=True, check=False,
        )  # fmt: skip
        for number, done in enumerate([*good.values(), *(done for _, done in bad)]):
            (data / f"said-{number}").write_text(done.stdout + done.stderr)
        client = aws.client("s3")
        for stored in client.list_objects_v2(Bucket=clouds.LAKE)["Contents"]:
            path = data / "bucket" / stored["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(clouds.LAKE, stored["Key"], str(path))
        yield Told(data, good, bad, {**clouds.betraying(settings), "a key that is none": NO_KEY})


def test_no_secret_is_written_down(told: Told) -> None:
    """Neither in logs, errors, metadata or answers, nor in what Dagster, dbt and the lake have stored."""
    assert scanning.sightings(told.data, told.betraying) == {}


def test_all_of_it_was_looked_at(told: Told) -> None:
    """Good runs succeeded with these secrets, and Dagster's answers have what they logged."""
    for name, done in told.good.items():
        assert done.returncode == 0, f"{name}: {done.stderr[-3000:]}"
    answer = (told.data / "answer").read_text()
    runs = json.loads(answer)["data"]["runsOrError"]["results"]
    assert Counter(run["status"] for run in runs) == {"SUCCESS": 2, "FAILURE": len(told.bad)}
    assert "Finished execution of step" in answer
    assert {path.name for path in told.data.iterdir()} >= {"bucket", "dagster", "dbt"}


def test_errors_say_what_is_wrong(told: Told) -> None:
    """By the names of settings, or in the words of the service that refused."""
    for how, done in told.bad:
        assert done.returncode != 0, how
        assert how in done.stdout + done.stderr, f"{how}: {done.stderr[-3000:]}"
