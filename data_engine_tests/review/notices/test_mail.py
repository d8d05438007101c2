"""E-mail against a server that fails in every way."""

from base64 import b64encode

import pytest
from notice_servers import certificates, mail_server
from review_people import NOON

from data_engine.errors.secret_texts import keep_secret
from data_engine.review import NewTask
from data_engine.review.notices.channels import DeliveryFailed
from data_engine.review.notices.mail import Mail


@pytest.fixture
def notice(outbox):
    outbox.open()
    outbox.note(page="https://review.example")
    return outbox.claim()


def _mail(box, **changes):
    said = {"to": ("ada@example.org", "bob@example.org"), "sender": "engine@example.org", "security": "none"}
    return Mail(host="127.0.0.1", port=box.port, **(said | changes))


def test_an_email_says_what_waits_and_where(notice):
    with mail_server() as box:
        assert _mail(box).send(notice, at_unix_s=1_700_000_000) is None
    ((to, message),) = box.got
    assert to == ["ada@example.org", "bob@example.org"]
    assert message["Subject"] == "[licences] 1 questions wait for answers"
    assert message["Message-ID"] == f"<{notice.delivery_id}@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:20 -0000"
    text = message.get_payload()
    assert "Which licence is meant?" in text
    assert "answer: https://review.example" in text
    assert "secret text" not in text


def test_names_and_passwords_go_over_an_encrypted_connection_alone(notice, tmp_path):
    server, client = certificates(tmp_path)
    login = ("ada", "pa55word-of-ada")
    for security, at_once in (("starttls", False), ("tls", True)):
        with mail_server(server, at_once=at_once) as box:
            _mail(box, security=security, login=login, tls=client).send(notice, at_unix_s=1)
        assert len(box.got) == 1
        assert box.logins == [b64encode(b"\0ada\0pa55word-of-ada").decode()]
    with mail_server(server) as box, pytest.raises(DeliveryFailed, match="SSLCertVerificationError"):
        _mail(box, security="starttls", login=login).send(notice, at_unix_s=1)
    assert box.logins == []
    with mail_server() as box, pytest.raises(DeliveryFailed, match="SMTPNotSupportedError"):
        _mail(box, security="starttls", login=login).send(notice, at_unix_s=1)


def test_a_refused_login_says_so_without_the_password(notice, tmp_path):
    server, client = certificates(tmp_path)
    keep_secret("pa55word-of-ada")
    with mail_server(server) as box, pytest.raises(DeliveryFailed, match="SMTPAuthenticationError") as failed:
        box.todo = ["reject"]
        _mail(box, security="starttls", login=("ada", "pa55word-of-ada"), tls=client).send(notice, at_unix_s=1)
    assert "pa55word" not in str(failed.value)


@pytest.mark.parametrize(("what", "said"), [("busy", "SMTPConnectError"), ("cut", "SMTPServerDisconnected")])
def test_a_server_that_takes_nothing_is_told(notice, what, said):
    with mail_server() as box, pytest.raises(DeliveryFailed, match=said):
        box.todo = [what]
        _mail(box).send(notice, at_unix_s=1)
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        _mail(box).send(notice, at_unix_s=1)


def test_an_address_that_is_refused_is_remarked_and_none_left_has_failed(notice):
    with mail_server() as box:
        box.refused = {"bob@example.org"}
        assert _mail(box).send(notice, at_unix_s=1) == "the server refused bob@example.org"
        box.refused |= {"ada@example.org"}
        with pytest.raises(DeliveryFailed, match="SMTPRecipientsRefused"):
            _mail(box).send(notice, at_unix_s=1)
    assert [to for to, _ in box.got] == [["ada@example.org"]]


def test_line_ends_in_a_question_make_no_headers(outbox):
    outbox.queue.open_batch(
        "b1",
        corpus="licences",
        question="Which?\r\nBcc: eve@example.org",
        classes=("a", "b"),
        tasks=[NewTask("s0", "query", "manual")],
        cause="a\r\ntest",
        now=NOON,
    )
    outbox.note()
    message = Mail(("ada@example.org",), "e@example.org", "h", 1, "none").message(outbox.claim(), at_unix_s=1)
    assert "Bcc" not in message
