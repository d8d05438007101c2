import pytest

from data_engine.filtering.rules.personal_data import KINDS, count, mask


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


#: Each has one thing of its kind, which stands between the bars.
FOUND = {
    "email": ["|bob@example.com| now", "(|m\u00fcller+news@mail.example.co.uk|)", "|a_b@x-y.org|."],
    "phone": [
        "call |555-123-4567|", "|555.123.4567|", "|(555) 123-4567|", "|+1 555 123 4567|", "tel |030 12345678|",
        "|0171 1234567|", "|030/12345678|", "|01 23 45 67 89|", "|01.23.45.67.89|", "|020 7946 0958|",
        "|+49 (0)30 1234567|", "tel:|+493012345678|",
    ],
    "secret": [
        "|password: hunter2|", "aws_|secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY|", '"|password":"s3cr3tpass|"',
        "passphrase? no: |password: 'correcthorse|'", "?|token=abcdefgh|", "|AKIAIOSFODNN7EXAMPLE|",
        "|Bearer abcdef0123456789abcdef|", "|sk-proj-4f9a8b7c6d5e4f3a2b1c|", "API-|token: 7f3a9c|",
        "|-----BEGIN PRIVATE KEY-----|\n-----BEGIN CERTIFICATE-----",
    ],
}  # fmt: skip
NOTHING = [
    "the secret: everyone knows it", "the token: authentication matters here", "The secret = keeping it", "token=abc",
    "api_key_secret_word", "the password, 12 letters long", "sk-learn-contrib-something-package", "user@localhost",
    "bob (at) example.com", "2024-01-15 10:30", "192.168.100.200", "ISBN 978-3-16-148410-0",
    "IBAN DE89370400440532013000", "card 4111 1111 1111 1111", "version 3.11.4-2", "04 05 06 07 08 09 10",
    "0815 4711", "3.14 15 92 65 35",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "marked"), [(kind, marked) for kind in FOUND for marked in FOUND[kind]])
def test_what_is_plainly_personal_is_found_and_nothing_beside_it(kind: str, marked: str) -> None:
    before, _, after = marked.split("|")
    masked = f"{before}<{kind}>{after}"
    assert mask(marked.replace("|", "")) == (masked, {kind: 1})
    assert mask(masked) == (masked, {})


@pytest.mark.parametrize("text", NOTHING)
def test_prose_numbers_and_versions_are_left_alone(text: str) -> None:
    assert [count(kind, text) for kind in KINDS] == [0, 0, 0]
