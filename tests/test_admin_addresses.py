"""Old addresses and addresses not found, on the editor's desk; and as files."""

from io import StringIO
from urllib.parse import unquote

import hypothesis.strategies as st
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from recruitcms import addresses, redirect_files
from recruitcms.addresses import Destination
from recruitcms.models import MissingAddress, Redirect
from tests.factories import make_role, make_user, published_role

pytestmark = pytest.mark.django_db
OLD = "admin:recruitcms_redirect_{}"
PATHS = ["/a/", "/b/", "/c/", "/d/"]
MISSING = "admin:recruitcms_missingaddress_{}"


def add(client, **data):
    return client.post(reverse(OLD.format("add")), {"old_path": "/old/", "to": "", "status": 301} | data, follow=True)


def errors(response):
    return {name: " ".join(sentences) for name, sentences in response.context["adminform"].form.errors.items()}


def said(response):
    return [str(message) for message in response.context["messages"]]


def missing(path, **more):
    return MissingAddress.objects.create(**{"path": path, "language": "en", "last_seen": timezone.localdate()} | more)


def leading():
    return {row.old_path: row.location for row in Redirect.objects.leading()}


# --- old addresses ---


def test_an_old_address_is_typed_and_forwards(admin_client, admin_user, client):
    published_role(slug="engineer")
    missing("/blog/engineer/")

    add(admin_client, old_path="http://testserver/Blog/Engineer", to="/roles/engineer/")

    row = Redirect.objects.get()
    assert (row.old_path, row.created_by, row.is_automatic) == ("/blog/engineer/", admin_user, False)
    assert client.get("/blog/engineer/").url == "/roles/engineer/"
    assert not MissingAddress.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"old_path": "old", "to": "/roles/"}, "old_path", "from its first “/” on"),
        ({"old_path": "/roles/live/", "to": "/roles/"}, "old_path", "“Live” is live at this address"),
        ({"old_path": "/people/", "to": "/roles/"}, "old_path", "The site itself uses this address"),
        ({"to": "//evil.example/"}, "to", "Write an address of this site"),
        ({"to": "javascript:alert(1)"}, "to", "Write an address of this site"),
        ({"to": "/none/"}, "to", "There is no page at /none/"),
        ({"to": "/old/"}, "to", "There is no page at /old/"),
        ({"to": ""}, "to", "Say where it leads"),
        ({"status": 200, "to": "/roles/"}, "status", "valid choice"),
        ({"old_path": "/taken/", "to": "/roles/"}, "old_path", "exists"),
    ],
)
def test_bad_addresses_are_refused_by_the_field_and_kept_typed(admin_client, typed, field, sentence):
    published_role(slug="live", title="Live")
    addresses.lead("/taken/", Destination(target="/roles/"))

    response = add(admin_client, **typed)

    assert list(errors(response)) == [field]
    assert sentence in errors(response)[field]
    assert Redirect.objects.count() == 1


def test_an_old_address_is_changed_and_removed(admin_client, client):
    role = published_role(slug="a")
    row = addresses.lead("/old/", role)
    form = admin_client.get(reverse(OLD.format("change"), args=[row.pk])).content.decode()
    assert 'value="/roles/a/"' in form

    data = {"old_path": "/old/", "to": "", "status": 410}
    admin_client.post(reverse(OLD.format("change"), args=[row.pk]), data)
    assert client.get("/old/").status_code == 410

    admin_client.post(reverse(OLD.format("delete"), args=[row.pk]), {"post": "yes"})
    assert client.get("/old/").status_code == 404


def test_the_list_says_where_each_leads_who_made_it_and_what_rests(admin_client, admin_user):
    role = published_role(slug="a", title="Engineer")
    role.slug = "b"
    role.save()
    role.publish(by=admin_user)
    published_role(slug="a", title="Newcomer")
    addresses.lead("/draft/", make_role())
    addresses.lead("/x/", Destination(target="https://x.example/"), admin_user, automatic=False)

    page = admin_client.get(reverse(OLD.format("changelist"))).content.decode()

    assert "“Newcomer” is live at this address: it does not forward now." in page
    assert "A page that is not live: “page not found”" in page
    assert '<a href="https://x.example/">https://x.example/</a>' in page
    assert "Publishing, admin" in page


