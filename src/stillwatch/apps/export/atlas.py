"""What a campaign does, in the identifiers of MITRE ATLAS.

Source: MITRE ATLAS data 5.6.0 (names and tactics).
"""

from __future__ import annotations

import msgspec

from stillwatch.campaigns.model import Campaign, Kind

FRAMEWORK = "MITRE ATLAS"
VERSION = "5.6.0"


class Technique(msgspec.Struct, frozen=True):
    """One technique: its id, name and the tactic that it serves."""

    id: str
    name: str
    tactic_id: str
    tactic: str

    @property
    def url(self) -> str:
        """The page of the technique."""
        return f"https://atlas.mitre.org/techniques/{self.id}"

    @property
    def parent(self) -> str:
        """The id of the technique that a sub-technique belongs to; its own id otherwise."""
        return ".".join(self.id.split(".")[:2])

    @property
    def is_sub(self) -> bool:
        """Whether this is a sub-technique."""
        return self.id != self.parent


ACCESS = Technique("AML.T0040", "AI Model Inference API Access", "AML.TA0000", "AI Model Access")
ACCOUNTS = Technique("AML.T0021", "Establish Accounts", "AML.TA0003", "Resource Development")
EXFILTRATION = Technique("AML.T0024", "Exfiltration via AI Inference API", "AML.TA0010", "Exfiltration")
EXTRACT = Technique("AML.T0024.002", "Extract AI Model", "AML.TA0010", "Exfiltration")
PROXIES = Technique("AML.T0008.005", "AI Service Proxies", "AML.TA0003", "Resource Development")
ALL = (ACCESS, ACCOUNTS, EXFILTRATION, EXTRACT, PROXIES)


def techniques(campaign: Campaign) -> tuple[Technique, ...]:
    """The techniques that the findings about ``campaign`` support, and no more.

    A harvest is the extraction itself; that a proxy model is trained from it is its purpose, not seen in a log, and not claimed.
    """
    several = (ACCOUNTS,) if campaign.accounts > 1 else ()
    if campaign.kind is Kind.BROKER:
        return (PROXIES, *several, ACCESS)
    riding = (PROXIES,) if campaign.rides_on else ()
    return (EXTRACT, *riding, *several, ACCESS)
