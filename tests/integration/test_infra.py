"""The templates and scripts of infra/, linted, and run as far as the stand-ins can."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws
import pytest
import yaml
from aws import Aws
from driving import ROOT
from stacks import ACCOUNT, Stack, template

from contracts.commerce import COMMERCE
from contracts.mobile import MOBILE
from lake.schemas import Layer
from resources.environment import DEPLOYMENTS, make
from resources.marts import NAMESPACE

pytestmark = pytest.mark.integration
INFRA = ROOT / "infra"
TEMPLATES = sorted(INFRA.glob("*.yml"))
LOG = logging.getLogger("test")


def findings(linter: str, path: Path) -> tuple[int, str]:
    """A linter's exit status and what it found."""
    command = [Path(sys.executable).with_name(linter), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_are_clean(path: Path) -> None:
    """cfn-lint knows every resource's properties."""
    assert findings("cfn-lint", path) == (0, "")


def test_the_image_is_clean() -> None:
    """hadolint finds nothing, and every file that is copied exists. There is no engine here to build the image."""
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
    copied = re.findall(r"^COPY (?:--\S+ )*(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert source.split("/")[0] in let_through


def test_the_image_holds_what_the_tests_ran_with() -> None:
    """Its lock has no development tools, and pins the same versions as the lock that CI installs."""
    pins = [
        dict(re.findall(r"^(\S+)==(\S+)", path.read_text(), re.MULTILINE))
        for path in (INFRA / "requirements.lock", ROOT / "requirements.lock")
    ]
    assert pins[0].items() <= pins[1].items()
    assert not {"pytest", "moto", "fakesnow"} & pins[0].keys()


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """All statements of policies within a template."""
    if isinstance(node, dict):
        yield from node.get("Statement", ())
        for part in node.values():
            yield from statements(part)
    elif isinstance(node, list):
        for part in node:
            yield from statements(part)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_roles_have_only_needed_permissions(path: Path) -> None:
    """Actions by name; resources by name, or all objects of a named folder or bucket, all tables of a database."""
    found = list(statements(template(path)["Resources"]))
    assert found
    for statement in found:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], statement["Sid"]
        resources = statement.get("Resource", [])
        for resource in resources if isinstance(resources, list) else [resources]:
            text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
            assert "*" not in text.removesuffix("/*"), statement["Sid"]
            assert text != "*", statement["Sid"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Aws]:
    with aws.moto() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def platform(cloud: Aws) -> Stack:
    return Stack.create(cloud, INFRA / "platform.yml", Warehouse="redshift")


@pytest.fixture
def settings(cloud: Aws, platform: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mapping[str, str]:
    """The settings that the outputs of the stack are for."""
    found = dict.fromkeys(DEPLOYMENTS["aws-redshift"].required, "unused") | dict(cloud.environment)
    found |= {"DEPLOYMENT": "aws-redshift", "DATA_DIR": str(tmp_path), "LANDING_URL": platform.outputs["LandingUrl"]}
    found |= {"LAKE_URL": platform.outputs["LakeUrl"], "REDSHIFT_COPY_ROLE": platform.outputs["RedshiftRoleArn"]}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_buckets_keep_to_themselves_and_let_go(cloud: Aws, platform: Stack) -> None:
    """Nothing is public. Landed objects expire, objects of the lake do not."""
    client = cloud.client("s3")
    rules = {}
    for name in ("Landing", "Lake"):
        bucket = platform.made[name]["Ref"]
        assert all(client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
        found = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        rules[name] = {rule["ID"]: rule for rule in found}
    assert rules["Landing"]["landed"]["Expiration"] == {"Days": 90}
    expiring = [rule["Filter"]["Prefix"] for rule in rules["Lake"].values() if "Expiration" in rule]
    assert expiring == ["lake/_manifests/"]


def test_the_lake_is_made_within_the_stack(settings: Mapping[str, str], cloud: Aws) -> None:
    """Tables are in the template's databases, files below the folder that the roles may read.

    No other database exists.
    """
    lake = make("lake", [COMMERCE], LOG)
    for layer in Layer:
        assert lake.table(layer, COMMERCE).location() == f"{settings['LAKE_URL']}/{layer.value}.db/{COMMERCE.name}"
    databases = cloud.client("glue").get_databases()["DatabaseList"]
    assert sorted(database["Name"] for database in databases) == sorted([*(layer.value for layer in Layer), NAMESPACE])


def test_firehose_lands_what_the_platform_reads(settings: Mapping[str, str], cloud: Aws, platform: Stack) -> None:
    """Firehose writes producers' records into the folder of the arrival hour."""
    stack = Stack.create(cloud, INFRA / "stream.yml", Stream="mobile", LandingBucket=platform.outputs["LandingBucket"])
    firehose = cloud.client("firehose")
    described = firehose.describe_delivery_stream(DeliveryStreamName=stack.made["Firehose"]["Ref"])
    (destination,) = described["DeliveryStreamDescription"]["Destinations"]
    delivery = destination["ExtendedS3DestinationDescription"]
    hour = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
    folder = re.sub(r"!\{timestamp:yyyy/MM/dd/HH\}", f"{hour:%Y/%m/%d/%H}", delivery["Prefix"])
    body = gzip.compress(b'{"USER_ID": "1"}\n')
    key = f"{folder}events-mobile-1-2024-05-01-10-00-00-0a1b{delivery['FileExtension']}"
    for name in (key, re.sub(r"!\{[^}]+\}", "x", delivery["ErrorOutputPrefix"]) + "failed"):
        cloud.client("s3").put_object(Bucket=platform.outputs["LandingBucket"], Key=name, Body=body)
    landing = make("landing", [MOBILE], LOG)
    (landed,) = landing.objects(MOBILE)
    assert (landed.path, landed.arrival_hour) == (key, hour)
    assert landing.objects_outside(MOBILE, (hour, hour + dt.timedelta(hours=1))) == []


def test_the_bucket_reports_new_objects_to_the_platform(
    settings: Mapping[str, str], cloud: Aws, platform: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output is the setting, and the bucket is the only one that may write into the queue."""
    monkeypatch.setenv("LANDING_QUEUE_URL", platform.outputs["LandingQueueUrl"])
    landing = make("landing", [COMMERCE], LOG)
    landing.noticed(0)
    cloud.client("s3").put_object(Bucket=platform.outputs["LandingBucket"], Key="commerce/2024/05/01/10/a", Body=b"{}")
    assert landing.noticed(0) == ["commerce/2024/05/01/10/a"]
    policy = platform.value(platform.body["Resources"]["LandingQueuePolicy"])["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"] == platform.made["Landing"]["Arn"]


def test_the_instance_differs_from_the_laptops_in_storage_and_run_processes() -> None:
    """The deployment has the limits and time-outs that the tests ran with."""
    mine, deployed = (yaml.safe_load(path.read_text()) for path in (ROOT / "dagster.yaml", INFRA / "dagster.yaml"))
    differs = {"storage", "compute_logs", "event_log_storage", "run_launcher"}
    shared = [{name: each[name] for name in each.keys() - differs} for each in (mine, deployed)]
    assert shared[0] == shared[1]
    secrets = deployed["storage"]["postgres"]["postgres_db"]
    assert all(list(value) == ["env"] for name, value in secrets.items() if name != "scheme")


def test_roles_name_what_the_stack_made(cloud: Aws, platform: Stack) -> None:
    """A role that names a missing resource permits nothing."""
    policy = cloud.client("iam").get_role_policy(RoleName="events-redshift", PolicyName="read-the-lake")
    read = next(each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == "ReadSilverAndManifests")
    bucket = platform.made["Lake"]["Arn"]
    assert read["Resource"] == [f"{bucket}/lake/silver.db/*", f"{bucket}/lake/_manifests/*"]
    assert "${" not in json.dumps(policy["PolicyDocument"])


def test_the_guide_names_all_there_is_to_set() -> None:
    """docs/deploying.md names every setting, so nobody learns of one from an error."""
    required = {name for chosen in DEPLOYMENTS.values() for name in chosen.required}
    instance = "".join((INFRA / name).read_text() for name in ("dagster.yaml", "workspace.yaml"))
    required |= set(re.findall(r"env: (\w+)", instance))
    for path in TEMPLATES:
        required |= set(template(path)["Parameters"]) | set(template(path)["Outputs"])
    guide = (ROOT / "docs" / "deploying.md").read_text()
    assert {name for name in required if not re.search(rf"\b{name}\b", guide)} == set()


TRUST = {
    "nobody yet": ({}, [f"arn:aws:iam::{ACCOUNT}:root"], ["not-known-yet"]),
    "the integration": (
        {"SnowflakeUserArns": "arn:aws:iam::1:user/s", "SnowflakeExternalIds": "A_1"},
        ["arn:aws:iam::1:user/s"],
        ["A_1"],
    ),
    "the catalog besides": (
        {"SnowflakeUserArns": "arn:aws:iam::1:user/s,arn:aws:iam::1:user/g", "SnowflakeExternalIds": "A_1,A_2"},
        ["arn:aws:iam::1:user/s", "arn:aws:iam::1:user/g"],
        ["A_1", "A_2"],
    ),
}


@pytest.mark.parametrize("who", TRUST)
def test_snowflakes_role_is_for_those_who_are_named(who: str) -> None:
    """Snowflake's user is known only after the integration is created, and the integration needs the role."""
    given, users, ids = TRUST[who]
    stack = Stack.of(INFRA / "platform.yml", Warehouse="snowflake", **given)
    role = stack.body["Resources"]["SnowflakeRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = stack.value(role)["Statement"]
    told = (statement["Principal"]["AWS"], statement["Condition"]["StringEquals"]["sts:ExternalId"])
    assert [each if isinstance(each, list) else [each] for each in told] == [users, ids]
