"""How a prompt draws training material out of a model, by explicit rules; precision before recall.

The classes follow what providers have reported of distillation campaigns: coerced reasoning traces, the model as a
grader (rubric) or as a judge of pairs, agent trajectories, rewrites of sensitive answers into safe ones, probing of
refusals, one request in many languages, and self-instruct expansion of a seed set. Every class has honest uses
(evaluation, tutoring, red-teaming, licensed synthetic data), so a label is a feature of a set and never evidence alone.

A rule looks for a cheap trigger first and for its pattern then. When several match, the first in `RULES` wins: the
specific before the general. Rates on ordinary prompts are in ``docs/reference/sketches.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.detect.sketch.labels import Elicitation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

UNMEASURED_ELICITATIONS = frozenset(Elicitation) - {Elicitation.ANSWER}
"""Classes whose recall is unknown: no real labelled prompts were at hand, only false alarms could be measured."""

_HEAD, _TAIL = 1200, 400
_MANY_LANGUAGES = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of one class; `triggers` are lower-case substrings of which one must be there."""

    elicitation: Elicitation
    triggers: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(elicitation: Elicitation, triggers: str, pattern: str) -> Rule:
    return Rule(elicitation, tuple(triggers.split("|")), re.compile(pattern, re.DOTALL))


_THOUGHT = r"(?:reasoning|thought|thinking|thinking process|thought process|chain[- ]of[- ]thought|deliberation|scratch ?pad|(?:inner|internal) monologue)"
_ITEM = r"(?:response|answer|reply|output|completion|solution|essay|summary|assistant|candidate|model|text)"
_NEW_TASK = r"(?:instructions?|tasks?|prompts?|questions?|problems?|queries|examples|exercises)"

