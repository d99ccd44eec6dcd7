"""Inclusive wording: what the lists find, and what they leave alone."""

import time

import pytest

from recruitcms.quality.findings import Grade
from recruitcms.quality.wording import FOLDER, as_pattern, fine_words, lowered, matches, word_list


def words(text, language="en", fine=(), **more):
    return [match.words for match in matches(text, language, fine_words(fine), **more)]


@pytest.mark.parametrize(("language", "entries", "patterns"), [("en", 80, 250), ("pl", 60, 180), ("de", 25, 45)])
def test_the_lists_are_whole(language, entries, patterns):
    found = word_list(language)

    assert len(found.entries) >= entries
    assert (FOLDER / f"{language}.toml").read_text().count('"') / 2 > patterns
    assert all(entry.reason for entry in found.entries)
    assert {entry.grade for entry in found.entries} == {Grade.WARNS, Grade.INFORMS}


def test_a_language_without_a_list_has_nothing_to_say():
    assert words("rockstar ninja", "fr") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We want a rockstar.", ["rockstar"]),
        ("ROCKSTARS welcome", ["ROCKSTARS"]),
        ("coding ninjas", ["ninjas"]),
        ("An aggressive seller", ["aggressive"]),
        ("We need manpower", ["manpower"]),
        ("Hey guys, join us", ["Hey guys"]),
        ("a young, dynamic team", ["young, dynamic"]),
        ("our young team", ["young team"]),
        ("a digital native", ["digital native"]),
        ("for recent graduates", ["recent graduates"]),
        ("run a sanity check", ["sanity check"]),
        ("crazy hours", ["crazy"]),
        ("English native speaker", ["native speaker"]),
        ("native-level German", ["native-level"]),
        ("we’re a family", ["we’re a family"]),
        ("like one big family", ["like one big family"]),
        ("a fast-paced place", ["fast-paced"]),
        ("work hard, play hard", ["work hard, play hard"]),
        ("on call 24/7", ["24/7"]),
        ("max. 5 years of experience", ["max. 5 years of experience"]),
        ("no more than five years’ experience", ["no more than five years’ experience"]),
        ("a competitive salary", ["competitive salary"]),
        ("he/she reports to", ["he/she"]),
        ("Works under pressure", []),
        ("thrives under pressure", ["thrives under pressure"]),
    ],
)
def test_english_words_are_found_as_they_are_written(text, found):
    assert words(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "You manage a team and its management.",
        "Guysborough is a town; disguise, Guysen.",
        "The ninjago set and the Ninjabot tool.",
        "Young’s modulus and a younger codebase.",
        "A familiar tool for families of fonts.",
        "Nativescript, native code, a native app.",
        "Mandatory training, human resources, Manchester.",
        "A sane default; sanitise the input; hospital sanitation.",
        "Blindspot Ltd, blindly, double-blind review.",
        "Five years of experience, or three years of practice.",
        "A chairlift and a seating chair.",
        "Crazyflie is a drone.",
        "Open 24 days; 7/24 of all.",
        "Grinder, gritty gravel, Integrity.",
        "Their salary is competitive by our report.",
    ],
)
def test_words_that_only_look_alike_are_left_alone(text):
    assert words(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Młody, dynamiczny zespół", ["Młody, dynamiczny"]),
        ("w młodym, dynamicznym zespole", ["młodym, dynamicznym"]),
        ("dołącz do młodego zespołu", ["młodego zespołu"]),
        ("praca z młodymi ludźmi", ["młodymi ludźmi"]),
        ("Szukamy kandydata", ["kandydata"]),
        ("Kandydaci przejdą rozmowę", ["Kandydaci"]),
        ("rozmowy z kandydatami", ["kandydatami"]),
        ("podlegasz kierownikowi", ["kierownikowi"]),
        ("z naszymi programistami", ["programistami"]),
        ("jesteś odpowiedzialny za", ["jesteś odpowiedzialny"]),
        ("Pracowałeś z Pythonem", ["Pracowałeś"]),
        ("odporność na stres", ["odporność na stres"]),
        ("odporna na stres", ["odporna na stres"]),
        ("rodzinna atmosfera", ["rodzinna atmosfera"]),
        ("w rodzinnej atmosferze", ["rodzinnej atmosferze"]),
        ("native speakera angielskiego", ["native speakera"]),
        ("atrakcyjne wynagrodzenie", ["atrakcyjne wynagrodzenie"]),
        ("oczekiwania finansowe", ["oczekiwania finansowe"]),
        ("agresywnie sprzedaje", ["agresywnie"]),
        ("pełna dyspozycyjność", ["pełna dyspozycyjność"]),
        ("szalone tempo", ["szalone"]),
        ("mile widziany status studenta", ["status studenta"]),
        ("świeżo po studiach", ["świeżo po studiach"]),
        ("maksymalnie 5 lat doświadczenia", ["maksymalnie 5 lat doświadczenia"]),
    ],
)
def test_polish_words_are_found_in_their_inflected_forms(text, found):
    assert words(text, "pl") == found


