"""What visitors type leads to what they mean, the same on SQLite and on PostgreSQL (tests/search_queries.toml)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.search_answers import QUERIES

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["sqlite", "postgres"])
def answers(request, tmp_path) -> dict[str, dict[str, list[str]]]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    more = {"TEST_DATA_DIR": str(tmp_path), "DATABASE_URL": url, "EMBEDDED_WORKER": "0"}
    command = [sys.executable, "-m", "tests.search_answers"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ) | more, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_ninety_five_of_a_hundred_searches_put_the_right_role_first(answers):
    expected = [(language, query) for language in answers for query in QUERIES[language]]
    wrong = []
    for language, query in expected:
        first = QUERIES[language][query]
        if answers[language][query][: len(first)] != first:
            wrong.append((language, query, answers[language][query][:3]))

    assert len(expected) >= 60
    assert len(wrong) <= 0.05 * len(expected), wrong
