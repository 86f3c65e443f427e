from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.errors import TemplateError
from postroom.lint.linkedin import commentary, parse
from postroom.lint.post import compare
from postroom.model import (
    Article,
    Asset,
    Brand,
    Channel,
    ImageRef,
    LinkMode,
    Manuscript,
    Palette,
    Post,
    Publication,
    Severity,
)
from postroom.render import Templates, render_post

GOLDEN = Path(__file__).parents[1] / "golden" / "linkedin"
VARIANTS = ("card", "hook", "longform", "question", "takeaways")
SHIPPED = Templates([], Path())

PALETTE = Palette(accent="#0a66c2", background="#fff", surface="#fff", text="#111", muted="#666", line="#ddd")
CHANNEL = Channel(
    name="company",
    kind="linkedin",
    publication=Publication(
        name="The Learning Machine", url="https://learning.example", language="en", timezone="Europe/London"
    ),
    brand=Brand(light=PALETTE, dark=PALETTE, font="serif"),
    variants=(),
    transport="page",
    transport_kind="folder",
    rehearsal=True,
    hashtags=("SRE",),
)
QUEUE = Article(
    id="queue",
    path="queue.md",
    file="articles/queue.md",
    source=Path("/articles/queue.md"),
    title="Your queue is not slow: twelve incidents and the four lines of code that caused them",
    subtitle="What twelve incidents had in common",
    description="A worker that acknowledges too early loses jobs; one that does so too late repeats them.",
    body_line=9,
    body_hash="",
    source_hash="",
    image=ImageRef(src="queue.png", alt="Jobs waiting in a line"),
    cta="Follow us on LinkedIn. Tell us what your on-call team alerts on.",
    tags=("Python", "distributed systems", "message queues"),
    url="https://learning.example/articles/queue",
    lines={"title": 2, "social": 8},
)
HERO = Asset(
    src="queue.png", url="https://mail.example/q.png", media_type="image/png", width=1200, height=630
)
ALTBAU = replace(
    QUEUE,
    title="Warum die Wärmepumpe im Altbau nicht am Alter scheitert",
    subtitle="Was 310 vermessene Häuser über Heizkörper verraten",
    description="Der Altbau gilt als Feind der Wärmepumpe. Messungen in 310 Häusern zeigen ein anderes Bild.",
    cta="Folgen Sie uns auf LinkedIn. Erzählen Sie uns von Ihrem Haus: Wir rechnen zehn Fälle nach.",
    tags=("Wärmepumpe", "Altbau", "Energie"),
    language="de",
    image=None,
)
ARTICLES = {"queue": QUEUE, "altbau": ALTBAU}


def body_of(name):
    return (GOLDEN / name / "article.md").read_text("utf-8")


def rendered(variant, article=QUEUE, body=None, channel=CHANNEL, templates=SHIPPED):
    text = body_of("queue") if body is None else body
    manuscript = Manuscript(article=article, body=text, images={"queue.png": HERO})
    return render_post(manuscript, channel, variant, templates)


def post_of(variant, **changes):
    content = rendered(variant, **changes).content
    assert isinstance(content, Post)
    return content


def rules(result):
    return {finding.rule for finding in result.findings}


def told(post):
    """Write a post as its golden file shows it."""
    card = post.card
    return f"{post.parts[0]}\n\n----\n{card.title}\n{card.description}\n{card.url}\n"


# -- what comes out


