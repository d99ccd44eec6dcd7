"""Role files: what is written is read back to the letter, whatever the texts look like."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roles.files import RoleFile, SectionFile, one_line_end, read_role, write_role

MARKERS = [
    "## duties", "## other: words", "<!-- note: x -->", "<!-- advice -->", "<!-- exact -->", "<!-- in copy: no -->",
    "<!-- level: senior -->",
    "+++", "\\## duties", "\\\\<!-- advice -->", "\n", "\n\n", "  ", "- a", '"', "-->", "\u00a0", "\ufeff", "---",
]  # fmt: skip
CHARACTERS = st.characters(blacklist_categories=["Cs"])
TEXTS = st.one_of(
    st.text(CHARACTERS),
    st.lists(st.one_of(st.sampled_from(MARKERS), st.text(CHARACTERS, max_size=5))).map("\n".join),
    st.lists(st.one_of(st.sampled_from(MARKERS), st.text(CHARACTERS, max_size=5))).map("".join),
).map(one_line_end)
SECTIONS = st.builds(
    SectionFile,
    kind=st.sampled_from(["introduction", "duties", "other"]),
    heading=TEXTS,
    body=TEXTS,
    advice=TEXTS,
    note=TEXTS,
    in_copy=st.sampled_from([None, True, False]),
    level=st.sampled_from(["", "senior", "small-company"]),
)
FILES = st.builds(
    RoleFile,
    meta=st.fixed_dictionaries(
        {"title": TEXTS.filter(bool), "related": st.lists(TEXTS, min_size=1)},
        optional={"resumes": st.lists(st.fixed_dictionaries({"picture": TEXTS, "title": TEXTS}), min_size=1)},
    ),
    sections=st.lists(SECTIONS, max_size=4),
)


@given(FILES)
@example(
    RoleFile({"title": "\n+++\n"}, [SectionFile("duties", body="\n\n## duties\n\n", advice=" "), SectionFile("other")])
)
def test_a_role_file_is_read_as_it_was_written(file):
    text = write_role(file)

    assert read_role(text) == file
    assert write_role(read_role(text)) == text


def test_a_file_written_by_hand_may_have_other_line_ends_and_blank_lines():
    text = '\ufeff+++\ntitle = "A"\n+++\n\n\n## duties: Your days\n\n- one\n\n<!-- advice -->\n\nAsk.\n'
    text = text.replace("\n", "\r\n")

    file = read_role(text)

    assert file == RoleFile({"title": "A"}, [SectionFile("duties", "Your days", "- one", "Ask.")])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("## duties", "no front matter"),
        ('+++\ntitle = "A"\n', "no front matter"),
        ('+++\ntitle = "A"\n+++\nLost words\n\n## duties\nx', "Lost words"),
    ],
)
def test_a_file_that_would_lose_something_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_role(text)
