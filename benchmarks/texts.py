"""The same words for both sides of a comparison: roles of 12 sections and about 1,600 words, out of 6,000."""

import random

HEADINGS = [f"Part {number} of the role" for number in range(12)]
LEVELS = ["Junior", "Senior", "Lead", "Principal", "Staff"]
FIELDS = ["Data", "Platform", "Security", "Machine Learning", "Frontend", "Backend", "Cloud", "Mobile"]
KINDS = ["Engineer", "Developer", "Architect", "Manager", "Analyst"]
LINES, WORDS = 9, 15


def title_of(number: int) -> str:
    """Return the title of a role."""
    pick = random.Random(number)
    return f"{pick.choice(LEVELS)} {pick.choice(FIELDS)} {pick.choice(KINDS)} {number}"


def lines_of(number: int, section: int) -> list[str]:
    """Return the lines of a list in a section of a role."""
    pick = random.Random(number * 100 + section)
    return [" ".join(f"word{int(pick.paretovariate(0.5)) % 6000}" for _word in range(WORDS)) for _line in range(LINES)]


def html_of(number: int, section: int) -> str:
    """Return a section as rich text."""
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines_of(number, section)) + "</ul>"


def markdown_of(number: int, section: int) -> str:
    """Return a section as Markdown."""
    return "\n".join(f"- {line}" for line in lines_of(number, section))
