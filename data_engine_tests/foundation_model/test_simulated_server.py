from data_engine.corpus.foundation_model import FoundationModel
from data_engine.foundation_model.answers import ModelAnswer, read_completion
from data_engine.foundation_model.client import ChatClient
from data_engine.foundation_model.prompt import AskedQuestion, Content, request_body
from data_engine.foundation_model.simulated_server import simulated_foundation_model

CLASSES = ("cat", "dog", "fish")
TRUTHS = {f"text {number}": CLASSES[number % 3] for number in range(40)}
MARKS = {Content(text).mark: name for text, name in TRUTHS.items()}


def _answers(error_rate: float, seed: int = 1) -> dict[str, ModelAnswer]:
    found = {}
    with simulated_foundation_model(MARKS, CLASSES, error_rate=error_rate, seed=seed) as url:
        model = FoundationModel(name="sim", url=url, model="m")
        with ChatClient(model) as client:
            for text in TRUTHS:
                body = request_body(model, AskedQuestion("Which?", CLASSES), Content(text))
                found[text] = read_completion(client.complete(body, text), CLASSES)
    return found


def test_without_errors_it_says_what_is_known_and_is_sure() -> None:
    found = _answers(0.0)
    assert {text: answer.label for text, answer in found.items()} == TRUTHS
    assert all(answer.confidence and 0.9 <= answer.confidence < 0.99 for answer in found.values())


def test_it_errs_at_about_its_rate_always_alike_and_is_less_sure_then() -> None:
    found = _answers(0.3)
    wrong = [answer for text, answer in found.items() if answer.label != TRUTHS[text]]
    assert 4 <= len(wrong) <= 20
    assert all(answer.confidence and 0.5 <= answer.confidence < 0.6 for answer in wrong)
    assert _answers(0.3) == found
    assert _answers(0.3, seed=2) != found


def test_an_image_is_known_by_its_bytes_and_what_is_not_known_gets_the_first_class() -> None:
    images = {Content(image=b"jpeg of a fish").mark: "fish"}
    with simulated_foundation_model(images, CLASSES, error_rate=0.0, seed=1) as url:
        model = FoundationModel(name="sim", url=url, model="m")
        with ChatClient(model) as client:
            for image, label in ((b"jpeg of a fish", "fish"), (b"another", "cat")):
                body = request_body(model, AskedQuestion("Which?", CLASSES), Content(image=image))
                assert read_completion(client.complete(body, label), CLASSES).label == label
