"""Surface marks of capabilities that need little language: code fences, arithmetic, a verb of translating.

Patterns run on lower-case beginnings of texts and only where a trigger substring is there, which is a cheap test;
word cues compare sets. Weights are in units of cosine, since they are added to the prototype scores of
``capability.py``; they were set by hand on the tuning sources that ``docs/reference/sketches.md`` names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stillwatch.detect.sketch.labels import Capability

CUE_CHARACTERS = 400
"""How much of a text is searched."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A surface mark of a capability, looked for only in texts that hold one of the triggers (a cheap test first)."""

    capability: Capability
    weight: float
    triggers: tuple[str, ...]
    pattern: re.Pattern[str]

    def found_in(self, lowered: str) -> bool:
        """Whether a lower-case text shows the mark."""
        return (not self.triggers or any(map(lowered.__contains__, self.triggers))) and bool(
            self.pattern.search(lowered)
        )


def _cue(capability: Capability, weight: float, pattern: str, triggers: str = "") -> Cue:
    return Cue(capability, weight, tuple(triggers.split("|")) if triggers else (), re.compile(pattern))


_LANGUAGES = (
    r"(?:english|french|german|spanish|italian|portuguese|russian|chinese|mandarin|japanese|korean|arabic|hindi|turkish"
    r"|dutch|polish|swedish|greek|hebrew|latin|vietnamese|thai|indonesian|ukrainian|czech)"
)

CUES: tuple[Cue, ...] = (
    _cue(Capability.TRANSLATION, 0.6, r"^.{0,80}\btranslat(?:e|ion|ing)\b", "translat"),
    _cue(Capability.TRANSLATION, 0.5, rf"\b(?:say|mean)\b.{{0,60}}\bin {_LANGUAGES}\b", " in "),
    _cue(
        Capability.TRANSLATION,
        0.6,
        r"翻译|翻譯|译成|翻訳|に訳し|번역|traduc[ei]|traduis|traduzca|traduire|übersetz|перевед|tradu[zç]",
        "翻|译|訳|번역|tradu|setz|перевед",
    ),
    _cue(
        Capability.CODING,
        0.5,
        r"```|\bdef \w+\(|#include\b|\bclass \w+[(:{]|\bpublic (?:static|class|void)\b|\bfunction \w*\(|\bselect\b.+\bfrom\b"
        r"|\bimport \w+|=>|</\w+>|\w+\(\)",
        "```|def |#include|class |public |function|select|import |=>|</|()",
    ),
    _cue(
        Capability.CODING,
        0.2,
        r"^(?:find|list|search|print|display|show|remove|delete|rename|move|copy|change|count|get|create|recursively)\b"
        r".*(?:\b(?:files?|director(?:y|ies)|folders?|lines?|process(?:es)?|permissions?|symlinks?|paths?)\b|/\w|\.\w+)",
        "file|director|folder|line|process|permission|symlink|path|/|.",
    ),
    _cue(
        Capability.CODING,
        0.3,
        r"\bc\+\+|\bc#|\.net\b|visual studio|编程|代码|函数",
        "c++|c#|.net|visual|编程|代码|函数",
    ),
    _cue(
        Capability.TOOLS,
        0.7,
        r"\btools?(?:former)?\s*(?::|access|call|available)|\bfunction[ _-]call|available (?:tools|functions|apis)"
        r"|following (?:tools|functions|apis)|\bapi[ _-]?calls?\b|tool_(?:call|choice|use)|\"parameters\"\s*:",
        "tool|function|api|parameters",
    ),
    _cue(
        Capability.TOOLS,
        0.4,
        r"\b(?:an?|which|what|the|find|suggest|recommend|provide|give me) (?:\w+ )?api\b|\bapi (?:that|which|to|for)\b"
        r"|\bpre-?trained\b|\bmodel (?:that|which|to|for)\b",
        "api|trained|model",
    ),
    _cue(
        Capability.TOOLS,
        0.35,
        r"^(?:hi|hello|hey|please|ok|okay)?[ ,.!]*(?:can|could) you (?:please )?(?:generate|calculate|convert|book|find me"
        r"|create|schedule|search|get|check|fetch|track|analy[sz]e|send|translate|help me (?:calculate|find|generate))\b"
        r"|^(?:hi|hello)?[ ,.!]*i (?:need|want|would like) (?:you )?to (?:calculate|convert|book|generate|search|create|order|send)\b",
        "can you|could you|i need|i want|i would like",
    ),
    _cue(
        Capability.REASONING,
        0.3,
        r"\d.{0,400}\b(?:how (?:many|much|long|old|far|tall|fast)|what (?:is|was|will be) (?:the|his|her|their) "
        r"(?:total|average|ratio|probability|percent\w*|cost|price|sum|difference|value|area|speed|number))\b",
        "how |what ",
    ),
    _cue(
        Capability.REASONING,
        0.25,
        r"(?:\d[^\d]{1,120}){3}(?:how|what|calculate|find|in total|altogether)",
        "how|what|calculate|find|total|altogether",
    ),
    _cue(Capability.REASONING, 0.5, r"\d.{0,300}(?:多少|几[个只本张天人元次辆岁枝]|平均)", "多少|几|平均"),
    _cue(
        Capability.REASONING,
        0.3,
        r"\bstep[- ]by[- ]step\b|\bprove that\b|\bsolve\b.{0,40}[=\d]|\bintegral\b|\bderivative\b|\bequation\b|\\frac|\bsyllogism\b"
        r"|\bdeductively\b|解方程|一步一步|逐步|证明",
        "step|prove|solve|integral|derivative|equation|frac|syllogism|deductively|解|步|证明",
    ),
    _cue(
        Capability.WRITING,
        0.4,
        r"\b(?:write|compose|draft|create|generate|continue|craft|tell)\b.{0,50}\b(?:story|poem|essay|letter|email|song|lyrics"
        r"|speech|dialogue|article|blog|haiku|novel|scene|script for a|slogan|diary|monologue|paragraph|tale)\b",
        "story|poem|essay|letter|email|song|lyrics|speech|dialogue|article|blog|haiku|novel|scene|script|slogan|diary|monologue|paragraph|tale",
    ),
    _cue(
        Capability.WRITING,
        0.4,
        r"\b(?:pretend|imagine|act as|role-?play|you are an?|you're an?|as an?|speak(?:ing)? as|in the (?:voice|style) of)\b.{0,120}"
        r"\b(?:describe|write|give|tell|speech|advice|talk|explain|convince|respond|share|story|react|character|interview)",
        "pretend|imagine|act as|role|you are a|you're a|as a|speak|in the ",
    ),
    _cue(Capability.WRITING, 0.4, r"写一[首篇封个段]|润色|续写|作文|改写|扮演", "写|润色|作文|扮演"),
    _cue(
        Capability.WRITING,
        0.25,
        r"\b(?:rewrite|paraphrase|proofread|summari[sz]e|rephrase)\b",
        "write|phrase|proofread|summari",
    ),
    _cue(
        Capability.KNOWLEDGE,
        0.25,
        r"^(?:(?:so|and|in|on|at|to|from|of) )?(?:what|which|who|whose|whom|when|where|why|how (?:many|much|long|far|old|tall|big|do(?:es)?|did|is|was|are))\b"
        r"(?!.*\b(?:i|my|me|i'm|i've|your?)\b).{3,110}$",
        "wh|how",
    ),
    _cue(Capability.KNOWLEDGE, 0.4, r"\n\(?a[.)].*\n\(?b[.)].*\n\(?c[.)]", "\n"),
    _cue(Capability.KNOWLEDGE, 0.3, r"患者|病人|症状|治疗|药物|疾病|手术", "患者|病人|症状|治疗|药|疾病|手术"),
    _cue(
        Capability.DATA,
        0.4,
        r"\b(?:dataset|data set|csv|spreadsheet|pivot table|dataframe|histogram|outliers?|regression|columns? (?:named|called))\b"
        r"|数据集|表格|数据分析",
        "data|csv|spreadsheet|pivot|histogram|outlier|regression|column|数据|表格",
    ),
    _cue(
        Capability.VISION,
        0.5,
        r"\b(?:in|of|from|on|at|shown in|attached) (?:this|the|these) (?:attached )?(?:image|photo|picture|screenshot|figure|scan)s?\b"
        r"|<image>|image_url|这张(?:图|照片)|图片[里中]",
        "image|photo|picture|screenshot|figure|scan|图",
    ),
    _cue(
        Capability.SAFETY,
        0.45,
        r"hack into|hurt (?:someone|my|him|her|a)\b|get away with|beat (?:him|her|them|someone)? ?up|burn down|(?:curse|swear) words?"
        r"|nigg\w|炸药|毒品|杀人",
        "hack|hurt |away with|beat |burn|curse|swear|nigg|炸|毒|杀",
    ),
    _cue(
        Capability.CONVERSATION,
        0.3,
        r"\bmy (?:\w+ )?(?:card|account|order|payment|transfer|money|balance|bill|refund|phone|calendar|list|alarm|passcode|password"
        r"|pin|bank|identity|top[- ]?up|paycheck|flight|reminder|music|playlist|luggage|credit)s?\b",
        "my ",
    ),
    _cue(
        Capability.CONVERSATION,
        0.25,
        r"^(?:hi|hello|hey|thanks|thank you|good (?:morning|evening)|你好|hola|bonjour|hallo)\b"
        r"|^(?:please |can you |could you |would you )?(?:set|turn|remind|play|tell me|cancel|add|remove|order me|call|text|book me) ",
    ),
)


