import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from report_fixtures import CLASSES

from data_engine.corpus import Corpus
from data_engine.reporting import FailedCheck, build_quality_report, render_report, report_plots
from data_engine.schemas import SCHEMAS

Tables = dict[str, pa.Table]
VERSIONS = {"python": "3.11", "encoder": "MiniLM <v2>"}


@pytest.fixture(scope="module")
def page(corpus: Corpus, tables: Tables, seconds: dict[str, float]) -> str:
    metrics, plots = build_quality_report(corpus, tables), report_plots(corpus, tables, seconds)
    return render_report(corpus, tables, metrics, plots, seconds, VERSIONS)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> _Tags:
    tags = _Tags()
    tags.feed(page)
    return tags


def words_of(page: str) -> str:
    return " ".join(" ".join(parsed(page).text).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_page_is_well_formed_and_asks_nobody_for_anything(page: str) -> None:
    tags = parsed(page)
    assert tags.open == []
    links = [value for _, attrs in tags.found for key, value in attrs.items() if key in ("href", "src") and value]
    assert all(link.startswith("#") for link in links)
    assert {tag for tag, _ in tags.found} & {"link", "iframe", "object", "form"} == set()
    assert re.search(r"@import|url\((?!#)|https?://", page) is None
    assert not any(key.startswith("on") for _, attrs in tags.found for key in attrs)


def test_a_browser_may_run_the_one_script_of_the_page_and_load_nothing(page: str) -> None:
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    assert "<" not in data
    assert json.loads(data)["samples"]
    assert not any(word in script for word in ("innerHTML", "eval", "fetch", "XMLHttpRequest", "import("))


def test_the_levels_of_the_tree_stand_beside_the_balance_with_their_reasons(
    corpus: Corpus, tables: Tables, seconds: dict[str, float]
) -> None:
    sentences = ["The coarsest level gets 6 clusters.", "No level is resampled."]
    explained = {"line": [1, 2], "sentence": sentences, "n_built": [300] * 2}
    explained |= {"target_size": pa.array([60, 60], pa.int64()), "tree_version": ["v"] * 2}
    with_reasons = tables | {"tree_explanation": pa.table(explained, schema=SCHEMAS["tree_explanation"])}
    page = render_report(corpus, with_reasons, build_quality_report(corpus, tables), {}, seconds, VERSIONS)
    assert "The tree: 12 → 6 clusters. The coarsest level gets 6 clusters. No level is resampled." in words_of(page)


def test_without_a_script_the_largest_clusters_can_be_unfolded(page: str) -> None:
    written = page[page.index('<section id="tree">') : page.index('id="tree-data"')]
    # Six clusters of two leaves each; the largest first.
    assert written.count('<details class="node">') == 6 + 12
    first = words_of(written[: written.index("</summary>")])
    assert first.endswith("apache · license 128 12 chosen 0.50")
    assert "Nearest to the centroid" in written


def test_every_link_of_the_page_leads_to_a_section(page: str) -> None:
    tags = parsed(page)
    targets = {attrs["id"] for _, attrs in tags.found if "id" in attrs}
    assert {str(attrs["href"])[1:] for tag, attrs in tags.found if tag == "a"} <= targets


def test_it_opens_with_the_sentence_the_warning_and_the_funnel(page: str) -> None:
    words = words_of(page)
    sentence = words.index("300 raw samples became 60 balanced ones; 53 of them have a label and are in scope.")
    warning = words.index("Simulated answers. No person answered; 64 of 64 answers come from simulated annotators")
    funnel = words.index("270 past the cheap rules · lost: 20 junk, 10 too short")
    assert sentence < warning < funnel < words.index("Balance, before and after")


def test_raw_text_is_shown_and_never_run(page: str, corpus: Corpus) -> None:
    assert "&lt;b&gt;Licensed&lt;/b&gt;" in page
    assert "<b>Licensed" not in page
    assert "MiniLM &lt;v2&gt;" in page


def test_every_reason_has_three_examples_and_duplicates_show_what_they_repeat(page: str) -> None:
    rejected = page[page.index('id="rejected"') : page.index('id="clusters"')]
    assert rejected.count('class="sample"') == 4 * 3
    assert rejected.count("repeats: &lt;b&gt;Licensed&lt;/b&gt; under the apache license, version 0") == 2 * 3
    assert rejected.count("measured 0.91, limit 0.8") == 4 * 3


def test_label_quality_drift_and_rounds_are_told(page: str) -> None:
    words = words_of(page)
    assert "94.6 % 86.7 to 98.5 % n = 56" in words
    assert "Known-wrong proposals caught: 75.0 % 24.9 to 98.7 % , n = 4." in words
    assert "b1 82 163 0.002 0.500 0.001 0.001 alarm" in words
    assert "b2 12 163 – – – – not enough data: 12" in words
    assert "3 60 88.0 % 78.0 to 96.0 % 84.0 % 73.0 % 0.870 in service" in words
    assert "certified to be at least 95.3 %" in words


def test_samples_of_a_drifted_batch_that_are_unlike_all_known_ones_are_shown(page: str) -> None:
    drifted = page[page.index('<section id="drift"') :]
    drifted = drifted[: drifted.index("</section>")]
    assert "b1: samples that are unlike all known ones" in drifted
    assert drifted.count('class="sample"') == 1
    assert f"{0:032x}" in drifted


def test_gates_of_classes_stand_beside_the_gate_of_all_others(page: str) -> None:
    assert "gpl shut – 0 mit 0.810 95.7 % 72" in words_of(page)


def test_only_doubtful_labels_are_listed_worst_first(page: str) -> None:
    doubtful = page[page.index('<section id="doubtful"') : page.index('<section id="worth"')]
    assert doubtful.count("0.100") == 3
    assert "0.900" not in doubtful
    assert "3 of 56 labels have a quality below 0.5" in words_of(doubtful)


def test_a_doubtful_label_comes_with_the_class_of_its_neighbours_and_what_the_classifier_says(
    corpus: Corpus, tables: Tables
) -> None:
    corners = {name: np.eye(7, dtype=np.float32)[k] for k, name in enumerate((*CLASSES, "not a licence"))}
    known = dict(zip(*(tables["raw_index"][name].to_pylist() for name in ("sample_id", "metadata")), strict=True))
    embeddings = {key: corners[json.loads(known[key])["license"]] for key in tables["labels"]["sample_id"].to_pylist()}
    page = render_report(corpus, tables, build_quality_report(corpus, tables), {}, {}, {}, embeddings=embeddings)
    words = words_of(page[page.index('<section id="doubtful"') : page.index('<section id="worth"')])
    # Their classes are bsd and gpl, which 11 others have each.
    assert "not a licence → bsd quality 0.100" in words
    assert "of its 20 nearest labelled samples 11 are labelled gpl, none not a licence" in words
    assert "the classifier in service proposes bsd (88.0 %)" in words
    assert words.count("Nearest with another label:") == 3
    assert words.index("Which labels are wrong?") < words.index("Nearest with another label:")


def test_failed_checks_stand_above_everything_that_is_measured(corpus: Corpus, tables: Tables) -> None:
    failed = [
        FailedCheck("first_pass", "b1", "kept_share_within_band", "kept <9 %>; look at the rules", is_blocking=True),
        FailedCheck("labels", "", "one_of_two", "found", is_blocking=False),
    ]
    page = render_report(corpus, tables, build_quality_report(corpus, tables), {}, {}, {}, failed_checks=failed)
    words = words_of(page)
    assert "2 checks do not hold." in words
    assert "holds back first pass of b1: kept share within band. kept <9 %>; look at the rules" in words
    assert (
        words.index("2 checks do not hold.") < words.index("Simulated answers.") < words.index("past the cheap rules")
    )
    assert "do not hold" not in words_of(
        render_report(corpus, tables, build_quality_report(corpus, tables), {}, {}, {})
    )


def test_a_figure_says_over_what_it_is_and_warns_where_it_is_bad(page: str) -> None:
    words = words_of(page)
    assert "Label accuracy 94.6 % over the 56 of 56 labels whose class is known beforehand 86.7 to 98.5 %" in words
    assert "Imbalance 0.56 → 0.06 over 6 known labels, n = 60" in words
    assert "Labels of low quality 5.4 % over 56 labels ▲ Warning: more than 5.0 %" in words
    assert page.count('class="card bad"') == 1


def test_every_table_has_a_caption_and_every_heading_of_one_a_scope(page: str) -> None:
    tags = parsed(page).found
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags) > 5
    assert {attrs.get("scope") for tag, attrs in tags if tag == "th"} == {"col", "row"}


