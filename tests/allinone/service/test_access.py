"""Who may ask a service: with a token, and without one."""

import pytest
from service_calls import ask_here

from allinone.errors import InputError
from allinone.service.settings import is_local, refuse_open

TOKEN = "correct horse battery"
# What a browser needs before its user can give the token; none of it tells anything of people.
OPEN = ("/", "/health", "/docs", "/openapi.json", "/static/page.js")
CLOSED = ("/people", "/about", "/metrics", "/static", "/nothing")


def test_with_a_token_nothing_of_people_or_pictures_is_told_without_it(make_app, jpeg):
    app = make_app(token=TOKEN)
    for path in OPEN:
        assert ask_here(app, "GET", path).status == 200, path
    for told in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}):
        for path in CLOSED:
            answer = ask_here(app, "GET", path, **told)
            assert answer.status == 401 and "Authorization: Bearer" in answer.error()
            assert answer.headers["www-authenticate"] == "Bearer"
        for method, path in (("POST", "/analyze"), ("DELETE", "/people/a"), ("POST", "/people/a")):
            assert ask_here(app, method, path, [jpeg], **told).status == 401
    assert app.state.service.analyzer.calls == []


def test_with_the_token_all_is_answered_whatever_the_host(make_app, jpeg):
    right = {"authorization": f"Bearer {TOKEN}", "host": "faces.example"}
    app = make_app(token=TOKEN)
    assert ask_here(app, "POST", "/analyze", [jpeg], **right).status == 200
    assert ask_here(app, "GET", "/people", **right).status == 200


@pytest.mark.parametrize(
    "host, status",
    [
        ("localhost", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("faces.example", 403),
        ("localhost.example:8000", 403),
        ("[", 403),
    ],
)
def test_without_a_token_only_this_machine_is_answered(make_app, host, status):
    """A page of another site could lead its own name to 127.0.0.1."""
    assert ask_here(make_app(), "GET", "/people", host=host).status == status


@pytest.mark.parametrize(
    "origin, status",
    [
        ("http://localhost:8000", 200),
        ("http://other.example", 403),
        ("http://localhost:9000", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
def test_without_a_token_pages_of_other_sites_must_not_ask(make_app, jpeg, origin, status):
    told = {"host": "localhost:8000", "origin": origin}
    app = make_app()
    assert ask_here(app, "POST", "/people/anna", [jpeg], **told).status == status
    assert bool(app.state.service.people.listed()) == (status == 200)


def test_pages_can_load_nothing_from_elsewhere(make_app):
    for path in ("/", "/docs", "/nothing"):
        headers = ask_here(make_app(), "GET", path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_what_is_local():
    for host in ("127.0.0.1", "::1", "[::1]", "localhost", "127.9.9.9"):
        assert is_local(host)
        refuse_open(host, "")
    for host in ("0.0.0.0", "::", "192.168.1.2", "faces.example", ""):
        assert not is_local(host)
        with pytest.raises(InputError, match="a token is needed"):
            refuse_open(host, "")
        refuse_open(host, TOKEN)


@pytest.mark.parametrize("token", ["short", "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 20])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token):
    with pytest.raises(InputError, match="16 or more signs"):
        refuse_open("127.0.0.1", token)
