"""The data card of a release: its README, for whoever is about to use it.

The HTML report is in `data_engine.reporting`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus, Labels
from data_engine.labeling.deciders.registry import DECIDERS, TREE
from data_engine.modalities import Modality
from data_engine.release_formats.registry import FORMATS
from data_engine.releasing.markdown_text import code, escaped, paragraphs, table
from data_engine.releasing.question_card import block_used, heading, labels_of_questions, who_answered
from data_engine.releasing.question_rows import questions_of
from data_engine.releasing.rows import class_counts_of, exported_rows, has_objects
from data_engine.releasing.split_card import splits_section
from data_engine.reporting import number_format
from data_engine.reporting.metrics.funnel import Metrics, stages
from data_engine.reporting.metrics.metric import by_name
from data_engine.reporting.questions import metrics_of_corpus, metrics_of_question

_MADE_BY = {
    "human": "a person, unaided",
    "adjudicated": "a reviewer who decided between the answers of others",
    "human_assisted": "a person who saw suggestions",
    "model_accepted": "a person who confirmed a proposal",
    "model_edited": "a person who corrected a proposal",
    "imported": "the data, before anybody was asked here",
    "model_auto": "classifier or checked clusters, above the certified gate; no person saw it",
    "foundation_auto": "a foundation model above its certified threshold; no person saw it",
    "rule_auto": "label rules by known patterns, certified on the hold-out; no person saw it",
    "simulated": "a simulated annotator; no person saw it",
}
_SCOPE_WORDS = {"all": "", "simulated": ", simulated (they are answered from that class)"}
_N_CLASSES_SHOWN = 20
_BY_PEOPLE = """
people = ["human", "adjudicated", "human_assisted", "model_accepted", "model_edited"]
by_people = samples[samples["provenance"].isin(people)]"""


def data_card(corpus: Corpus, release: pa.Table, metrics: pa.Table, manifest: Mapping[str, Any]) -> str:
    """The data card of a release, as Markdown.

    Args:
        corpus: title, description, licence, attribution; for the rest with what the tables were made with.
        release: the released rows.
        metrics: the quality report.
        manifest: release_id, created_at, table_versions, configuration and what else the release records of itself.

    Returns: Markdown that says in its first lines how many labels are simulated; nothing of labels where the corpus
        has none.
    """
    known = by_name(metrics_of_corpus(metrics, questions_of(release)))
    sections = [
        _opening(corpus, release, manifest),
        _source(corpus, manifest),
        _how_it_was_made(corpus, known, manifest),
        *([_labels(release), _quality(known)] if corpus.has_labels else []),
        *_questions(corpus, release, metrics, manifest),
        _balance(known),
        splits_section(release, manifest),
        _limits(corpus, release, known, manifest),
        _loading(corpus, release),
        _versions(corpus, manifest),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _opening(corpus: Corpus, release: pa.Table, manifest: Mapping[str, Any]) -> str:
    title = escaped(corpus.release.title or number_format.plain(corpus.name))
    n = release.num_rows
    identity = f"Release `{manifest.get('release_id', 'unnamed')}`"
    identity += f", created {manifest['created_at']}." if manifest.get("created_at") else "."
    if by_question := labels_of_questions(release):
        facts = f"{n:,} samples with labels of {len(by_question):,} questions. {identity}"
        said = "\n>\n".join(who_answered(name, rows) for name, rows in by_question.items())
        return "\n\n".join([f"# {title}", said, *paragraphs(corpus.release.description), facts])
    if not corpus.has_labels:
        facts = f"{n:,} samples, chosen to be balanced. {identity}"
        return "\n\n".join([f"# {title}", *paragraphs(corpus.release.description), facts])
    n_simulated = Counter(release["provenance"].to_pylist())["simulated"]
    warning = (
        f"> **{n_simulated:,} of {n:,} labels ({number_format.share(n_simulated / n)}) are simulated:** a program "
        "answered in the place of people, from labels known beforehand and with a set error rate. Do not take them for "
        "human work."
        if n_simulated
        else f"> None of the {n:,} labels is simulated."
    )
    n_imported = Counter(release["provenance"].to_pylist())["imported"]
    if n_imported:
        of_all = f"{n_imported:,} of {n:,} labels ({number_format.share(n_imported / n)})"
        warning += f"\n> {of_all} are imported: they come with the data, and rest on no answer that was given here."
    counts = class_counts_of(release)
    what = f"with {counts.total():,} objects of {len(counts):,}" if has_objects(release) else f"in {len(counts):,}"
    facts = f"{n:,} samples {what} {'class' if len(counts) == 1 else 'classes'}. {identity}"
    n_outside = Counter(release["in_subset"].to_pylist())[False]
    if n_outside:
        facts += (
            f" {n_outside:,} of them are outside the balanced subset (`in_subset` is false): people labelled them "
            "while an earlier subset held them."
        )
    return "\n\n".join(part for part in (f"# {title}", warning, *paragraphs(corpus.release.description), facts) if part)


def _source(corpus: Corpus, manifest: Mapping[str, Any]) -> str:
    found = manifest.get("configuration", {}).get("source") or corpus.source.shown()
    of_batches = found.get("by_batch", {"": found})
    sources = {_place(source): None for _, source in sorted(of_batches.items())}
    lines = [
        "## Source and licence",
        *(f"- Source: {source}" for source in sources),
        f"- Licence of the content: {escaped(corpus.release.licence)}",
    ]
    if corpus.release.attribution:
        lines.append(f"- Attribution: {escaped(corpus.release.attribution)}")
    return "\n".join(lines)


def _place(source: Mapping[str, Any]) -> str:
    path = code(str(source["path"]))
    place = f"package {code(source['package'])}, {path}" if source.get("package") else path
    return f"{place} ({number_format.plain(source['kind'])}, pattern {code(source['pattern'])})"


def _encoder(corpus: Corpus, manifest: Mapping[str, Any]) -> str:
    """The encoder of the vectors: its name, and its version where the release knows it."""
    name, version = corpus.encoder, manifest.get("configuration", {}).get("encoder_version")
    return f"{code(name)} (version {code(version)})" if version else code(name)


def _how_it_was_made(corpus: Corpus, known: Metrics, manifest: Mapping[str, Any]) -> str:
    from data_engine.sampling import METHODS

    rows = [(stage.name, f"{stage.n:,}", stage.meaning, stage.lost) for stage in stages(known)]
    found = sorted((scope, m.value) for (name, scope), m in known.items() if name == "clusters")
    levels = " → ".join(f"{k:,.0f}" for _, k in found) or " → ".join(f"{k:,}" for k in corpus.tree.fixed_levels or ())
    method = METHODS[corpus.subset.method]
    members = f" ({corpus.subset.strategy} members of each cluster)" if method.takes_members else ""
    text = (
        f"Every sample was embedded with {_encoder(corpus, manifest)}; hierarchical k-means built a tree of {levels} "
        f"clusters; the subset was {method.meaning_for(corpus.tree.n_resamples)}{members}."
    )
    funnel = table(("stage", "samples", "what is left", "what was lost"), rows) if rows else ""
    return "\n\n".join(part for part in ("## How it was made", funnel, text) if part)


def _questions(corpus: Corpus, release: pa.Table, metrics: pa.Table, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The sections of each of several questions."""
    for name, rows in labels_of_questions(release).items():
        yield heading(name, manifest, rows, release.num_rows)
        known = by_name(metrics_of_question(metrics, name))
        limits = _limits_of_labels(block_used(name, corpus, manifest), rows)
        found = [_labels(rows), _quality(known)] if rows.num_rows else []
        found += ["\n".join(["## Limits", *(f"- {line}" for line in limits)])] if limits else []
        yield from (f"#{section}" for section in found if section)


