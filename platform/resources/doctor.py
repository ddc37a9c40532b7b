"""Check everything that the platform needs, and say of each thing that it is well, or what to do.

    python -m resources.doctor [SECONDS]

A check that takes longer than SECONDS has failed, so a dead service is a line and not a hang.

Belongs here: checks that change no data and show no value of a setting. Not here: whether the data is right (asset
checks), what a run has done (`status`).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dagster as dg
from packaging.requirements import Requirement

from contracts import STREAMS
from lake.catalog import open_catalog
from partitions import arrival_window
from resources import dbt
from resources.alerts.rules import InvalidRules
from resources.alerts.settings import InvalidAlertSettings
from resources.environment import data_dir, deployment, first_hour, make, named_settings
from resources.kafka.settings import BOOTSTRAP
from resources.landing.folder import FolderLanding
from resources.landing.s3 import S3Landing
from resources.settings import Misconfigured
from resources.warehouse.protocol import WarehouseBusy

CHECKOUT = Path(__file__).resolve().parents[2]
# In a checkout the first is the image's, the second has the development tools as well. An image has only its own.
LOCKS = ("infra/requirements.lock", "requirements.lock")
LIMIT_S = 60.0  # of one check; on a busy machine the imports alone take some of it
FREE_GB = 2.0
SKEW_S = 60.0  # S3 refuses requests from 15 minutes on; an hour ahead, events would be rejected
Check = Callable[[], str]  # returns what it found, in a few words; raises when something is wrong
LOG = logging.getLogger(__name__)


class Problem(Exception):
    """Something is wrong. The message says what, and what to do."""


def settings() -> str:
    names, missing, misspelt = named_settings()
    if missing:
        raise Problem(f"DEPLOYMENT={deployment()} needs {', '.join(missing)}: set them; .env.example explains each")
    if misspelt:
        meant = ", ".join(f"{name} (is {known} meant?)" for name, known in misspelt.items())
        raise Problem(f"no such setting: {meant}. Rename or unset it")
    return f"DEPLOYMENT={deployment()}; set: {', '.join(names) or 'none'}"


def versions() -> str:
    lock = next(path for name in LOCKS if (path := CHECKOUT / name).exists())
    pins = [Requirement(line) for line in re.findall(r"^([a-z][^\\\n]*)", lock.read_text(), re.MULTILINE)]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    if others := [f"{pin} (found: {found})" for pin in wanted if not pin.specifier.contains(found := _found(pin.name))]:
        raise Problem(f"packages differ from {lock}: {', '.join(others[:5])}. Delete .venv, then run `make setup`")
    return f"Python {'.'.join(map(str, sys.version_info[:3]))}; {len(wanted)} packages as in {lock}"


def _found(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "0+none"


def folders() -> str:
    folder = data_dir()
    for needed in (folder, folder / "scratch"):
        try:
            needed.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=needed):
                pass
        except OSError as error:
            raise Problem(f"{needed} cannot be written ({error.strerror}): mend its rights, or set DATA_DIR") from error
    return f"{folder} can be written"


def disk() -> str:
    free = shutil.disk_usage(data_dir()).free / 1e9
    if free < FREE_GB:
        raise Problem(f"{free:.1f} GB are free at {data_dir()}: free some space, {FREE_GB:.0f} GB at least")
    return f"{free:,.0f} GB free at {data_dir()}"


def instance() -> str:
    with dg.DagsterInstance.get() as opened:
        count = opened.get_runs_count()
        beats = [beat.timestamp for beat in opened.get_daemon_heartbeats().values()]
    seen = f"its daemon was seen {time.time() - max(beats):,.0f} s ago" if beats else "no daemon has run yet"
    return f"{count:,} runs; {seen}"


def manifest() -> str:
    if not dbt.is_prepared():
        raise Problem("dbt's manifest does not belong to this project: run `make setup`, or build the image again")
    return "prepared"


def catalog() -> str:
    lake = make("lake", STREAMS, LOG)
    file = unquote(urlsplit(lake.properties.get("uri", "")).path)
    if file and not Path(file).exists():
        return "not made yet: the first run makes it"
    opened = open_catalog(lake.kind, lake.properties)
    tables = sum(len(opened.list_tables(space)) for space in opened.list_namespaces())
    return f"{tables} tables"


def warehouse() -> str:
    try:
        applied = make("warehouse", STREAMS, LOG).applied_snapshots(timeout_s=2)
    except WarehouseBusy:
        return "in use by a run"
    return f"holds {len(applied)} of {len(STREAMS)} streams" if applied else "no stream is loaded yet"


def landing() -> str:
    zone = make("landing", STREAMS, LOG)
    if isinstance(zone, FolderLanding) and not zone.root.is_dir():
        return f"{zone.root} does not exist yet"
    this_hour = arrival_window(first_hour(), dt.datetime.now(dt.UTC))[1] - dt.timedelta(hours=1)
    found = [landed for stream in STREAMS for landed in zone.objects(stream, [this_hour])]
    return f"can be listed; {len(found):,} objects in the current hour"


def alerts() -> str:
    alerting = make("alerting", STREAMS, LOG)
    rules = len(alerting.rules.names)
    told = " and ".join(channel.name for channel in alerting.channels)
    return f"{rules} rules; told by {told}" if told else f"{rules} rules, but nobody is told: set ALERT_WEBHOOK_URL"


def kafka() -> str:
    brokers = make("kafka", STREAMS, LOG)
    if brokers.settings is None:
        return f"not used: {BOOTSTRAP} is not set"
    states = [brokers.topic_state(stream) for stream in STREAMS if stream.topic]
    return "; ".join(f"topic {state.name}: {len(state.partitions)} partitions" for state in states)


def clock() -> str:
    """Compare this machine's clock with the landing zone's: S3's, or that of the file system of `DATA_DIR`."""
    zone = make("landing", STREAMS, LOG)
    if isinstance(zone, S3Landing):
        answer = zone.client.list_objects_v2(Bucket=zone.bucket, Prefix=zone.prefix, MaxKeys=1)
        other, theirs = "S3", parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    else:
        with tempfile.NamedTemporaryFile(dir=data_dir()) as file:
            other, theirs = "DATA_DIR's file system", os.fstat(file.fileno()).st_mtime
    ahead = time.time() - theirs
    if abs(ahead) > SKEW_S:
        raise Problem(f"this machine is {ahead:+,.0f} s ahead of {other}: set its clock (NTP)")
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {abs(ahead):.0f} s apart from {other}"


