"""The public forms: what they show, and what they refuse, by the field and in words."""

import html
import re

import pytest
from django.utils import translation

from leads.forms import ConsultationForm, ReportCardForm, ReportForm, render_consultation_form, render_report_form
from recruitcms.site_content import site_content
from tests.factories import make_cta, make_page
from tests.lead_factories import make_wording, make_wordings, published_report, query_dict

CHANGED = "The wording has changed since you opened the page. Please read it and tick again."
GOOD = {
    "name": "Marta Zielik",
    "email": "marta@quillstone.example",
    "topic": "one",
    "message": "A data engineer.\nIn spring.",
}


@pytest.fixture
def words(db):
    return make_wordings()


def enquiry(words, **changes):
    """Return a bound consultation form; a value of None leaves the field out."""
    answers = GOOD | {"consent_consultation": words["consultation"].sha256} | changes
    pairs = [(name, value) for name, value in answers.items() if value is not None]
    return ConsultationForm(site_content("en"), query_dict(*pairs))


def fresh(form_class):
    """Return an unbound form, of a report where it is for one."""
    about = {} if form_class is ConsultationForm else {"report": published_report().live_revision}
    return form_class(site_content("en"), **about)


def test_a_complete_enquiry_is_valid_and_keeps_line_breaks(words):
    form = enquiry(words, message="A data engineer.\r\nIn spring.", company="Quillstone", phone="+48 123 456 789")

    assert form.is_valid()
    assert form.cleaned_data["message"] == "A data engineer.\nIn spring."
    assert form.agreed == {"consultation": words["consultation"]}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("name", "", "Enter your name"),
        ("name", "N" * 121, "Use at most 120 characters. You wrote 121."),
        ("name", "Buy at www.shop.example", "Write your name without a link."),
        ("name", "Marta\x07", "Remove the characters that cannot be printed."),
        ("name", "Marta\nBcc: x", "Remove the characters that cannot be printed."),
        ("name", "Mar\0ta", "Remove the characters that cannot be printed."),
        ("name", "Marta \u202egnp.exe", "Remove the characters that cannot be printed."),
        ("company", "C" * 121, "Use at most 120 characters. You wrote 121."),
        ("email", "", "Enter an e-mail address like name@company.com"),
        ("email", "marta@quillstone", "Enter an e-mail address like name@company.com"),
        ("email", "marta@quillstone.example\r\nCc: x@y.example", "Remove the characters that cannot be printed."),
        ("phone", "call me", "Enter a phone number like +48 123 456 789, or leave this empty"),
        ("phone", "1" * 41, "Use at most 40 characters. You wrote 41."),
        ("topic", None, "Choose what you need"),
        ("topic", "everything", "Choose what you need"),
        ("message", "  \n ", "Tell us a little about the role"),
        ("message", "m" * 4001, "Use at most 4000 characters. You wrote 4001."),
        ("message", "one\x0btwo", "Remove the characters that cannot be printed."),
        ("consent_consultation", None, "Tick the box so that we may reply to you"),
        ("consent_consultation", "on", CHANGED),
        ("consent_letter", "0" * 64, CHANGED),
    ],
)  # fmt: skip
def test_each_wrong_answer_is_refused_by_its_field(words, name, value, sentence):
    """EML-11, SEC-24: no line break reaches a header"""
    form = enquiry(words, **{name: value})

    assert form.errors == {name: [sentence]}


def test_a_long_message_counts_its_line_breaks_once(words):
    assert enquiry(words, message="\r\n".join(["m" * 399] * 10)).is_valid()
    assert len("\r\n".join(["m" * 399] * 10)) == 4008


@pytest.mark.parametrize("name", ["name", "email", "topic", "message", "consent_consultation", "company"])
def test_a_field_that_arrives_twice_is_refused(words, name):
    """SEC-24"""
    form = enquiry(words, company="Quillstone")
    form.data.appendlist(name, "x")

    assert form.errors == {name: ["This answer arrived twice. Please give it once."]}


def test_hidden_fields_never_stop_a_visitor(words):
    assert enquiry(words, page="\0", cta="x" * 999, referrer="not a host").is_valid()


@pytest.mark.parametrize("form_class", [ReportForm, ReportCardForm, ConsultationForm])
def test_no_box_is_ticked_beforehand(words, form_class):
    """CON-4"""
    shown = fresh(form_class).rendered(site_content("en"), "/x/")

    assert shown.count('type="checkbox"') == 2
    assert "checked" not in shown


def test_boxes_carry_the_words_the_policy_and_what_was_shown(words):
    """CON-1, CON-5: the value of a box is the hash of the words beside it."""
    make_page(purpose="privacy", slug="privacy").publish()
    form = fresh(ReportForm)

    box = str(form["consent_report"])

    assert f'value="{words["report"].sha256}"' in box
    assert form["consent_report"].label == f'{words["report"].body} <a href="/privacy/">Privacy policy</a>'
    assert ("required" in box, "required" in str(form["consent_letter"])) == (True, False)


def test_words_are_escaped(db):
    make_wording("report", body="<b>All</b> & more")

    assert "&lt;b&gt;All&lt;/b&gt; &amp; more" in fresh(ReportCardForm).rendered(site_content("en"), "/x/")


