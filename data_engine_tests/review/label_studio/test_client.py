"""HTTP with a server that fails: what is tried again, what is not, and that no secret is shown."""

from datetime import UTC, datetime

import httpx
import pytest
from label_studio_server import PERSONAL, TOKEN

from data_engine.errors import InvalidInput
from data_engine.review.label_studio import client
from data_engine.review.label_studio.client import LabelStudioError, LabelStudioProject

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_server_that_fails_for_a_moment_is_asked_again(project, studio, pauses):
    studio.todo = [("/api/projects/7/", 500), ("/api/projects/7/", 503)]
    assert project.settings()["id"] == 7
    assert pauses == [0.5, 2.0]


def test_one_that_goes_on_failing_is_told_after_four_tries(project, studio, pauses):
    studio.todo = [("any", 502)] * 9
    with pytest.raises(LabelStudioError, match="answered 502 to /api/projects/7/; try again later"):
        project.settings()
    assert len(pauses) == 3


def test_a_server_that_hangs_is_left(project, studio, monkeypatch):
    project._client.timeout = httpx.Timeout(0.1)
    studio.todo = [("any", "hang")]
    assert project.settings()["id"] == 7


def test_a_wrong_token_is_told_at_once_and_never_shown(studio, pauses):
    wrong = "ffffffffffffffffffffffffffffffffffffffff"
    with (
        LabelStudioProject(studio.url, 7, wrong, pause=pauses.append) as project,
        pytest.raises(LabelStudioError, match="does not know the token; set LABEL_STUDIO_API_KEY") as refused,
    ):
        project.settings()
    assert wrong not in str(refused.value)
    assert pauses == []


def test_a_personal_token_is_exchanged_and_again_when_what_it_gave_has_ended(studio):
    with LabelStudioProject(studio.url, 7, PERSONAL) as project:
        project.settings()
        project.settings()
        assert studio.n_refreshes == 1
        studio.access = "something later"
        assert project.settings()["id"] == 7
        assert studio.n_refreshes == 2
    with (
        LabelStudioProject(studio.url, 7, "a.b.c") as project,
        pytest.raises(LabelStudioError, match="does not know the token"),
    ):
        project.settings()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("<html>hello</html>", "answers no JSON to /api/projects/7/; is this the address of Label Studio"),
        ("[" * 100_000, "answers no JSON"),
        ("[]", "the project is a list of 0; it must be an object"),
        (403, "does not let this account do that"),
        (404, "has no project 7 for this account"),
        (301, "answered 301, and redirects are not followed"),
        (418, "answered 418: 'it broke'"),
    ],
)
def test_an_answer_that_is_none_is_told_and_not_tried_again(project, studio, pauses, what, said):
    studio.todo = [("any", what)]
    with pytest.raises((LabelStudioError, InvalidInput), match=said):
        project.settings()
    assert len(studio.asked) == 1
    assert pauses == []


@pytest.mark.parametrize("what", ['{"tasks": 7}', '{"tasks": [7]}', '{"total": 1}', "7"])
def test_a_list_of_tasks_that_is_none_is_told(project, studio, what):
    studio.todo = [("any", what)]
    with pytest.raises((LabelStudioError, InvalidInput), match=r"list|task|Label Studio"):
        list(project.tasks())


def test_an_answer_without_end_is_not_read_to_it(project, studio, monkeypatch):
    monkeypatch.setattr(client, "_MOST_BYTES", 100)
    studio.todo = [("any", "x" * 1000)]
    with pytest.raises(LabelStudioError, match="has more than 100 bytes"):
        project.settings()


def test_accounts_that_the_token_may_not_see_have_no_address(project, studio):
    assert project.emails() == {3: "ada@example.org"}
    studio.users = 403
    assert project.emails() == {}


@pytest.mark.parametrize(
    "url", ["file:///x", "ftp://host", "http://ada:pw1234@host", "http://host?x=1", "host:8080", "http://"]
)
def test_only_addresses_of_the_web_without_a_login_are_taken(url):
    with pytest.raises(InvalidInput, match="address of Label Studio"):
        LabelStudioProject(url, 7, TOKEN)


def test_tasks_that_change_while_pages_are_read_hide_no_others(project, studio, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 3)
    for number in range(8):
        studio.add([{"data": {"text": str(number)}}])
    moved = iter(studio.tasks[:4])

    def move() -> None:
        task = next(moved, None)
        if task is not None:
            task["updated_at"] = studio.tick()

    studio.on_page = move
    seen = {task["id"] for page in project.changed_tasks(NEW_YEAR) for task in page}
    assert seen == {task["id"] for task in studio.tasks}


def test_tasks_of_one_moment_are_read_by_page_numbers_and_the_end_is_found(project, studio, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 3)
    studio.add([{"data": {"text": str(number)}} for number in range(6)])
    found = [task["id"] for page in project.changed_tasks(NEW_YEAR) for task in page]
    assert sorted(set(found)) == [1, 2, 3, 4, 5, 6]
    assert sorted(task["id"] for page in project.tasks() for task in page) == [1, 2, 3, 4, 5, 6]
