"""What strangers and broken programs send to the review page: how much was tried, and what came of it.

    python benchmarks/review_security.py [--cases 200] [--write]

Schemathesis makes requests of the page's OpenAPI, each sent as an admin and by nobody; beside them stand the paths and
forged answers of the tests. The goals: no error of the server, and no answer without a token.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "data_engine_tests" / "support")]


def measured(n_cases: int) -> dict[str, int]:
    """Counts of what was sent, and of what came back."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from review_page import Page
    from review_people import NOON, at, open_licences, person

    from data_engine.review.people.person_queue import PersonQueue

    quick = settings(
        max_examples=n_cases,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        database=None,
    )
    as_admin: Counter[int] = Counter()
    as_nobody: Counter[int] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="review_security_") as folder,
        PersonQueue(f"sqlite:///{Path(folder) / 'review.db'}") as queue,
    ):
        open_licences(queue)
        queue.take(person("ada"), corpus="licences", n=2, now=at(1))
        page = Page(queue, clock=lambda: NOON)
        admin, nobody, description = page.of("root", "admin"), page.client(), page.app.openapi()
        operations = [(path, method) for path, methods in description["paths"].items() for method in methods]
        for path, method in operations:
            cases = schemathesis.openapi.from_dict(description)[path][method].as_strategy()

            def send(case: Any) -> None:
                asked: dict[str, Any] = {"params": case.query or None}
                if isinstance(case.body, dict | list | str | int | float | bool | None):
                    asked["json"] = case.body
                place = case.formatted_path
                as_admin[admin.request(case.method, place, **asked).status_code] += 1
                as_nobody[nobody.request(case.method, place, **asked).status_code] += 1

            quick(given(case=cases)(send))()
    return {
        "routes of the API": len(operations),
        "requests made by Schemathesis, as an admin": as_admin.total(),
        "of these, errors of the server (5xx)": sum(n for status, n in as_admin.items() if status >= 500),
        "the same requests without a token": as_nobody.total(),
        "of these, refused (401, 404, 405)": sum(as_nobody[status] for status in (401, 404, 405)),
        **_tricks(),
    }


def _tricks() -> dict[str, int]:
    """The tests' own tricks, by what they try, as many as there are."""
    from data_engine_tests.review_page import test_access, test_limits, test_task_routes

    tried = {
        "paths that try to leave the page": test_task_routes.test_no_path_is_taken_from_a_request,
        "forged and malformed answers": test_task_routes.test_what_a_page_may_not_say_is_refused_and_nothing_is_written,
        "wrong tokens": test_access.test_a_wrong_token_opens_nothing,
        "other hosts": test_limits.test_another_host_is_refused_before_anything_is_looked_at,
        "malformed bodies": test_limits.test_a_malformed_body_is_an_error_of_the_client,
    }
    return {f"{name}, in the tests": len(test.pytestmark[0].args[1]) for name, test in tried.items()}


def table(found: dict[str, int]) -> str:
    """The counts as Markdown, with the goals."""
    is_sound = found["of these, errors of the server (5xx)"] == 0
    is_closed = found["of these, refused (401, 404, 405)"] == found["the same requests without a token"]
    lines = ["| what | number |", "|---|---|", *(f"| {name} | {n:,} |" for name, n in found.items()), ""]
    lines.append(
        f"No error of the server: {'yes' if is_sound else 'NO'}. "
        f"No answer without a token: {'yes' if is_closed else 'NO'}."
    )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200, help="requests for each route")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    text = table(measured(arguments.cases))
    print(text)
    if arguments.write:
        from results import append_results

        append_results("Review page: what is sent to it", text, packages=("schemathesis", "fastapi"))


if __name__ == "__main__":
    main()
