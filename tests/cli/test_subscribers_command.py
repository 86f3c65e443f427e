"""What an import tells of those whom the ledger knows already."""

from __future__ import annotations


def importing(desk, postroom, text: str, *words: str):
    desk.write("people.csv", text)
    return postroom("subscribers", "import", str(desk.folder / "people.csv"), "--list", "weekly", *words)


def on_the_list(postroom) -> str:
    return postroom("subscribers", "list", "--list", "weekly").told


def test_whoever_may_have_left_by_the_file_and_is_on_the_list_is_named_with_the_cure(desk, postroom) -> None:
    people = [f"{name}@example.org" for name in ("ada", "bea", "cyd")]
    assert importing(desk, postroom, "\n".join(["email", *people])).code == 0
    news = "email,status\nAda@example.org,pending\nbea@example.org,active\ncyd@example.org,who knows\n"
    answer = importing(desk, postroom, news)
    assert answer.code == 1
    assert "2 people who have left, or may have, are on the list 'weekly', and will get mail" in answer.told
    assert answer.err.rstrip().endswith("postroom suppress Ada@example.org cyd@example.org")
    assert postroom("suppress", "ada@example.org", "cyd@example.org").code == 0
    again = importing(desk, postroom, news)
    assert (again.code, "WARNING" in again.told) == (0, False)


def test_whoever_left_by_the_file_is_taken_off_the_list(desk, postroom) -> None:
    importing(desk, postroom, "email\nada@example.org\n")
    answer = importing(
        desk, postroom, "email,status\nAda@example.org,unsubscribed\nnew@example.org,bounced\n"
    )
    assert (answer.code, "1 taken off as unsubscribed" in answer.told) == (0, True)
    assert "@example.org" not in on_the_list(postroom)


def test_an_import_never_lets_anybody_who_was_suppressed_be_written_to_again(desk, postroom) -> None:
    importing(desk, postroom, "email\nada@example.org\n")
    postroom("suppress", "ada@example.org")
    assert "1 of these suppressed" in importing(desk, postroom, "email\nada@example.org\n").told
    assert "ada@example.org" in postroom("suppress", "--list").told


def test_whoever_is_known_stays_as_they_are_unless_the_file_shall_win(desk, postroom) -> None:
    importing(desk, postroom, "email,name\nada@example.org,Ada\n")
    answer = importing(desk, postroom, "email,name,city\nada@example.org,Ada Lovelace,Bern\n")
    assert "0 added, 1 on it already, 1 known before, of whom more is kept now" in answer.told
    assert "Lovelace" not in on_the_list(postroom)
    assert "city: Bern" in postroom("subscribers", "show", "ada@example.org").told
    importing(desk, postroom, "email,name\nada@example.org,Ada Lovelace\n", "--update")
    assert "Lovelace" in on_the_list(postroom)


def test_many_who_have_left_are_counted_beyond_those_that_are_named(desk, postroom) -> None:
    people = [f"p{number}@example.org" for number in range(60)]
    importing(desk, postroom, "\n".join(["email", *people]))
    answer = importing(desk, postroom, "\n".join(["email,status", *(f"{each},pending" for each in people)]))
    assert "60 people who have left, or may have, are on the list" in answer.told
    assert "and 10 more: import again to see them" in answer.told
