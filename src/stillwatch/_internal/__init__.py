"""Ground that every package stands on: identifiers, canonical JSON, safe text, atomic output."""
