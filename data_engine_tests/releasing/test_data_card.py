import pyarrow as pa
import pytest
from markdown_it import MarkdownIt

from data_engine.corpus import Corpus
from data_engine.releasing import data_card
from data_engine.reporting import build_quality_report

MANIFEST = {"release_id": "3f2c", "created_at": "2026-01-01T00:00:00+00:00", "table_versions": {"labels": 3}}


@pytest.fixture(scope="module")
def card(corpus: Corpus, tables: dict[str, pa.Table], release: pa.Table) -> str:
    return data_card(corpus, release, build_quality_report(corpus, tables), MANIFEST)


def test_the_first_lines_say_how_many_labels_are_simulated(card: str) -> None:
    lines = card.splitlines()
    assert lines[0] == "# Licence notices"
    assert lines[2].startswith("> **34 of 53 labels (64.2 %) are simulated:**")


def test_without_simulation_the_card_says_so(corpus: Corpus, tables: dict[str, pa.Table], release: pa.Table) -> None:
    column = release.schema.get_field_index("provenance")
    by_people = release.set_column(column, "provenance", pa.array(["human"] * release.num_rows))
    card = data_card(corpus, by_people, build_quality_report(corpus, tables), MANIFEST)
    assert card.splitlines()[2] == "> None of the 53 labels is simulated."
    assert "Simulated labels say nothing" not in card


def test_the_card_has_its_sections_in_order(card: str) -> None:
    headings = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "Source and licence",
        "How it was made",
        "Labels and who made them",
        "Quality",
        "Balance",
        "Known limits",
        "How to load",
        "Versions",
    ]


def test_the_card_gives_licence_attribution_steps_intervals_and_versions(card: str) -> None:
    for line in (
        "- Licence of the content: CC BY 4.0",
        "- Attribution: The authors of the texts.",
        "| kept | 270 | past the cheap rules | 20 junk, 10 too short |",
        "| `model_auto` | classifier or checked clusters, above the certified gate; no person saw it | 19 | 35.8 % |",
        "| labels that equal the class known beforehand | 94.6 % (90 % interval 86.7 to 98.5 %, n = 56) |",
        "| the balanced subset | 0.06 | 100.0 % | 20.0 % |",
        "| table labels | `3` |",
    ):
        assert line in card.splitlines()


def test_labels_of_rules_are_named_with_what_certifies_them(corpus: Corpus, release: pa.Table) -> None:
    column = release.schema.get_field_index("provenance")
    ruled = release.set_column(column, "provenance", pa.array(["rule_auto"] * release.num_rows))
    card = data_card(corpus, ruled, build_quality_report(corpus, {}), MANIFEST)
    line = "| `rule_auto` | label rules by known patterns, certified on the hold-out; no person saw it |"
    assert f"{line} {release.num_rows} | 100.0 % |" in card.splitlines()
    assert "Automatic labels were certified to 95% precision as a whole" in card


def test_a_class_name_cannot_break_the_tables(corpus: Corpus, release: pa.Table) -> None:
    column = release.schema.get_field_index("label")
    odd = release.set_column(column, "label", pa.array(["a | b\nc"] * release.num_rows))
    metrics = build_quality_report(corpus, {})
    assert "| a \\| b c | 53 |" in data_card(corpus, odd, metrics, {}).splitlines()


@pytest.mark.parametrize(("n_resamples", "times"), [(3, 3), (0, 10)])
def test_the_card_says_how_often_the_tree_was_resampled(
    corpus: Corpus, release: pa.Table, n_resamples: int, times: int
) -> None:
    changes = {
        "tree": corpus.tree.model_copy(update={"n_resamples": n_resamples}),
        "subset": corpus.subset.model_copy(update={"method": "hierarchical_resampled"}),
    }
    card = data_card(corpus.model_copy(update=changes), release, build_quality_report(corpus, {}), {})
    assert f"the subset was drawn evenly over a tree of these levels, each built anew {times} times on the" in card


