import pytest
from warehouse_corpus import FOLDER

from data_engine.errors import SqlModelError
from data_engine.schemas import SCHEMAS
from data_engine.warehouse import load_models
from data_engine.warehouse.lineage import column_lineage

MODELS = load_models(FOLDER)


def test_lineage_goes_one_step_up_through_expressions_joins_and_stars(folder):
    folder.add("stg_labels", "select * from {{ source('engine', 'labels') }}", layer="staging")
    folder.add(
        "joined",
        """
        with counted as (select label, count(*) as n, avg(quality) as mean from {{ ref('stg_labels') }} group by label)
        select c.label, c.n, c.mean * max(p.probability) as product, 'x' as constant, s.*
        from counted as c
        join {{ source('engine', 'proposals') }} as p on p.label = c.label
        cross join (select sample_id as other from {{ ref('stg_labels') }}) as s
        group by all
        """,
    )
    models = folder.load()

    assert column_lineage(models[-1], models, SCHEMAS) == {
        "label": [("stg_labels", "label")],
        "n": [],
        "product": [("proposals", "probability"), ("stg_labels", "quality")],
        "constant": [],
        "other": [("stg_labels", "sample_id")],
    }
    assert column_lineage(models[0], models, SCHEMAS)["quality"] == [("labels", "quality")]


def test_lineage_of_every_model_names_only_what_it_refers_to():
    for model in MODELS:
        lineage = column_lineage(model, MODELS, SCHEMAS)
        assert {table for origin in lineage.values() for table, _ in origin} <= {*model.refs, *model.sources}
        assert any(lineage.values())


def test_lineage_survives_a_recursive_query():
    model = next(model for model in MODELS if model.name == "int_tree_ancestors")

    assert column_lineage(model, MODELS, SCHEMAS) == {
        "tree_version": [("stg_cluster_tree", "tree_version")],
        "leaf": [("stg_cluster_tree", "cluster")],
        "level": [("stg_cluster_tree", "level")],
        "cluster": [("stg_cluster_tree", "cluster")],
    }


def test_a_column_that_nobody_has_is_an_error_that_names_the_file(folder):
    path = folder.add("a_mart", "select l.nope from {{ source('engine', 'labels') }} as l")

    with pytest.raises(SqlModelError) as caught:
        column_lineage(folder.load()[0], folder.load(), SCHEMAS)
    assert str(path) in str(caught.value)
