from review_people import at, person

ADA = person("ada")


def test_a_draft_stays_until_its_answer_counts_and_nobody_else_sees_it(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    task_id = lease.task.task_id
    licences.keep_draft(ADA, task_id, {"comment": "hm"}, now=at(1))
    licences.keep_draft(ADA, task_id, {"comment": "hm, mit", "label": None}, now=at(2))
    assert licences.drafts(ADA, [task_id, "other"]) == {task_id: {"comment": "hm, mit"}}
    assert licences.drafts(person("bob"), [task_id]) == {}
    licences.answer(ADA, lease.lease_id, "one", label="mit", now=at(3))
    assert licences.drafts(ADA, [task_id]) == {}


def test_a_draft_in_which_nothing_is_said_is_none(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    licences.keep_draft(ADA, lease.task.task_id, {"comment": "hm"}, now=at(1))
    licences.keep_draft(ADA, lease.task.task_id, {"comment": ""}, now=at(2))
    assert licences.drafts(ADA, [lease.task.task_id]) == {}
