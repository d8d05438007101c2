"""The documents say what is true: the pipeline table, the public names, commands, paths, links, examples, figures."""

import re
import runpy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import dagster as dg
import pytest
import yaml
from small_project import SmallProject, make_notes

from data_engine.cli import main
from data_engine.corpus import Corpus
from data_engine.orchestration.launch.project import Project

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "dbt_like_sql").glob("*.md")])
API = ROOT / "docs" / "api.md"
REFERENCE = ROOT / "docs" / "reference.md"
COMPONENT = "data_engine.orchestration.component.CorpusComponent"


def _blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def _code(document: Path) -> list[str]:
    """Every line of a code block and every piece of inline code."""
    text = document.read_text("utf-8")
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [line.strip() for block in fenced for line in block.splitlines()] + inline


def _pipeline_table() -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for line in (ROOT / "README.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 6:
            rows[cells[0].strip("`")] = dict(
                zip(("step", "row", "partition", "from", "looks up", "stops"), cells, strict=True)
            )
    return rows


@cache
def _graph() -> tuple[Any, dict[str, dg.AssetKey]]:
    graph = Project(ROOT).definitions.resolve_asset_graph()
    keys = {key.path[-1]: key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "license_notices"}
    return graph, keys


def _names(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_the_pipeline_table_has_one_row_per_step_of_the_graph() -> None:
    assert set(_pipeline_table()) == set(_graph()[1])


@pytest.mark.parametrize("step", sorted(_pipeline_table()))
def test_a_row_of_the_pipeline_table_is_the_step_of_the_graph(step: str) -> None:
    graph, keys = _graph()
    node, row = graph.get(keys[step]), _pipeline_table()[step]
    assert _names(row["from"]) | _names(row["looks up"]) == {key.path[-1] for key in node.parent_keys}
    words = {None: "-", "license_notices_batches": "batch", "license_notices_review_batches": "review batch"}
    partitions = node.partitions_def
    assert (
        row["partition"] == words[partitions.name if isinstance(partitions, dg.DynamicPartitionsDefinition) else None]
    )
    blocking = {check.name for check in node.check_keys if graph.get_check_spec(check).blocking}
    assert _names(row["stops"]) == blocking
    assert row["row"]


def test_every_yaml_block_of_a_corpus_is_valid() -> None:
    described = [
        block["attributes"]
        for document in DOCUMENTS
        for text in _blocks(document, "yaml")
        if isinstance(block := yaml.safe_load(text), dict) and block.get("type") == COMPONENT
    ]
    assert described
    for attributes in described:
        Corpus.model_validate(attributes)


def test_the_folder_of_text_files_in_the_readme_is_a_corpus_that_runs(project: SmallProject) -> None:
    [text] = [block for block in _blocks(ROOT / "README.md", "yaml") if COMPONENT in block]
    for number, row in enumerate(make_notes(110, 5)):
        folder = project.folder / "letters" / ("spring" if number % 2 else "autumn")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(row["text"], "utf-8")
    target = project.folder / project.module / "defs" / "letters"
    target.mkdir()
    (target / "defs.yaml").write_text(text, "utf-8")
    said = project.run("letters")
    assert "data-engine review --corpus letters" in said
    assert "The coarsest level gets 12 clusters, so that each gives about 5 of the 60 samples" in " ".join(said.split())
    assert project.load().runtime("letters").store().read("balanced_subset").num_rows == 60


def test_every_command_that_is_named_exists_with_its_options() -> None:
    named = [code for document in DOCUMENTS for code in _code(document) if code.startswith("data-engine ")]
    assert named
    for code in named:
        words = re.sub(r'"[^"]*"', "TEXT", code).split()
        command = main.commands.get(words[1])
        assert command is not None, f"{code!r}: there is no command {words[1]!r}"
        for word in words[2:]:
            command = getattr(command, "commands", {}).get(word, command)
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = {word.split("=")[0] for word in words[2:] if word.startswith("-")} - known
        assert not unknown or any(p.type is click.UNPROCESSED for p in command.params), f"{code!r}: {unknown}"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {code.split()[1] for document in DOCUMENTS for code in _code(document) if re.match(r"make \w+", code)}
    assert {"demo", "test", "ui"} <= named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_and_image_exists(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_image_is_small() -> None:
    images = list((ROOT / "docs" / "images").glob("*.png"))
    assert images
    assert [path.name for path in images if path.stat().st_size > 300_000] == []


def test_every_section_of_the_results_names_the_command_that_wrote_it() -> None:
    text = (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert sections
    for section in sections:
        command = re.search(r"^`python (benchmarks/\w+\.py)[^`]*`, \d{4}-\d\d-\d\d;", section, re.MULTILINE)
        assert command, f"section {section.splitlines()[0]!r} does not end with the command that wrote it"
        assert (ROOT / command[1]).is_file()


#: A decision that was superseded tells of files that are gone.
IN_FORCE = [document for document in DOCUMENTS if "**Superseded by" not in document.read_text("utf-8")]


@pytest.mark.parametrize("document", IN_FORCE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_python_file_that_is_named_exists(document: Path) -> None:
    named = {path for code in _code(document) for path in re.findall(r"(?<![\w*>{}./-])[\w/]+\.py\b", code)}
    assert {path for path in named if not any(f"/{file}".endswith(f"/{path}") for file in _python_files())} == set()


@cache
def _python_files() -> tuple[str, ...]:
    folders = ("data_engine", "data_engine_tests", "benchmarks", "scripts")
    return tuple(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _public_names() -> list[tuple[str, str]]:
    """(module, name) of every heading of the reference."""
    modules = re.split(r"^## ", API.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [(text.splitlines()[0], name) for text in modules for name in re.findall(r"^### (\w+)$", text, re.MULTILINE)]


@pytest.mark.parametrize(("module", "name"), _public_names())
def test_every_public_name_is_importable_and_documented(module: str, name: str) -> None:
    assert getattr(import_module(module), name).__doc__


def test_the_reference_is_what_signatures_and_docstrings_say() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "api_page"))
    assert API.read_text("utf-8") == script["text_of_the_page"](), "run scripts/api_page"


def test_the_page_of_all_fields_is_what_the_schema_says() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference_page"))
    assert REFERENCE.read_text("utf-8") == script["text_of_the_page"](), "run scripts/reference_page"


def test_the_page_of_all_fields_has_a_row_for_each_field_of_each_block() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", REFERENCE.read_text("utf-8"), re.MULTILINE)
    schema = Corpus.model_json_schema()
    assert rows.count("target_precision") == 2
    for name, block in {"Corpus": schema, **schema["$defs"]}.items():
        fields = {**block.get("properties", {}), **block.get("else", {}).get("properties", {})}
        missing = {field for field, about in fields.items() if field not in rows and not about.get("deprecated")}
        assert missing <= {"folder"}, f"{name} has fields that docs/reference.md lacks"


def test_the_reference_has_every_name_that_must_stay() -> None:
    stay = {
        "data_engine.clustering": {"kmeans", "build_tree", "assign"},
        "data_engine.sampling": {"balanced_sample"},
        "data_engine.embedding": {"load_encoder"},
        "data_engine.labeling": {"choose", "fit_classifier", "consensus", "certify", "label_quality"},
        "data_engine.drift": {"fit_reference"},
        "data_engine.corpus": {"Corpus"},
        "data_engine.orchestration.component": {"CorpusComponent"},
        "data_engine.runtime.step_run": {"execute"},
        "data_engine.notebook": {"open_corpus"},
    }
    there = set(_public_names())
    assert {(module, name) for module, names in stay.items() for name in names} <= there