# The settings come last, because the services need them.
CHECKS: tuple[Check, ...] = (versions, manifest, folders, disk, instance, settings)
SERVICES: tuple[Check, ...] = (catalog, warehouse, landing, kafka, alerts, clock)


def main(limit_s: float = LIMIT_S) -> int:
    """Print a line for each check. The exit status is 1 if something is wrong."""
    well = [report(check, *examination(check, limit_s)()) for check in CHECKS]
    if well[-1]:
        begun = [(check, examination(check, limit_s)) for check in SERVICES]  # together, as a dead one takes its time
        well += [report(check, *ended()) for check, ended in begun]
    else:
        print(f"       not checked, as they need the settings: {', '.join(check.__name__ for check in SERVICES)}")
    print("\neverything is well" if all(well) else f"\n{well.count(False)} to mend", flush=True)
    return 0 if all(well) else 1


def report(check: Check, is_well: bool, found: str) -> bool:
    print(f"{'ok' if is_well else 'wrong':<6} {check.__name__:<10} {found}", flush=True)
    return is_well


def examination(check: Check, limit_s: float) -> Callable[[], tuple[bool, str]]:
    """Begin a check. Gives a function that waits for it, at most until the limit: is all well, and what was found?"""
    outcome = (False, f"no answer within {limit_s:g} s: is the service there, and can this machine reach it?")

    def look() -> None:
        nonlocal outcome
        try:
            outcome = (True, check())
        except (Problem, Misconfigured, InvalidAlertSettings, InvalidRules) as problem:
            outcome = (False, str(problem))
        except Exception as error:
            outcome = (False, f"{type(error).__name__}: {' '.join(str(error).split())[:600]}")

    def ended() -> tuple[bool, str]:
        thread.join(max(0.0, deadline - time.monotonic()))
        return outcome

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    deadline = time.monotonic() + limit_s
    return ended


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # what libraries say is in the lines, in our words
    warnings.simplefilter("ignore")
    status = 1
    with suppress(BrokenPipeError):  # nobody reads on, as after `| head`: not all is checked
        status = main(*map(float, sys.argv[1:]))
        sys.stdout.flush()
    os._exit(status)  # at once: a check without an answer may still hold threads
