import pytest
from django.utils.translation import override

from roles.headings import heading_for, with_article
from roles.models import Section


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Lead Data Engineer", "a Lead Data Engineer"),
        ("Engineering Manager", "an Engineering Manager"),
        ("UX Researcher", "a UX Researcher"),
        ("SRE", "an SRE"),
        ("ML Engineer", "an ML Engineer"),
        ("QA Automation Engineer", "a QA Automation Engineer"),
        ("User Researcher", "a User Researcher"),
        ("Android Engineer", "an Android Engineer"),
        ("", "a "),
    ],
)
def test_a_title_gets_the_article_that_is_spoken(title, expected):
    assert with_article(title) == expected


def test_headings_are_made_from_the_title():
    assert heading_for("what", "Engineering Manager") == "What does an Engineering Manager do?"
    assert heading_for("challenges", "Head of Data", "Heads of Data") == "Common challenges for Heads of Data"
    assert heading_for("challenges", "Head of Data") == "Common challenges in this role"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("what", "Was umfasst die Rolle Head of Data?"),
        ("challenges", "Typische Herausforderungen für Heads of Data"),
        ("where", "Wo arbeitet man in der Rolle Head of Data?"),
        ("good", "Wie werde ich in der Rolle Head of Data richtig gut?"),
    ],
)
def test_german_headings_need_no_gender_of_the_title(kind, expected):
    with override("de"):
        assert heading_for(kind, "Head of Data", "Heads of Data") == expected


@pytest.mark.parametrize("language", ["en", "pl", "de"])
def test_every_kind_but_ones_own_has_a_standard_heading(language):
    with override(language):
        empty = [kind for kind in Section.Kind.values if not heading_for(kind, "Lead Data Engineer")]

    assert empty == ["other"]
