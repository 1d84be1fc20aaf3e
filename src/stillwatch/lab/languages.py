"""Words of other languages than English: ways of asking, things, details, and instructions that pin the language.

Small on purpose: enough that a text is recognised as its language and that texts of one language differ.
"""

from __future__ import annotations

from typing import NamedTuple


class Tongue(NamedTuple):
    """One language: sentences with one gap each (``_``), things to fill it with, further sentences, and the pin."""

    asks: tuple[str, ...]
    things: tuple[str, ...]
    details: tuple[str, ...]
    pins: tuple[str, ...]


def _tongue(asks: str, things: str, details: str, pins: str) -> Tongue:
    return Tongue(*(tuple(part.split("|")) for part in (asks, things, details, pins)))


TONGUES: dict[str, Tongue] = {
    "zh": _tongue(
        "请解释一下_的原理|怎么选择合适的_|为什么_总是出问题|给我写一份关于_的计划|_和去年相比有什么变化|如何学习_|用简单的话介绍_",
        "太阳能电池|家庭预算|英语口语|数据库索引|中医养生|租房合同|二次函数|短视频脚本|股票基金|早餐食谱|旅行路线|论文提纲",
        "主要是_的情况|请特别注意_|之前试过_但没用|老师要求提到_|预算只够_|不要讨论_",
        "请全程用中文思考并作答。|思考过程和答案都必须使用中文。|只用中文书写每一步推理。",
    ),
    "es": _tongue(
        "¿cómo funciona _?|necesito ayuda con _|¿qué diferencia hay entre _ y lo de antes?|escribe un texto sobre _"
        "|¿por qué falla _?|¿cuánto cuesta _ en mi ciudad?|explícame _ con un ejemplo",
        "la declaración de la renta|un motor diésel|la caldera|el contrato de alquiler|una receta de lentejas"
        "|el subjuntivo|una entrevista de trabajo|la base de datos|el ayuno|un viaje en tren",
        "es para el grupo de _|ya probé con _|me preocupa sobre todo _|mi jefe insiste en _|sin mencionar _",
        "Razona y responde únicamente en español.|Todo el razonamiento debe estar en español.|Escribe cada paso en español.",
    ),
    "fr": _tongue(
        "comment fonctionne _ ?|j'ai besoin d'aide pour _|rédige un texte sur _|pourquoi _ ne marche pas ?"
        "|quel est le prix de _ ?|explique _ simplement|quelles sont les étapes pour _",
        "la déclaration d'impôts|une chaudière|le bail|une lettre de motivation|le passé simple|un potager|la TVA"
        "|une base de données|un régime sans gluten|le tri des déchets",
        "c'est pour _|j'ai déjà essayé _|attention à _|mon professeur parle de _|sans parler de _",
        "Raisonne et réponds uniquement en français.|Chaque étape du raisonnement doit être en français.",
    ),
    "de": _tongue(
        "wie funktioniert _?|ich brauche Hilfe mit _|schreibe einen Text über _|warum klappt _ nicht?"
        "|was kostet _ ungefähr?|erkläre _ an einem Beispiel|worauf muss ich bei _ achten?",
        "die Steuererklärung|eine Wärmepumpe|der Mietvertrag|das Bewerbungsschreiben|der Konjunktiv|ein Hochbeet"
        "|die Datenbank|ein Nachtzug|die Krankenkasse|ein Sauerteig",
        "es geht um _|das mit _ habe ich schon versucht|wichtig ist mir _|mein Chef will _|bitte ohne _",
        "Denke und antworte ausschließlich auf Deutsch.|Jeder Schritt der Überlegung muss auf Deutsch stehen.",
    ),
    "pt": _tongue(
        "como funciona _?|preciso de ajuda com _|escreva um texto sobre _|por que _ não funciona?|quanto custa _?"
        "|explique _ com um exemplo",
        "o imposto de renda|um contrato de aluguel|a receita de pão|uma entrevista|o banco de dados|a horta|o vestibular"
        "|um plano de estudos",
        "é para _|já tentei _|minha dúvida é _|sem falar de _",
        "Pense e responda somente em português.|Todo o raciocínio deve estar em português.",
    ),
    "it": _tongue(
        "come funziona _?|mi serve aiuto con _|scrivi un testo su _|perché _ non va?|spiegami _ con un esempio",
        "la dichiarazione dei redditi|una caldaia|il contratto|una ricetta di lenticchie|il congiuntivo|un orto|il database",
        "è per _|ho già provato _|mi preoccupa _|senza parlare di _",
        "Ragiona e rispondi solo in italiano.|Ogni passaggio deve essere in italiano.",
    ),
    "nl": _tongue(
        "hoe werkt _?|ik heb hulp nodig met _|schrijf een tekst over _|waarom lukt _ niet?|leg _ uit met een voorbeeld",
        "de belastingaangifte|een warmtepomp|het huurcontract|een sollicitatiebrief|de moestuin|de database|een treinreis",
        "het gaat om _|met _ is het al geprobeerd|belangrijk is _|zonder _",
        "Denk en antwoord alleen in het Nederlands.|Elke stap moet in het Nederlands staan.",
    ),
    "ru": _tongue(
        "как работает _?|помоги разобраться, что такое _|напиши текст на тему: _|почему не получается _?"
        "|объясни на примере: _",
        "налоговый вычет|тепловой насос|договор аренды|рецепт борща|база данных|собеседование|дачный участок|сослагательное"
        " наклонение",
        "речь идёт про: _|уже пробовали: _|главное здесь: _|не упоминай: _",
        "Рассуждай и отвечай только по-русски.|Каждый шаг рассуждения должен быть на русском языке.",
    ),
    "ja": _tongue(
        "_の仕組みを教えてください|_について説明文を書いて|どうして_はうまくいかないの|_の選び方を知りたい|_を例で説明して",
        "確定申告|太陽光発電|賃貸契約|味噌汁の作り方|データベース|面接の準備|家庭菜園|敬語|夜行列車",
        "特に_が気になります|_はもう試しました|_のためです|_には触れないで",
        "思考も回答もすべて日本語で書いてください。|推論の各段階を日本語で書くこと。",
    ),
    "ko": _tongue(
        "_의 원리를 설명해 줘|_에 대한 글을 써 줘|왜 _이 잘 안 될까|_을 고르는 방법이 궁금해|_을 예를 들어 설명해 줘",
        "연말정산|태양광 발전|임대차 계약|김치찌개 요리법|데이터베이스|면접 준비|텃밭|존댓말|야간열차",
        "특히 _이 걱정돼|_은 이미 해 봤어|_ 때문이야|_ 얘기는 빼 줘",
        "생각과 답변을 모두 한국어로만 작성해.|추론의 모든 단계를 한국어로 써라.",
    ),
    "tr": _tongue(
        "_ nasıl çalışır?|_ konusunda yardıma ihtiyacım var|_ hakkında bir metin yaz|_ neden olmuyor?|_ örnekle açıkla",
        "vergi beyannamesi|ısı pompası|kira sözleşmesi|mercimek çorbası|veritabanı|iş görüşmesi|balkon bahçesi",
        "konu şu: _|daha önce denedim: _|benim için önemli olan: _|şunu katma: _",
        "Yalnızca Türkçe düşün ve Türkçe yanıtla.|Her adım Türkçe olmalı.",
    ),
    "pl": _tongue(
        "jak działa _?|potrzebuję pomocy: _|napisz tekst na temat: _|dlaczego _ nie działa?|wyjaśnij na przykładzie: _",
        "zeznanie podatkowe|pompa ciepła|umowa najmu|przepis na żurek|baza danych|rozmowa o pracę|ogródek",
        "chodzi o: _|już próbowałem: _|ważne jest: _|bez: _",
        "Rozumuj i odpowiadaj wyłącznie po polsku.|Każdy krok ma być po polsku.",
    ),
    "id": _tongue(
        "bagaimana cara kerja _?|saya butuh bantuan soal _|tulis teks tentang _|kenapa _ tidak berhasil?|jelaskan _ dengan"
        " contoh",
        "laporan pajak|panel surya|kontrak sewa|resep rendang|basis data|wawancara kerja|kebun kecil",
        "ini untuk _|sudah saya coba: _|yang penting _|tanpa _",
        "Berpikir dan jawab hanya dalam bahasa Indonesia.|Setiap langkah harus dalam bahasa Indonesia.",
    ),
}
PINS_EN = ("Think and answer in English only.", "Write every step of the reasoning in English.")
