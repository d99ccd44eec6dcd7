"""The names that a consent record must have, as a schema, and the check of it."""

# The mandatory fields of ISO/IEC TS 27560 (CON-2), and what must stand in them.
RECORD = {
    "schema_version": str,
    "record_id": str,
    "pii_principal_id": str,
    "pii_processing": {
        "privacy_notice": str,
        "language": str,
        "purpose": str,
        "lawful_basis": str,
        "pii_information": [str],
        "pii_controllers": [str],
        "storage_locations": [str],
        "retention_period": str,
        "jurisdiction": str,
        "recipient_third_parties": [str],
        "withdrawal_method": str,
    },
    "party_identification": [
        {"party_id": str, "party_name": str, "party_address": str, "party_contact": str, "party_type": str}
    ],
    "events": [
        {"event_time": str, "validity_duration": str, "entity_id": str, "event_type": str, "event_state": str}
        | {"event_id": str, "consent_text": str, "consent_text_version": int, "consent_text_sha256": str}
        | {"language": str, "policy_version": str, "gate_mode": str, "page": str, "controls": dict}
        | {"confirmation_message_id": str, "seq": int, "hash": str}
    ],
}


def violations(value, schema, path="record") -> list[str]:
    """Return the places where a value differs from a schema of names and types."""
    if isinstance(schema, dict):
        if not isinstance(value, dict) or value.keys() != schema.keys():
            return [path]
        return [fault for name in schema for fault in violations(value[name], schema[name], f"{path}.{name}")]
    if isinstance(schema, list):
        if not isinstance(value, list) or not value:
            return [path]
        return [fault for entry in value for fault in violations(entry, schema[0], f"{path}[]")]
    return [] if isinstance(value, schema) else [path]
