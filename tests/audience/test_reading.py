"""Claims about reading an audience: every row accounted for, whatever the file is like."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import Rejection, columns, count, digest, rows
from postroom.errors import AudienceError
from postroom.model import Recipient

SHOWN = "people/subscribers.csv"


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "subscribers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(path):
    return list(rows(path, SHOWN))


def addresses(path):
    return [row.address for row in read(path) if isinstance(row, Recipient)]


def rejections(path):
    return {row.line: row.why for row in read(path) if isinstance(row, Rejection)}


def unusable(path):
    with pytest.raises(AudienceError) as caught:
        rows(path, SHOWN)
    return str(caught.value)


# --- what a row becomes


def test_a_row_becomes_a_recipient_with_its_columns_as_merge_fields(file):
    path = file("email,name,Favourite Colour,language\nAda@Example.ORG,Ada Lovelace,green,en-GB\n")
    assert read(path) == [
        Recipient(
            address="Ada@example.org",
            identity="ada@example.org",
            domain="example.org",
            name="Ada Lovelace",
            merge={
                "name": "Ada Lovelace",
                "first_name": "Ada",
                "favourite_colour": "green",
                "language": "en-GB",
            },
        )
    ]


def test_columns_are_the_merge_fields_every_recipient_has(file):
    path = file("Name;E-Mail;Größe (cm);2nd Name;;Größe (cm)\nAda;ada@example.org;170;;x;y\n")
    named = columns(path, SHOWN)
    assert named == ("name", "first_name", "groe_cm", "nd_name", "column_5", "groe_cm_2")
    (ada,) = read(path)
    assert set(ada.merge) == set(named)


@pytest.mark.parametrize(
    "title", ["email", "Email", "E-MAIL", "e-mail", "Email Address", " email ", "e_mail_address"]
)
def test_the_address_column_has_several_names(file, title):
    assert addresses(file(f"name,{title}\nAda,ada@example.org\n")) == ["ada@example.org"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada Lovelace", "Ada"),
        ('"Lovelace, Ada"', "Ada"),
        ("Dr. Ada Lovelace", "Ada"),
        ("  José   Ángel Núñez ", "José"),
        ("Plato", "Plato"),
        ("", ""),
        ("Dr.", ""),
        ('"Ada\r\nLovelace"', "Ada"),
    ],
)
def test_a_first_name_is_drawn_from_the_name(file, name, first):
    (row,) = read(file(f"email,name\nada@example.org,{name}\n"))
    assert row.merge["first_name"] == first
    assert "\n" not in row.name
    assert "  " not in row.name


def test_a_first_name_of_its_own_wins(file):
    (row,) = read(file("email,name,First Name\nada@example.org,Augusta Ada King,Ada\n"))
    assert row.merge["first_name"] == "Ada"


def test_a_file_of_addresses_alone_is_an_audience(file):
    path = file("email\nada@example.org\nalan@example.org")
    assert addresses(path) == ["ada@example.org", "alan@example.org"]
    assert columns(path, SHOWN) == ("name", "first_name")


def test_the_same_person_twice_is_two_rows_of_one_identity(file):
    first, second = read(file("email\nAda@example.org\nada@EXAMPLE.org\n"))
    assert first.identity == second.identity


# --- forms of the file


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_line_ends_and_delimiters_are_found_out(file, encoding, end, delimiter):
    text = f"email,name{end}ada@example.org,Zoë Ångström{end}bad{end}".replace(",", delimiter)
    zoe, bad = read(file(text.encode(encoding)))
    assert zoe.name == "Zoë Ångström"
    assert bad.line == 3


def test_a_file_glued_from_two_encodings_keeps_all_its_accents(file):
    path = file("email,name\na@example.org,Zoë\n".encode() + "b@example.org,Renée’s\n".encode("cp1252"))
    assert [row.name for row in read(path)] == ["Zoë", "Renée’s"]


def test_a_comma_in_a_title_does_not_outvote_the_delimiter(file):
    path = file('"name, given";email;city, country, planet\nAda;ada@example.org;London\n')
    assert addresses(path) == ["ada@example.org"]


def test_blank_rows_are_no_rows_and_lines_count_as_in_an_editor(file):
    path = file('\n\nemail,name\n\n,\n"ada@example.org","Ada\nKing\nLovelace"\n  ,\nnobody,x\n')
    assert addresses(path) == ["ada@example.org"]
    assert list(rejections(path)) == [10]
    assert count(path, SHOWN) == 2


def test_empty_cells_beyond_the_header_are_ignored(file):
    assert addresses(file("email,name\nada@example.org,Ada,,\n")) == ["ada@example.org"]


# --- bad rows


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b"nobody,Ada,x", "no mail address: there is no @"),
        (b",Ada,x", "no mail address: it is empty"),
        (b"ada@example,Ada,x", "the domain has no dot"),
        (b'"ada@example.org\r\nRCPT TO:<eve@example.org>",Ada,x', "control character U+000D"),
        (b"ada@example.org,Ada", "2 cells where the header has 3"),
        (b"ada@example.org,Lovelace, Ada,x", "4 cells where the header has 3"),
        (b"ada@example.org,A\x00da,x", "the cell name holds the control character U+0000"),
        (b"ada@example.org,Ada,\x1b[2J", "the cell status holds the control character U+001B"),
        (b"ada@example.org,Ada,Unsubscribed", "unsubscribed in the file"),
        (b"ada@example.org,Ada,bounced", "bounced in the file"),
        (b"ada@example.org,Ada,CLEANED", "cleaned in the file"),
        (b"ada@example.org,Ada,complained ", "complained in the file"),
        (b'ada@example.org,"Ada "Countess" L.",x', "quotation mark"),
        (b"ada@example.org,Ada," + b"x" * 131_073, "longer than 50 lines or 131,072 characters"),
        (b"ada@example.org,Ada," + b"x" * 3_000_000, "longer than 50 lines or 131,072 characters"),
        (b'ada@example.org,Ada,"' + b"x\n" * 60 + b'"', "longer than 50 lines"),
    ],
)
def test_a_bad_row_is_rejected_by_its_line_and_harms_no_other(file, row, why):
    path = file(b"email,name,status\nfirst@example.org,F,\n" + row + b"\nlast@example.org,L,\n")
    read_rows = addresses(path)
    assert read_rows[0] == "first@example.org"
    assert read_rows[-1] == "last@example.org"
    assert why in rejections(path)[3]
    assert count(path, SHOWN) == len(read(path))


@pytest.mark.parametrize(
    "word",
    [
        *(
            "opt-out",
            "opted_out",
            "Opted Out",
            "unsubscribe",
            "inactive",
            "do not mail",
            "DO_NOT_MAIL",
            "pending",
        ),
        *("unconfirmed", "deleted", "spam", "blocked", "complained", "cleaned", "Abgemeldet", "gelöscht"),
        *("Désabonné", "de\u0301sinscrit", "dado de baja", "no", "0", "Never-Subscribed"),
    ],
)
def test_whoever_opted_out_in_any_words_is_left_out(file, word):
    path = file(f"email,status\nada@example.org,{word}\nbea@example.org,active\n")
    assert rejections(path) == {2: f"{word.casefold()} in the file"}
    assert addresses(path) == ["bea@example.org"]


@pytest.mark.parametrize("word", ["please no more", "asked to leave", "?", "-", "kündigte", "退订"])
def test_a_status_that_is_not_known_gets_no_mail_and_a_word_how_to_mend_it(file, word):
    path = file(f"email,status\nada@example.org,{word}\n")
    assert addresses(path) == []
    assert f'the status "{word}"' in rejections(path)[2]
    assert "write subscribed or unsubscribed" in rejections(path)[2]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "",
            "Subscribed",
            "ACTIVE",
            "confirmed",
            "enabled",
            "yes",
            "Opted-In",
            "double_opt_in",
            "true",
            "1",
        ),
        *("Aktiv", "bestätigt", "abonnée", "Inscrit", "suscrito", "sí"),
    ],
)
def test_whoever_is_subscribed_in_any_words_gets_mail(file, word):
    assert rejections(file(f"email,status\nada@example.org,{word}\n")) == {}


def test_a_state_may_be_a_place_and_still_says_who_is_gone(file):
    path = file("email,state\nada@example.org,CA\nbea@example.org,opted_out\n")
    assert addresses(path) == ["ada@example.org"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("Opt-Out", "x"), ("do_not_mail", "1"), ("subscribed", "no"), ("email_status", "spam")],
)
def test_other_columns_that_say_who_left_are_obeyed(file, column, value):
    assert addresses(file(f"email,{column}\nada@example.org,{value}\n")) == []


@pytest.mark.parametrize(
    ("value", "gone"), [("yes", True), ("2026-01-02", True), ("no", False), ("", False), ("0", False)]
)
def test_a_column_named_unsubscribed_is_obeyed(file, value, gone):
    path = file(f"email,Unsubscribed\nada@example.org,{value}\n")
    assert list(rejections(path).values()) == (["unsubscribed in the file"] if gone else [])


def test_an_unclosed_quotation_mark_costs_one_row_and_not_the_rest(file):
    people = [f"p{number}@example.org,Person {number}" for number in range(500)]
    people[3] = 'p3@example.org,"Person 3'
    path = file("email,name\n" + "\n".join(people))
    assert addresses(path) == [f"p{number}@example.org" for number in range(500) if number != 3]
    assert list(rejections(path)) == [5]


def test_an_unclosed_quotation_mark_near_the_end_costs_one_row(file):
    path = file('email,name\na@example.org,"A\nb@example.org,B\nc@example.org,C')
    assert addresses(path) == ["b@example.org", "c@example.org"]


def test_many_unclosed_quotation_marks_are_each_told(file):
    path = file("email,name\n" + 'x@example.org,"x\n' * 301)
    told = rejections(path)
    assert all("quotation mark" in why for why in told.values())
    assert count(path, SHOWN) == len(read(path))


def test_a_line_without_end_is_dropped_and_the_next_is_read(file):
    path = file(b'email,name\na@example.org,"' + b"y" * (5 << 20) + b"\nb@example.org,B\n")
    assert addresses(path) == ["b@example.org"]
    assert list(rejections(path)) == [2]


# --- files that cannot be used


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", f"{SHOWN}:1: the file is empty"),
        ("\n \n,,\n", f"{SHOWN}:1: the file is empty"),
        ("emial,name\n", f'{SHOWN}:1: there is no column "email" among emial, name; did you mean "emial"?'),
        ("\nname,city\n", f'{SHOWN}:2: there is no column "email" among name, city; add it'),
        ("ada@example.org,Ada\n", f"{SHOWN}:1: the first line must name the columns"),
        ("email,E-Mail\n", f'{SHOWN}:1: the columns "email" and "E-Mail" both hold the address'),
        ('email,"name\n', f"{SHOWN}:1: the columns cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_how_to_mend_it(file, content, message):
    assert unusable(file(content)).startswith(message)


def test_a_missing_file_offers_the_nearest_name(file, tmp_path):
    file("email\n")
    assert unusable(tmp_path / "subcribers.csv") == (
        f'{SHOWN}: there is no such file; did you mean "subscribers.csv"? '
        "Create it, or correct `file:` in config.yaml"
    )


def test_a_folder_is_no_audience(tmp_path):
    assert unusable(tmp_path) == f"{SHOWN}: this is a folder; name the CSV file in it"


def test_counting_and_naming_columns_refuse_what_reading_refuses(tmp_path):
    for reader in (count, columns):
        with pytest.raises(AudienceError):
            reader(tmp_path / "none.csv", SHOWN)
    with pytest.raises(AudienceError, match="no such file"):
        digest(tmp_path / "none.csv")


def test_the_digest_follows_the_bytes(file):
    first = digest(file("email\na@example.org\n"))
    assert first == digest(file("email\na@example.org\n"))
    assert first != digest(file("email\nb@example.org\n"))


# --- for all input


@given(content=st.binary(max_size=300) | st.text('ab@.,;"\n\r\t\0é', max_size=300).map(str.encode))
def test_any_bytes_are_read_counted_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"email,name\n" + content)
    try:
        read_rows = read(path)
    except AudienceError:
        return
    assert count(path, SHOWN) == len(read_rows)
    assert all(row.address.isascii() for row in read_rows if isinstance(row, Recipient))
    found = [row.line for row in read_rows if isinstance(row, Rejection)]
    assert found == sorted(set(found))


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8))
def test_what_a_spreadsheet_writes_is_read_row_by_row(tmp_path_factory, cells):
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["email", "name", "note"])
    writer.writerows(["ada@example.org", name, note] for name, note in cells)
    path = tmp_path_factory.getbasetemp() / "sheet.csv"
    path.write_bytes(stream.getvalue().encode("utf-8", "replace"))
    assert count(path, SHOWN) == len(read(path)) == len(cells)
