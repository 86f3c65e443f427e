"""What an import tells of whom it left as they were."""

from __future__ import annotations


def importing(desk, postroom, text: str):
    desk.write("people.csv", text)
    return postroom("subscribers", "import", str(desk.folder / "people.csv"), "--list", "weekly")


def on_the_list(postroom) -> str:
    return postroom("subscribers", "list", "--list", "weekly").told


def test_whoever_has_left_by_the_file_and_is_on_the_list_is_named_with_the_cure(desk, postroom) -> None:
    assert importing(desk, postroom, "email\nada@example.org\nbea@example.org\n").code == 0
    news = "email,status\nAda@example.org,unsubscribed\nbea@example.org,active\nnew@example.org,bounced\n"
    answer = importing(desk, postroom, news)
    assert answer.code == 1
    assert "1 person who has left, or may have, is on the list 'weekly', and will get mail" in answer.told
    assert answer.err.rstrip().endswith("postroom suppress ada@example.org")
    assert "new@example.org" not in on_the_list(postroom)
    assert postroom("suppress", "ada@example.org").code == 0
    again = importing(desk, postroom, news)
    assert (again.code, "WARNING" in again.told) == (0, False)


def test_an_import_never_lets_anybody_who_was_suppressed_be_written_to_again(desk, postroom) -> None:
    importing(desk, postroom, "email\nada@example.org\n")
    postroom("suppress", "ada@example.org")
    assert "1 of these suppressed" in importing(desk, postroom, "email\nada@example.org\n").told
    assert "ada@example.org" in postroom("suppress", "--list").told


def test_whoever_is_known_stays_as_they_are_and_that_is_said(desk, postroom) -> None:
    importing(desk, postroom, "email,name\nada@example.org,Ada\n")
    answer = importing(desk, postroom, "email,name\nada@example.org,Ada Lovelace\n")
    assert "0 added, 1 known already (their data is unchanged)" in answer.told
    assert "Lovelace" not in on_the_list(postroom)


def test_many_who_have_left_are_counted_beyond_those_that_are_named(desk, postroom) -> None:
    people = [f"p{number}@example.org" for number in range(60)]
    importing(desk, postroom, "\n".join(["email", *people]))
    answer = importing(desk, postroom, "\n".join(["email,status", *(f"{each},cleaned" for each in people)]))
    assert "60 people who have left, or may have, are on the list" in answer.told
    assert "and 10 more: import again to see them" in answer.told
