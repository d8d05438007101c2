"""Steps as assets: what the plan says of a step becomes a `dg.asset` with its configuration.

The work itself is in `runtime/steps/`; what Dagster is told of a result is in `ui/materialized.py`.
"""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dagster as dg
import pyarrow as pa
from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from data_engine.orchestration.automation.conditions import condition_of
from data_engine.orchestration.lineage.step_columns import lineage_metadata
from data_engine.orchestration.names import asset_key, group_name, partitions_of, steps_read
from data_engine.orchestration.ui.report_pages import report_url
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS, StepSpec
from data_engine.runtime.step_run import StepResult, StepRun, execute
from data_engine.schemas import SCHEMAS
from data_engine.settings import OneOf

#: Makes of a run and its result what Dagster is told of it.
Show = Callable[[StepRun, StepResult], dg.MaterializeResult]


def build_step(runtime: CorpusRuntime, step: str, show: Show) -> dg.AssetsDefinition | dg.AssetSpec:
    """The asset of one step; of one that something outside materializes, only that it is there."""
    spec = STEPS[step]
    if spec.is_external:
        return dg.AssetSpec(
            key=asset_key(runtime, step),
            group_name=group_name(runtime),
            description=spec.description,
            deps=_deps(runtime, spec),
            kinds=set(spec.kinds),
        )
    config_class = launch_config(runtime, spec)

    def materialize(context: dg.AssetExecutionContext, config: dg.Config) -> dg.MaterializeResult:
        batch = context.partition_key if context.has_partition_key else ""
        settings, flags = _chosen(spec, config)
        step_run, result = execute(runtime, step, batch, run_id=context.run.run_id, settings=settings, flags=flags)
        return show(step_run, result)

    materialize.__name__ = step
    materialize.__annotations__["config"] = config_class
    return dg.asset(**asset_arguments(runtime, spec))(materialize)


def asset_arguments(runtime: CorpusRuntime, spec: StepSpec) -> dict[str, Any]:
    """The keyword arguments that a step gives to `dg.asset`."""
    page = report_url(runtime) if spec.pages else ""
    pool = spec.pool.format(corpus=runtime.corpus.name, modality=runtime.corpus.modality)
    return {
        "key": asset_key(runtime, spec.name),
        "group_name": group_name(runtime),
        "description": f"{spec.description}\n\n[Open the report]({page})" if page else spec.description,
        "partitions_def": partitions_of(runtime, spec.name),
        "deps": _deps(runtime, spec),
        "code_version": runtime.code_version(spec.name),
        "automation_condition": condition_of(runtime, spec),
        "metadata": {
            "dagster/column_schema": _column_schema(spec.name),
            **lineage_metadata(runtime, spec.name),
            # Not by the name that the path has in the metadata of a run, which would hide it.
            **({"open the report": dg.MetadataValue.url(page)} if page else {}),
        },
        "kinds": set(spec.kinds),
        "pool": pool or None,
    }


def launch_config(runtime: CorpusRuntime, spec: StepSpec) -> type[dg.Config]:
    """The configuration that the Launchpad shows: settings that a run may override, with the corpus' own values.

    Descriptions and bounds are those of the corpus' YAML.
    """
    fields: dict[str, Any] = {}
    for name in spec.launch_settings:
        block_name, _, field_name = name.partition(".")
        block = getattr(runtime.corpus, block_name)
        fields[field_name] = _launch_field(type(block).model_fields[field_name], getattr(block, field_name))
    for name, description in spec.launch_flags.items():
        fields[name] = (bool, Field(default=False, description=description))
    title = "".join(part.capitalize() for part in spec.name.split("_"))
    made: type[dg.Config] = create_model(f"{title}Config", __base__=dg.Config, **fields)
    return made


def _launch_field(described: FieldInfo, value: Any) -> tuple[Any, Any]:
    kind = _plain(described.annotation)
    if get_origin(kind) is dict:
        text = f"{described.description} What is given here is laid over the corpus' own for this run."
        return kind, Field(default={}, description=text)
    marks = [*described.metadata, *_marks(described.annotation)]
    bounds = {
        name: bound
        for mark in marks
        for name in ("ge", "gt", "le", "lt")
        if (bound := getattr(mark, name, None)) is not None
    }
    choices = next((mark.description for mark in marks if isinstance(mark, OneOf)), None)
    return kind, Field(default=value, description=described.description or choices, **bounds)


def _marks(annotation: Any) -> list[Any]:
    """What annotations within an annotation hold: the bounds of a number that may be missing are beside the number."""
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        within = [part for mark in marks for part in getattr(mark, "metadata", [mark])]
        return [*within, *_marks(kind)]
    if get_origin(annotation) in (Union, UnionType):
        return [mark for kind in get_args(annotation) for mark in _marks(kind)]
    return []


def _plain(annotation: Any) -> Any:
    """An annotation as Dagster's configuration knows types: names are text, of a mapping the values are numbers."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin is Literal:
        return str
    if origin is dict:
        return dict[str, float]
    if origin in (Union, UnionType):
        kinds = [_plain(kind) for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] | None if NoneType in get_args(annotation) else kinds[0]
    return annotation


def _chosen(spec: StepSpec, config: dg.Config) -> tuple[dict[str, dict[str, Any]], dict[str, bool]]:
    """The settings of a run's configuration by block and field, and its switches."""
    settings: dict[str, dict[str, Any]] = {}
    for name in spec.launch_settings:
        block, _, field_name = name.partition(".")
        settings.setdefault(block, {})[field_name] = getattr(config, field_name)
    return settings, {name: getattr(config, name) for name in spec.launch_flags}


def _deps(runtime: CorpusRuntime, spec: StepSpec) -> list[dg.AssetDep]:
    found = [_dep(each, upstream, spec.name) for each, upstream in steps_read(runtime, spec.reads)]
    return [*found, *_other_corpora(runtime, spec)]


def _other_corpora(runtime: CorpusRuntime, spec: StepSpec) -> list[dg.AssetDep]:
    """The classifier of the corpus whose model `labels.propose_with` names, of which new data start this one."""
    named = runtime.corpus.labels.propose_with
    if named is None or spec.name != "classifier":
        return []
    # Of one of several questions it is `corpus.question`, whose assets are below the corpus.
    return [dg.AssetDep([*named.corpus.split("."), spec.name])]


def _dep(runtime: CorpusRuntime, upstream: str, step: str) -> dg.AssetDep:
    if partitions_of(runtime, step) is None and partitions_of(runtime, upstream) is not None:
        return dg.AssetDep(asset_key(runtime, upstream), partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(asset_key(runtime, upstream))


def _column_schema(step: str) -> dg.TableSchema:
    return dg.TableSchema(columns=[_column(field) for field in SCHEMAS[step]])


def _column(field: pa.Field) -> dg.TableColumn:
    metadata: Mapping[bytes, bytes] = field.metadata or {}
    return dg.TableColumn(
        name=field.name,
        type=str(field.type),
        description=metadata.get(b"description", b"").decode(),
        constraints=dg.TableColumnConstraints(nullable=field.nullable),
    )