def test_the_lists_cost_the_same_however_long_they_are(admin_client, django_assert_max_num_queries):
    for number in range(8):
        addresses.lead(f"/old-{number}/", published_role())
        missing(f"/missing-{number}/")

    for name, most in ((OLD, 12), (MISSING, 10)):
        admin_client.get(reverse(name.format("changelist")))
        with django_assert_max_num_queries(most):
            admin_client.get(reverse(name.format("changelist")))


# --- addresses not found ---


def test_an_address_not_found_is_forwarded_to_a_page_like_it(admin_client, client):
    published_role(slug="data-engineer", title="Data Engineer")
    published_role(slug="director", title="Director")
    row = missing("/jobs/data-enginer/", visits=7)
    address = reverse(MISSING.format("change"), args=[row.pk])

    page = admin_client.get(address)
    assert [found.path for found in page.context["found"]] == ["/roles/data-engineer/"]

    response = admin_client.post(address, {"chosen": "/roles/data-engineer/", "_forward": "1"}, follow=True)

    assert said(response) == ["/jobs/data-enginer/ forwards from now on."]
    assert client.get("/jobs/data-enginer/").url == "/roles/data-engineer/"
    assert not MissingAddress.objects.exists()


def test_a_page_is_searched_for_and_an_address_typed(admin_client):
    published_role(slug="director", title="Director of Machine Learning")
    row = missing("/x/")
    address = reverse(MISSING.format("change"), args=[row.pk])

    page = admin_client.get(address, {"q": "machine DIRECTOR"})
    assert [found.title for found in page.context["found"]] == ["Director of Machine Learning"]

    refused = admin_client.post(address, {"typed": "//evil.example/<x>", "_forward": "1"})
    assert "Write an address of this site" in refused.context["error"]
    assert 'value="//evil.example/&lt;x&gt;"' in refused.content.decode()

    admin_client.post(address, {"typed": "/roles/", "chosen": "/roles/director/", "_forward": "1"})
    assert leading() == {"/x/": "/roles/"}


def test_ignored_addresses_are_listed_apart(admin_client):
    row = missing("/x/")
    missing("/y/")
    address = reverse(MISSING.format("change"), args=[row.pk])

    admin_client.post(address, {"_ignore": "1"})

    listed = admin_client.get(reverse(MISSING.format("changelist"))).context["cl"].result_list
    ignored = admin_client.get(reverse(MISSING.format("changelist")), {"ignored": "1"}).context["cl"].result_list
    assert ([row.path for row in listed], [row.path for row in ignored]) == (["/y/"], ["/x/"])

    admin_client.post(address, {"_heed": "1"})
    assert not MissingAddress.objects.filter(is_ignored=True).exists()


def test_several_are_ignored_at_once(admin_client):
    rows = [missing("/x/"), missing("/y/")]

    data = {"action": "ignore", "_selected_action": [row.pk for row in rows]}
    response = admin_client.post(reverse(MISSING.format("changelist")), data, follow=True)

    assert said(response) == ["2 addresses are ignored."]
    assert MissingAddress.objects.filter(is_ignored=True).count() == 2


def test_only_editors_see_and_change_addresses(client):
    row = missing("/x/")
    pages = [reverse(OLD.format(act)) for act in ("changelist", "add", "export", "import")]
    pages += [reverse(MISSING.format("changelist")), reverse(MISSING.format("change"), args=[row.pk])]

    client.force_login(make_user(group="Lead handlers"))
    assert [client.get(page).status_code for page in pages] == [403] * len(pages)
    assert client.post(pages[-1], {"typed": "/roles/", "_forward": "1"}).status_code == 403

    client.force_login(make_user(group="Editors"))
    assert [client.get(page).status_code for page in pages] == [200] * len(pages)


# --- files ---


