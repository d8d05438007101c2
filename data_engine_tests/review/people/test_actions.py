"""Every change leaves a line: what, by whom, with which token."""

from datetime import timedelta

from review_people import NOON, answer_all, at, person


def test_every_change_leaves_one_line_and_a_repeat_none(licences):
    ada = person("ada")
    (lease,) = licences.take(ada, corpus="licences", now=at(0))
    for _ in range(2):
        given = licences.answer(ada, lease.lease_id, "one", label="mit", now=at(5))
    for _ in range(2):
        licences.revise(ada, given.annotation_id, label="gpl-2.0", now=at(9))
    (second,) = licences.take(ada, corpus="licences", now=at(10))
    licences.skip(ada, second.lease_id, reason="unclear", now=at(11))
    _, token = licences.create_token("bob", "annotator", lasts=timedelta(days=1), now=at(12), by=ada)
    licences.revoke_token(token.token_id, now=at(13))
    found = [(row.kind, row.annotator, row.token_id, row.subject_id) for row in licences.actions()]
    assert found == [
        ("answered", "ada", "token-of-ada", lease.task.task_id),
        ("corrected", "ada", "token-of-ada", given.annotation_id),
        ("skipped", "ada", "token-of-ada", second.task.task_id),
        ("token_created", "ada", "token-of-ada", token.token_id),
        ("token_revoked", "", None, token.token_id),
    ]
    assert licences.actions()[2].detail == {"reason": "unclear"}
    assert [row.kind for row in licences.actions(after=4)] == ["token_revoked"]
    assert "mit" not in str(licences.actions()[3].detail)


def test_a_remark_is_kept_and_the_later_one_replaces_it(licences):
    ada = person("ada")
    (lease,) = licences.take(ada, corpus="licences", now=NOON)
    given = licences.answer(ada, lease.lease_id, "one", label="mit", comment=" hm ", now=at(1))
    assert licences.last_answers(ada, ["licences"])[0]["comment"] == "hm"
    licences.revise(ada, given.annotation_id, label="mit", comment="surely", now=at(2))
    assert licences.last_answers(ada, ["licences"])[0]["comment"] == "surely"
    licences.revise(ada, given.annotation_id, label="mit", comment="surely", now=at(3))
    licences.revise(ada, given.annotation_id, label="mit", comment="", now=at(4))
    assert licences.last_answers(ada, ["licences"])[0]["comment"] is None
    kinds = [(row.kind, row.subject_id) for row in licences.actions()]
    assert kinds == [("answered", lease.task.task_id), *[("remarked", given.annotation_id)] * 2]


def test_remarks_go_with_the_answers_of_a_corpus_that_is_deleted(licences):
    (lease,) = licences.take(person("ada"), corpus="licences", now=NOON)
    licences.answer(person("ada"), lease.lease_id, "one", label="mit", comment="hm", now=at(1))
    answer_all(licences, "bob", ["mit"])
    licences.delete_corpus("licences", now=at(9))
    assert licences.batches() == []
    line = licences.actions()[-1]
    assert (line.kind, line.annotator, line.subject_id) == ("corpus_deleted", "", "licences")
    assert line.detail == {"n_answers": 2, "n_batches": 1}
