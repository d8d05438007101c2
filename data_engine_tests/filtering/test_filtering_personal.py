import pytest

from data_engine.filtering.personal import count, mask


@pytest.mark.parametrize(
    ("text", "masked", "counts"),
    [
        ("write to ann@example.org now", "write to <email> now", {"email": 1}),
        ("ring +1 (415) 555-2671 or 020 7946 0958", "ring <phone> or <phone>", {"phone": 2}),
        ("api_key: 'abcdef123456'", "<secret>'", {"secret": 1}),
        ("ghp_" + "a1" * 18, "<secret>", {"secret": 1}),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "<secret>", {"secret": 1}),
        ("token = 4155552671415 ann@example.org", "<secret> <email>", {"secret": 1, "email": 1}),
        ("nothing personal in 2.0.1 of 2024-05-06 at 10:20", "nothing personal in 2.0.1 of 2024-05-06 at 10:20", {}),
        ("", "", {}),
    ],
)
def test_what_is_personal_is_masked_and_counted(text: str, masked: str, counts: dict[str, int]) -> None:
    assert mask(text) == (masked, counts)
    assert mask(masked) == (masked, {})


@pytest.mark.parametrize(
    "text",
    ["GPL-2.0+ 1991, 1999", "Copyright 1989, 1991-2001", "59 Temple Place, Suite 330, Boston, MA 02111-1307",
     "RFC 2119", "2001:0db8:85a3::8a2e:0370:7334", "192.168.100.200", "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"],
)  # fmt: skip
def test_versions_years_and_addresses_of_machines_are_no_phone_numbers(text: str) -> None:
    assert count("phone", text) == 0
