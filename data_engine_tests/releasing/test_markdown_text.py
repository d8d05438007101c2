from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from data_engine.releasing.markdown_text import cell, code, escaped, paragraphs

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))),
    st.text(st.sampled_from(list("<>&|[]()`*_#-+=~!\\.1a :\n\t\"'"))),
)


def tokens_of(markdown: str) -> list[Token]:
    return [inner for token in MARKDOWN.parse(markdown) for inner in (token, *(token.children or ()))]


def shown(markdown: str) -> str:
    return "".join(
        token.content for token in tokens_of(markdown) if token.type in ("text", "text_special", "code_inline")
    )


@given(TEXTS)
@example("<img src=x onerror=alert(1)>")
@example("[x](javascript:alert(1))")
@example("# heading")
@example("1. list")
@example("&lt;b&gt;")
@example("| a | b |\n|---|---|")
def test_an_escaped_text_is_one_paragraph_that_shows_it(text: str) -> None:
    found = {token.type for token in tokens_of(escaped(text))}
    assert found <= {"paragraph_open", "inline", "text", "paragraph_close"}
    assert "<" not in escaped(text)
    assert shown(escaped(text)) == " ".join(text.split())


@given(TEXTS, TEXTS)
def test_texts_in_a_table_stay_in_their_cells(label: str, name: str) -> None:
    table = f"| class | code |\n| --- | --- |\n| {cell(escaped(label))} | {cell(code(name))} |\n"
    found = [token.type for token in tokens_of(table)]
    assert found.count("td_open") == 2
    assert set(found) <= {
        *(f"{part}_{side}" for part in ("table", "thead", "tbody", "tr", "th", "td") for side in ("open", "close")),
        "inline",
        "text",
        "code_inline",
    }
    assert shown(table) == "classcode" + " ".join(label.split()) + " ".join(name.split())


@given(TEXTS)
def test_a_description_keeps_its_paragraphs_and_brings_nothing_else(text: str) -> None:
    found = {token.type for token in tokens_of("\n\n".join(paragraphs(text)))}
    assert found <= {"paragraph_open", "inline", "text", "paragraph_close"}


def test_control_characters_are_replaced() -> None:
    assert escaped("a\x1b[2Jb") == "a\ufffd\\[2Jb"
    assert code("a\x1bb") == "a\ufffdb"


def test_short_names_are_code() -> None:
    assert code("hashed-ngrams") == "`hashed-ngrams`"
    assert code("a`b") == "a\\`b"
