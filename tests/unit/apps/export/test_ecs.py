from __future__ import annotations

import msgspec

from stillwatch.apps.export import Format, export
from stillwatch.testing import make_result


def test_one_alert_a_line_with_the_categorisation_fields():
    alerts = [msgspec.json.decode(line) for line in export(make_result(), Format.ECS).splitlines()]
    assert [each["event"]["id"] for each in alerts] == ["c-7f3a91", "c-5b2210", "c-pool01"]
    for each in alerts:
        assert each["event"]["kind"] == "alert"
        assert (each["event"]["category"], each["event"]["type"]) == (["intrusion_detection"], ["info"])
        assert each["@timestamp"].endswith("Z")
        assert each["ecs"]["version"] == "8.11.0"
    assert alerts[0]["threat"]["technique"]["id"] == ["AML.T0008", "AML.T0021", "AML.T0024", "AML.T0040"]
    assert "AML.T0024.002" in alerts[0]["threat"]["technique"]["subtechnique"]["id"]
    assert "203.0.113.77" in alerts[0]["related"]["ip"]
    assert len(alerts[0]["related"]["user"]) == 38
    assert alerts[0]["stillwatch"]["campaign"]["rides_on"] == "c-pool01"
