"""Fingerprints of code: what counts, how far imports are followed, and that files are parsed once."""

from pathlib import Path

import pytest

from data_engine.runtime import code_fingerprint as fingerprints
from data_engine.runtime.code_fingerprint import code_fingerprint, import_closure
from data_engine.runtime.corpus_runtime import _NO_CODE_OF_A_STEP
from data_engine.runtime.plan import STEPS


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package: `page` imports `prices` within a function and `words.plural`, `stock` nothing; a template beside."""
    folder = tmp_path / "shop"
    (folder / "templates" / "parts").mkdir(parents=True)
    (folder / "words").mkdir()
    (folder / "templates" / "parts" / "page.html").write_text("<p>one</p>", "utf-8")
    files = {
        "__init__.py": "",
        "page.py": "from shop.words import plural\ndef show():\n    from shop import prices\n    return prices\n",
        "prices.py": "A = 1\n",
        "stock.py": "B = 1\n",
        "words/__init__.py": "from shop.words.plurals import plural\n",
        "words/plurals.py": "import shop.stock\nplural = shop.stock.B\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    return folder


def version(shop: Path, module: str = "shop.page", stops: tuple[str, ...] = ()) -> str:
    """What a process of its own would find."""
    for function in (fingerprints.code_fingerprint, fingerprints.import_closure, fingerprints._files_of):
        function.cache_clear()
    return code_fingerprint((module,), stops=stops, package=shop)


def test_imports_are_followed_as_far_as_they_go_also_from_within_functions(shop: Path) -> None:
    found = import_closure(("shop.page",), package=shop)
    assert found == {"shop.page", "shop.prices", "shop.words", "shop.words.plurals", "shop.stock"}
    assert import_closure(("shop.page",), stops=("shop.words",), package=shop) == {"shop.page", "shop.prices"}
    assert import_closure(("shop.words",), package=shop) == {"shop.words", "shop.words.plurals", "shop.stock"}


def test_code_that_is_imported_counts_and_code_that_is_not_does_not(shop: Path) -> None:
    first, prices = version(shop), version(shop, "shop.prices")
    (shop / "stock.py").write_text("B = 2\n", "utf-8")
    assert version(shop) != first
    assert version(shop, "shop.prices") == prices
    assert version(shop, stops=("shop.words",)) == version(shop, stops=("shop.words", "shop.stock"))


def test_a_changed_template_makes_another_version_and_a_changed_comment_does_not(shop: Path) -> None:
    first = version(shop)
    (shop / "prices.py").write_text("# why\nA = 1\n", "utf-8")
    assert version(shop) == first
    (shop / "templates" / "parts" / "page.html").write_text("<p>two</p>", "utf-8")
    assert version(shop) != first


def test_the_same_code_is_parsed_once_whatever_process_asks(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, parsed, found_in = version(shop), [], fingerprints._found_in

    def counted(*arguments: object) -> object:
        parsed.append(arguments)
        return found_in(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fingerprints, "_found_in", counted)
    assert (version(shop), parsed) == (first, [])
    (shop / "prices.py").write_text("A = 2\n", "utf-8")
    assert version(shop) != first
    assert len(parsed) == 1


@pytest.mark.parametrize("damaged", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff"])
def test_what_was_kept_and_is_damaged_is_found_again(shop: Path, damaged: bytes) -> None:
    first = version(shop)
    (shop / "__pycache__" / "modules.fingerprint").write_bytes(damaged)
    assert version(shop) == first


def test_where_no_bytecode_is_kept_it_is_kept_for_the_user(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = version(shop)
    (shop / "__pycache__" / "modules.fingerprint").unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path / "cache"))
    assert version(shop) == first
    assert not list((shop / "__pycache__").iterdir())
    (kept,) = (tmp_path / "cache" / "kernels").glob("*.modules.fingerprint")
    monkeypatch.setattr(fingerprints, "_found_in", lambda *_: pytest.fail("parsed again"))
    assert version(shop) == first
    kept.write_bytes(b"damaged")
    with pytest.raises(pytest.fail.Exception, match="parsed again"):
        version(shop)


def test_where_nothing_may_be_kept_the_version_is_the_same(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = version(shop)
    monkeypatch.setattr(fingerprints, "_places", lambda _: iter(()))
    assert version(shop) == first


def test_a_name_of_no_module_is_an_error_and_no_fingerprint_of_nothing(shop: Path) -> None:
    with pytest.raises(ValueError, match=r"no module of shop is called shop\.wares"):
        import_closure(("shop.page", "shop.wares"), package=shop)


def test_the_subset_does_not_depend_on_the_code_of_drift_and_of_pages() -> None:
    spec = STEPS["balanced_subset"]
    found = import_closure(
        ("data_engine.runtime.steps.balanced_subset",), stops=(*_NO_CODE_OF_A_STEP, *spec.code_without)
    )
    assert "data_engine.sampling.choose" in found
    assert [name for name in found if name.startswith(("data_engine.drift", "data_engine.reporting.html"))] == []
