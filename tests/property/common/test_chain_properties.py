"""Whatever is done to a chain that was written, its first bad link is found where it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.evidence.chain import Chain, canonical, digests, first_bad, start_of

contents = st.lists(st.binary(max_size=40), min_size=1, max_size=30)
START = start_of("test", "one")


def written(all_of_them: list[bytes]) -> list[tuple[bytes, bytes]]:
    chain = Chain(START)
    links = [(content, chain.append(content)) for content in all_of_them]
    assert chain.length == len(links) and (not links or chain.head == links[-1][1])
    return links


@given(contents)
def test_what_was_appended_verifies(all_of_them: list[bytes]) -> None:
    links = written(all_of_them)
    assert first_bad(START, links) is None
    assert list(digests(START, all_of_them)) == [digest for _, digest in links]


@given(contents, st.data())
def test_an_edit_is_found_at_its_place(all_of_them: list[bytes], data: st.DataObject) -> None:
    links = written(all_of_them)
    at = data.draw(st.integers(0, len(links) - 1))
    links[at] = (data.draw(st.binary(max_size=40).filter(lambda other: other != all_of_them[at])), links[at][1])
    assert first_bad(START, links) == at


@given(contents, st.data())
def test_a_deletion_is_found_at_the_next_link(all_of_them: list[bytes], data: st.DataObject) -> None:
    links = written(all_of_them)
    at = data.draw(st.integers(0, len(links) - 1))
    del links[at]
    assert first_bad(START, links) == (at if at < len(links) else None)


@given(contents, st.data())
def test_two_links_in_each_others_place_are_found_at_the_first(all_of_them: list[bytes], data: st.DataObject) -> None:
    links = written(all_of_them)
    one = data.draw(st.integers(0, len(links) - 1))
    two = data.draw(st.integers(0, len(links) - 1))
    links[one], links[two] = links[two], links[one]
    assert first_bad(START, links) == (None if one == two else min(one, two))


@given(contents)
def test_a_chain_of_another_thing_fits_nowhere(all_of_them: list[bytes]) -> None:
    links = written(all_of_them)
    assert first_bad(start_of("test", "another"), links) == 0
    assert first_bad(start_of("another", "one"), links) == 0


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), json, max_size=6))
def test_one_value_has_one_text(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_what_has_no_text_is_refused() -> None:
    for value in (float("nan"), float("inf"), b"octets", {1}):
        with pytest.raises((ValueError, TypeError)):
            canonical(value)
