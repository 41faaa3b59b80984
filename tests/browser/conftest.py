"""A real browser, and what every page must hold in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
VIEWPORTS = ((1280, 900), (390, 844))
SCHEMES = ("light", "dark")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]

CheckPage = Callable[[Path], None]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="session")
def check_page(browser: Any) -> CheckPage:
    """A function that opens a page as readers do and asserts everything that each page must hold."""

    def check(path: Path) -> None:
        for width, height in VIEWPORTS:
            for scheme in SCHEMES:
                _check_in(browser, path, width, height, scheme)
        _check_print(browser, path)

    return check


def _check_in(browser: Any, path: Path, width: int, height: int, scheme: str) -> None:
    where = f"{path.name} at {width} px, {scheme}"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()], where
    assert said == [], where
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{where}: scrolls sideways"
    assert violations(page) == [], where
    if page.locator("#show-code").count():
        _check_toggle(page, where)
        assert violations(page) == [], f"{where}, with code"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{where}: scrolls sideways with code"
    page.close()


def violations(page: Any) -> list[str]:
    """Run axe on a page and say what it found, one line a node."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def _check_toggle(page: Any, where: str) -> None:
    code, toggle = page.locator(".code").first, page.locator("#show-code")
    assert not code.is_visible(), f"{where}: code in sight before it is asked for"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "show-code":
            break
    assert page.evaluate("document.activeElement.id") == "show-code", (
        f"{where}: the toggle is out of the keyboard's reach"
    )
    page.keyboard.press("Space")
    assert toggle.is_checked(), where
    assert code.is_visible(), f"{where}: the toggle shows no code"


def _check_print(browser: Any, path: Path) -> None:
    page = browser.new_page(viewport={"width": 700, "height": 1000})
    page.goto(path.as_uri())
    if page.locator("#show-code").count():
        page.locator("#show-code").check()
    page.emulate_media(media="print")
    for selector in (".contents", ".toggle", ".download", ".code", ".breadcrumbs", ".skip"):
        for found in page.locator(selector).all():
            assert not found.is_visible(), f"{path.name}: {selector} is printed"
    clipped = "[...document.querySelectorAll('.table-box')].filter(b => b.scrollWidth > b.clientWidth + 1).length"
    assert page.evaluate(clipped) == 0, f"{path.name}: a table is clipped in print"
    page.close()