RULES: tuple[Rule, ...] = (
    _rule(
        Elicitation.SAFE_REWRITE,
        "rewrite|rephrase|alternative|reformulate|改写",
        r"(?:rewrite|rephrase|reformulate)\b.{0,160}\b(?:politically (?:safe|acceptable|neutral)|censor\w*|compliant with"
        r"|safe (?:answer|response|version|alternative)|sensitive (?:content|topics?|answer|questions?)|without (?:any )?sensitive"
        r"|harmless (?:answer|response|version))"
        r"|\b(?:politically sensitive|censor\w*)\b.{0,120}\b(?:safe|acceptable|compliant)\b.{0,20}\balternative"
        r"|改写.{0,40}(?:敏感|合规|安全)|敏感.{0,40}改写",
    ),
    _rule(
        Elicitation.PAIRWISE,
        "which|better|prefer|compare|哪个|更好|préfér|mejor|besser|лучше",
        rf"\b{_ITEM}s? (?:a|1|\(a\)|one)\b(?>.{{1,900}}?\b{_ITEM}s? (?:b|2|\(b\)|two)\b).{{0,400}}?\b(?:better|prefer\w*|superior|wins?|which)\b"
        rf"|\b(?:which|compare|judge|decide)\b.{{0,80}}\b(?:two|both|following) {_ITEM}s\b.{{0,80}}\b(?:better|prefer\w*|higher quality)"
        rf"|\bwhich (?:of the (?:two )?|one of the )?{_ITEM}s? (?:is|are|do you think is) (?:better|preferred|more helpful)"
        rf"|(?:回答|回复|答案)\s*[a1一](?>.{{1,600}}?(?:回答|回复|答案)\s*[b2二]).{{0,200}}?(?:更好|哪个|比较)|哪个(?:回答|回复|答案)更好",
    ),
    _rule(
        Elicitation.RUBRIC,
        "score|rate |rating|grade|grading|rubric|evaluate|评分|打分|puntúa|califica|note |bewerte|оцени|採点|評価",
        rf"\b(?:scor(?:e|ing)|rat(?:e|ing)|grad(?:e|ing)|evaluat(?:e|ing))\b(?>.{{0,80}}?\b{_ITEM}\b).{{0,240}}?"
        r"(?:\b(?:rubric|criteria)\b|\b(?:from|between|of|on a scale)\b.{0,30}\b[01]\b.{0,10}\b(?:5|10|100)\b|\b(?:out of|/) ?(?:5|10|100)\b)"
        rf"|\b(?:grading|scoring|evaluation) (?:rubric|criteria|guidelines?)\b.{{0,400}}\b(?:{_ITEM}|scores?)\b"
        rf"|\brubric\b.{{0,200}}\b(?:score|grade|points)\b"
        r"|(?:给|为|对).{0,40}(?:回答|答案|回复|作文|模型).{0,60}(?:评分|打分)|(?:评分|打分)标准"
        r"|(?:puntúa|califica|bewerte|évalue|оцени|採点|評価).{0,80}(?:respuesta|antwort|réponse|ответ|回答).{0,120}\b(?:5|10|100)\b",
    ),
    _rule(
        Elicitation.TRAJECTORY,
        "observation:|trajectory|trajectories|next action|action input|tool_call|tool call|轨迹",
        r"\bthought\s*:(?>.{0,600}?\baction\s*:).{0,600}?\bobservation\s*:"
        r"|\baction\s*:.{0,200}\baction input\s*:"
        r"|\b(?:full|complete|entire|agent(?:ic)?|tool[- ]use|step[- ]by[- ]step)\b.{0,30}\btrajector(?:y|ies)\b"
        r"|\b(?:output|return|decide|predict|choose|write|give)\b.{0,60}\bnext action\b"
        r"|\b(?:simulate|write out|record|log|show|list)\b.{0,40}\b(?:all|every|each)\b.{0,30}\btool[_ ]calls?\b"
        r"|(?:完整|详细).{0,10}轨迹",
    ),
    _rule(
        Elicitation.TRACE_COERCION,
        "reasoning|thought|thinking|think|scratch|monologue|derivation|推理|思考|思维|razonamiento|pensamiento|raisonnement"
        "|réflexion|denkprozess|gedankengang|überlegung|рассуждени|ход мыслей|размышлени|思考過程|推論",
        rf"\b(?:imagine|articulate|reconstruct|reveal|output|print|show|write (?:out|down)?|expose|display|include|provide|verbali[sz]e|repeat|dump)\b"
        rf".{{0,60}}\b(?:your |the |all |full |complete |entire |raw |internal |hidden |inner |private |detailed |exact |model's |own |underlying |step[- ]by[- ]step ){{1,5}}{_THOUGHT}\b"
        rf"|\b{_THOUGHT}\b.{{0,40}}\b(?:inside|between|within|in|enclosed in|using|with)\b.{{0,12}}<?/?(?:think|thinking|reasoning|scratchpad|cot)>"
        r"|<(?:think|thinking|reasoning|scratchpad|cot)>"
        rf"|\b(?:internal|hidden|inner|private|raw|unfiltered|verbatim) {_THOUGHT}\b"
        rf"|\b(?:reasoning|thinking|thought) (?:trace|tokens?|process)\b.{{0,80}}\b(?:language|verbatim|in full|before|consistent|same)\b"
        rf"|\b(?:write|explain|give|reconstruct)\b.{{0,60}}\breasoning (?:that (?:led|leads)|leading|behind)\b.{{0,40}}\b(?:answer|response|completion|solution|this)\b"
        r"|(?:完整|内部|全部|隐藏|真实).{0,4}(?:推理|思考|思维)(?:过程|链|步骤|内容)?|详细.{0,4}(?:推理|思考|思维)(?:过程|链)"
        r"|(?:写出|输出|展示|还原|复述).{0,6}(?:你的|完整|内部|全部).{0,6}(?:推理|思考|思维)(?:过程|链|步骤)"
        r"|(?:muestra|escribe|incluye|revela|describe|explica).{0,40}(?:razonamiento|pensamiento)s? (?:interno|completo|detallado|paso a paso|oculto)"
        r"|proceso de (?:razonamiento|pensamiento)"
        r"|(?:montre|écris|affiche|donne|révèle|décris).{0,40}raisonnement (?:interne|complet|détaillé|caché|étape par étape)|processus de (?:raisonnement|réflexion|pensée)"
        r"|(?:zeige|schreibe|gib|offenbare|nenne).{0,60}(?:denkprozess|gedankengang|gedankengänge|internen? überlegung)"
        r"|(?:покажи|напиши|выведи|раскрой|опиши|приведи).{0,50}(?:ход (?:мыслей|рассуждений)|(?:внутренн|полн|подробн|скрыт)\w+ (?:рассуждени|размышлени)\w+)"
        r"|(?:思考過程|推論過程|思考プロセス|内部の(?:思考|推論)).{0,20}(?:書|示|出力|説明|見せ|含め)",
    ),
    _rule(
        Elicitation.SELF_INSTRUCT,
        "generate|come up with|create|write|evolve|rewrite|more complex|similar|variations|生成|改编",
        rf"\b(?:come up with|generate|create|write|produce|brainstorm|invent)\b.{{0,40}}\b(?:\d{{1,4}}|several|many|a (?:set|list|series) of|diverse|new|more|additional|ten|five|twenty)\b"
        rf".{{0,40}}\b{_NEW_TASK}\b.{{0,120}}\b(?:similar to|like the (?:ones|following|examples)|based on the (?:seed|following|given|above)|in the style of the (?:seed|example)|seed|diverse|fine-?tun\w*|train(?:ing)? (?:a|an|data|set|the))\b"
        rf"|\b(?:diverse|new) {_NEW_TASK}\b.{{0,60}}\b(?:and|with) (?:their |the )?(?:answers|responses|outputs|solutions)\b"
        rf"|\b(?:rewrite|evolve|transform|make)\b.{{0,40}}\b(?:given|following|this|the|#given) (?:prompt|instruction|question|problem)#?\b.{{0,60}}\b(?:more complex|harder|more difficult|complex version|more challenging)"
        rf"|\bseed (?:tasks?|instructions?|examples?|prompts?|questions?)\b"
        r"|(?:生成|编写|给出|创作).{0,12}(?:\d+|十|二十|若干|多)[个道条].{0,20}(?:指令|任务|问题|题目).{0,40}(?:类似|相似|多样|种子)|(?:类似|相似)的(?:指令|任务|题目)",
    ),
    _rule(
        Elicitation.BOUNDARY_PROBE,
        "ignore|refus|jailbreak|dan|restrict|guideline|disregard|system prompt|policy|忽略|越狱|拒绝",
        r"\b(?:ignore|disregard|forget|bypass|override) (?:all |any |your |the |of |these |those ){0,4}(?:previous|prior|above|earlier|safety|content|ethical|system)?\s?"
        r"(?:instructions?|rules|guidelines|restrictions|polic(?:y|ies)|filters?|safeguards)\b"
        r"|\bdo anything now\b|\bdeveloper mode\b.{0,80}\b(?:enabled|without|no)\b|\bjail ?break\b"
        r"|\b(?:reveal|print|repeat|show|output|tell me)\b.{0,40}\b(?:your|the) (?:system prompt|initial instructions|hidden instructions)\b"
        r"|\b(?:would|will|do) you (?:refuse|decline)\b|\bwhat (?:would|do|will) you (?:refuse|decline)\b|\b(?:exact|precise) (?:boundary|limits?|threshold)\b.{0,60}\brefus"
        r"|\b(?:no|without(?: any)?) (?:ethical|moral|content|safety) (?:restrictions|guidelines|filters?|limits)\b"
        r"|忽略(?:之前|以上|所有|你的).{0,10}(?:指令|指示|规则|限制)|越狱",
    ),
)

