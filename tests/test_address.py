"""Claims about what is an address, and about what can never come out of the room."""

import re
import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.address import MAX_CHARACTERS, Mailbox, normalise, parse_mailbox
from postroom.errors import AddressError

ATEXT = "abcXYZ019!#$%&'*+-/=?^_`{|}~."


def reason(text):
    with pytest.raises(AddressError) as caught:
        normalise(text)
    return str(caught.value)


def test_an_address_keeps_its_local_part_and_small_letters_its_domain():
    read = normalise("Ada.Lovelace+News@Mail.EXAMPLE.org")
    assert read.address == "Ada.Lovelace+News@mail.example.org"
    assert read.domain == "mail.example.org"
    assert read.identity == "ada.lovelace+news@mail.example.org"


def test_two_spellings_of_a_person_have_one_identity():
    spellings = [
        "ZOE@bücher.example",
        "zoe@BÜCHER.example",
        "Zoe@xn--bcher-kva.example",
        "zoe@bu\u0308cher.example",
    ]
    assert {normalise(text).identity for text in spellings} == {"zoe@xn--bcher-kva.example"}


def test_an_international_domain_is_written_in_ascii():
    assert normalise("post@例え.テスト".replace("テスト", "example")).address.isascii()


def test_blanks_around_an_address_are_ignored():
    assert normalise(" \tada@example.org\u00a0").address == "ada@example.org"


@pytest.mark.parametrize("domain", ["learning.example", "mail.test", "example.com"])
def test_domains_kept_for_examples_and_tests_are_fine(domain):
    assert normalise(f"ada@{domain}").domain == domain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("ada", "there is no @"),
        ("ada@", "there is nothing after the @"),
        ("@example.org", "there is nothing before the @"),
        ("ada@localhost", "the domain has no dot"),
        ("ada@test", "the domain has no dot"),
        ("a@b.org, c@d.org", "more than one @"),
        ("ada@@example.org", "more than one @"),
        ("ada@example.org\r\nRCPT TO:<eve@evil.example>", "control character U+000D"),
        ("ada@example.org\n", "control character U+000A"),
        ("ada\x00@example.org", "control character U+0000"),
        ("ada\x7f@example.org", "control character U+007F"),
        ("ada\u2028@example.org", "control character U+2028"),
        ("ada\ud800@example.org", "control character U+D800"),
        ("jürgen@example.org", "letters outside ASCII before the @"),
        ("ada lovelace@example.org", "SPACE"),
        ('"ada"@example.org', "quoting"),
        ("ada@[192.0.2.1]", "bracketed IP address"),
        ("ada@192.0.2.1", "top-level domain"),
        ("ada@host.local", "special-use"),
        ("ada@ex_ample.org", "invalid characters"),
        ("ada.@example.org", "period"),
        (".ada@example.org", "period"),
        ("ada@example..org", "two periods"),
        ("ada@-example.org", "hyphen"),
        ("<ada@example.org>", "angle brackets"),
        (f"{'a' * 250}@example.org", "it has 262 characters; 254 are allowed"),
    ],
)
def test_what_is_wrong_is_said_in_a_clause(text, expected):
    found = reason(text)
    assert expected.lower() in found.lower()
    assert not found.endswith(".")


def test_the_reason_does_not_repeat_the_address():
    assert "secret-person" not in reason("secret-person@example")


def test_the_longest_address_is_accepted():
    domain = ".".join(["d" * 60] * 3) + ".org"
    longest = "a" * (MAX_CHARACTERS - len(domain) - 1) + "@" + domain
    assert normalise(longest).address == longest


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("The Learning Machine <news@learning.example>", "The Learning Machine", "news@learning.example"),
        ("news@learning.example", "", "news@learning.example"),
        ("<news@learning.example>", "", "news@learning.example"),
        ('"Lovelace, Ada" <ada@example.org>', "Lovelace, Ada", "ada@example.org"),
        (r'"Ada \"Countess\" L." <ada@example.org>', 'Ada "Countess" L.', "ada@example.org"),
        ("Sophia Martín<sophia@example.org>", "Sophia Martín", "sophia@example.org"),
        ("Ada (Analyst) <ada@example.org> ", "Ada (Analyst)", "ada@example.org"),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text, name, address):
    assert parse_mailbox(text) == Mailbox(name=name, address=normalise(address))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lovelace, Ada <ada@example.org>", "quotation marks"),
        ("eve@evil.example <ada@example.org>", "quotation marks"),
        ("Ada <ada@example.org>, Eve <eve@example.org>", "quotation marks"),
        ("Ada\r\nBcc: eve@example.org <ada@example.org>", "control character U+000D"),
        ('"Ada\n" <ada@example.org>', "control character U+000A"),
        ("Ada <ada@example.org", "close angle bracket"),
        ("Ada <>", "it is empty"),
        ("Ada <<ada@example.org>>", "invalid characters"),
    ],
)
def test_a_mailbox_that_means_two_things_is_refused(text, expected):
    with pytest.raises(AddressError, match=re.escape(expected)):
        parse_mailbox(text)


def writable(text):
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


@given(st.text() | st.from_regex(r"\A[^@]{1,20}@[^@]{1,20}\Z") | st.emails())
@example("ada@example.org\r\nDATA")
@example("a@\u0338b.org")
@example("a@\uff0e.org")
def test_any_text_is_a_clean_address_or_an_address_error(text):
    try:
        read = normalise(text)
    except AddressError:
        return
    assert read.address.isascii()
    assert read.address.isprintable()
    assert not set(read.address) & set(' ,;<>()"')
    assert len(read.address) <= MAX_CHARACTERS
    assert read.address.count("@") == 1
    assert read.identity == unicodedata.normalize("NFKC", read.address).casefold()
    assert normalise(read.address) == read
    assert normalise(read.identity).identity == read.identity


@given(st.text() | st.builds("{} <{}>".format, st.text(), st.emails()))
def test_any_text_is_a_clean_mailbox_or_an_address_error(text):
    try:
        mailbox = parse_mailbox(text)
    except AddressError:
        return
    assert writable(mailbox.name)
    assert mailbox.address == normalise(mailbox.address.address)


def plain_addresses():
    local = st.text(ATEXT, min_size=1, max_size=80)
    label = st.text("abZ09-", min_size=1, max_size=70)
    domain = st.lists(label, min_size=1, max_size=5).map(".".join)
    ending = st.sampled_from(["", ".org", ".test", ".local", ".1com", ".co1", "."])
    return st.builds("{}@{}{}".format, local, domain, ending)


@given(plain_addresses() | st.emails())
@example("x@arpa.example.org")
@example("INFO@example.org")
@example("a@ab--cd.org")
def test_the_quick_way_for_plain_addresses_judges_as_the_library_does(text):
    try:
        expected = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        expected = None
    if expected is None or "." not in str(expected.ascii_domain):
        with pytest.raises(AddressError):
            normalise(text)
        return
    assert normalise(text).domain == expected.ascii_domain
    assert normalise(text).identity == str(expected.ascii_email).casefold()
