import numpy as np

from data_engine.labeling.models.graph import Graph


def test_operations_name_what_they_take_and_give() -> None:
    graph = Graph()
    summed = graph.add("Add", "embeddings", graph.constant([1, 2]))
    values, rows = graph.add("TopK", summed, graph.constant([1], np.int64), n_results=2, axis=1)
    graph.probabilities(values, 2.0)
    assert [each.name for each in graph.operations] == ["Add", "TopK", "Div", "Softmax"]
    assert graph.operations[1].gives == (values, rows)
    assert graph.operations[-1].gives == ("probabilities",)
    assert [each.dtype for each in graph.constants.values()] == [np.float32, np.int64, np.float32]
