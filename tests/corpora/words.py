"""What job descriptions say: headings by the kind of section that they name, and sentences to put below them."""

from random import Random

HEADINGS = {
    "en": {
        "introduction": ["Job summary", "Overview", "Position Summary", "Job Brief", "Introduction", "Summary of the role", "At a glance"],
        "what": ["About the role", "The role", "About this position", "What does a {title} do?", "The Opportunity", "Role overview", "About the job"],
        "duties": [
            "Key responsibilities", "Responsibilities", "What you’ll do", "What You'll Be Doing", "Your responsibilities", "Duties and responsibilities",
            "Main duties", "Day-to-day responsibilities", "Your day to day", "{title} responsibilities", "Essential functions", "In this role you will",
            "What you will work on", "Your mission & tasks", "How you’ll make an impact", "Core accountabilities", "Responsibilites include", "A typical day", "What will you do?", "As a {title}, you will:",
        ],
        "required": [
            "Requirements", "What you’ll need", "What you'll bring", "Who you are", "About you", "Qualifications", "Required skills", "Must-haves",
            "Skills and experience", "Minimum qualifications", "What we’re looking for", "Your profile", "You have", "Technical skills", "Key skills & competencies",
            "{title} requirements and skills", "Education and experience", "We’d love to hear from you if you have the required experience", "You might be a fit if", "Job requirments", "Knowledge, skills and abilities",
        ],
        "nice": [
            "Nice to have", "Nice-to-haves", "Bonus points", "Preferred qualifications", "It would be a plus if", "Good to have", "Desirable", "Extra credit",
            "Bonus points if you have", "Preferred skills and experience", "Nice to have (not required)", "Would be great if", "Desired skills",
        ],
        "challenges": ["Common challenges", "Challenges you’ll face", "Challenges of a {title}"],
        "where": ["Tech stack", "Location", "Work environment", "The team", "Our stack", "Where does a {title} work?", "Working conditions", "Meet your team"],
        "good": ["How can I be a good {title}?", "What makes a great {title}?", "How to be a good {title}"],
        "mistakes": ["Mistakes to avoid", "Common mistakes", "Hiring pitfalls"],
        "offer": [
            "Benefits", "What we offer", "Perks & benefits", "Compensation", "Salary", "What’s in it for you", "Why join us?", "Our offer", "Salary and benefits",
            "Compensation & Benefits", "Perks", "Benefits package", "We offer", "What you’ll get", "Why you’ll love working here", "Pay range",
        ],
        "about": ["About us", "About the company", "Who we are", "Our company", "About {company}", "Equal opportunity", "Company overview", "Our values", "Our culture", "Equal Opportunity Employer"],
        "resumes": ["Sample résumés", "{title} resume examples"],
        "contact": ["How to apply", "Apply now", "Hiring process", "Next steps", "Our interview process", "Contact", "Ready to apply?", "Get in touch", "Recruitment process"],
    },
    "pl": {
        "introduction": ["Opis stanowiska", "O stanowisku", "W skrócie", "Podsumowanie"],
        "what": ["O roli", "Czym zajmuje się {title}?", "Twoja rola"],
        "duties": ["Zakres obowiązków", "Twoje zadania", "Obowiązki", "Główne obowiązki", "Czym będziesz się zajmować?", "Co będziesz robić", "Twój zakres odpowiedzialności", "Zadania na tym stanowisku", "Za co będziesz odpowiadać"],
        "required": ["Wymagania", "Nasze wymagania", "Czego oczekujemy", "Kogo szukamy?", "Oczekiwania", "Twój profil", "Wymagane umiejętności", "Profil kandydata", "Nasze oczekiwania", "Wymagamy", "Kwalifikacje"],
        "nice": ["Mile widziane", "Dodatkowe atuty", "Dodatkowym atutem będzie", "Mile widziane umiejętności", "Będzie dodatkowym plusem", "Docenimy również"],
        "offer": ["Oferujemy", "Co oferujemy", "Nasza oferta", "Benefity", "Wynagrodzenie", "Wynagrodzenie i benefity", "Co zyskasz?", "W zamian oferujemy", "To oferujemy", "Dlaczego warto do nas dołączyć"],
        "about": ["O nas", "O firmie", "Kim jesteśmy", "Nasza firma", "O pracodawcy"],
        "where": ["Miejsce pracy", "Lokalizacja", "Technologie, których używamy", "Twój zespół"],
        "contact": ["Jak aplikować", "Aplikuj", "Proces rekrutacji", "Kontakt", "Etapy rekrutacji"],
    },
    "de": {
        "introduction": ["Stellenbeschreibung", "Auf einen Blick", "Einleitung"],
        "what": ["Über die Stelle", "Ihre Rolle", "Was macht ein {title}?"],
        "duties": ["Ihre Aufgaben", "Deine Aufgaben", "Aufgaben", "Was Sie erwartet", "Das erwartet dich", "Ihre Tätigkeiten", "Aufgabengebiet", "Verantwortlichkeiten", "Das machen Sie bei uns"],
        "required": ["Ihr Profil", "Dein Profil", "Anforderungen", "Das bringen Sie mit", "Was du mitbringst", "Qualifikationen", "Voraussetzungen", "Wen wir suchen", "Ihre Qualifikation", "Anforderungsprofil"],
        "nice": ["Von Vorteil", "Wünschenswert", "Nice to have", "Das wäre ein Plus"],
        "offer": ["Wir bieten", "Was wir bieten", "Unser Angebot", "Ihre Vorteile", "Deine Benefits", "Das bieten wir Ihnen", "Vergütung", "Darauf kannst du dich freuen"],
        "about": ["Über uns", "Wer wir sind", "Das Unternehmen"],
        "where": ["Arbeitsort", "Standort", "Dein Team"],
        "contact": ["Ihre Bewerbung", "Kontakt", "So bewerben Sie sich", "Jetzt bewerben", "Bewerbungsprozess"],
    },
}  # fmt: skip
UNKNOWN = ["Interview questions that tell you something", "A word on hedgehogs", "Our favourite books", "Frequently asked questions", "How to write this job description"]  # fmt: skip
SENTENCES = {
    "en": [
        "Own the design of our pipelines, from first event to final table.", "Keep the numbers “correct, on time & affordable”.", "Work with [Company]’s product teams in [city].",
        "Review code & pair with [four] engineers.", "Write queries like SELECT a, b FROM t WHERE a < b AND c > d.", "Know your way around List<String> and Map<K, V>.",
        "Five+ years of experience (or fewer, if you can show it).", "24,000–31,000 PLN gross a month; 26 days off.", "We don’t count hours — we count on you.", "Use *stars* and under_scores with care.",
        "Cut costs by 10% to 15%/year.", "You’ll report to the C++ guild’s lead.", "C:\\Data\\reports should never hold personal data.", "Write to jobs@example.com or call 22 100 20 30.", "No more than 1 meeting a day.", "AT&T-style networks, #1 in the trade.",
    ],
    "pl": ["Projektowanie i rozwój usług w języku Go.", "Dbałość o jakość kodu – „zielone” testy.", "Współpraca z zespołem produktu w [mieście].", "Umowa o pracę: 18 000–24 000 zł brutto.", "Znajomość języka angielskiego na poziomie B2.", "Żółć, gęśl i jaźń nie są Ci obce."],
    "de": ["Weiterentwicklung unserer Dienste in Kotlin.", "Enge Zusammenarbeit mit „Produkt“ und Vertrieb.", "Mehrjährige Erfahrung mit großen Datenmengen.", "30 Tage Urlaub & flexible Arbeitszeiten.", "Gehalt: 70.000 € bis 85.000 € im Jahr."],
}  # fmt: skip
TITLES = {
    "en": ["Data Engineer", "QA Analyst", "Head of Data", "Site Reliability Engineer", "Product Designer", "Frontend Developer", "Scrum Master", "DevOps Engineer", "Technical Writer", "Java Developer"],
    "pl": ["Inżynier danych", "Tester oprogramowania", "Analityk biznesowy", "Programista Go", "Projektant UX"],
    "de": ["Softwareentwickler", "Datenanalyst", "Systemadministrator"],
}  # fmt: skip
COMPANIES = ["Fernhill", "Oak & Ash", "Brightwater", "Kestrel Labs"]
ORDER = ["introduction", "what", "duties", "required", "nice", "challenges", "where", "good", "mistakes", "offer", "about", "resumes", "contact"]  # fmt: skip
DRESSES = ["{}", "{}", "{}", "{}:", "{} :", "1. {}", "🚀 {}", "{} 💰", "  {}  ", "– {}", "{}…", "{}!"]


def sections(random: Random, language: str, title: str, dressed: bool = True) -> list[tuple[str, str, list[str]]]:
    """Return [(kind, heading, sentences)] of one invented job description; "other" for headings of no known kind."""
    kinds = [kind for kind in ORDER if kind in HEADINGS[language]]
    chosen = {"duties", "required", *random.sample(kinds, random.randint(2, 6))}
    found = []
    for kind in kinds:
        if kind in chosen:
            heading = random.choice(HEADINGS[language][kind]).format(title=title, company=random.choice(COMPANIES))
            dress = random.choice(DRESSES) if dressed else "{}"
            heading = heading.upper() if random.random() < 0.1 else heading
            found.append((kind, dress.format(heading), random.choices(SENTENCES[language], k=random.randint(2, 5))))
    if random.random() < 0.3:
        found.append(("other", random.choice(UNKNOWN), random.choices(SENTENCES[language], k=2)))
    return found
