"""Campaigns in the formats of other tools.

No format carries prompt or response text. STIX is made to leave the house: no account names, only addresses that are the
campaign's own, with an end of validity. OCSF, ECS, CSV and JSON are for the provider's own systems and name accounts.
"""

from __future__ import annotations

from stillwatch.apps.export.formats import Format, export

__all__ = ["Format", "export"]
