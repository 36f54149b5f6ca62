"""What can be learnt from a task that failed."""

from __future__ import annotations

import copy
import pickle
import traceback

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import CorruptChunk, InputError, TaskError

A = np.arange(200.0).reshape(20, 10)


def failed(array, **options):
    """The error that computing gives."""
    with pytest.raises(TaskError) as caught:
        array.compute(**options)
    return caught.value


def picky(block, other=None):
    """Can't stand one number."""
    if (block == 155).any():
        raise ZeroDivisionError("155 is too much")
    return block


def rendered(error):
    """What IPython shows."""
    return "\n".join(error._render_traceback_())


def test_it_says_block_and_region():
    """Which block of how many, which part of the array."""
    error = failed(nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float))

    assert "map_blocks(picky) failed on [10:20, 5:10], block (1, 1) of 2 × 2, made in test_failures.py" in str(error)
    assert isinstance(error.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("options", [{}, {"boundary": "reflect"}, {"boundary": 0}])
def test_it_says_where_overlapping_blocks_were_asked_for(options):
    """Blocks with what surrounds them are made in a line of the user's, too."""
    x = nb.map_overlap(lambda block: block[1:], nb.from_array(A, chunks=5), depth=1, dtype=float, **options)

    assert "made in test_failures.py" in str(failed(x))


@pytest.mark.parametrize("send", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_it_can_be_sent_to_another_process(send):
    """What arrives says the same and is of the same kinds, without its task."""
    error = send(failed(nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float)))

    assert isinstance(error, TaskError)
    assert isinstance(error, ZeroDivisionError)
    assert "map_blocks(picky) failed on [10:20, 5:10]" in str(error)


def test_inputs_are_what_the_block_was_made_of():
    """One for each operand."""
    x, y = nb.from_array(A, chunks=(10, 5)), nb.from_array(-A, chunks=(10, 5))
    first, second = failed(nb.map_blocks(picky, x, y, dtype=float)).inputs()

    assert A[10:, 5:].tolist() == first.tolist()
    assert (-A[10:, 5:]).tolist() == second.tolist()


def test_inputs_made_by_other_tasks_are_kept():
    """Nothing is computed again."""
    calls = []

    def noted(block):
        calls.append(block.shape)
        return block + 0

    x = nb.from_array(A, chunks=(10, 5)).map_blocks(noted, dtype=float).map_blocks(picky, dtype=float)
    error = failed(x)
    before = len(calls)
    (given,) = error.inputs()

    assert A[10:, 5:].tolist() == given.tolist()
    assert before == len(calls)


def test_masked_inputs_are_masked():
    """As the operation sees them."""
    masked = np.ma.masked_equal(A, 3.0)

    def bad(block):
        raise ValueError("no")

    (given,) = failed(nb.from_array(masked, chunks=(10, 5)).map_blocks(bad, dtype=float), workers=1).inputs()

    assert np.ma.getmaskarray(masked[:10, :5]).tolist() == np.ma.getmaskarray(given).tolist()


def test_rerun_raises_the_original_error_here():
    """In the calling thread, with the user's function in the traceback."""
    error = failed(nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float), workers=2)
    with pytest.raises(ZeroDivisionError) as caught:
        error.rerun()

    assert not isinstance(caught.value, TaskError)
    assert "picky" == traceback.extract_tb(caught.value.__traceback__)[-1].name


def test_rerun_gives_the_block_if_it_goes_well_now():
    """After the function was mended, say."""
    limit = [155.0]

    def mended(block):
        if (block == limit[0]).any():
            raise ValueError("no")
        return block * 2

    error = failed(nb.from_array(A, chunks=(10, 5)).map_blocks(mended, dtype=float))
    limit[0] = -1

    assert (2 * A[10:, 5:]).tolist() == error.rerun().tolist()


def test_an_error_without_its_task_says_so():
    """One made by hand."""
    with pytest.raises(InputError, match="lost its task"):
        TaskError("x").rerun()
    assert ["TaskError: x"] == TaskError("x")._render_traceback_()


def test_reading_names_file_variable_and_stored_chunk(tmp_path):
    """Of a chunk that can't be decoded."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        t = file.create_dataset("t", data=np.random.default_rng(0).normal(size=(20, 10)), chunks=(10, 5), compression=1)
        place = t.id.get_chunk_info_by_coord((10, 5)).byte_offset
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\0" * 40)
    x = nb.open(path, "t")
    error = failed((x + 1)[10:, 5:])

    assert isinstance(error, CorruptChunk)
    assert [f"reading [10:20, 5:10] of HDF5 {path}:t, stored chunk (1, 1)"] == str(error).splitlines()[1:2]
    assert "stored chunk (1, 1)" in rendered(error)


def test_the_rendering_has_the_facts_the_users_frames_and_the_last_line():
    """And none of the library's files."""
    text = rendered(failed(nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float), workers=2))
    lines = text.splitlines()

    assert lines[0] == "TaskError: ZeroDivisionError: 155 is too much"
    assert lines[-1] == "ZeroDivisionError: 155 is too much"
    assert "block (1, 1) of 2 × 2" in text
    assert "made in" in text
    assert ", in picky" in text
    assert 'raise ZeroDivisionError("155 is too much")' in text
    assert ", in failed" in text
    assert "run.py" not in text
    assert "array.py" not in text


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 1}])
def test_its_traceback_ends_in_the_users_function(options):
    """Where any debugger begins; what called it is not to be seen there, but in the cause."""
    error = failed(nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float), **options)
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    assert ["failed", "picky"] == [names[0], names[-1]]
    assert 1 == names.count("picky")
    assert "run_task" not in names
    assert "run_task" in [frame.name for frame in traceback.extract_tb(error.__cause__.__traceback__)]


def test_asking_twice_does_not_make_it_longer():
    """The error of a run in the background is raised wherever its result is asked for."""
    run = nb.from_array(A, chunks=(10, 5)).map_blocks(picky, dtype=float).start()
    texts = []
    for _ in range(2):
        with pytest.raises(TaskError) as caught:
            run.result()
        texts.append(rendered(caught.value))

    assert texts[0] == texts[1]


def test_memory_beyond_the_budget_is_named_as_such():
    """Where a function asks for what there isn't, the error says what the budget counts for its task."""

    def greedy(block):
        return np.empty(2**45)

    error = failed(nb.from_array(A, chunks=(10, 5)).map_blocks(greedy, dtype=float), memory="64MiB")

    assert isinstance(error, MemoryError)
    assert "the budget counts 400 B for this task" in str(error)
    assert "use smaller chunks, or fewer workers" in str(error)
