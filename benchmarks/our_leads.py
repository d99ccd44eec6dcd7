"""Fill our own site with people who asked for the report: `python -m benchmarks.our_leads PEOPLE`."""

import os
import sys

BATCH = 5000


def main(number: int) -> None:
    """Make people with a request each. The ledger has no entries of them: it is read at its end alone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recruitcms.settings")
    import django

    django.setup()
    from leads.models import Lead, Report, Submission

    report = Report.objects.get(language="en")
    for start in range(0, number, BATCH):
        addresses = [f"person-{count}@kept.example" for count in range(start, min(start + BATCH, number))]
        people = [
            Lead(email=address, email_normal=address, name="Marta", language="en", suppression_hmac=f"{place:064x}")
            for place, address in enumerate(addresses, start)
        ]
        people = Lead.objects.bulk_create(people)
        Submission.objects.bulk_create(
            Submission(kind="report", lead=person, report=report, language="en", name="Marta") for person in people
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
