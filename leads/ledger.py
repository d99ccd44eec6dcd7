"""The consent ledger: events are appended, and a person's state is the last of them, never a flag (I7, I8)."""

from leads.models import ConsentEvent, ConsentText, Purpose

State = ConsentEvent.State


def append(
    subject_ref: str,
    text: ConsentText,
    state: ConsentEvent.State,
    method: ConsentEvent.Method,
    *,
    form: str = "",
    page: str = "",
    gate_mode: str = "",
) -> ConsentEvent:
    """Write one decision of a person on one purpose into the ledger: the words, how, and on which form (CON-1)."""
    return ConsentEvent.objects.create(
        subject_ref=subject_ref,
        purpose=text.purpose,
        text=text,
        state=state,
        method=method,
        form=form,
        page=page,
        gate_mode=gate_mode,
    )


def last_event(subject_ref: str, purpose: Purpose) -> ConsentEvent | None:
    """Return what a person decided last on a purpose."""
    events = ConsentEvent.objects.filter(subject_ref=subject_ref, purpose=purpose)
    return events.select_related("text", "purpose").order_by("-pk").first()


def current_state(subject_ref: str, purpose: Purpose) -> str | None:
    """Return the state in which the last event left a purpose, or None where there is none."""
    event = last_event(subject_ref, purpose)
    return event.state if event else None


def is_given(subject_ref: str, purpose: Purpose) -> bool:
    return current_state(subject_ref, purpose) == State.GIVEN
