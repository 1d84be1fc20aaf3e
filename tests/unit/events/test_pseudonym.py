"""Pseudonyms: prefixes kept exactly, one to one, the same for the same key; malformed addresses refused."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events.pseudonym import Pseudonymiser, derive_key, parse_address

KEY = bytes(range(32))
HIDE = Pseudonymiser(KEY)
KNOWN = {
    "192.0.2.1": "57.153.2.71",
    "2001:db8::1": "8ed4:db04:6d6:58c8:cb22:d0f:37d4:bd4c",
    "acct_1": "acct_42e85f916af1df1417a223f8",
}


def common_prefix(one, two):
    width = one.max_prefixlen
    return width - (int(one) ^ int(two)).bit_length()


def check_prefixes(one, two):
    hidden = [ip_address(HIDE.address(str(address))) for address in (one, two)]
    assert all(type(address) is type(one) for address in hidden)
    assert common_prefix(*hidden) == common_prefix(one, two)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_ipv4_prefixes_are_kept_exactly(one, two):
    check_prefixes(IPv4Address(one), IPv4Address(two))


@given(st.integers(0, 2**32 - 1), st.integers(0, 31))
def test_ipv4_neighbours_that_differ_in_one_bit(address, bit):
    check_prefixes(IPv4Address(address), IPv4Address(address ^ (1 << bit)))


# The first 96 bits zero but for the mark of mapped IPv4 would read as IPv4: kept out.
@given(st.integers(2**64, 2**128 - 1), st.integers(0, 127))
def test_ipv6_prefixes_are_kept_exactly(address, bit):
    other = address ^ (1 << bit)
    if other >= 2**64:
        check_prefixes(IPv6Address(address), IPv6Address(other))


def test_a_whole_network_maps_one_to_one():
    hidden = {HIDE.address(f"198.51.{high}.{low}") for high in range(4) for low in range(256)}
    assert len(hidden) == 1024
    assert len({address.rpartition(".")[0] for address in hidden}) == 4


def test_same_key_same_pseudonym_other_key_another():
    addresses = [f"192.0.2.{low}" for low in range(64)]
    again, other = Pseudonymiser(KEY), Pseudonymiser(b"x" * 32)
    assert [again.address(text) for text in addresses] == [HIDE.address(text) for text in addresses]
    assert [other.address(text) for text in addresses] != [HIDE.address(text) for text in addresses]


def test_flips_look_like_fair_coins():
    numbers = range(0, 2**32, 2**22 + 977)
    flips = sum((int(IPv4Address(HIDE.address(str(IPv4Address(n))))) ^ n).bit_count() for n in numbers)
    # Neighbours share prefixes and with them flips, so the bound is wide.
    assert 0.42 < flips / (32 * len(numbers)) < 0.58


def test_known_pseudonyms_stay():
    # Held so that logs of two versions go together.
    assert HIDE.address("192.0.2.1") == KNOWN["192.0.2.1"]
    assert HIDE.address("2001:db8::1") == KNOWN["2001:db8::1"]
    assert HIDE.account("acct_1") == KNOWN["acct_1"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:443 ", "192.0.2.1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.5, 198.51.100.7, 10.0.0.3", "198.51.100.7"),
        ("10.0.0.1, 192.168.0.2", "192.168.0.2"),
    ],
)
def test_addresses_as_logs_write_them(written, meant):
    assert str(parse_address(written)) == meant


@pytest.mark.parametrize(
    "written",
    ["", "-", "unknown", "999.1.1.1", "1.2.3", "gateway.example", "1.2.3.4.5", "::g", ",", "192.0.2.1, x", "1" * 500],
)
def test_malformed_addresses_are_refused(written):
    with pytest.raises(ValueError, match=r"address|does not appear"):
        HIDE.address(written)


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    with contextlib.suppress(ValueError):
        ip_address(HIDE.address(text))


def test_short_keys_are_refused():
    with pytest.raises(ValueError, match="at least 16 bytes, found 3"):
        Pseudonymiser(b"abc")


def test_kinds_of_identifiers_do_not_meet():
    assert HIDE.account("a")[5:] != HIDE.conversation("a")[5:]
    assert derive_key(KEY, "a") != derive_key(KEY, "b")