def upload(client, text, **more):
    file = SimpleUploadedFile("old.csv", text if isinstance(text, bytes) else text.encode())
    return client.post(reverse(OLD.format("import")), {"file": file} | more, follow=True)


def test_a_file_is_looked_at_first_and_then_imported(admin_client):
    published_role(slug="engineer")
    missing("/a/")

    looked = upload(admin_client, "\ufefffrom;to;status\r\nhttp://testserver/A;/roles/engineer/;\r\n/gone/;;410\r\n")

    assert (looked.context["plan"].new, looked.context["errors"]) == (2, [])
    assert not Redirect.objects.exists()

    text = looked.context["text"]
    done = admin_client.post(reverse(OLD.format("import")), {"text": text, "_import": "1"}, follow=True)

    assert said(done) == ["Imported: 2 new, 0 changed, 0 as they were."]
    assert leading() == {"/a/": "/roles/engineer/", "/gone/": ""}
    assert not MissingAddress.objects.exists()


def test_importing_again_changes_nothing(admin_client):
    plan = redirect_files.plan("/a/,/roles/\n")
    redirect_files.carry_out(plan)

    again = redirect_files.plan("/a/,/roles/\n")

    assert (again.rows, again.unchanged, again.errors) == ([], 1, [])


def test_chains_in_a_file_are_flattened_and_circles_named():
    published_role(slug="x")
    plan = redirect_files.plan("/a/,/b/\n/b/,/c?q=1\n/c/,/roles/x/\n")
    redirect_files.carry_out(plan)

    assert leading() == dict.fromkeys(["/a/", "/b/", "/c/"], "/roles/x/")

    circle = redirect_files.plan("/d/,/e/\n/e/,/d/\n/f/,/f/\n")
    assert [line for line, _sentence in circle.errors] == [1, 2, 3]
    assert all("circle" in sentence for _line, sentence in circle.errors)


@given(st.dictionaries(st.sampled_from(PATHS), st.sampled_from([*PATHS, "/roles/", "https://x.example/"]), max_size=6))
@hypothesis_settings(deadline=None, max_examples=40)
def test_no_file_makes_a_chain_or_a_circle(lines):
    Redirect.objects.all().delete()
    plan = redirect_files.plan("".join(f"{old},{to}\n" for old, to in lines.items()))
    if not plan.errors:
        redirect_files.carry_out(plan)

    assert set(leading().values()) <= {"/roles/", "https://x.example/"}
    assert Redirect.objects.count() == (0 if plan.errors else len(lines))


