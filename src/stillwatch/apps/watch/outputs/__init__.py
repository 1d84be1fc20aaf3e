"""Where changes go: JSON lines, a signed webhook, a chat's webhook, mail."""