def _labels(release: pa.Table) -> str:
    counts = Counter(release["provenance"].to_pylist())
    rows = [
        (code(name), _MADE_BY.get(name, ""), f"{n:,}", number_format.share(n / release.num_rows))
        for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    classes = sorted(class_counts_of(release).items(), key=lambda item: (-item[1], item[0]))
    counted = "objects" if has_objects(release) else "samples"
    shown = [(escaped(label), f"{n:,}") for label, n in classes[:_N_CLASSES_SHOWN]]
    rest = len(classes) - len(shown)
    parts = [
        "## Labels and who made them",
        table(("provenance", "the label was given by", "samples", "share"), rows),
        table(("class", counted), shown),
    ]
    if rest:
        parts.append(
            f"... and {rest:,} more classes, with {sum(n for _, n in classes[_N_CLASSES_SHOWN:]):,} {counted}."
        )
    return "\n\n".join(parts)


def _quality(known: Metrics) -> str:
    wanted = (
        ("label_accuracy", "labels that equal the class known beforehand"),
        ("label_quality", "mean label quality"),
        ("suspicious_share", "labels of low quality"),
        ("classifier_accuracy", "accuracy of the classifier on its hold-out"),
        ("calibration_error", "expected calibration error of the classifier"),
        ("gate_lower_bound", "certified precision of automatic labels"),
        ("trap_catch_rate", "known-wrong proposals caught by annotators"),
        ("agreement", "agreement of annotators (Krippendorff's alpha)"),
    )
    rows = [
        (
            text + _SCOPE_WORDS.get(scope, f", {escaped(number_format.plain(scope))}"),
            number_format.with_interval(metric),
        )
        for name, text in wanted
        for (metric_name, scope), metric in known.items()
        if metric_name == name and (scope == "all" or name == "label_accuracy")
    ]
    if not rows:
        return ""
    which = ", also those outside the subset," if ("kept_labels", "all") in known else " of the subset,"
    text = f"Measured on all labelled samples{which} before those out of scope were left behind."
    return "\n\n".join(("## Quality", text, table(("measure", "value"), rows)))


def _balance(known: Metrics) -> str:
    names = {"raw": "all samples", "random": "random subsets of the same size", "balanced": "the balanced subset"}
    rows = []
    for scope, name in names.items():
        found = [known.get((key, scope)) for key in ("kl_to_uniform", "class_coverage", "largest_class_share")]
        if all(found):
            rows.append((name, *(number_format.figure(metric) for metric in found if metric)))
    if not rows:
        return ""
    over = next((f" over the {m.value:,.0f} {scope}" for (name, scope), m in known.items() if name == "groups"), "")
    header = ("set", "KL to uniform (nats)", "groups covered", "largest group")
    return "\n\n".join(("## Balance", f"Spread of the samples{over}; 0 nats is perfectly even.", table(header, rows)))


def _limits(corpus: Corpus, release: pa.Table, known: Metrics, manifest: Mapping[str, Any]) -> str:
    made_with = manifest.get("configuration", {}).get("labels")
    labels = Labels.model_validate(made_with) if isinstance(made_with, dict) and made_with else corpus.labels
    lines = _limits_of_labels(labels, release) if corpus.has_labels else []
    of_source = "its shares are not those of the source"
    of_classes = "class shares say nothing about how common the classes are"
    lines.append(f"The subset is balanced on purpose: {of_classes if corpus.has_labels else of_source}.")
    lines.append(
        f"Balance and clusters are those of the encoder {_encoder(corpus, manifest)}; what it cannot tell apart is not "
        "balanced."
    )
    judged = manifest.get("configuration", {}).get("first_pass") or corpus.first_pass.model_dump(mode="json")
    had_junk = any(block.get("junk") for block in judged.get("by_batch", {"": judged}).values())
    if any(name == "junk_precision" for name, _ in known) or had_junk:
        lines.append("A small classifier rejected junk before anything else; it rejects some good samples too.")
    n_doubtful = int(pc.sum(pc.cast(pc.less(release["quality"], 0.2), pa.int64())).as_py() or 0)
    if n_doubtful and corpus.has_labels:
        lines.append(f"{n_doubtful:,} released labels have a quality below 0.2; filter by `quality` where it matters.")
    return "\n".join(["## Known limits", *(f"- {line}" for line in lines)])


def _limits_of_labels(labels: Labels, release: pa.Table) -> list[str]:
    """What labels of released rows do not say, by who made them."""
    counts = Counter(release["provenance"].to_pylist())
    lines = []
    if counts["simulated"]:
        lines.append("Simulated labels say nothing about how people would answer, nor about how long it would take.")
    if counts["model_auto"] or counts["rule_auto"] or counts["foundation_auto"]:
        lines.append(
            f"Automatic labels were certified to {_promise(labels, counts)} precision as a whole, at "
            f"{labels.confidence:.0%} confidence, on a random hold-out{_of_given(labels)}; single classes can "
            "be worse."
        )
    return lines


def _of_given(labels: Labels) -> str:
    given = labels.given
    return " that holds imported labels where nobody answered" if given is not None and given.in_hold_out else ""


def _promise(labels: Labels, counts: Mapping[str, int]) -> str:
    """The precision that automatic labels were certified to; of several deciders with their names."""
    promised = {
        name: labels.target_of(name)
        for name, decider in DECIDERS.items()
        if decider.provenance and counts[decider.provenance] and (name != TREE or labels.decider(name))
    }
    if len(set(promised.values())) == 1:
        return f"{next(iter(promised.values())):.0%}"
    return " and ".join(f"{target:.0%} ({name})" for name, target in promised.items())


def _loading(corpus: Corpus, release: pa.Table) -> str:
    """How to load the data file of the first format."""
    columns = ", ".join(f"`{name}`" for name in exported_rows(release).schema.names)
    first = FORMATS[corpus.release.formats[0]]
    by_people = _BY_PEOPLE if corpus.has_labels else ""
    if names := list(labels_of_questions(release)):
        by_people = _BY_PEOPLE.replace('"provenance"', f'"{names[0]}_provenance"')
    files = _files(corpus.samples) if corpus.samples.is_read_again and corpus.release.images else ""
    return f"""## How to load

```python
{first.load}{by_people}
```

```python
from datasets import load_dataset

samples = load_dataset({first.load_dataset})
```

Columns: {columns}.{files}"""


def _files(samples: Modality) -> str:
    """Where the files of samples are, and how to open one."""
    packages, _, lines = samples.load_file.rpartition("\n\n")
    how = "" if samples.file is None else ", written for the release"
    return f"""

The {samples.plural} are in `images/`, each under its `sample_id`{how}:

```python
from pathlib import Path

{packages}

path_of = {{path.stem: path for path in Path("images").iterdir()}}
{lines}
```"""


def _versions(corpus: Corpus, manifest: Mapping[str, Any]) -> str:
    rows = [("release", str(manifest.get("release_id", ""))), ("run", str(manifest.get("run_id", "")))]
    version = manifest.get("configuration", {}).get("encoder_version")
    rows += [("encoder", version or corpus.encoder), ("seed", str(corpus.seed))]
    rows += [(f"package {name}", str(version)) for name, version in manifest.get("package_versions", {}).items()]
    rows += [(f"table {name}", str(version)) for name, version in manifest.get("table_versions", {}).items()]
    for question, said in manifest.get("questions", {}).items():
        rows += [(f"table {question}.{name}", str(version)) for name, version in said["table_versions"].items()]
    shown = [(escaped(name), code(value)) for name, value in rows if value]
    return "\n\n".join(("## Versions", table(("what", "version"), shown)))
