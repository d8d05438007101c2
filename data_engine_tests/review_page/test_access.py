"""Who may ask: nobody without a right token, and nobody who tries many."""

from datetime import UTC, datetime, timedelta

import pytest
from review_page import Page

_ME = "/api/v1/me"


class Clock:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def routes_of(page):
    paths = page.app.openapi()["paths"]
    return sorted((method, path) for path, methods in paths.items() for method in methods)


def test_every_route_of_the_api_asks_for_a_token(page):
    stranger = page.client()
    assert len(routes_of(page)) >= 20
    for method, template in routes_of(page):
        path = template.format(lease_id="ab", annotation_id="ab", task_id="ab", name="licences", batch_id="b1")
        said = stranger.request(method, path, params={"reason": "x"} if method == "delete" else None)
        assert (path, said.status_code) == (path, 401)


_OF_REVIEWERS = {
    ("get", "/api/v1/batches/{batch_id}/disputed"),
    ("post", "/api/v1/batches/{batch_id}/decisions"),
    ("get", "/api/v1/statistics/people"),
    ("get", "/api/v1/changes"),
}
_OF_ADMINS = {
    ("post", "/api/v1/batches"),
    ("post", "/api/v1/batches/{batch_id}/end"),
    ("get", "/api/v1/batches/{batch_id}/export"),
    ("get", "/api/v1/actions"),
    ("get", "/api/v1/tokens"),
}


@pytest.mark.parametrize(
    ("role", "refused"), [("annotator", _OF_REVIEWERS | _OF_ADMINS), ("reviewer", _OF_ADMINS), ("admin", set())]
)
def test_a_route_refuses_the_lesser_roles_and_no_other(page, role, refused):
    client = page.of("ada", role)
    bodies = {
        "/api/v1/batches": {"corpus": "licences", "n_queries": 1},
        "/api/v1/batches/{batch_id}/end": {"reason": "x"},
        "/api/v1/batches/{batch_id}/decisions": {"sample_id": "s0", "label": "mit"},
    }
    found = set()
    for method, template in routes_of(page):
        path = template.format(lease_id="ab", annotation_id="ab", task_id="ab", name="licences", batch_id="b1")
        asked = {"params": {"format": "jsonl", "reason": "x"}, "json": bodies.get(template)}
        if client.request(method, path, **asked).status_code == 403:
            found.add((method, template))
    assert found == refused


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer " + "x" * 201, "Bearer wrong"])
def test_a_wrong_token_opens_nothing(page, header):
    assert page.client({"Authorization": header} if header else None).get(_ME).status_code == 401


def test_a_revoked_or_old_token_opens_nothing_from_then_on(queue):
    clock = Clock()
    page = Page(queue, clock=clock)
    ada, bob = page.of("ada"), page.of("bob")
    assert [client.get(_ME).status_code for client in (ada, bob)] == [200, 200]
    (of_ada,) = [info.token_id for info in queue.tokens() if info.annotator == "ada"]
    queue.revoke_token(of_ada, now=clock.now)
    assert [client.get(_ME).status_code for client in (ada, bob)] == [401, 200]
    clock.now += timedelta(days=1)
    assert bob.get(_ME).status_code == 401


def test_after_ten_wrong_tokens_only_those_that_were_right_are_looked_at(queue):
    clock = Clock()
    page = Page(queue, clock=clock)
    at_work = page.of("ada")
    assert at_work.get(_ME).status_code == 200
    for number in range(10):
        assert page.client({"Authorization": f"Bearer wrong-{number}"}).get(_ME).status_code == 401
    refused = page.client({"Authorization": "Bearer wrong"}).get(_ME)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    newcomer = page.of("bob")
    assert newcomer.get(_ME).status_code == 429
    assert at_work.get(_ME).status_code == 200
    clock.now += timedelta(seconds=61)
    assert newcomer.get(_ME).status_code == 200
