import re
from datetime import timedelta

import pytest
from django.utils import timezone

from recruitcms.models import ClientLogo, Testimonial
from roles.models import RoleRevision, SampleResume, Section
from tests.factories import (
    make_category,
    make_cta,
    make_person,
    make_picture,
    make_role,
    make_site,
    published_role,
)
from tests.test_admin_publishing import version

pytestmark = pytest.mark.django_db


def page_of(client, role):
    response = client.get(role.get_absolute_url())
    assert response.status_code == 200  # a page that is not there has nothing on it either
    return response.content.decode()


def test_a_role_page_shows_its_title_summary_author_and_sections(client):
    author = make_person(name="Hanna Brevik", bio="Reads adverts from the bottom up.")
    role = published_role(
        title="Lead Data Engineer",
        summary="Owns the data platform.",
        author=author,
        sections={"introduction": "[Company] is hiring.", "duties": "- Own the pipelines", "where": "In offices."},
    )

    page = page_of(client, role)

    for words in ("Lead Data Engineer", "Owns the data platform.", "Hanna Brevik", "from the bottom up"):
        assert words in page
    assert '<mark class="slot">[Company]</mark>' in page
    assert "What does a Lead Data Engineer do?" not in page
    assert "Where does a Lead Data Engineer work?" in page


def test_what_goes_into_the_copy_is_told_apart_from_advice(client):
    role = published_role(sections={"duties": "- Own", "mistakes": "- Hoard"})

    page = page_of(client, role)

    assert re.search(r'<section id="mistakes" class="noprint', page)
    assert re.search(r'<section id="duties" class=""', page)
    assert page.count('data-copy="#duties"') == 1
    assert 'data-copy="#mistakes"' not in page
    assert '<a href="#duties" class="part">' in page
    assert '<a href="#mistakes">' in page


def test_two_sections_of_a_kind_have_addresses_of_their_own(client):
    role = make_role(sections={"other": "First."})
    Section.objects.create(role=role, kind="other", heading="Second", body="Second.", position=9)
    role.publish()

    page = page_of(client, role)

    assert 'id="other"' in page
    assert 'id="other-2"' in page


def test_an_editors_own_heading_wins(client):
    role = make_role()
    role.sections.update(heading="In one paragraph")
    role.publish()

    assert "In one paragraph" in page_of(client, role)


def test_challenges_become_cards_with_an_invitation_as_the_last(client):
    make_site()
    make_cta("role_challenges", heading="Is one of these yours?", text="Ask us.")
    role = published_role(sections={"challenges": "### Cost that creeps\nBills grow.\n\n### Noise\nAlerts wear out."})

    page = page_of(client, role)

    cards = re.search(r'<ul class="challenges">(.*?)</ul>', page, re.DOTALL).group(1)
    assert re.findall(r"<h3>(.*?)</h3>", cards) == ["Cost that creeps", "Noise", "Is one of these yours?"]


def test_the_sample_about_us_is_a_quotation_and_the_advice_is_not(client):
    role = make_role(sections={"about": "[Company] builds tools."})
    role.sections.update(advice="Say what you make.")
    role.publish()

    page = page_of(client, role)

    assert (
        '<blockquote class="card sample"><p><mark class="slot">[Company]</mark> builds tools.</p></blockquote>' in page
    )
    assert '<div class="advice noprint"><p>Say what you make.</p></div>' in page


def test_a_note_stands_in_the_margin(client):
    role = make_role()
    role.sections.update(note="From our recruiters | Name the manager.")
    role.publish()

    assert "<b>From our recruiters</b>Name the manager.</aside>" in page_of(client, role)


def test_resumes_open_enlarged_and_link_their_file_without_script(client):
    role = make_role(sections={"resumes": "Three profiles."})
    SampleResume.objects.create(role=role, picture=make_picture(), title="Fintech, team of six")
    role.publish()

    page = page_of(client, role)

    assert re.search(r'<a class="thumb" href="/media/pictures/\w+/original.png" data-enlarge="zoom-1">', page)
    assert '<dialog class="zoom" id="zoom-1" aria-label="Fintech, team of six">' in page


def test_calls_to_action_name_the_role_and_say_where_they_stood(client):
    make_site()
    band = make_cta("role_band", heading="Hiring a {role}?")
    role = published_role(title="Designer", slug="designer", sections={"required": "- Eyes"})

    page = page_of(client, role)

    assert "Hiring a Designer?" in page
    assert f'href="/consultation/?cta={band.pk}&amp;from=/roles/designer/"' in page


