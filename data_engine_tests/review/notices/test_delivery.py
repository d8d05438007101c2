"""Sending what is due: failures, servers that hang, recovery, and no notice twice knowingly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from notice_servers import hook_server, mail_server

from data_engine.review.notices.delivery import Delivered, deliver_due
from data_engine.review.notices.mail import Mail
from data_engine.review.notices.notice_queue import NoticeQueue
from data_engine.review.notices.webhook import Webhook

SECRET = "correct horse battery"


class _Clock:
    """A clock that a test moves; it starts now, so that time-outs are none of its business."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def _deliver(outbox, clock, *channels, **changes):
    return deliver_due(outbox.queue, "licences", {c.name: c for c in channels}, clock=clock, for_s=20, **changes)


def test_a_server_that_fails_and_recovers_gets_each_notice_once_with_the_same_id_and_body(outbox):
    clock = _Clock()
    with hook_server() as hook:
        channel = Webhook(hook.url, SECRET)
        outbox.open()
        outbox.note()
        hook.todo = [500, "cut"]
        assert _deliver(outbox, clock, channel) == Delivered(0, 1)
        assert _deliver(outbox, clock, channel) == Delivered(0, 0)
        clock.now += timedelta(minutes=1)
        assert _deliver(outbox, clock, channel) == Delivered(0, 1)
        clock.now += timedelta(minutes=2)
        assert _deliver(outbox, clock, channel) == Delivered(1, 0)
        clock.now += timedelta(days=9)
        assert _deliver(outbox, clock, channel) == Delivered(0, 0)
        assert hook.is_signed(SECRET)
    assert len({body for _, body in hook.got}) == 1
    assert len({headers["x-data-engine-delivery"] for headers, _ in hook.got}) == 1
    assert len({headers["x-data-engine-timestamp"] for headers, _ in hook.got}) == 3


def test_a_server_that_hangs_or_trickles_ends_its_own_attempt_and_the_other_channel_is_served(outbox):
    clock = _Clock()
    with hook_server() as hook, mail_server() as box:
        mail = Mail(("ada@example.org",), "e@example.org", "127.0.0.1", box.port, "none")
        outbox.open()
        outbox.note(channels=["webhook", "email"])
        hook.todo = ["trickle"]
        assert _deliver(outbox, clock, Webhook(hook.url, SECRET), mail, attempt_s=0.3) == Delivered(1, 1)
    assert len(box.got) == 1
    states = {each.channel: (each.state, each.error) for each in outbox.queue.notices("licences")}
    assert states == {"email": ("sent", None), "webhook": ("waiting", "the server took longer than 0.3 s")}


def test_two_that_send_at_once_send_each_notice_once(outbox):
    clock = _Clock()
    for number in range(6):
        outbox.open(f"b{number}")
    outbox.note()
    url = outbox.queue._engine.url.render_as_string(hide_password=False)

    def send(_):
        with NoticeQueue(url) as queue:
            channel = Webhook(hook.url, SECRET)
            return deliver_due(queue, "licences", {"webhook": channel}, clock=clock, for_s=20).n_sent

    with hook_server() as hook, ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(send, range(3))) == 6
    assert sorted(body["review_batch"] for body in hook.bodies()) == [f"b{number}" for number in range(6)]


def test_an_error_nobody_foresaw_fails_the_attempt_alone(outbox):
    class Broken:
        name = "webhook"

        def send(self, notice, *, at_unix_s):
            raise KeyError("x")

    outbox.open()
    outbox.note()
    assert _deliver(outbox, _Clock(), Broken()) == Delivered(0, 1)
    assert outbox.queue.notices("licences")[0].error == "KeyError"