def test_the_smallest_classes_are_summed_up(corpus: Corpus, release: pa.Table) -> None:
    labels = [f"class {i:02d}" for i in range(40)] + ["class 00"] * 13
    column = release.schema.get_field_index("label")
    many = release.set_column(column, "label", pa.array(labels))
    card = data_card(corpus, many, build_quality_report(corpus, {}), {})
    assert "... and 20 more classes, with 20 samples." in card


def test_an_empty_release_is_described_without_a_division_by_zero(corpus: Corpus, release: pa.Table) -> None:
    card = data_card(corpus, release.slice(0, 0), build_quality_report(corpus, {}), {})
    assert "0 samples in 0 classes. Release `unnamed`." in card


def test_the_card_loads_the_first_format(card: str, corpus: Corpus, release: pa.Table) -> None:
    assert 'samples = pd.read_parquet("data.parquet")\npeople = [' in card
    assert 'load_dataset("parquet", data_files="data.parquet", split="train")' in card
    changes = {"release": corpus.release.model_copy(update={"formats": ("jsonl",)})}
    of_lines = data_card(corpus.model_copy(update=changes), release, build_quality_report(corpus, {}), {})
    assert "data.parquet" not in of_lines
    assert 'load_dataset("json", data_files="data.jsonl", split="train")' in of_lines


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(11)>",
        "a | b",
        "[click](javascript:alert(1))",
        "# heading",
        "title\n===",
        "```\ncode\n```",
        "<!-- gone -->",
        "1. list",
        "- list",
        "> quote",
        "![x](y)",
    ],
)
def test_names_and_titles_are_shown_as_they_are_and_bring_no_markup(
    corpus: Corpus, tables: dict[str, pa.Table], release: pa.Table, text: str
) -> None:
    said = {"title": text, "description": f"{text}\n\n{text}", "licence": text, "attribution": text}
    named = corpus.model_copy(update={"release": corpus.release.model_copy(update=said)})
    labels = [text if label == "mit" else label for label in release["label"].to_pylist()]
    renamed = release.set_column(release.schema.get_field_index("label"), "label", pa.array(labels))

    def structure(shown: Corpus, rows: pa.Table) -> list[str]:
        card = data_card(shown, rows, build_quality_report(corpus, tables), MANIFEST)
        tokens = MarkdownIt("commonmark").enable("table").parse(card)
        inner = [child.type for token in tokens for child in token.children or () if child.type != "softbreak"]
        return [token.type for token in tokens if token.type != "inline"] + sorted(
            {kind for kind in inner if kind not in ("text", "code_inline", "strong_open", "strong_close")}
        )

    plain = {"title": "t", "description": "one\n\ntwo", "licence": "l", "attribution": "a"}
    without = corpus.model_copy(update={"release": corpus.release.model_copy(update=plain)})
    assert structure(named, renamed) == structure(without, release)
    assert "<" not in data_card(named, renamed, build_quality_report(corpus, tables), MANIFEST)


def test_encoder_and_sources_are_those_that_the_tables_were_made_with(
    corpus: Corpus, tables: dict[str, pa.Table], release: pa.Table
) -> None:
    source = {"path": "old", "kind": "jsonl", "pattern": "*.jsonl"}
    sources = {"by_batch": {"may": source, "june": {**source, "path": "new"}, "july": source}}
    junk = {"by_batch": {"may": {"junk": None}, "june": {"junk": {"column": "bad"}}}}
    configuration = {"encoder_version": "hashed-1", "source": sources, "first_pass": junk}
    manifest = {**MANIFEST, "configuration": configuration}
    made = corpus.model_copy(update={"encoder": "hashed"})
    card = data_card(made, release, build_quality_report(corpus, tables), manifest)
    assert "Every sample was embedded with `hashed` (version `hashed-1`); " in card
    assert "those of the encoder `hashed` (version `hashed-1`); " in card
    assert [line for line in card.splitlines() if line.startswith("- Source: ")] == [
        "- Source: `old` (jsonl, pattern `*.jsonl`)",
        "- Source: `new` (jsonl, pattern `*.jsonl`)",
    ]
    assert "A small classifier rejected junk" in card
    assert "| encoder | `hashed-1` |" in card.splitlines()
