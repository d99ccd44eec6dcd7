"""Blocks, sentences, and LIX, against values worked out by hand."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recruitcms.quality.checks import level_in_words, reading_level
from recruitcms.quality.reading import blocks, count_words, readability, sentences


def test_markdown_becomes_blocks_without_its_marks():
    text = (
        "### Our **team**\nWe are\n[four] people, see [more](/people/).\n\n- One\n  and more\n1. Two\n\n![alt](a.png)\n"
    )

    assert blocks(text) == ["Our team", "We are four people, see more.", "One and more", "Two", "alt"]


def test_plain_text_is_one_block():
    assert blocks("A note |\n in *two* lines", markdown=False) == ["A note | in *two* lines"]
    assert blocks("  ", markdown=False) == []


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("We use e.g. two of them. Fine.", ["We use e.g. two of them.", "Fine."]),
        ("He said “stop.” Then it ended.", ["He said “stop.”", "Then it ended."]),
        ("Version 3.11 is out.", ["Version 3.11 is out."]),
        ("Duties: routing, DNS.", ["Duties: routing, DNS."]),
        ("Działamy np. w Polsce. Świetnie.", ["Działamy np. w Polsce.", "Świetnie."]),
    ],
)
def test_a_block_has_sentences(block, found):
    assert sentences(block) == found


@pytest.mark.parametrize(
    ("text", "lix"),
    [
        # 4 words, 1 sentence, no long word
        (["The cat sat down."], 4.0),
        # 10 words, 2 sentences, 3 long (engineers, maintain, pipelines): 5 + 30
        (["Our engineers maintain data pipelines. They do so every day."], 5 + 30),
        # 6 letters are not long, 7 are: 2 words, 1 sentence, 1 long
        (["letter letters."], 2 + 50),
        # two blocks without full stops are two sentences; 4 words, 1 long (“security”)
        (["cloud security", "good pay"], 2 + 25),
        # Polish letters count as letters: 5 words, 1 sentence, 3 long (Prowadzimy, przejrzysty, rekrutacji)
        (["Prowadzimy przejrzysty proces rekrutacji tutaj."], 5 + 60),
        # a hyphen and an apostrophe are no letters: 2 words, none long
        (["re-use don’t"], 2.0),
        ([], 0.0),
        (["… – !"], 0.0),
    ],
)
def test_lix_is_words_by_sentence_and_the_share_of_long_words(text, lix):
    assert readability(text).lix == pytest.approx(lix)


@pytest.mark.parametrize(
    ("lix", "language", "words"),
    [
        (29, "en", "very easy"),
        (30, "en", "easy"),
        (45, "en", "medium"),
        (55, "en", "hard"),
        (60, "en", "very hard"),
        (50, "pl", "easy"),
        (64, "pl", "hard"),
        (55, "de", "medium"),
    ],
)
def test_the_same_figure_is_easier_in_a_language_of_long_words(lix, language, words):
    assert level_in_words(reading_level(lix, language)) == words


@given(st.text(alphabet=st.sampled_from("ab A.!?:\n#*-_[]()<>|`“”'ż1"), max_size=300))
def test_reading_keeps_every_word_outside_marks_and_never_fails(text):
    plain = text.translate(str.maketrans("", "", "[]()<>!"))

    found = blocks(plain)

    assert all(block == " ".join(block.split()) for block in found)
    for block in found:
        assert " ".join(sentences(block)).split() == block.split()
    assert readability(found).words == sum(count_words(block) for block in found)
    blocks(text)


@given(st.sampled_from(["[", "![", "](", "<", "*", "_", "- ", "a. ", "\n", "“", "#"]), st.sampled_from("a [(.\n"))
def test_reading_takes_time_in_proportion_to_the_text(piece, other):
    text = (piece + other) * 15_000

    started = time.process_time()
    for block in blocks(text):
        sentences(block)

    assert time.process_time() - started < 2
