"""What is said of an expression."""

from __future__ import annotations

import pytest

from nbarray.display.facts import (
    array_bytes,
    block_bytes,
    blocks_of_text,
    blocks_text,
    chunk_shape_text,
    clip,
    dtype_text,
    ends,
    label_text,
    name_text,
    operands,
    operations,
    product_text,
    shape_text,
    source_texts,
)
from tests.display.fakes import cut, node, number, source


@pytest.mark.parametrize(
    ("text", "most", "clipped"),
    [
        ("short", 5, "short"),
        ("abcdefghij", 5, "ab…ij"),
        ("a\nb\x00c", 9, "a\ufffdb\ufffdc"),
        ("\u202egnp.exe", 20, "\ufffdgnp.exe"),
        ("caf\udce9.nc", 20, "caf\ufffd.nc"),
    ],
)
def test_texts_from_files_are_made_safe(text: str, most: int, clipped: str) -> None:
    """A text from a file becomes one line of printable characters, at most so many."""
    assert clipped == clip(text, most)


def test_shapes_are_written_as_numpy_does() -> None:
    """A shape is NumPy's tuple, with a question mark for unknown sizes and its middle left out if long."""
    assert "()" == shape_text(())
    assert "(5,)" == shape_text((5,))
    assert "(?, 3)" == shape_text((None, 3))
    assert "(1, 2, 3, 4, …, 8, 9, 10)" == shape_text(tuple(range(1, 11)))
    assert "2×?" == product_text((2, None))


def test_uneven_chunks_are_marked() -> None:
    """A chunk size that not all chunks have is written as a bound; a shorter last chunk is not worth a mark."""
    chunks = cut((10, 10, None), ((2, 5, 3), 4, 1))

    assert "(≤5, 4, ?)" == chunk_shape_text(chunks, (10, 10, None))


def test_blocks_are_counted_by_axis() -> None:
    """Blocks are counted along each axis, and one block is one block."""
    assert "3×1 blocks" == blocks_text(cut((10, 4), (4, 4)), (10, 4))
    assert "1 block" == blocks_text(cut((10, 4), (10, 4)), (10, 4))
    assert "1 block" == blocks_text(cut((), ()), ())
    assert "?×2 blocks" == blocks_text(cut((None, 4), (1, 2)), (None, 4))
    assert "3×1 blocks of (4, 4)" == blocks_of_text(node((10, 4), (4, 4)))


def test_bytes_are_exact_beyond_floats() -> None:
    """Bytes are whole numbers of any size, and unknown where a size is."""
    assert 8 * 10**24 == array_bytes(node((10**12, 10**12), (10**6, 10**6)))
    assert 8 * 10**12 == block_bytes(node((10**12, 10**12), (10**6, 10**6)))
    assert array_bytes(node((None, 3), (1, 3))) is None
    assert block_bytes(node((None, 3), (1, 3))) is None


def test_dtypes_say_whether_values_can_be_masked() -> None:
    """A masked array says so beside its dtype, and a long dtype is clipped."""
    assert "int16, masked" == dtype_text(node((3,), (3,), dtype="int16", masked=True))
    assert 32 == len(dtype_text(node((3,), (3,), dtype=[(f"field{i}", "f8") for i in range(20)])))


def test_numbers_are_part_of_the_label() -> None:
    """A number that an operation uses is said in its label, and isn't a node of its own."""
    x = node((10,), (5,), "x", kind="create")
    added = node((10,), (5,), "add", x, number(1.5))

    assert "add(·, 1.5)" == label_text(added)
    assert [x] == operands(added)
    assert [x, added] == operations([added])


def test_a_number_alone_is_drawn() -> None:
    """An expression that is just a number has one node."""
    one = number(1)

    assert [one] == operations([one])


def test_a_variable_that_is_just_read_keeps_its_name() -> None:
    """Unpacked numbers of a file are called what the file calls them."""
    assert "t2m" == name_text(node((4, 721, 1440), (4, 200, 200), "unpack", source("a.nc")))
    assert "mean" == name_text(node((4, 721, 1440), (4, 200, 200), "mean", source("a.nc")))


def test_one_is_never_left_out() -> None:
    """Either two or more are left out, or none."""
    assert ([1, 2, 3, 4, 5], 0, []) == ends([1, 2, 3, 4, 5], 4)
    assert ([1, 2, 3], 2, [6]) == ends([1, 2, 3, 4, 5, 6], 4)


def test_a_file_is_said_by_its_name() -> None:
    """A source is said by kind, file name, variable and stored chunks."""
    assert ["NetCDF-4 a.nc", "t2m, stored chunks (1, 721, 1440)"] == source_texts(source("/some/where/a.nc"))


def test_many_files_are_said_in_two_lines() -> None:
    """Files with the same variable, stored alike, are said by the first, the last and their number."""
    files = [source(f"/data/{day:03}.nc") for day in range(365)]
    joined = node((1460, 721, 1440), (4, 200, 200), "concatenate", *files, kind="join")

    assert [
        "NetCDF-4 000.nc … 364.nc",
        "t2m in 365 files, stored chunks (1, 721, 1440)",
    ] == source_texts(joined)


def test_sources_without_files_are_said() -> None:
    """Arrays in memory are said by kind and number."""
    arrays = [source(None, None, (3,), (3,), "numpy", None) for _ in range(2)]

    assert ["numpy 2 arrays"] == source_texts(node((6,), (3,), "concatenate", *arrays))
    assert ["numpy"] == source_texts(arrays[0])


def test_further_kinds_of_sources_are_counted() -> None:
    """Beyond the first kinds of files and variables, the others are only counted."""
    files = [source("a.nc", name) for name in ("t2m", "sp", "u10", "v10")]

    assert "and 2 more NetCDF-4" == source_texts(node((4,), (4,), "f", *files), most=2)[-1]
    assert ["and 4 more NetCDF-4"] == source_texts(node((4,), (4,), "f", *files), most=0)
