"""Take the README's pictures from the UI of a platform that `make demo` has built, with a headless Chromium.

`make pictures` runs this; DATA_DIR and DAGSTER_HOME name the platform. Only the web server runs here: no daemon, so no
sensor starts runs meanwhile.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
CHROMIUM = "/usr/bin/chromium"
START_S, PAGE_S, SETTLE_MS = 120, 60, 2_000


@dataclass(frozen=True)
class Picture:
    """A page of the UI, the size of the browser's window in pixels, and a text that the page shows when it is ready.

    If `to_top`, the page is scrolled until that text is at the top.
    """

    name: str
    path: str
    width: int
    height: int
    ready: str
    to_top: bool = False


PICTURES = (
    Picture(
        "graph", "assets/bronze/commerce?view=lineage&lineageScope=downstream&lineageDepth=3", 1440, 600, "stg_commerce"
    ),
    Picture("check", "assets/silver/commerce?view=checks&checkDetail=conservation", 1200, 600, "Evaluation result"),
    Picture("runs", "runs", 1440, 500, "Success"),
    Picture("rejected", "assets/rejected/commerce?view=events", 1440, 900, "refused_share"),
    Picture("mart", "assets/gold/fct_orders?view=events", 1440, 700, "orders_completed", to_top=True),
)


@contextmanager
def web_server() -> Iterator[str]:
    """The address of Dagster's web server, on a free port. It is stopped at the end, with all that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-w", "workspace.yaml", "-p", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START_S
        while not answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("the web server did not start: its output is above")
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def answers(port: int) -> bool:
    """Whether a server listens on a port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def take(page: Page, address: str, picture: Picture) -> None:
    """Save a picture beside this file, without the UI's navigation."""
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.goto(f"{address}/{picture.path}")
    ready = page.get_by_text(picture.ready).first
    ready.wait_for(timeout=PAGE_S * 1000)
    if (navigation := page.get_by_text("Hide navigation")).is_visible():
        navigation.click()
    page.wait_for_timeout(SETTLE_MS)
    if picture.to_top:
        ready.evaluate("text => text.scrollIntoView(true)")
    page.screenshot(path=FOLDER / f"{picture.name}.png")


def main() -> None:
    with web_server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(device_scale_factor=1.5)
        # Dagster greets a new user with a dialog unless this is set.
        page.request.post(f"{address}/graphql", data={"query": "mutation {setNuxSeen}"})
        for picture in PICTURES:
            take(page, address, picture)
        browser.close()


if __name__ == "__main__":
    main()