def test_a_call_to_action_that_is_switched_off_is_not_shown(client):
    make_site()
    make_cta("role_band", heading="Not any more", is_active=False)

    assert "Not any more" not in page_of(client, published_role(sections={"required": "- Eyes"}))


def test_testimonial_logos_team_and_booking_stand_below(client):
    make_site(company="We recruit. We used to code.")
    make_cta("booking", heading="Bring the role.", reasons="Who is available\nWhat it costs")
    make_person(name="Orla Tindvik", answers_enquiries=True)
    Testimonial.objects.create(quote="They told us the truth.", person=make_person(name="Dana Okoro"))
    ClientLogo.objects.create(name="Fernhill", mark="logo-fernhill")

    page = page_of(client, published_role())

    for words in ("We recruit.", "Bring the role.", "What it costs", "Orla Tindvik", "“They told us", "Dana Okoro"):
        assert words in page
    assert 'aria-label="Fernhill"' in page


def test_related_roles_are_chosen_by_hand_and_filled_up_from_the_category(client):
    category = make_category()
    by_hand = published_role(title="By hand")
    same = published_role(title="Same shelf", category=category)
    elsewhere = published_role(title="Elsewhere")
    make_role(title="Draft on the shelf", category=category)
    role = make_role(category=category)
    role.related.set([by_hand])
    role.publish()

    response = client.get(role.get_absolute_url())

    assert [other.document for other in response.context["related"]] == [by_hand, same, elsewhere]


@pytest.mark.parametrize("number", [1, 3, 12])
def test_a_role_page_costs_at_most_six_queries_whatever_the_number_of_roles(
    client, django_assert_max_num_queries, number
):
    make_site()
    make_cta("booking")
    category = make_category()
    roles = [published_role(category=category) for _number in range(number)]
    page_of(client, roles[0])

    with django_assert_max_num_queries(6):
        page_of(client, roles[0])


def test_drafts_planned_and_offline_roles_are_not_found(client):
    draft, planned, offline = make_role(), make_role(), published_role()
    planned.publish(at=timezone.now() + timedelta(hours=1))
    offline.take_offline()

    for role in (draft, planned, offline):
        assert client.get(role.get_absolute_url()).status_code == 404


def test_an_old_address_forwards_to_the_new_one(client):
    role = published_role(slug="old-name")
    RoleRevision.objects.update(live_from=timezone.now() - timedelta(days=1))
    role.slug = "new-name"
    role.save()
    role.publish()

    response = client.get("/roles/old-name/")

    assert (response.status_code, response.url) == (301, "/roles/new-name/")


def test_translations_point_at_each_other_and_only_when_live(client):
    role = published_role(slug="engineer")
    polish = make_role(language="pl", slug="inzynier", translation_group=role.translation_group)

    assert "hreflang" not in re.sub(r"<nav.*?</nav>", "", page_of(client, role), flags=re.DOTALL)

    polish.publish()

    for page in (page_of(client, role), page_of(client, polish)):
        alternates = dict(re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="http://testserver(.*?)">', page))
        assert alternates == {"en": "/roles/engineer/", "pl": "/pl/roles/inzynier/", "x-default": "/roles/engineer/"}


def test_the_same_bytes_for_every_visitor_and_no_cookie(client, admin_client):
    role = published_role()

    visitor = client.get(role.get_absolute_url())
    editor = admin_client.get(role.get_absolute_url())

    assert visitor.content == editor.content
    assert not visitor.cookies
    assert "Cookie" not in visitor.get("Vary", "")


def test_a_hostile_title_is_only_text(client):
    role = published_role(title="</title><script>alert(1)</script>", summary='"><img src=x onerror=alert(1)>')

    page = page_of(client, role)

    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_editing_shared_content_shows_on_the_next_request(client, admin_client):
    make_site()
    cta = make_cta("booking", heading="Before")
    role = published_role()
    assert "Before" in page_of(client, role)

    data = {"language": "en", "name": cta.name, "place": "booking", "is_active": "on", "position": 1}
    data |= {"heading": "After", "text": "", "reasons": "", "button": "Go", "fine_print": "", "target": "consultation"}
    address = f"/admin/recruitcms/calltoaction/{cta.pk}/change/"
    response = admin_client.post(address, data | version(admin_client, address))

    assert response.status_code == 302
    assert "After" in page_of(client, role)


def test_the_polish_page_is_in_polish(client):
    role = published_role(title="Product Designer", language="pl", sections={"duties": "- Rysuje"})

    page = page_of(client, role)

    assert '<html lang="pl"' in page
    assert "Na tej stronie" in page
    assert "On this page" not in page