def test_what_led_to_a_newly_imported_address_is_looked_through(client):
    addresses.lead("/a/", Destination(target="/people/anna/"))

    redirect_files.carry_out(redirect_files.plan("/people/anna/,/people/\n"))

    assert client.get("/a/").url == "/people/"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("/a/\n", [(1, "two or three cells")]),
        ("/a/,/roles/,301,more\n", [(1, "two or three cells")]),
        ("from,to\n/a/,/roles/\n\n/A,/people/\n", [(4, "Line 2 has this address already")]),
        ("/a/,/roles/,200\n", [(1, "The status is 301")]),
        ("/a/,,301\n/b/,/roles/,410\n", [(1, "Say where it leads"), (2, "Say where it leads")]),
        ("=cmd|' /C calc'!A0,/roles/\n", [(1, "")]),
        ("/a/,javascript:alert(1)\n/b/,//evil.example\n", [(1, "Write an address"), (2, "Write an address")]),
        ("https://evil.example/a,/roles/\n", [(1, "from its first “/” on")]),
        ("/a/,/none/\n", [(1, "There is no page at /none/")]),
        ("/roles/,/people/\n", [(1, "The site itself uses this address")]),
        ('/a/,"/roles/\n', [(0, "unexpected end of data")]),
        (f"/{'x' * 400}/,/roles/\n", [(1, "longer than")]),
        ("/a/,/b/\n/b/,,410\n", [(1, "an address that is gone")]),
    ],
)
def test_each_wrong_line_is_named_and_nothing_is_imported(admin_client, lines, found):
    response = upload(admin_client, f"{lines}/good/,/roles/\n" if found[0][0] else lines, _import="1")

    reported = response.context["errors"]
    assert [line for line, _sentence in reported] == [line for line, _sentence in found]
    assert all(words in sentence for (_line, sentence), (_number, words) in zip(reported, found, strict=True))
    assert not Redirect.objects.exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04\x00\x00", "no text of a table"),
        (b"/a/,/roles/\0", "no text of a table"),
        (b"/a/\x81,/roles/", "letters of this file cannot be read"),
        (b"x" * 4_194_305, "larger than 4 MB"),
    ],
)
def test_what_is_no_text_is_refused(admin_client, data, sentence):
    assert sentence in upload(admin_client, data).context["error"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_excel_in_any_encoding_are_read_and_a_guess_is_said(admin_client, encoding, separator):
    lines = [["from", "to", "status"], ["/zażółć/", "/roles/", "302"], ["'=1/", "/roles/", ""]]
    text = "\r\n".join(separator.join(line) for line in lines)

    looked = upload(admin_client, text.encode(encoding))

    rows = looked.context["plan"].rows
    assert [unquote(row.old_path) for row in rows] == ["/zażółć/"]
    assert [line for line, _sentence in looked.context["errors"]] == [3]
    assert ["read as Windows-1250" in sentence for sentence in said(looked)] == [True] * (encoding == "cp1250")


def test_half_a_file_is_refused_by_its_row(admin_client):
    looked = upload(admin_client, '/a/,/roles/\n"/b/,/ro')

    assert "Row 2 cannot be read" in looked.context["errors"][0][1]
    assert not Redirect.objects.exists()


def test_the_export_is_what_the_import_reads_and_no_formula(admin_client):
    role = published_role(slug="engineer")
    addresses.lead("/a/", role)
    addresses.lead("/b/", Destination(target="/roles/"), status=302)
    addresses.lead("/c/", Destination(target="https://example.com/a;-b"))
    addresses.lead("/gone/", Destination(), status=410)
    addresses.lead("/draft/", make_role(slug="later"))
    Redirect.objects.create(old_path="=1+1", target="/roles/")

    text = admin_client.get(reverse(OLD.format("export"))).content.decode()

    assert text.splitlines() == [
        "\ufefffrom,to,status",
        "/a/,/roles/engineer/,301",
        "/b/,/roles/,302",
        "/c/,https://example.com/a;'-b,301",
        "/draft/,/roles/later/,301",
        "/gone/,,410",
        "'=1+1,/roles/,301",
    ]
    Redirect.objects.filter(old_path="=1+1").delete()
    again = redirect_files.plan(redirect_files.read(admin_client.get(reverse(OLD.format("export"))).content)[0])
    assert (again.rows, again.unchanged, again.errors) == ([], 5, [])


def test_ten_thousand_lines_cost_few_queries(django_assert_max_num_queries):
    published_role(slug="x")
    text = "".join(f"/old/{number}/,/roles/{'x/' if number % 2 else ''}\n" for number in range(10_000))

    with django_assert_max_num_queries(200):
        plan = redirect_files.plan(text)
        redirect_files.carry_out(plan)

    assert (plan.new, plan.errors, Redirect.objects.count()) == (10_000, [], 10_000)


def test_the_command_looks_imports_and_exports(tmp_path):
    published_role(slug="x")
    file = tmp_path / "old.csv"
    file.write_text("/a/,/roles/x/\n")
    out = StringIO()

    call_command("redirects", "import", str(file), "--dry-run", stdout=out)
    assert not Redirect.objects.exists()

    call_command("redirects", "import", str(file), stdout=out)
    call_command("redirects", "export", stdout=out)
    assert "1 new" in out.getvalue()
    assert "/a/,/roles/x/,301" in out.getvalue()

    file.write_text("/a/,/none/\n")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("redirects", "import", str(file), stderr=out)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("redirects", "import", str(tmp_path / "none.csv"))
