import pytest

from data_engine.review.notices.channels import BrokenChannel, DeliveryFailed


def test_a_channel_that_lacks_something_says_so_when_it_sends(outbox):
    outbox.open()
    outbox.note()
    with pytest.raises(DeliveryFailed, match="X is not set"):
        BrokenChannel("email", "X is not set").send(outbox.claim(), at_unix_s=1)
