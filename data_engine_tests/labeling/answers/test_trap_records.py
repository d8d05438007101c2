from data_engine.labeling.answers.class_answers import ClassAnswers
from data_engine.labeling.answers.trap_records import trap_records
from data_engine.schemas import answer_text


def test_traps_are_caught_by_any_other_answer_and_missed_by_the_one_proposed(answer_table):
    trap = {"sample_id": "s1", "purpose": "trap", "arm": "trap", "proposed_answer": answer_text({"label": "b"})}
    table = answer_table(
        trap | {"label": "a", "annotator": "ann"},
        trap | {"label": "c", "annotator": "ann", "sample_id": "s2"},
        trap | {"label": "b", "annotator": "bob"},
        {"sample_id": "s3", "label": "b", "annotator": "eve"},
    )
    assert trap_records(table, ClassAnswers()) == {"ann": (2, 0), "bob": (0, 1)}