def test_clusters_go_by_their_names_everywhere(page: str) -> None:
    words = words_of(page)
    assert "Largest apache · license 128 samples, 12 chosen · commonest label apache (12 of 12 labelled)" in words
    without_plots = words_of(re.sub("<svg.*?</svg>|<script.*?</script>", "", page, flags=re.DOTALL))
    assert re.findall(r"[Cc]luster \d+", without_plots) == []
    assert "bsd · license: 16.7 % against 6.1 %" in page


def test_the_words_of_the_page_are_explained_on_it_and_no_others(page: str, corpus: Corpus) -> None:
    glossary = words_of(page[page.index('<section id="glossary"') : page.index('<section id="reproduce"')])
    for term in ("KL to uniform", "Hold-out", "Trap", "Gini"):
        assert term in glossary
    assert "Semantic duplicate" not in glossary
    early = render_report(corpus, {}, build_quality_report(corpus, {}), {}, {}, {})
    assert "Gini" not in words_of(early[early.index('<section id="glossary"') : early.index('<section id="reproduce"')])


def test_before_any_step_every_section_says_what_is_missing(corpus: Corpus) -> None:
    words = words_of(render_report(corpus, {}, build_quality_report(corpus, {}), {}, {}, {}))
    assert "Nothing has been measured yet." in words
    for sentence in ("Nothing is labelled yet.", "There is no cluster tree yet.", "No batch has been compared yet."):
        assert sentence in words
    assert "Simulated answers." not in words


