from __future__ import annotations

import pytest

from stillwatch.apps.run_folder import write_run
from stillwatch.testing import make_result


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    write_run(make_result(), out, report_html="<p>report</p>")
    return out
