"""A hundred Markdown job descriptions of as many shapes: front matter or none, headings and bullets of every look."""

from dataclasses import dataclass, field
from random import Random

from tests.corpora.words import TITLES, sections


@dataclass
class Files:
    """The files by name, and what was put into each: [(kind, heading)] and the sentences."""

    texts: dict[str, str] = field(default_factory=dict)
    headings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    sentences: dict[str, list[str]] = field(default_factory=dict)


def files(number: int = 100, seed: int = 1) -> Files:
    """Return invented job descriptions as Markdown files."""
    random, made = Random(seed), Files()
    for count in range(number):
        language = random.choice(["en", "en", "en", "pl", "de"])
        title = random.choice(TITLES[language])
        name = random.choice(
            [f"{language}/{count}-job.md", f"job-{count}.{language}.md", f"jobs/2024-01-02-job-{count}.markdown"]
        )
        look = random.choice(HEADINGS)
        parts = sections(random, language, title)
        made.headings[name] = [(kind, heading) for kind, heading, _said in parts]
        made.sentences[name] = [sentence for _kind, _heading, said in parts for sentence in said]
        made.texts[name] = _file(random, f"{title} {count}", language, look, parts)
    return made


def _file(random: Random, title: str, language: str, look, parts) -> str:
    bullet = random.choice(BULLETS)
    blank = random.choice(["\n", ""])
    body = "\n".join(look(heading, f"{blank}{_listed(random, bullet, said)}") for _kind, heading, said in parts)
    text = random.choice(FRONT)(title, language) + body + random.choice(["", "\n", "\n\n---\n", "\n<!-- end -->\n"])
    return random.choice([text, text, text.replace("\n", "\r\n"), "\ufeff" + text])


def _listed(random: Random, bullet: str, said: list[str]) -> str:
    """Return sentences as a list, nested now and then, or as paragraphs."""
    escaped = [sentence.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;") for sentence in said]
    if not bullet:
        return "\n\n".join(escaped) + "\n"
    lines = []
    for number, sentence in enumerate(escaped, start=1):
        indent = random.choice(["  ", "    ", "\t"]) if number > 2 and random.random() < 0.3 else ""
        lines.append(f"{indent}{bullet.format(number)} {sentence}")
    return "\n".join(lines) + "\n"


BULLETS = ["-", "*", "+", "•", "–", "{}.", "{})", "- [ ]", "", "·"]


def yaml(title: str, language: str) -> str:
    return f'---\ntitle: "{title}"\nlang: {language}\ndescription: >\n  All about it.\ntags: [a, b]\ncategory: Data & AI\ndate: 2024-01-02\n---\n\n'


def toml(title: str, language: str) -> str:
    return f'+++\ntitle = "{title}"\nlang = "{language}"\ndraft = false\n+++\n\n'


def only_heading(title: str, language: str) -> str:
    return f"# {title}\n\n"


def underlined(title: str, language: str) -> str:
    return f"{title}\n{'=' * len(title)}\n\n"


def html_heading(title: str, language: str) -> str:
    return f'<h1 align="center">{title}</h1>\n\n<p align="center"><img src="logo.png" alt="Our logo"></p>\n\n'


FRONT = [yaml, toml, only_heading, underlined, html_heading]


def hashes(heading: str, body: str) -> str:
    return f"## {heading.strip()}\n{body}"


def closed_hashes(heading: str, body: str) -> str:
    return f"### {heading.strip()} ###\n\n{body}"


def dashes(heading: str, body: str) -> str:
    return f"\n{heading.strip()}\n-----\n{body}"


def bold(heading: str, body: str) -> str:
    return f"\n**{heading.strip()}**\n\n{body}"


def bold_in_heading(heading: str, body: str) -> str:
    return f"## **{heading.strip()}**\n\n{body}"


def underscores(heading: str, body: str) -> str:
    return f"\n__{heading.strip()}__\n{body}"


def html(heading: str, body: str) -> str:
    return f"\n<h3>{heading.strip()}</h3>\n\n{body}"


def folded(heading: str, body: str) -> str:
    return f"\n<details>\n<summary>{heading.strip()}</summary>\n\n{body}\n</details>\n"


HEADINGS = [hashes, hashes, closed_hashes, dashes, bold, bold_in_heading, underscores, html, folded]
