"""The two AWS deployments on local stand-ins, and the settings that point at these."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import aws
import postgres
import redshift_standin
import snowflake_standin
from aws import Aws
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LANDING, LAKE = "events-landing", "events-lake"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "canary-of-the-secret-access-key",
    "PERSONAL_DATA_KEY": "canary-of-the-personal-data-key",
    "REDSHIFT_PASSWORD": "canary-of-the-password",
    "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "canary-of-the-passphrase",
}
NAMES = ("aws-snowflake", "aws-redshift")


@contextlib.contextmanager
def cloud(deployment: str) -> Iterator[tuple[Aws, Mapping[str, str]]]:
    """AWS with two empty buckets and a warehouse, and all settings of a deployment that runs on them."""
    with aws.moto_process() as running:
        for bucket in (LANDING, LAKE):
            running.client("s3").create_bucket(Bucket=bucket)
        shared = {
            **running.environment,
            "DEPLOYMENT": deployment,
            "LANDING_URL": f"s3://{LANDING}/in",
            "LAKE_URL": f"s3://{LAKE}/lake",
            **{name: SECRETS[name] for name in ("AWS_SECRET_ACCESS_KEY", "PERSONAL_DATA_KEY")},
        }
        with WAREHOUSES[deployment](running) as settings:
            yield running, {**shared, **settings}


@contextlib.contextmanager
def _snowflake(running: Aws) -> Iterator[Mapping[str, str]]:
    settings = {
        "SNOWFLAKE_ACCOUNT": "loopback",
        "SNOWFLAKE_USER": "platform",
        "SNOWFLAKE_PRIVATE_KEY": private_key(SECRETS["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"]),
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": SECRETS["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"],
        "SNOWFLAKE_ROLE": "platform",
        "SNOWFLAKE_WAREHOUSE": "platform",
        "SNOWFLAKE_DATABASE": "ANALYTICS",
        "SNOWFLAKE_STAGE": "platform.lake",
    }
    with snowflake_standin.snowflake(running.environment, f"s3://{LANDING}/in", f"s3://{LAKE}/lake") as address:
        yield {**settings, **address}


@contextlib.contextmanager
def _redshift(running: Aws) -> Iterator[Mapping[str, str]]:
    def read(url: str) -> bytes:
        address = urlsplit(url)
        found = running.client("s3").get_object(Bucket=address.netloc, Key=address.path.strip("/"))
        content: bytes = found["Body"].read()
        return content

    settings = {
        "REDSHIFT_PASSWORD": SECRETS["REDSHIFT_PASSWORD"],
        "REDSHIFT_COPY_ROLE": "arn:aws:iam::123456789012:role/events-redshift",
    }
    with redshift_standin.redshift(read) as address:
        yield {**settings, **address}


WAREHOUSES: Mapping[str, Callable[[Aws], contextlib.AbstractContextManager[Mapping[str, str]]]] = {
    "aws-snowflake": _snowflake,
    "aws-redshift": _redshift,
}


def lacking(deployment: str) -> str:
    """Why a deployment's stand-in cannot run on this machine; empty when it can."""
    return "" if deployment != "aws-redshift" or postgres.installed() else "PostgreSQL is not installed"


def private_key(passphrase: str) -> str:
    """A new RSA key, encrypted, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key.private_bytes(*form, serialization.BestAvailableEncryption(passphrase.encode())).decode()


def betraying(settings: Mapping[str, str]) -> dict[str, str]:
    """Texts that must appear nowhere, by name: secrets, and the lines of a private key, encrypted or in clear."""
    found = {name: secret for name, secret in SECRETS.items() if settings.get(name) == secret}
    if pem := settings.get("SNOWFLAKE_PRIVATE_KEY"):
        passphrase = SECRETS["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"].encode()
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        clear = serialization.load_pem_private_key(pem.encode(), passphrase).private_bytes(*form).decode()
        texts = {"SNOWFLAKE_PRIVATE_KEY": pem, "SNOWFLAKE_PRIVATE_KEY in clear": clear}
        for name, text in texts.items():
            found |= {f"{name}, line {number}": line for number, line in enumerate(text.splitlines()[1:-2], 1)}
    return found
