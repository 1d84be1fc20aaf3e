"""Addresses: written as their standards ask, in ranges of their own, and consistent with AS number and country."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest

from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.draws import below, draw, root
from stillwatch.lab.network import CAMPUS, CLOUD, COUNTRIES, VPN, build_network, written

KEYS = draw(root(3), "address", np.arange(3_000))


@pytest.fixture(scope="module", params=["generated", "real"])
def network(request):
    if request.param == "generated":
        return build_network(load_corpora(None))
    return build_network(load_corpora(request.getfixturevalue("shared")))


def homes(network):
    country, kind = below(draw(KEYS, "country"), len(COUNTRIES)), below(draw(KEYS, "kind"), CAMPUS + 1)
    return country, network.access(draw(KEYS, "block"), country, kind, draw(KEYS, "host"))


def test_homes_lie_in_the_reserved_range_and_their_country(network):
    country, four = homes(network)
    reserved = ipaddress.ip_network("240.0.0.0/4")
    texts = written(four).to_pylist()
    assert all(ipaddress.ip_address(text) in reserved for text in texts)
    assert "255.255.255.255" not in texts
    assert np.array_equal(network.countries(four), country)


def test_ipv6_is_canonical_documentation_space_of_the_same_network(network):
    _, four = homes(network)
    six = network.sixth(four, draw(KEYS, "six"))
    texts = written(six).to_pylist()
    documentation = ipaddress.ip_network("2001:db8::/32")
    assert all(str(ipaddress.ip_address(text)) == text for text in texts)
    assert all(ipaddress.ip_address(text) in documentation for text in texts)
    assert np.array_equal(network.asns(six), network.asns(four))
    assert np.array_equal(network.countries(six), network.countries(four))


def test_hosted_addresses_lie_in_ranges_of_their_kind(network):
    kind = np.where(below(draw(KEYS, "kind"), 2) == 1, CLOUD, VPN)
    four = network.hosted(draw(KEYS, "range"), kind, draw(KEYS, "host"))
    for wanted, table in ((CLOUD, network.cloud), (VPN, network.vpn)):
        inside = np.zeros((kind == wanted).sum(), dtype=bool)
        for row in table:
            values = four[kind == wanted]
            inside |= (values >= network.first[row]) & (values < network.first[row] + network.size[row])
        assert inside.all()


def test_every_country_has_every_kind_of_network(network):
    assert np.all(np.diff(network.starts) > 0)
