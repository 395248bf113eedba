"""The dashboard asks nothing of any other host: no fonts, scripts, icons, statistics."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from pages.components.frame import MENU, ROOT

pytestmark = pytest.mark.no_worker

LOCAL = {"127.0.0.1", "localhost", ""}
PATHS = [
    "/" if entry.script == "app.py" else f"/{entry.script[6:-3]}" for entry in MENU if (ROOT / entry.script).exists()
]


@pytest.mark.parametrize("path", PATHS)
def test_no_request_leaves_the_host_of_the_server(server, page: Page, path: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(server.url + path)
    page.get_by_test_id("stHeading").first.wait_for()
    page.wait_for_timeout(2500)  # a fragment looks again, fonts and charts arrive
    outside = [
        url for url in asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname not in LOCAL
    ]
    assert len(asked) > 5
    assert outside == []


def test_fonts_come_from_the_server_itself(server, page: Page):
    fonts: list[tuple[str, int]] = []
    page.on("response", lambda answer: fonts.append((answer.url, answer.status)) if "woff2" in answer.url else None)
    page.goto(server.url)
    page.get_by_test_id("stHeading").first.wait_for()
    page.wait_for_timeout(1000)
    plex = [(url, status) for url, status in fonts if "ibm-plex-sans" in url]
    assert plex and all(status == 200 and url.startswith(server.url) for url, status in plex)


def test_a_foreign_host_header_is_refused(server):
    """Against DNS rebinding: the page's WebSocket answers only to names of this machine."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(
        "GET",
        "/_stcore/stream",
        headers={
            "Host": "evil.example",
            "Origin": "http://evil.example",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )
    assert connection.getresponse().status in (400, 403)