@pytest.mark.parametrize(
    "text",
    [
        "Osoba kandydująca rozmawia z zespołem.",
        "Porozmawiasz z kandydatką lub kandydatem.",
        "Koleżanki i koledzy pomogą.",
        "Odpowiadasz za rodzinę produktów.",
        "Młodszy inżynier albo młodsza inżynierka.",
        "Programowanie, programowania, kierowanie zespołem, pracownia.",
        "Szefowa lub szef zespołu.",
        "Studia podyplomowe, studium, studio.",
        "Agregacja danych i agresja pakietów nie mają nic wspólnego.",
        "Lidero, liderki naszego zespołu.",
    ],
)
def test_neutral_and_paired_polish_forms_are_left_alone(text):
    assert words(text, "pl") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Wir sind ein junges, dynamisches Team", ["junges, dynamisches"]),
        ("Deutsch auf Muttersprachniveau", ["Muttersprachniveau"]),
        ("belastbare Persönlichkeit", ["belastbare"]),
        ("wie eine große Familie", ["wie eine große Familie"]),
        ("leistungsgerechte Vergütung", ["leistungsgerechte Vergütung"]),
        ("Jungfernflug und Belastungstest, Gehaltsspanne", []),
        ("höchstens 5 Jahre Erfahrung", ["höchstens 5 Jahre Erfahrung"]),
        ("3 bis 5 Jahre Berufserfahrung", ["3 bis 5 Jahre Berufserfahrung"]),
        ("mit zehn Jahren einschlägiger Erfahrung", ["zehn Jahren einschlägiger Erfahrung"]),
        ("12 Jahre Berufspraxis", ["12 Jahre Berufspraxis"]),
        ("zwanzigjährige Erfahrung", ["zwanzigjährige Erfahrung"]),
        ("drei Jahre Erfahrung, seit zehn Jahren am Markt", []),
        ("Attraktives Gehalt", ["Attraktives Gehalt"]),
        ("mit überdurchschnittlichem Gehalt", ["überdurchschnittlichem Gehalt"]),
        ("ein attraktiver Standort, Gehalt 60.000 Euro", []),
    ],
)
def test_german_words_are_found(text, found):
    assert words(text, "de") == found


def test_the_sentence_the_reason_and_the_alternative_come_along():
    [match] = matches("We are small. Be a ninja here. Thanks.", "en", None)

    assert match.sentence == "Be a ninja here."
    assert "gendered" in match.wording.reason
    assert match.wording.alternative == "expert, specialist"
    assert match.grade == Grade.WARNS


def test_a_denied_word_is_a_note_alone():
    [match] = matches("You need not be a native speaker.", "en", None)

    assert match.grade == Grade.INFORMS


def test_a_quoted_word_is_a_mention_outside_the_advert():
    text = "Do not write “rockstar” or " + '"ninja"; we are no rockstars.'

    assert words(text, skip_quoted=True) == ["rockstars"]
    assert words(text) == ["rockstar", "ninja", "rockstars"]


def test_a_product_of_that_name_is_spared_by_an_exception():
    assert words("Ninja Van needs a ninja", fine=["ninja van"]) == ["ninja"]
    assert words("Ninja Van needs a ninja", fine=["Ninja"]) == []
    assert words("Ninjas need a ninja", fine=["ninja"]) == ["Ninjas"]
    assert words("Ninjas need a ninja", fine=["ninja*"]) == []
    assert words("crazy (c++) ninja", fine=["(c++)", "[a-"]) == ["crazy", "ninja"]


def test_letters_that_grow_when_made_small_do_not_shift_the_words():
    text = "İİİ a ninja İ"

    assert len(lowered(text)) == len(text)
    assert words(text) == ["ninja"]


@pytest.mark.parametrize("pattern", ["a+", "(a+)+", ".*", "[^a]", "a{3}", "a|b\n", "^a", "a$"])
def test_a_pattern_that_could_be_slow_is_refused(pattern):
    with pytest.raises(ValueError, match="no pattern may hold"):
        as_pattern(pattern)


@pytest.mark.parametrize("language", ["en", "pl", "de"])
@pytest.mark.parametrize(
    "piece", ["young ", "max 5 years ", "native ", "(", "aaaa", "młody i ", "1 - ", "like a ", "''"]
)
def test_searching_takes_time_in_proportion_to_the_text(language, piece):
    text = piece * (200_000 // len(piece))

    started = time.process_time()
    list(word_list(language).pattern.finditer(lowered(text)))

    assert time.process_time() - started < 3


def test_a_word_repeated_in_one_endless_sentence_is_named_once_and_quickly():
    text = "koledzy ninja " * 15_000

    started = time.process_time()
    found = words(text, "pl", fine=["guru"])

    assert found == ["koledzy", "ninja"]
    assert time.process_time() - started < 3
