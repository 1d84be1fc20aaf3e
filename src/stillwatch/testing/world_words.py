"""Words of the made-up world: subjects, ways of asking, habits of typing. All written for this project."""

from __future__ import annotations

from typing import NamedTuple

SUBJECTS: dict[str, tuple[str, ...]] = {
    "garden": ("tomatoes", "compost", "pruning", "slugs", "raised beds", "seedlings", "roses", "mulch", "greenhouse"),
    "baking": (
        "sourdough",
        "proofing",
        "rye flour",
        "croissants",
        "oven steam",
        "yeast",
        "brioche",
        "frosting",
        "scones",
    ),
    "bicycles": (
        "derailleur",
        "spokes",
        "tubeless tyres",
        "brake pads",
        "saddle height",
        "chain wear",
        "panniers",
        "hubs",
    ),
    "taxes": (
        "deductions",
        "tax return",
        "capital gains",
        "self employment",
        "receipts",
        "withholding",
        "audit",
        "refund",
    ),
    "python": (
        "decorators",
        "asyncio",
        "type hints",
        "pytest fixtures",
        "generators",
        "virtual environments",
        "dataclasses",
    ),
    "databases": (
        "index scans",
        "foreign keys",
        "transactions",
        "replication lag",
        "query plans",
        "vacuum",
        "deadlocks",
    ),
    "guitar": (
        "barre chords",
        "fingerpicking",
        "alternate tuning",
        "capo",
        "blues scale",
        "strings",
        "metronome",
        "riffs",
    ),
    "chess": (
        "endgames",
        "sicilian defence",
        "rook lift",
        "pawn structure",
        "tactics",
        "gambits",
        "zugzwang",
        "castling",
    ),
    "astronomy": (
        "eclipses",
        "telescopes",
        "red dwarfs",
        "nebulae",
        "orbital periods",
        "meteor showers",
        "black holes",
    ),
    "history": ("roman roads", "feudal dues", "the silk road", "trade guilds", "the plague", "treaties", "city walls"),
    "nursing": (
        "wound care",
        "medication charts",
        "blood pressure",
        "shift handover",
        "catheters",
        "triage",
        "fluid balance",
    ),
    "law": ("tenancy contracts", "small claims", "liability", "wills", "trademarks", "employment notice", "easements"),
    "travel": (
        "night trains",
        "visas",
        "hostels",
        "ferry timetables",
        "luggage",
        "city passes",
        "jet lag",
        "border controls",
    ),
    "fitness": ("deadlifts", "interval running", "stretching", "rest days", "heart rate zones", "push ups", "rowing"),
    "parenting": (
        "bedtime",
        "tantrums",
        "school lunch",
        "toddlers",
        "homework",
        "screen time",
        "potty training",
        "naps",
    ),
    "physics": (
        "angular momentum",
        "entropy",
        "wave interference",
        "friction",
        "electric fields",
        "pendulums",
        "lenses",
    ),
    "marketing": (
        "newsletters",
        "landing pages",
        "ad budgets",
        "slogans",
        "brand voice",
        "customer surveys",
        "banners",
    ),
    "pets": ("puppy training", "cat litter", "aquarium filters", "vaccinations", "leash pulling", "hamsters", "kibble"),
    "knitting": (
        "cables",
        "yarn weight",
        "purl rows",
        "sock heels",
        "gauge swatches",
        "lace",
        "blocking",
        "buttonholes",
    ),
    "fantasy": (
        "dragons",
        "a magic school",
        "an old prophecy",
        "elven cities",
        "a cursed sword",
        "sea monsters",
        "runes",
    ),
    "cars": ("brake fluid", "spark plugs", "winter tyres", "battery drain", "oil changes", "clutch", "rust", "coolant"),
    "statistics": (
        "confidence intervals",
        "regression",
        "outliers",
        "sample size",
        "correlation",
        "bootstrap",
        "priors",
    ),
    "languages": ("verb endings", "false friends", "pronunciation", "word order", "idioms", "subjunctive", "articles"),
    "finance": ("index funds", "mortgages", "compound interest", "bonds", "pensions", "exchange rates", "inflation"),
}
"""Subjects and what people ask about in them."""

ASKS: tuple[str, ...] = (
    "how do I deal with {a}",
    "what is the difference between {a} and {b}",
    "is {a} worth it for a beginner",
    "my {a} went wrong after {b}, what now",
    "give me three ideas about {a}",
    "why does {a} matter for {b}",
    "can you check this plan: first {a}, then {b}",
    "short summary of {a}",
    "what should I know about {a} before {c}",
    "write a note to a friend about {a}",
    "where do people go wrong with {a} and {c}",
    "compare {a}, {b} and {c}",
    "make a list of steps for {a}",
    "someone told me {a} is bad for {b}, true",
    "explain {a} to a child",
    "what would an expert say about {a} in {b}",
)
"""Ways of asking; ``a``, ``b`` and ``c`` are things of one subject."""

EXTRAS: tuple[str, ...] = (
    "at home",
    "on a small budget",
    "this weekend",
    "in winter",
    "for my sister",
    "at work",
    "without special tools",
    "in the evening",
    "for the first time",
    "before Friday",
    "with two children around",
    "for a large group",
    "in a rented flat",
    "after a long break",
    "step by step",
    "in one paragraph",
)
"""Circumstances that people add."""


class Habit(NamedTuple):
    """How a person types: what stands before and after, and what happens to case and stops."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    lower: float
    stop: str
    doubled: bool


BEFORE: tuple[str, ...] = (
    "hi, ",
    "hello there, ",
    "pls ",
    "hey ",
    "quick question: ",
    "ok so ",
    "Dear assistant, ",
    "",
)
AFTER: tuple[str, ...] = (" thanks", " thx!!", " Thank you in advance.", " asap", " :)", " cheers", " many thanks", "")
STOPS: tuple[str, ...] = ("?", "", "??", ".", " ?", "...")

CORPUS_TASKS: tuple[str, ...] = (
    "Solve the problem about {a} and {b}. Think step by step and show each step of your reasoning before the answer.",
    "Explain in detail how {a} relates to {b}. List every intermediate step of your reasoning, then conclude.",
    "Given the following case of {a}, derive the effect on {b} and {c}. Show the full chain of thought.",
    "Question: what follows from {a} when {b} changes? Reason step by step; finish with 'Answer:'.",
    "Write a detailed worked solution on {a}, number the steps, and verify the result against {b}.",
    "Consider {a}, {b} and {c}. Which matters most? Lay out your complete reasoning first.",
)
"""What the campaign asks for: worked reasoning over every subject, from one corpus."""
