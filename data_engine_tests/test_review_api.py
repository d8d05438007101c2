"""Whatever is sent to the review page's API: never an error of the server, and never an answer without a token."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from review_page import Page
from review_people import NOON, at, open_licences, person

from data_engine.review.people.person_queue import PersonQueue

_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
_EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=_CHECKS, phases=[Phase.generate])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with PersonQueue(f"sqlite:///{tmp_path_factory.mktemp('queue') / 'review.db'}") as queue:
        open_licences(queue)
        queue.take(person("ada"), corpus="licences", n=2, now=at(1))
        yield Page(queue, clock=lambda: NOON)


def _operations() -> list[tuple[str, str]]:
    from data_engine.review_page.app import create_app

    paths = create_app(None, [], clock=lambda: NOON).openapi()["paths"]  # type: ignore[arg-type]
    return sorted((path, method) for path, methods in paths.items() for method in methods)


@pytest.mark.parametrize(("path", "method"), _operations(), ids=" ".join)
def test_no_request_is_an_error_of_the_server_or_answered_without_a_token(page: Page, path: str, method: str) -> None:
    admin, stranger = page.of("root", "admin"), page.client()
    operation = schemathesis.openapi.from_dict(page.app.openapi())[path][method]

    @_EXAMPLES
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        asked: dict[str, Any] = {"params": case.query or None}
        if isinstance(case.body, dict | list | str | int | float | bool | None):
            asked["json"] = case.body
        place = case.formatted_path
        said = admin.request(method, place, **asked)
        assert said.status_code < 500, (place, asked, said.text)
        assert stranger.request(method, place, **asked).status_code in (401, 404, 405)

    check()