_LANGUAGE_NAMES = re.compile(
    r"\b(?:english|french|german|spanish|italian|portuguese|russian|chinese|mandarin|japanese|korean|arabic|hindi|turkish|dutch"
    r"|polish|swedish|greek|hebrew|vietnamese|thai|indonesian|ukrainian|czech|swahili|bengali|urdu|persian)\b"
    r"|[中英法德日韩俄]文|(?:西班牙|阿拉伯|葡萄牙|意大利|[英法德日韩俄汉])语"
)
_SWEEP_TRIGGERS = (
    "in each of",
    "in the following languages",
    "languages",
    "translate",
    "answer in",
    "respond in",
    "翻译",
    "语言",
)
_SWEEP_VERB = re.compile(
    r"\b(?:answer|respond|reply|repeat|solve|write|give|provide|translate|say|explain)\b.{0,120}\b(?:in(?:to)?|each|all|every)\b"
    r"|(?:翻译|回答|写|用)",
    re.DOTALL,
)


def elicitations(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Label texts by how they elicit.

    Returns:
        An `Elicitation` number for each text; `Elicitation.ANSWER` where no rule matches.
    """
    return np.fromiter((_label(text) for text in texts), dtype=np.uint8, count=len(texts))


def _label(text: str) -> Elicitation:
    # Instructions stand at the beginning or the end, around whatever they are about.
    seen = text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + "\n" + text[-_TAIL:]
    lowered = seen.lower()
    holds = lowered.__contains__
    for rule in RULES:
        if any(map(holds, rule.triggers)) and rule.pattern.search(lowered):
            return rule.elicitation
    if any(map(holds, _SWEEP_TRIGGERS)) and _SWEEP_VERB.search(lowered):
        named = set(_LANGUAGE_NAMES.findall(lowered))
        if len(named) >= _MANY_LANGUAGES:
            return Elicitation.MULTILINGUAL_SWEEP
    return Elicitation.ANSWER
