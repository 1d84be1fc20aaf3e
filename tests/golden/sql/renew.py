"""Write the SQL texts anew: ``python tests/golden/sql/renew.py``. Read the difference before it is committed."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "src"))

from stillwatch.detect.core.catalogue import all_sql  # noqa: E402
from stillwatch.events.engines.dialects import Dialect  # noqa: E402

if __name__ == "__main__":
    for dialect in Dialect:
        if dialect is not Dialect.SPARK:  # its words are those of Databricks, and need PySpark to be written
            (HERE / f"{dialect}.sql").write_text(all_sql(dialect), "utf-8")
