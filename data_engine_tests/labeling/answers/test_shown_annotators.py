from hashlib import sha256

from data_engine.labeling.answers.shown_annotators import shown_annotator


def test_people_have_a_code_and_simulated_annotators_their_name() -> None:
    assert shown_annotator("maria") == f"annotator-{sha256(b'maria').hexdigest()[:6]}" == "annotator-94aec9"
    assert shown_annotator("simulated:strict") == "simulated:strict"
