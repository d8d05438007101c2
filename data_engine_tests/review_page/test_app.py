"""The page's files, and what becomes of errors."""

from pathlib import Path

from review_page import Page, licences_on_page

from data_engine.errors import StorageError
from data_engine.review_page.app import page_files


def test_the_page_and_its_files_are_there_without_a_token(page):
    for path, (media_type, content) in page_files().items():
        said = page.client().get(path)
        assert (said.status_code, said.content) == (200, content)
        assert said.headers["content-type"].partition(";")[0] == media_type


def test_the_page_loads_nothing_from_elsewhere():
    for path, (_, content) in page_files().items():
        text = content.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text, path
        for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", "onclick="):
            assert risky not in text, f"{path} has {risky}"


def test_every_file_of_the_page_is_shipped():
    static = Path(__file__).resolve().parents[2] / "data_engine" / "review_page" / "static"
    assert {path.suffix for path in static.iterdir()} <= {".html", ".js", ".css", ".svg"}


def test_a_queue_that_cannot_be_read_is_an_error_of_the_server_in_a_sentence(queue):
    def broken() -> str:
        raise StorageError("the file is damaged")

    said = Page(queue, licences_on_page(left=broken)).of("ada").get("/api/v1/corpora/licences/left")
    assert (said.status_code, said.json()) == (503, {"error": "the file is damaged"})