@pytest.mark.parametrize(
    "missing", ["raw_index", "first_pass", "cluster_tree", "classifier", "proposals", "reviewed_labels", "labels"]
)
def test_the_page_can_be_drawn_without_any_one_table(corpus: Corpus, tables: Tables, missing: str) -> None:
    fewer = {name: table for name, table in tables.items() if name != missing}
    page = render_report(corpus, fewer, build_quality_report(corpus, fewer), {}, {}, {})
    assert parsed(page).open == []


def test_images_are_named_where_there_is_no_text(corpus: Corpus, tables: Tables) -> None:
    raw = tables["raw_index"]
    images = raw.set_column(raw.schema.get_field_index("text"), "text", pa.nulls(raw.num_rows, pa.string()))
    page = render_report(corpus, tables | {"raw_index": images}, build_quality_report(corpus, tables), {}, {}, {})
    assert "notices/246.txt" in page


def test_twenty_thousand_long_samples_make_a_page_of_less_than_a_megabyte_and_a_half(
    corpus: Corpus, tables: Tables, seconds: dict[str, float]
) -> None:
    raw = pa.concat_tables([tables["raw_index"]] * 67)
    number = pa.array([f"{i:032x}" for i in range(raw.num_rows)])
    long = pc.binary_repeat(raw["text"], 50)
    raw = raw.set_column(0, raw.schema.field("sample_id"), number)
    raw = raw.set_column(raw.schema.get_field_index("text"), "text", long)
    uris = pc.binary_join_element_wise(raw["uri"], number, "#")
    raw = raw.set_column(raw.schema.get_field_index("uri"), "uri", uris)
    reasons = pa.array(["too_short", "kept", "junk", "kept"] * (raw.num_rows // 4))
    judged = pa.table(
        {
            "sample_id": number,
            "uri": uris,
            "verdict": pc.if_else(pc.equal(reasons, "kept"), "kept", "rejected"),
            "reason": reasons,
            "score": pa.nulls(raw.num_rows, pa.float64()),
            "threshold": pa.nulls(raw.num_rows, pa.float64()),
            "duplicate_of": pa.nulls(raw.num_rows, pa.string()),
            "minhash": pa.nulls(raw.num_rows, pa.binary()),
        }
    )
    large = tables | {"raw_index": raw, "first_pass": judged}
    metrics, plots = build_quality_report(corpus, large), report_plots(corpus, large, seconds)
    page = render_report(corpus, large, metrics, plots, seconds, VERSIONS)
    assert raw.num_rows > 20_000
    assert len(page.encode()) <= 1_500_000


def test_limits_and_promise_are_those_of_the_tables_and_classifiers_of_other_vectors_are_told_apart(
    corpus: Corpus, tables: dict[str, pa.Table]
) -> None:
    metrics = build_quality_report(corpus, tables)
    rows = tables["classifier"].to_pylist()
    versions = [{**row, "encoder_version": "old-1" if row["n_rounds"] == 1 else "new-1"} for row in rows]
    mixed = tables | {"classifier": pa.Table.from_pylist(versions, schema=tables["classifier"].schema)}
    words = words_of(render_report(corpus, mixed, metrics, {}, {}, {}, alarm_limits=(0.01, 0.2)))
    assert (
        "Below 0.01 or 0.2 it raises the alarm, as it was set when the batch was compared, and so does one below 0.05"
        in words
    )
    assert "Vectors of" in words and "old-1" in words
    assert "Versions that learnt from vectors of different encoders are not compared" in words
    same = words_of(render_report(corpus, tables, metrics, {}, {}, {}))
    assert "Vectors of" not in same and "as it was set" not in same


def test_the_page_says_what_asking_saved_what_dropped_and_what_is_taken_for_what(page: str) -> None:
    words = words_of(page)
    assert "Random samples needed 1.50 times (90 % interval 1.20 to 2.10, n = 50)" in words
    assert "Dropped below the 90 % interval of the round before: mit (recall)." in words
    assert "6 of 30 proposals for the hold-out are another class than people answered." in words
    assert "By batch, cluster" in words
    assert "batch: b1" in words
