"""The consent ledger (§1.1): what an entry holds, that nobody can change one, and that every change is found."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import anchors, ledger, ledger_checks, records, tokens
from leads.models import ConsentEvent, ConsentPayload, ConsentText, Purpose, PurposeText
from leads.smtp import NotSentError
from recruitcms.models import SiteSettings
from tests.factories import make_page
from tests.iso_27560 import RECORD, violations
from tests.lead_factories import make_submission, make_wording, make_wordings, record, requested

State, Method = ConsentEvent.State, ConsentEvent.Method
EVENTS, PAYLOADS = "leads_consentevent", "leads_consentpayload"


@pytest.fixture(autouse=True)
def words(db, settings, tmp_path):
    settings.LEDGER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    return make_wordings()


def fill(people: int = 3) -> list[ConsentEvent]:
    """Write three entries for each of some people."""
    for number in range(people):
        submission = make_submission(email=f"person{number}@quillstone.example")
        for key, state in (("report", State.REQUESTED), ("report", State.GIVEN), ("consultation", State.GIVEN)):
            record(submission, key, state)
    return list(ConsentEvent.objects.order_by("seq"))


def sql(statement: str, *values) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def found() -> list[str]:
    """Return the invariants that do not hold, the missing triggers apart."""
    faults = sorted(ledger_checks.faults(), key=lambda fault: fault.seq)
    return [f"{fault.invariant} {fault.seq}" for fault in faults if fault.invariant != "I8"]


# --- what an entry holds ---


def test_an_entry_says_who_when_how_and_the_exact_words(words):
    """CON-1"""
    make_page(title="Privacy", slug="privacy-policy", purpose="privacy").publish()
    submission = make_submission()

    event = record(submission, "report", State.GIVEN)

    assert (event.seq, event.text_sha256, event.locale) == (1, words["report"].sha256, "en")
    assert (event.policy_version, event.actor, event.schema_version) == ("privacy-policy/1", "subject", 1)
    assert event.payload.controls == {"control": "checkbox", "shown": "unticked", "left": "ticked"}
    assert event.payload.subject_ref == tokens.subject_ref(submission.lead.email_normal)
    assert timezone.now() - event.occurred_at < timedelta(seconds=5)


def test_a_wording_keeps_the_policy_that_stood_behind_it_when_it_was_published():
    """CON-3"""
    page = make_page(title="Privacy", slug="privacy-policy", purpose="privacy")
    page.publish()

    text = make_wording("report", body="New words")
    page.publish()

    text.refresh_from_db()
    assert (text.policy_version, text.notice_url) == ("privacy-policy/1", "/privacy-policy/")


def test_entries_are_numbered_without_gaps_and_each_follows_the_one_before():
    """I1, I2"""
    events = fill()

    assert [event.seq for event in events] == list(range(1, 10))
    assert [event.prev_hash for event in events] == [ledger.GENESIS, *(event.hash for event in events[:-1])]
    assert found() == []


def test_an_entry_is_refused_outside_a_transaction(transactional_db, words):
    """I9"""
    with pytest.raises(transaction.TransactionManagementError):
        ledger.append("ref", words["report"], State.GIVEN, Method.WEB_FORM)


def test_the_same_decision_sent_twice_is_written_once(words):
    first, second = (
        ledger.append("ref", words["report"], State.GIVEN, Method.WEB_FORM, idem_key="form:1:report") for _ in range(2)
    )

    assert (first, ConsentEvent.objects.count()) == (second, 1)


def test_an_entry_rolled_back_leaves_no_gap(words):
    fill(1)

    undone(lambda: ledger.append("ref", words["report"], State.GIVEN, Method.WEB_FORM))
    record(make_submission(), "consultation", State.GIVEN)

    assert found() == []


def test_the_chain_holds_no_personal_data_but_a_salted_commitment():
    """CON-19: of two equal decisions nothing equal is left once the details are deleted."""
    submission = make_submission(email="marta@quillstone.example")

    one, two = (record(submission, "consultation", State.GIVEN) for _ in range(2))

    hashed = json.dumps({name: str(getattr(one, name)) for name in ledger.HASHED})
    assert not any(secret in hashed for secret in ("quillstone", one.payload.subject_ref, submission.public_id))
    assert one.commitment != two.commitment


# --- nobody changes one ---


@pytest.mark.parametrize(
    ("statement", "words_of_refusal"),
    [
        (f"UPDATE {EVENTS} SET state = 'withdrawn'", "only ever added to"),
        (f"DELETE FROM {EVENTS} WHERE seq = 3", "only ever added to"),
        (f"UPDATE {PAYLOADS} SET page = '/forged/'", "deleted or left alone"),
        ("UPDATE leads_consenttext SET body = 'Forged'", "cannot be changed"),
        ("UPDATE leads_consenttext SET published_at = NULL", "cannot be changed"),
        ("DELETE FROM leads_consenttext", "cannot be deleted"),
    ],
)
def test_the_database_refuses_to_change_what_was_agreed_to(statement, words_of_refusal):
    """I8, CON-3"""
    fill(1)

    with pytest.raises(DatabaseError, match=words_of_refusal), transaction.atomic():
        sql(statement)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", [EVENTS, "leads_consenttext"])
def test_the_database_refuses_to_truncate(table):
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match=r"only ever added to|cannot be deleted"), transaction.atomic():
        sql(f"TRUNCATE {table} CASCADE")


def test_who_published_a_wording_may_leave(words, django_user_model):
    """The trigger guards the words, not the account that published them."""
    editor = django_user_model.objects.create_user("editor")
    text = make_wording("letter", body="Other words", published=False)
    text.publish(by=editor)

    editor.delete()

    text.refresh_from_db()
    assert (text.body, text.published_by) == ("Other words", None)


def test_a_draft_wording_is_still_free():
    draft = make_wording("letter", published=False)

    draft.body = "Better words"
    draft.save()
    draft.delete()

    assert not ConsentText.objects.filter(body="Better words").exists()


def test_missing_triggers_are_named(as_intruder):
    """I8"""
    first = next(ledger_checks.faults())

    assert str(first) == "I8, the whole ledger: the database lacks the trigger ledger_no_update."


# --- every change is found (hypothesis) ---

COLUMNS = [
    "event_id", "schema_version", "occurred_at", "recorded_at", "text_sha256", "policy_version", "locale", "state",
    "method", "gate_mode", "actor", "erases", "idem_key", "commitment", "prev_hash", "hash", "mac", "mac_key_id",
]  # fmt: skip
FORGED = {"schema_version": "7", "occurred_at": "2001-01-01 00:00:00", "recorded_at": "2001-01-01 00:00:00"}
FORGED |= {"erases": "[1]"}
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Undone(Exception):  # noqa: N818  (no error: it ends a transaction)
    pass


def undone(act) -> list[str]:
    """Do something to the ledger, look what is found, and take it back."""
    result: list[str] = []
    try:
        with transaction.atomic():
            act()
            result = found()
            raise Undone
    except Undone:
        return result


@pytest.fixture
def anchored(as_intruder):
    events = fill(4)
    anchors.anchor()
    return events


@many
@given(data=st.data())
def test_any_change_of_a_row_is_found(anchored, data):
    """CON-19, I2, I3"""
    seq = data.draw(st.integers(1, len(anchored)))
    column = data.draw(st.sampled_from(COLUMNS))

    faults = undone(lambda: sql(f"UPDATE {EVENTS} SET {column} = %s WHERE seq = %s", FORGED.get(column, "f0"), seq))

    assert f" {seq}" in " ".join(faults)
    assert int(faults[0].split()[1]) == seq


@many
@given(data=st.data())
def test_any_change_of_the_details_is_found(anchored, data):
    """I4"""
    seq = data.draw(st.integers(1, len(anchored)))
    column = data.draw(st.sampled_from(["salt", "subject_ref", "form", "page", "message_id", "smtp_reply"]))

    faults = undone(lambda: sql(f"UPDATE {PAYLOADS} SET {column} = %s WHERE event_id = %s", "f0" * 16, seq))

    assert faults[0] == f"I4 {seq}"


@many
@given(data=st.data())
def test_any_removed_rows_are_found(anchored, data):
    """I1, I11: from the middle, from the start, and the tail that was anchored."""
    gone = data.draw(st.sets(st.integers(1, len(anchored)), min_size=1))

    def remove():
        for seq in gone:
            sql(f"DELETE FROM {PAYLOADS} WHERE event_id = %s", seq)
            sql(f"DELETE FROM {EVENTS} WHERE seq = %s", seq)

    assert undone(remove) != []


def renumber(order: list[int]) -> None:
    """Let the rows stand in this order, under numbers without a gap; rows that it does not name go."""
    sql(f"DELETE FROM {PAYLOADS}")
    sql(f"UPDATE {EVENTS} SET seq = seq + 1000")
    for place, seq in enumerate(order, 1):
        sql(f"UPDATE {EVENTS} SET seq = %s WHERE seq = %s", place, seq + 1000)
    sql(f"DELETE FROM {EVENTS} WHERE seq > 1000")


@many
@given(order=st.permutations(range(1, 13)).filter(lambda order: order != [*range(1, 13)]))
def test_any_other_order_is_found(anchored, order):
    """I2"""
    first = next(place for place, seq in enumerate(order, 1) if place != seq)

    assert f"I2 {first}" in undone(lambda: renumber(order))


@many
@given(gone=st.sets(st.integers(1, 11), min_size=1))
def test_any_removal_is_found_when_the_rest_is_renumbered(anchored, gone):
    """I2: closing the gap does not help."""
    faults = undone(lambda: renumber([seq for seq in range(1, 13) if seq not in gone]))

    assert f"I2 {min(gone)}" in faults


@many
@given(length=st.integers(0, 11))
def test_a_ledger_cut_short_is_found_by_its_anchor(anchored, length):
    """I11: a chain alone cannot show that."""

    def cut():
        sql(f"DELETE FROM {PAYLOADS} WHERE event_id > %s", length)
        sql(f"DELETE FROM {EVENTS} WHERE seq > %s", length)

    assert undone(cut) == ["I11 12"]


def test_a_tail_forged_anew_with_all_its_hashes_is_found_by_key_and_anchor(anchored, settings, words):
    """I3: whoever lacks the key cannot sign; whoever has it meets the anchor."""
    key = settings.LEDGER_KEY
    sql(f"DELETE FROM {PAYLOADS} WHERE event_id > 11")
    sql(f"DELETE FROM {EVENTS} WHERE seq > 11")

    settings.LEDGER_KEY = "x" * 40
    ledger.append("ref", words["consultation"], State.GIVEN, Method.WEB_FORM)
    settings.LEDGER_KEY = key

    assert found() == ["I3 12", "I11 12"]


def test_a_replayed_row_is_refused_by_the_database(anchored):
    """CON-19: an old entry put in once more."""
    last = anchored[-1]
    last.seq += 1

    with pytest.raises(DatabaseError), transaction.atomic():
        last.save(force_insert=True)


def test_details_deleted_in_silence_are_found_and_those_of_an_erasure_are_not(words):
    """I5"""
    fill(1)
    ConsentPayload.objects.filter(pk__in=[1, 2]).delete()

    ledger.append("", words["report"], State.ERASED, Method.SYSTEM, actor="system", erases=[1])

    assert found() == ["I5 2"]


def test_consent_by_mail_that_nobody_asked_for_is_found(words):
    """I6: for the purposes that are confirmed by mail, in the same words."""
    submission = requested(make_submission(), "letter")
    make_wording("letter", body="Other words")

    record(submission, "letter", State.GIVEN)
    record(submission, "consultation", State.GIVEN)

    assert found() == ["I6 2"]


def test_a_wording_changed_behind_the_entry_is_found(anchored):
    """CON-3"""
    sql("UPDATE leads_consenttext SET body = 'Forged' WHERE id = %s", anchored[0].text_id)

    assert found()[0] == "CON-3 1"


# --- keys ---


def test_after_a_change_of_key_old_entries_verify_with_the_old_one(settings):
    fill(1)
    old, settings.LEDGER_KEY = settings.LEDGER_KEY, "n" * 40
    assert found() == ["I3 1", "I3 2", "I3 3"]

    settings.LEDGER_KEYS_OLD = [old]
    record(make_submission(), "consultation", State.GIVEN)

    assert found() == []
    assert len(set(ConsentEvent.objects.values_list("mac_key_id", flat=True))) == 2


# --- anchors ---


def test_an_anchor_is_a_line_in_a_file_and_a_mail(settings, mailoutbox):
    settings.LEDGER_ANCHOR_MAIL = "auditor@x.example"
    events = fill(1)

    call_command("ledger", "anchor")

    line = json.loads(settings.LEDGER_ANCHOR_FILE.read_text())
    assert (line["seq"], line["hash"], sorted(line)) == (3, events[-1].hash, ["at", "hash", "seq"])
    assert [mail.to for mail in mailoutbox] == [["auditor@x.example"]]
    assert events[-1].hash in mailoutbox[0].body


def test_the_worker_anchors_once_a_day(settings, clock):
    fill(1)
    call_command("worker", "--once")
    call_command("worker", "--once")
    assert len(anchors.read()) == 1

    clock.shift(timedelta(hours=23, minutes=1))
    call_command("worker", "--once")

    assert len(anchors.read()) == 2


def test_an_anchor_that_the_mail_server_refused_is_made_again(settings, postbox):
    settings.LEDGER_ANCHOR_MAIL = "auditor@x.example"
    fill(1)
    postbox.refusals["MAIL"] = "451 4.3.0 come back later"
    with pytest.raises(NotSentError):
        anchors.anchor_daily(timezone.now())

    del postbox.refusals["MAIL"]
    made = anchors.anchor_daily(timezone.now())

    assert anchors.read() == [made]
    assert [to for to, _message in postbox.messages] == [["auditor@x.example"]]


def test_an_old_or_missing_anchor_is_a_fault(clock):
    """I11: the last anchor is at most a day old."""
    fill(1)
    assert found() == []

    clock.shift(timedelta(hours=25))
    assert found() == ["I11 0"]

    anchors.anchor()
    assert found() == []


def test_a_spoilt_file_of_anchors_is_a_fault(settings):
    fill(1)
    settings.LEDGER_ANCHOR_FILE.write_text('{"seq": 3}\n')

    assert [str(fault) for fault in ledger_checks.faults()] == [
        f"I11, the whole ledger: Line 1 of {settings.LEDGER_ANCHOR_FILE} is no anchor."
    ]


# --- the command ---


def test_verify_says_that_all_is_well(capsys):
    fill(1)

    call_command("ledger", "verify")

    assert capsys.readouterr().out == "The ledger is whole: 3 entries.\n"


def test_verify_names_the_first_bad_row_and_ends_with_1(anchored, capsys):
    sql(f"UPDATE {EVENTS} SET state = 'refused' WHERE seq IN (7, 4)")

    with pytest.raises(SystemExit) as ended:
        call_command("ledger", "verify")

    said = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert "I2, entry 4: it was changed: its hash is another." in said


def test_the_export_has_the_fields_of_iso_27560(capsys):
    """CON-2"""
    Purpose.objects.update(storage_location="Servers in the EEA", recipients="Hosting provider, mail provider")
    fill(2)

    call_command("ledger", "export")

    exported = json.loads(capsys.readouterr().out)
    assert [fault for one in exported for fault in violations(one, RECORD)] == []
    assert [(one["pii_processing"]["purpose"], len(one["events"])) for one in exported] == [
        ("Report", 2), ("Consultation", 1), ("Report", 2), ("Consultation", 1)
    ]  # fmt: skip


def test_a_record_without_one_of_its_names_is_none(words):
    """CON-2: the check itself can fail."""
    Purpose.objects.update(storage_location="Servers in the EEA", recipients="Hosting provider")
    record(make_submission(), "report", State.REQUESTED)
    [one] = records.consent_records()

    del one["pii_processing"]["jurisdiction"], one["events"][0]["event_state"]

    assert violations(one, RECORD) == ["record.pii_processing", "record.events[]"]


def test_the_export_of_one_person_has_nothing_of_another(capsys):
    fill(2)

    call_command("ledger", "export", "--address", "PERSON1@quillstone.example")

    exported = json.loads(capsys.readouterr().out)
    assert {one["pii_principal_id"] for one in exported} == {tokens.subject_ref("person1@quillstone.example")}
    assert sum(len(one["events"]) for one in exported) == 3


def test_the_export_of_no_address_says_so():
    with pytest.raises(CommandError, match="Enter an e-mail address"):
        call_command("ledger", "export", "--address", "nobody")


def test_an_entry_without_details_is_exported_without_a_person(words, capsys):
    ledger.append("", words["report"], State.ERASED, Method.SYSTEM, actor="system")

    call_command("ledger", "export")

    assert json.loads(capsys.readouterr().out)[0]["pii_principal_id"] == "deleted:1"


@pytest.mark.parametrize(("language", "prefix"), [("en", ""), ("pl", "/pl"), ("de", "/de")])
def test_the_register_prints_every_purpose_as_the_privacy_page_shows_it(client, capsys, language, prefix):
    """CON-18: one source, two outputs, in each language."""
    SiteSettings.get().save()
    make_page(title="Privacy", slug="privacy-policy", purpose="privacy", language=language).publish()
    Purpose.objects.filter(key="letter").update(keep_months=36, recipients="A mail provider")
    letter = Purpose.objects.get(key="letter")
    PurposeText.objects.create(purpose=letter, language="pl", title="List o rekrutacji", data_types="Adres e-mail")
    PurposeText.objects.create(purpose=letter, language="de", title="Jobbrief", data_types="Adresse")

    call_command("ledger", "register", "--language", language)
    page = client.get(f"{prefix}/privacy-policy/").content.decode()

    printed = capsys.readouterr().out
    titles = [title for title, _facts in records.register(language)]
    assert titles == ["Consultation", {"pl": "List o rekrutacji", "de": "Jobbrief"}.get(language, "Letter"), "Report"]
    assert ("Adres e-mail" in printed, "A mail provider" in printed) == (language == "pl", language == "en")
    for title, facts in records.register(language):
        assert f"## {title}" in printed
        assert f"<summary>{title}</summary>" in page
        for name, fact in facts:
            assert f"- {name}: {fact}" in printed
            assert f"<dt><b>{name}</b></dt><dd>{fact}</dd>" in page
    assert django_settings.SITE_URL not in printed


def test_an_anchor_of_a_wrong_clock_is_a_fault_until_the_next(clock):
    """REL-6, I11: while it counted as young, a tail cut off within forty days would not have been found."""
    fill()
    clock.shift(timedelta(days=40))
    anchors.anchor_daily(timezone.now())

    clock.shift(timedelta(days=-40))
    unanchored = [fault.invariant for fault in ledger_checks.faults()]
    made = anchors.anchor_daily(timezone.now())

    assert unanchored == ["I11"]
    assert anchors.read()[-1] == made
    assert anchors.anchor_daily(timezone.now()) is None
    assert list(ledger_checks.faults()) == []
