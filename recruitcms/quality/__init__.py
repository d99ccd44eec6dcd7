"""The editor's checklist: what stops publishing, what is worth another look, and what is good to know.

`checklist(document)` reads a working copy, saved or not, and returns findings; each names its place in the form. What
only one kind of document has stands beside that document's models: roles/quality.py, leads/quality.py.
"""

from recruitcms.quality.checks import checklist
from recruitcms.quality.findings import Finding, Grade, Place, Prefixes, Text, field_id
from recruitcms.quality.subject import Subject, subject_of

__all__ = ["Finding", "Grade", "Place", "Prefixes", "Subject", "Text", "checklist", "field_id", "subject_of"]
