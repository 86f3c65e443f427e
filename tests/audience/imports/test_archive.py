"""Claims about the ZIP that Mailchimp exports, and about ZIPs that are none or mean harm."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.audience import Rejection, imports
from postroom.errors import AudienceError
from postroom.model import Consent

# As Mailchimp's exports of 2024 to 2026 have them; names and addresses are made up.
HEAD = (
    '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,GMTOFF,'
    "DSTOFF,TIMEZONE,CC,REGION,LANGUAGE,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
SUBSCRIBED = f'''{HEAD}
ada@example.org,Ada,Lovelace,2,"2024-06-25 09:20:00",192.0.2.1,"2024-06-25 09:26:27",192.0.2.7,1,2,Europe/Zurich,ch,zh,\
de,"2025-12-01 10:00:00",623251270,4c2de1441f,,"""GTM - 11/20"",""Expo, 2026"""
nobody,,,2,,,,,,,,,,,,,,,
'''
UNSUBSCRIBED = (
    f"{HEAD},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\n"
    'bea@example.org,Bea,B,2,"2024-06-25 09:20:00",,,,,,,,,,,,,,,'
    '"2025-01-01 08:00:00",News,1,"NORMAL: did not want",\n'
)
CLEANED = f"{HEAD},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID\ncyd@example.org{',' * 21}\n"
NONSUBSCRIBED = f"{HEAD}\ndan@example.org{',' * 18}\n"
EXPORT = {
    "audience_export_1a/subscribed_email_audience_export_1a.csv": SUBSCRIBED,
    "audience_export_1a/unsubscribed_email_audience_export_1a.csv": UNSUBSCRIBED,
    "audience_export_1a/cleaned_email_audience_export_1a.csv": CLEANED,
    "audience_export_1a/nonsubscribed_email_audience_export_1a.csv": NONSUBSCRIBED,
    "audience_export_1a/sms_only_audience_export_1a.csv": "Phone\n1\n",
}


def refused(path) -> str:
    with pytest.raises(AudienceError) as caught:
        imports.count(path, "export.zip")
    return str(caught.value)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folder", ["", "audience_export_1a/"])
def test_everybody_has_the_state_of_their_file(zipped, read, packed: int, folder: str) -> None:
    found = read(zipped({folder + name.rpartition("/")[2]: text for name, text in EXPORT.items()}, packed))
    assert [
        (each.recipient.address, each.state.value) for each in found if not isinstance(each, Rejection)
    ] == [
        ("ada@example.org", "confirmed"),
        ("bea@example.org", "unsubscribed"),
        ("cyd@example.org", "bounced"),
        ("dan@example.org", "unconfirmed"),
    ]


def test_consent_tags_language_and_all_columns_are_kept(zipped, read) -> None:
    ada, *_ = read(zipped(EXPORT))
    assert ada.consent == Consent(at=datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC), source="192.0.2.7")
    assert (ada.tags, ada.language) == (("GTM - 11/20", "Expo, 2026"), "de")
    assert (
        ada.recipient.merge.items()
        >= {"first_name": "Ada", "member_rating": "2", "timezone": "Europe/Zurich"}.items()
    )


def test_a_bad_row_names_its_file_and_keeps_its_state(zipped, read) -> None:
    (bad,) = [each for each in read(zipped(EXPORT)) if isinstance(each, Rejection)]
    assert (bad.within, bad.line) == ("subscribed_email_audience_export_1a.csv", 3)
    assert bad.row["status"] == "confirmed"


def test_a_column_called_status_is_about_something_else(zipped, read) -> None:
    text = "Email Address,Status\nada@example.org,VIP\n"
    (ada,) = read(zipped({"subscribed_members_export_1.csv": text}))
    assert (ada.state, ada.recipient.merge["status_2"]) == ("confirmed", "VIP")


def test_a_mapping_needs_its_column_in_one_of_the_files(zipped, read) -> None:
    path = zipped(EXPORT)
    _, _, bea, *_ = read(path, {"UNSUB_REASON": "why they left"})
    assert bea.recipient.merge["why_they_left"] == "NORMAL: did not want"
    with pytest.raises(AudienceError, match='no column "UNSUB_REASN"; did you mean "UNSUB_REASON"'):
        imports.members(path, "export.zip", {"UNSUB_REASN": "why"})


def test_an_empty_table_is_passed_over(zipped, read) -> None:
    found = read(zipped({**EXPORT, "audience_export_1a/cleaned_email_audience_export_1a.csv": ""}))
    assert len(found) == 4


# --- ZIPs that are none, or mean harm


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "this ZIP is no export of Mailchimp"),
        ({"people.csv": "email\na@example.org\n"}, "this ZIP is no export of Mailchimp"),
        ({"xl/workbook.xml": "<x/>"}, "this is a workbook; save its sheet as CSV"),
        ({**EXPORT, "../evil.csv": "x"}, "it holds ../evil.csv, a path out of the ZIP"),
        ({**EXPORT, "/etc/evil.csv": "x"}, "it holds /etc/evil.csv, a path out of the ZIP"),
        ({"a/../subscribed_x.csv": "email\n"}, "a path out of the ZIP"),
        ({**EXPORT, "inner.ZIP": "PK"}, "it holds inner.ZIP, a ZIP in the ZIP; unpack it"),
        (
            {"subscribed_x.csv": "First Name\nAda\n"},
            'export.zip/subscribed_x.csv:1: there is no column "email"',
        ),
        (
            {f"{number}/subscribed_x.csv": "email\n" for number in range(21)},
            "it holds 21 exports; at most 20",
        ),
    ],
)
def test_a_zip_that_is_no_export_is_refused_with_the_cure(zipped, files, why: str) -> None:
    assert why in refused(zipped(files))


def test_a_bomb_is_refused_before_it_is_unpacked(zipped) -> None:
    path = zipped({"subscribed_x.csv": b"email\n" + b"\n" * (64 << 20)})
    assert "it would unpack to 67,108,870 bytes, more than 100 times its size" in refused(path)


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_says(zipped) -> None:
    path = zipped({"subscribed_x.csv": b"email\n" + b"a@example.org\n" * (1 << 20)})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1000)
    path.write_bytes(content)
    tracemalloc.start()
    assert "it is damaged" in refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_an_encrypted_file_is_refused_with_the_cure(zipped) -> None:
    path = zipped(EXPORT)
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    path.write_bytes(content)
    assert "it is encrypted; unpack the ZIP with its password" in refused(path)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_way_of_packing_that_may_ask_for_any_memory_is_refused(zipped, packed: int) -> None:
    assert "packed in a way that is not known here" in refused(zipped(EXPORT, packed))


def test_a_directory_of_countless_files_is_not_read(zipped, tmp_path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number:0100}.txt", b"")
    path = tmp_path / "many.zip"
    path.write_bytes(stream.getvalue())
    assert refused(path) == "export.zip: it holds too many files; put the export's alone in a ZIP"


@pytest.mark.parametrize("keep", [10, 200, -30])
def test_a_zip_that_is_cut_off_is_refused(zipped, keep: int) -> None:
    path = zipped(EXPORT)
    path.write_bytes(path.read_bytes()[:keep])
    assert "the ZIP is damaged or cut off" in refused(path)


def test_a_damaged_table_is_refused_by_its_name(zipped) -> None:
    path = zipped(EXPORT, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"Lovelace", b"Loveless"))
    assert "export.zip/subscribed_email_audience_export_1a.csv: it is damaged" in refused(path)


def test_nothing_is_unpacked_to_disk(zipped, read, tmp_path, monkeypatch) -> None:
    path = zipped(EXPORT)
    monkeypatch.chdir(tmp_path)
    read(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["export.zip"]


@example([(0.99609375, 1)], False)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_zip_with_any_byte_changed_is_read_or_refused(tmp_path_factory, changes, is_packed: bool) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED) as archive:
        archive.writestr("x/subscribed_é.csv", "email\n")
        archive.writestr("x/subscribed_x.csv", SUBSCRIBED)
    content = bytearray(stream.getvalue())
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path_factory.getbasetemp() / "changed.zip"
    path.write_bytes(content)
    with suppress(AudienceError):
        assert imports.count(path, "changed.zip").total <= 10