@pytest.mark.parametrize("name", ARTICLES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_posts_are_as_reviewed(name, variant):
    post = post_of(variant, article=ARTICLES[name], body=body_of(name))
    golden = GOLDEN / name / f"{variant}.txt"
    assert told(post) == golden.read_text("utf-8"), f"if the new post is better, write it to {golden}"


@pytest.mark.parametrize("name", ARTICLES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_posts_of_a_good_article_have_no_errors(name, variant):
    findings = rendered(variant, article=ARTICLES[name], body=body_of(name)).findings
    assert [each for each in findings if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize("name", ARTICLES)
def test_variants_of_a_good_article_differ(name):
    posts = {each: post_of(each, article=ARTICLES[name], body=body_of(name)) for each in VARIANTS}
    assert list(compare(posts, article=ARTICLES[name])) == []
    assert len({post.parts[0].split("\n")[0] for post in posts.values()}) >= 4


def test_the_same_input_gives_the_same_post():
    assert rendered("longform") == rendered("longform", templates=Templates([], Path()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_sentence_is_the_articles_own(variant):
    source = " ".join(
        f"{body_of('queue')} {QUEUE.title} {QUEUE.subtitle} {QUEUE.description} {QUEUE.cta}".split()
    )
    plain = source.replace("`", "").replace("*", "").replace("## ", "")
    text = post_of(variant).parts[0].rsplit("\n\n", 1)[0]
    for sentence in text.replace("• ", "").replace(": ", "\n").replace(". ", ".\n").split("\n"):
        assert sentence.strip() in plain


def test_hashtags_close_the_post_in_camel_case():
    post = post_of("hook")
    assert post.hashtags == ("SRE", "Python", "DistributedSystems", "MessageQueues")
    assert post.parts[0].endswith("\n\n#SRE #Python #DistributedSystems #MessageQueues")


def test_nobody_is_asked_on_linkedin_to_follow_on_linkedin():
    text = post_of("hook").parts[0]
    assert "LinkedIn" not in text
    assert "Tell us what your on-call team alerts on." in text


def test_a_post_speaks_the_articles_language():
    assert post_of("hook", article=ALTBAU, body=body_of("altbau")).language == "de"
    assert post_of("hook").language == "en"


# -- the link


def test_a_card_carries_the_link_the_image_and_a_title_that_shows():
    card = post_of("hook").card
    assert (card.url, card.title) == (QUEUE.url, "Your queue is not slow")
    assert card.description == QUEUE.subtitle
    assert (card.image, card.image_alt) == (HERO, "Jobs waiting in a line")


def test_a_link_in_the_body_stands_before_the_hashtags():
    post = post_of("hook", channel=replace(CHANNEL, link=LinkMode.BODY))
    assert post.card is None
    assert post.parts[0].split("\n\n")[-2] == QUEUE.url
    assert post.parts[0].count("https://") == 1


def test_a_link_may_be_the_first_comment():
    post = post_of("hook", channel=replace(CHANNEL, link=LinkMode.FIRST_COMMENT))
    assert post.card is None
    assert post.first_comment.endswith(f"\n{QUEUE.url}")
    assert "https://" not in post.parts[0]


def test_there_may_be_no_link():
    post = post_of("hook", channel=replace(CHANNEL, link=LinkMode.NONE))
    assert (post.card, post.first_comment) == (None, None)
    assert "https://" not in post.parts[0]


def test_the_card_variant_has_its_card_whatever_the_channel_says():
    assert post_of("card", channel=replace(CHANNEL, link=LinkMode.NONE)).card is not None


def test_an_article_without_an_address_is_an_error():
    result = rendered("hook", article=replace(QUEUE, url=None))
    assert "link-missing" in rules(result)
    assert result.content.card is None


# -- what an article cannot feed


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_empty_article_feeds_no_variant(variant):
    article = replace(QUEUE, description="", subtitle="", title="Bread")
    result = rendered(variant, article=article, body="")
    assert rules(result) == {"variant-unfed"}
    assert result.content.parts == ("",)


def test_an_unfed_variant_names_the_cure():
    finding = rendered("takeaways", body="One bread.").findings[0]
    assert finding.severity is Severity.WARNING
    assert str(finding).startswith("articles/queue.md:8: LinkedIn takeaways: the article cannot feed it")
    assert "add `social.linkedin.takeaways` (three to seven points)" in finding.message


GIVEN = {"hook": "Given hook.", "takeaways": ("One point.", "Two.", "Three."), "question": "Given, is it?"}


@pytest.mark.parametrize("key", ["company", "linkedin"])
def test_the_front_matter_feeds_a_variant(key):
    article = replace(QUEUE, social={key: {**GIVEN, "longform": "Given story.", "card": "Given card."}})
    first = {each: post_of(each, article=article, body="").parts[0] for each in VARIANTS}
    assert first["hook"].startswith("Given hook.\n\n")
    assert "• One point.\n• Two.\n• Three." in first["takeaways"]
    assert "\n\nGiven, is it?\n\n#" in first["question"]
    assert first["longform"].startswith("Given story.\n\n")
    assert first["card"].startswith("Given card.\n\n")


def test_letters_in_disguise_are_rewritten_and_told():
    result = rendered("hook", article=replace(QUEUE, social={"linkedin": {"hook": "𝗕𝗼𝗹𝗱 news."}}))
    assert result.content.parts[0].startswith("Bold news.")
    assert "styled-letters" in rules(result)


def test_markdown_in_the_front_matter_is_an_error_with_its_cure():
    result = rendered("hook", article=replace(QUEUE, social={"linkedin": {"hook": "**Bold** news."}}))
    finding = next(each for each in result.findings if each.rule == "post-markdown")
    assert finding.line == 8
    assert "change `social.linkedin.hook`" in finding.message


# -- templates


def with_template(folder, name, text):
    (folder / "linkedin").mkdir()
    (folder / "linkedin" / f"{name}.j2").write_text(text, "utf-8")
    return Templates([folder], folder)


def test_a_new_variant_is_one_file(tmp_path):
    text = "---\nneeds: quotations\nlink: body\nhashtags: 2 to 2\n---\n“{{ quotations[0] }}”\n\n{{ title }}\n"
    templates = with_template(tmp_path, "quote", text)
    assert "quote" in templates.names("linkedin")
    post = post_of("quote", templates=templates)
    assert post.parts[0] == (
        "“A queue does not lose jobs. It keeps promises that we did not read.”\n\n"
        f"{QUEUE.title}\n\n{QUEUE.url}\n\n#SRE #Python"
    )
    assert "hashtag-count" not in rules(rendered("quote", templates=templates))


def test_a_new_variant_can_be_fed_by_the_front_matter(tmp_path):
    templates = with_template(
        tmp_path, "quote", "---\nneeds: quotations\n---\n{{ given.quote or quotations[0] }}\n"
    )
    finding = rendered("quote", body="No quote.", templates=templates).findings[0]
    assert "it quotes nobody in a block; add `social.linkedin.quote`" in finding.message
    article = replace(QUEUE, social={"linkedin": {"quote": "Given quote."}})
    assert (
        post_of("quote", article=article, body="No quote.", templates=templates)
        .parts[0]
        .startswith("Given quote.")
    )


def test_a_variant_may_send_the_image_up(tmp_path):
    templates = with_template(tmp_path, "picture", "---\nimage: hero\n---\n{{ hook }}\n")
    post = post_of("picture", templates=templates)
    assert (post.images[0].asset, post.images[0].alt) == (HERO, "Jobs waiting in a line")
    assert post.card is None
    assert post.parts[0].count(QUEUE.url) == 1
    without = rendered("picture", article=replace(QUEUE, image=None), templates=templates)
    assert rules(without) == {"variant-unfed"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("---\nlnk: card\n---\nx", 2, "did you mean 'link'"),
        ("---\nlink: card\nneeds: takeaway\n---\nx", None, "there is no 'takeaway'"),
        ("---\nlink: yes\n---\nx", 2, "card, body, first_comment, none"),
        ("{{ hok }}", 1, "did you mean 'hook'"),
        ("{% if %}", 1, "Expected an expression"),
    ],
)
def test_a_faulty_template_is_named_with_its_line(tmp_path, text, line, message):
    templates = with_template(tmp_path, "hook", text)
    with pytest.raises(TemplateError, match=message) as caught:
        rendered("hook", templates=templates)
    assert (caught.value.finding.file, caught.value.finding.line) == ("linkedin/hook.j2", line)


def test_an_unknown_variant_offers_the_nearest():
    with pytest.raises(TemplateError, match="linkedin/takeaways"):
        rendered("takeaway")


# -- for all input

PIECES = st.sampled_from(
    [
        *(
            "Thin margins kill bakeries. ",
            "But why? ",
            "Rye is 40% cheaper (e.g. here). ",
            "Word ",
            "本は売れた。",
            "🚀 ",
        ),
        *(
            "\n\n",
            "\n",
            "## ",
            "- ",
            "> ",
            "```\n",
            "**",
            "_",
            "`",
            "[a](b) ",
            "<b>",
            "{{ x }} ",
            "https://x.example ",
        ),
        *("|", "#", "@", "\\", "“", "\u200b", "𝗕", "\t", "e\u0301"),
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(PIECES, max_size=40), st.sampled_from(VARIANTS), st.sampled_from(list(LinkMode)))
def test_any_body_gives_a_post_within_the_limits_or_says_why_not(pieces, variant, link):
    result = rendered(variant, body="".join(pieces), channel=replace(CHANNEL, link=link))
    text = result.content.parts[0]
    assert len(text) <= 3_000
    assert text == text.strip()
    assert parse(commentary(text, result.content.hashtags)) == text
    assert rules(result) <= {"variant-unfed"} or text
    errors = {each.rule for each in result.findings if each.severity is Severity.ERROR}
    assert errors <= {"variant-unfed", "list-length", "post-markdown"}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.sampled_from(VARIANTS))
def test_a_long_article_is_cut_at_a_sentence(times, variant):
    body = body_of("queue") * times
    text = post_of(variant, article=replace(QUEUE, description="Bread (is rye). " * 300), body=body).parts[0]
    assert len(text) <= 3_000
    assert "is rye)\n" not in text