@dataclass(frozen=True, slots=True)
class WordCue:
    """Words of which one suffices, in texts no longer than a limit."""

    capability: Capability
    weight: float
    words: frozenset[str]
    longest: int = 1 << 30

    def found_in(self, words: frozenset[str], length: int) -> bool:
        """Whether a text of this length, with these words, shows the mark."""
        return length <= self.longest and not self.words.isdisjoint(words)


def _words(capability: Capability, weight: float, words: str, longest: int = 1 << 30) -> WordCue:
    return WordCue(capability, weight, frozenset(words.split()), longest)


WORD_CUES: tuple[WordCue, ...] = (
    _words(
        Capability.CODING,
        0.3,
        "python java javascript typescript php perl ruby rust golang kotlin swift bash shell sql mysql html css regex jquery "
        "ajax linq xml matlab haskell scala django rails hibernate wordpress drupal magento oracle svn git apache cocoa "
        "sharepoint vba qt asp spring postgresql numpy pandas react angular node docker kubernetes excel",
    ),
    _words(
        Capability.CODING,
        0.2,
        "code script function array string compile compiler compiled algorithm debug database server thread pointer method "
        "variable variables parameter parameters plugin query loop file files filename directory directories folder command "
        "recursively",
    ),
    _words(
        Capability.SAFETY,
        0.45,
        "kill murder bomb poison steal rob rape torture stab launder meth cocaine heroin suicide kidnap blackmail slur slurs "
        "racist explosive explosives stalk counterfeit shoplift harass insult insults cuss fuck fucking bitch asshole illegal "
        "illegally prank",
    ),
    _words(Capability.CONVERSATION, 0.2, "i im my me anyone you", longest=120),
)