def test_an_earlier_published_wording_is_what_was_shown(words):
    """CON-1: what was on the page when it was ticked is what counts, and what is shown again."""
    newer = make_wording("consultation", body="Newer words")
    form = enquiry(words, name="")

    shown = form.rendered(site_content("en"), "/x/")

    assert site_content("en").wordings["consultation"] == newer
    assert form.errors == {"name": ["Enter your name"]}
    assert words["consultation"].body in shown
    assert form.agreed == {"consultation": words["consultation"]}


@pytest.mark.parametrize("other", ["draft", "polish", "other purpose"])
def test_words_that_were_not_shown_here_cannot_be_agreed_to(words, other):
    text = {
        "draft": lambda: make_wording("consultation", body="Draft", published=False),
        "polish": lambda: make_wording("consultation", "pl"),
        "other purpose": lambda: words["report"],
    }[other]()

    form = enquiry(words, consent_consultation=text.sha256)

    assert list(form.errors) == ["consent_consultation"]


def test_a_refused_form_keeps_what_was_typed_and_ties_errors_to_fields(words):
    form = enquiry(words, email="marta@quillstone", message="", consent_letter=words["letter"].sha256)

    shown = form.rendered(site_content("en"), "/consultation/")

    assert 'value="marta@quillstone"' in shown
    assert 'value="Marta Zielik"' in shown
    assert re.search(r'<input[^>]*name="topic"[^>]*value="one"[^>]*checked', shown)
    assert shown.count("checked") == 3  # the topic and both consents
    assert 'aria-invalid="true" aria-describedby="call-email_error"' in shown
    assert 'aria-describedby="call-message_helptext call-message_error"' in shown
    assert 'id="call-email_error"' in shown
    assert '<a href="#call-email">Enter an e-mail address like name@company.com</a>' in shown
    assert "Two answers need another look" in shown


@pytest.mark.parametrize(
    ("wrong", "heading"),
    [
        (["name"], "One answer needs another look"),
        (["name", "email"], "Two answers need another look"),
        (["name", "email", "message"], "Three answers need another look"),
        (["name", "email", "message", "topic"], "Four answers need another look"),
        (["name", "email", "message", "topic", "consent_consultation"], "Five answers need another look"),
    ],
)
def test_the_summary_counts_the_answers(words, wrong, heading):
    assert enquiry(words, **dict.fromkeys(wrong)).error_heading == heading


def test_the_summary_leads_to_the_first_choice_of_a_group(words):
    shown = enquiry(words, topic=None).rendered(site_content("en"), "/x/")

    assert '<a href="#call-topic_0">Choose what you need</a>' in shown
    assert 'id="call-topic_0"' in shown


def test_two_forms_on_one_page_share_no_id(words):
    published_report()
    site = site_content("en")
    page = render_report_form(site, "/roles/x/", None) + render_consultation_form(site, "/roles/x/")

    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) > 12
    assert len(ids) == len(set(ids))


def test_the_card_form_knows_its_page_and_call_to_action(words):
    published_report(slug="salary-report")
    cta = make_cta("role_report")

    shown = render_report_form(site_content("en"), '/roles/x/?a="b"', cta)

    assert 'action="/reports/salary-report/"' in shown
    assert html.escape('value="/roles/x/?a="b""').replace("value=&quot;", 'value="')[:-6] + '"' in shown
    assert f'name="cta" value="{cta.pk}"' in shown
    assert 'name="form" value="card"' in shown
    assert "novalidate" in shown


def test_a_form_is_rendered_once_for_all_pages(words, django_assert_num_queries):
    published_report()
    site = site_content("en")
    first = render_report_form(site, "/roles/one/", None)

    with django_assert_num_queries(0):
        second = render_report_form(site, "/roles/two/", None)

    assert second == first.replace("/roles/one/", "/roles/two/")


def test_the_consultation_form_counts_for_the_booking_band(words):
    cta = make_cta("booking")

    shown = render_consultation_form(site_content("en"), "/roles/x/")

    assert 'action="/consultation/"' in shown
    assert f'name="cta" value="{cta.pk}"' in shown


def test_forms_speak_the_language_of_their_page_not_of_whoever_renders_them(db):
    """An editor whose admin is English previews the Polish page."""
    make_wordings("pl")
    published_report(language="pl", slug="raport")

    with translation.override("en"):
        shown = render_report_form(site_content("pl"), "/pl/roles/x/", None)

    assert 'action="/pl/reports/raport/"' in shown
    assert "(pl)" in shown


def test_there_is_no_card_without_a_live_report(words):
    assert render_report_form(site_content("en"), "/roles/x/", None) == ""


def test_there_is_no_form_without_its_words(db):
    published_report()
    make_wording("letter")
    site = site_content("en")

    assert render_report_form(site, "/roles/x/", None) == ""
    assert render_consultation_form(site, "/roles/x/") == ""


def test_without_words_for_the_letter_the_letter_is_not_offered(db):
    make_wording("report")

    form = fresh(ReportCardForm)

    assert [field.name for field in form.consents] == ["consent_report"]


def test_crispy_renders_a_whole_form_too(words):
    from crispy_forms.templatetags.crispy_forms_filters import as_crispy_form

    shown = as_crispy_form(fresh(ReportCardForm))

    assert shown.count('class="field"') == 3
