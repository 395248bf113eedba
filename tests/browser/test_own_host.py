"""The dashboard serves its own fonts and answers to names of this machine alone; `test_accessible` sees on every page
that nothing is asked of another host."""

import http.client

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.no_worker


def test_fonts_come_from_the_server_itself(server, page: Page):
    with page.expect_response(lambda answer: "ibm-plex-sans" in answer.url) as font:
        page.goto(server.url)
    assert font.value.status == 200 and font.value.url.startswith(server.url)


def test_a_foreign_host_header_is_refused(server):
    """Against DNS rebinding: the page's WebSocket answers only to names of this machine."""
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
