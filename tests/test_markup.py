"""Markdown becomes HTML in one place, and nothing hostile gets through it (SEC-5)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from recruitcms.markup import plain_text, render_markdown, split_by_headings, with_whole_addresses

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "<a href='java\tscript:alert(1)'>a</a>",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:msgbox)",
    "<style>*{display:none}</style>",
    "<form action='https://evil.example'><input name=password></form>",
    "<base href='https://evil.example/'>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>a</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<p style='position:fixed'>a</p>",
    "<div id=main>clobber</div>",
    "<b><i></b></i><ul><li></p></ul></div></div>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<a href='//evil.example'>a</a>",
    "<a href='/\\evil.example'>a</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]
FORBIDDEN = ["<script", "onerror", "javascript:", "vbscript:", "data:", "<style", "<form", "<input", "<base", "<svg"]
FORBIDDEN += ["<iframe", "style=", "id=", "<meta", "<math", "//evil.example'", 'href="//', "href='//", "<img", "<div"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_is_neutralised(text):
    html = render_markdown(text).lower()

    assert [word for word in FORBIDDEN if word in html] == []


def test_ordinary_markdown_survives():
    html = render_markdown("A **bold** [link](/roles/) and\n\n- one\n- two\n\n### Title\n\n> quoted")

    assert html.replace("\n", "") == (
        '<p>A <strong>bold</strong> <a href="/roles/">link</a> and</p><ul><li>one</li><li>two</li></ul>'
        "<h3>Title</h3><blockquote><p>quoted</p></blockquote>"
    )


def test_links_that_leave_the_site_are_marked_and_others_are_not():
    html = render_markdown("[out](https://example.com) [in](/roles/) [mail](mailto:a@b.example)")

    assert html == (
        '<p><a rel="noopener nofollow ugc" href="https://example.com">out</a> <a href="/roles/">in</a> '
        '<a href="mailto:a@b.example">mail</a></p>'
    )


def test_words_in_square_brackets_become_fill_in_words():
    html = render_markdown("[Company] leads [four] people, see [this](/x/) and `[code]`.")

    assert html == (
        '<p><mark class="slot">[Company]</mark> leads <mark class="slot">[four]</mark> people, '
        'see <a href="/x/">this</a> and <code>[code]</code>.</p>'
    )


def test_fill_in_words_can_be_left_alone():
    assert render_markdown("[Company]", mark_fill_ins=False) == "<p>[Company]</p>"


def test_a_text_never_brings_a_first_or_second_heading():
    assert render_markdown("# One\n\n## Two\n\n##### Five") == "<h3>One</h3>\n<h3>Two</h3>\n<h4>Five</h4>"


def test_on_a_plain_page_headings_follow_the_title():
    assert (
        render_markdown("# One\n\n### Three\n\n#### Four", heading=2) == "<h2>One</h2>\n<h2>Three</h2>\n<h3>Four</h3>"
    )


def test_tables_name_their_columns():
    assert '<th scope="col">A</th>' in render_markdown("| A |\n|---|\n| 1 |")


def test_threads_do_not_mix_their_texts():
    texts = [f"Text **{number}** with [{number}]" for number in range(200)]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(render_markdown, texts))

    assert together == [render_markdown(text) for text in texts]


def test_plain_text_has_words_and_no_markup():
    assert plain_text("<p>Fish &amp; <b>chips</b></p>") == "Fish & chips"


def test_challenges_are_split_at_their_headings():
    assert split_by_headings("Before\n\n### One\nText\n\n### Two ##\nMore") == [
        ("", "Before\n\n"),
        ("One", "Text"),
        ("Two", "More"),
    ]


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "![" * 10_000 + "]" * 10_000, "![a](" * 4000, "# a\n" * 15_000, "<b " * 20_000, "**a " * 20_000],
    ids=lambda text: text[:5],
)
def test_what_the_converter_would_take_minutes_for_is_shown_as_plain_paragraphs(text):
    html = render_markdown(f"{text}\n\nThe end.", mark_fill_ins=False)

    assert html.endswith("<p>The end.</p>")
    assert plain_text(html).startswith(text[:40].strip())


def test_lists_nested_too_deeply_are_shown_as_plain_paragraphs():
    assert plain_text(render_markdown("1. " * 2000)).startswith("1. 1. 1. ")


def test_a_long_text_and_many_links_are_no_matter():
    html = render_markdown("[word](/roles/) " * 3000 + "word " * 40_000)

    assert html.count("<a ") == 3000


PAGE = "https://northbeam.example/roles/tester/"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "[a](/x/) and [b](</y/> 'Y')",
            "[a](https://northbeam.example/x/) and [b](<https://northbeam.example/y/> 'Y')",
        ),
        ("[a](#pay)", f"[a]({PAGE}#pay)"),
        ("[a][1]\n\n[1]: /x/", "[a][1]\n\n[1]: https://northbeam.example/x/"),
        ('<a href="/x/">a</a>', '<a href="https://northbeam.example/x/">a</a>'),
        ("1. One\n\n    [a](/x/)", "1. One\n\n    [a](https://northbeam.example/x/)"),
    ],
)
def test_links_within_the_site_say_the_whole_address(text, whole):
    assert with_whole_addresses(text, render_markdown(text), PAGE) == whole


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://halden.example/x/) [b](mailto:a@halden.example) [c](//halden.example/)",
        "Write `[a](/x/)` or ``[a](/x/) ` ``.",
        "Code:\n\n    [a](/x/)\n    [b](/y/)\n\nEnd.",
        "```\n[a](/x/)\n\n[b](/y/)\n```",
        r"No link: \[a\](/x/), /x/, (/x/)",
    ],
)
def test_code_and_other_addresses_stay_as_they_are(text):
    assert with_whole_addresses(text, render_markdown(text), PAGE) == text


def test_a_lone_backtick_keeps_no_link_from_its_address():
    text = "A ` alone.\n\n[a](/x/)\n\nAnother `."

    assert "[a](https://northbeam.example/x/)" in with_whole_addresses(text, render_markdown(text), PAGE)
