"""Moving roles in and out: Markdown files, Word documents, pasted text, and WordPress export files."""
