from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.sketch.capability import UNMEASURED_CAPABILITIES, CapabilityClassifier
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.labels import Capability
from stillwatch.errors import ConfigurationError


@pytest.fixture(scope="module")
def embedding():
    return StaticEmbedding.load()


@pytest.fixture(scope="module")
def classifier(embedding):
    return CapabilityClassifier.load(embedding)


@pytest.mark.parametrize(
    ("text", "capability"),
    [
        ("A farmer has 17 sheep and buys 5 more. How many sheep does he have now?", Capability.REASONING),
        ("Write a Java method that removes duplicates from an array", Capability.CODING),
        ("Translate the following menu into Italian: soup, bread, cheese", Capability.TRANSLATION),
        ("You have access to the following tools: calculator, search.", Capability.TOOLS),
        ("Write a short story about a lighthouse keeper", Capability.WRITING),
        ("Who discovered penicillin?", Capability.KNOWLEDGE),
        ("Compute the median of each column of this dataset and find outliers", Capability.DATA),
        ("Describe what is shown in this image", Capability.VISION),
        ("How can I poison my boss?", Capability.SAFETY),
        ("my card was declined at the shop", Capability.CONVERSATION),
        ("请把这段话翻译成英文", Capability.TRANSLATION),
        ("患者出现头痛和发热，应该如何治疗？", Capability.KNOWLEDGE),
        ("", Capability.OTHER),
        ("\u2603 \u2603", Capability.OTHER),
    ],
)
def test_plain_cases(classifier, text, capability):
    assert Capability(classifier.classify([text])[0]) is capability


@pytest.mark.parametrize(
    ("file", "source", "capability", "least"),
    [
        # Held-out sources: the rules were not tuned on them. The floors lie a little below the documented figures.
        ("chinese", "cmath", Capability.REASONING, 0.90),
        ("reasoning", "aqua", Capability.REASONING, 0.68),
        ("code", "stack-overflow-titles", Capability.CODING, 0.83),
        ("eval", "human-eval", Capability.CODING, 0.95),
        ("eval", "mmlu", Capability.KNOWLEDGE, 0.68),
        ("chinese", "huatuo", Capability.KNOWLEDGE, 0.86),
        ("organic", "banking77", Capability.CONVERSATION, 0.90),
        ("attack", "gpteacher-roleplay", Capability.WRITING, 0.61),
        ("attack", "gorilla-apibench", Capability.TOOLS, 0.48),
    ],
)
def test_accuracy_on_real_prompts(classifier, shared, file, source, capability, least):
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(shared / f"data/prompts/{file}.parquet")
    texts = table.filter(pc.equal(table["source"], source))["prompt"].to_pylist()
    texts = texts[:: max(len(texts) // 600, 1)]
    assert (classifier.classify(texts) == capability).mean() >= least


def test_vectors_of_the_caller_are_used(classifier, embedding):
    texts = ["Who discovered penicillin?", "Write a poem"]
    np.testing.assert_array_equal(classifier.classify(texts, embedding.encode(texts)), classifier.classify(texts))


@given(st.lists(st.text(), max_size=5))
def test_any_text_gets_a_label(classifier, texts):
    labels = classifier.classify(texts)
    assert labels.dtype == np.uint8
    assert [Capability(label) for label in labels] == [Capability(classifier.classify([text])[0]) for text in texts]


def test_chunks_change_nothing(classifier, monkeypatch):
    texts = ["Who discovered penicillin?", "Write a poem", "my card is lost", "git merge"] * 3
    whole = classifier.classify(texts)
    monkeypatch.setattr("stillwatch.detect.sketch.capability._CHUNK", 5)
    np.testing.assert_array_equal(classifier.classify(texts), whole)


class TestPrototypes:
    def test_every_capability_but_other_has_some(self, root):
        raw = tomllib.loads((root / "src/stillwatch/detect/sketch/prototypes.toml").read_text("utf-8"))
        assert {name.upper() for name in raw} == {c.name for c in Capability} - {"OTHER"}

    def test_none_is_from_the_real_data(self, root, shared):
        import pyarrow.parquet as pq  # noqa: PLC0415

        raw = tomllib.loads((root / "src/stillwatch/detect/sketch/prototypes.toml").read_text("utf-8"))
        ours = {" ".join(text.lower().split()).strip(" ?.!") for texts in raw.values() for text in texts}
        real = set()
        for file in (shared / "data/prompts").glob("*.parquet"):
            real |= {" ".join(text.lower().split()).strip(" ?.!") for text in pq.read_table(file)["prompt"].to_pylist()}
        assert ours & real == set()

    @pytest.mark.parametrize("prototypes", [{}, {Capability.CODING: ["one", "two"]}])
    def test_too_few(self, embedding, prototypes):
        with pytest.raises(ConfigurationError, match="at least 3"):
            CapabilityClassifier(embedding, prototypes)


def test_what_is_unmeasured_is_named():
    assert Capability.VISION in UNMEASURED_CAPABILITIES
    assert Capability.REASONING not in UNMEASURED_CAPABILITIES
