from __future__ import annotations

import pytest

from stillwatch.detect.sketch.language import UNDETERMINED, LanguageGuesser, by_script


@pytest.fixture(scope="module")
def guesser():
    return LanguageGuesser.load()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("what is the capital of this country", "en"),
        ("糖尿病的早期症状有哪些", "zh"),
        ("東京の天気はどうですか", "ja"),
        ("오늘 날씨는 어때요", "ko"),
        ("Ποια είναι η πρωτεύουσα", "el"),
        ("สวัสดีครับ", "th"),
        ("123 !?", UNDETERMINED),
        ("", UNDETERMINED),
        ("¿? ¡!", UNDETERMINED),
        ("Quelle est la capitale de la France", None),
    ],
)
def test_script(text, code):
    assert by_script(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("¿Cuál es la capital de Francia y cuántos habitantes tiene?", "es"),
        ("Quelle est la capitale de la France ?", "fr"),
        ("Was ist die Hauptstadt von Frankreich?", "de"),
        ("Напишите, пожалуйста, функцию сортировки", "ru"),
        ("ما هي عاصمة فرنسا؟", "ar"),
        ("Como faço para instalar o programa?", "pt"),
    ],
)
def test_model(guesser, text, code):
    assert guesser.languages([text]) == [code]


def test_unsure_is_undetermined(guesser):
    assert guesser.languages(["write quicksort"]) == [UNDETERMINED]


def test_the_sample_bounds_the_models_work(guesser):
    texts = ["Quelle est la capitale de la France ?"] * 10 + ["what is the capital of this"] * 2
    found = guesser.languages(texts, sample=4)
    assert found.count("fr") == 4
    assert found.count(UNDETERMINED) == 6
    assert found[-2:] == ["en", "en"]
    assert guesser.languages(texts, sample=0).count(UNDETERMINED) == 10


def test_shares_leave_the_undetermined_out(guesser):
    texts = ["what is the capital of this"] * 3 + ["糖尿病的早期症状有哪些", "123"]
    assert guesser.shares(texts) == {"en": 0.75, "zh": 0.25}
    assert guesser.shares([]) == {}


def test_lone_surrogates(guesser):
    assert len(guesser.languages(["\ud800 bonjour à tous les amis"])) == 1
