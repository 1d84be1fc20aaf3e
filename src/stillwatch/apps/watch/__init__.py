"""``stillwatch watch``: exchanges come in as they happen, verdicts and their changes go out.

The way of a batch: a source hands it over (``sources``), its prompts become sketches (``prompts``), rows that are too late,
too early or known are told apart (``admission``), and rows, counts and the source's place are committed in one transaction
(``state``). A detector in a process of its own looks over what was committed (``detector``, ``worker``); what changed since
the last look (``changes``) is committed with it and delivered from there (``outbox``, ``outputs``). ``service`` drives it.
"""
