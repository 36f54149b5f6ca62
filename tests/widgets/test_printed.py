"""What tasks print is kept, and nothing else is."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from nbarray.engines.working import work_for
from nbarray.widgets.printed import MOST_LETTERS, Printed, catch, is_listening, let_go, listen, stop_listening


class Stream(io.StringIO):
    """As a kernel's: its `write` can be listened to."""


def a_kernels(monkeypatch) -> Stream:
    """Standard output, and standard error, of a kernel; set in the test, as pytest has its own before."""
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def in_task(run: int, *texts: str) -> None:
    """Print from a thread of a run."""

    def work() -> None:
        work_for(run)
        for text in texts:
            print(text)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_what_tasks_print_is_kept_and_nothing_else(monkeypatch) -> None:
    """Neither what others print, nor what a run prints that has no panel, nor anything afterwards."""
    out = a_kernels(monkeypatch)
    kept = Printed()
    catch(7, kept)
    print("mine")
    in_task(7, "of a task")
    in_task(8, "of another run")
    let_go(7, kept)
    in_task(7, "afterwards")
    stop_listening()

    assert ["of a task"] == kept.lines()
    assert "mine\nof another run\nafterwards\n" == out.getvalue()
    assert not is_listening()


def test_what_comes_before_a_panel_is_its_beginning(monkeypatch) -> None:
    """It goes where it always went, too; a line that a thread has begun is ended in the panel.

    Each text is there once, though a cell, to which IPython listens, began to be looked at in the midst of it.
    """
    out = a_kernels(monkeypatch)
    listen()
    ours = out.write
    out.write = lambda text: ours(text)  # a cell begins
    listen()
    in_task(7, "before")
    in_task(8, "of another run")
    kept, caught, ready = Printed(), threading.Event(), threading.Event()

    def work() -> None:
        work_for(7)
        print("a line", end=" ")
        ready.set()
        caught.wait(20)
        print("goes on")

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(20)
    catch(7, kept)
    caught.set()
    thread.join()
    let_go(7, kept)
    stop_listening()

    assert ["before", "a line goes on"] == kept.lines()
    assert "before\nof another run\na line " == out.getvalue()


def test_little_is_kept_of_runs_that_never_have_a_panel(monkeypatch) -> None:
    """The last letters of the last runs, and nothing once nobody listens."""
    a_kernels(monkeypatch)
    listen()
    for run in range(40):
        in_task(run, "x" * MOST_LETTERS, "last")
    first, last, later = Printed(), Printed(), Printed()
    catch(0, first)
    catch(39, last)
    stop_listening()
    catch(38, later)
    for run, kept in ((0, first), (39, last), (38, later)):
        let_go(run, kept)
    stop_listening()

    assert ([], ["last"], []) == (first.lines(), last.lines(), later.lines())


def test_runs_that_tasks_start_belong_to_the_same_panel(monkeypatch) -> None:
    """As long as they have none of their own."""
    a_kernels(monkeypatch)
    kept = Printed()
    catch(7, kept)
    threads = [threading.Thread(target=lambda: (work_for(7), work_for(9), print("inner")))]
    for thread in threads:
        thread.start()
        thread.join()
    let_go(7, kept)

    assert ["inner"] == kept.lines()


def test_whoever_else_listens_is_left_in_place(monkeypatch) -> None:
    """IPython does while a cell runs, and then puts back what it found: what was there before us."""
    out = a_kernels(monkeypatch)
    kept, heard, plain = Printed(), [], out.write
    out.write = lambda text: (heard.append(text), plain(text))  # a cell begins
    catch(7, kept)
    in_task(7, "one")
    print("mine")
    out.write = plain  # and ends
    listen()
    in_task(7, "two")
    let_go(7, kept)

    assert ["one", "two"] == kept.lines()
    assert ["mine", "\n"] == heard


def test_a_later_panel_takes_over(monkeypatch) -> None:
    """What the first one lets go is the second's."""
    a_kernels(monkeypatch)
    first, second = Printed(), Printed()
    catch(7, first)
    catch(7, second)
    let_go(7, first)
    in_task(7, "text")
    let_go(7, second)

    assert ([], ["text"]) == (first.lines(), second.lines())


def test_lines_of_threads_stay_whole() -> None:
    """Though `print` writes them piece by piece."""
    kept, ready = Printed(), threading.Barrier(4)

    def work(name: str) -> None:
        ready.wait(20)
        for _ in range(200):
            for piece in (name, " ", "says", " ", name, "\n"):
                kept.add(piece)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {f"{name} says {name}" for name in "abcd"} == set(kept.lines())


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["a\n", "b"], ["a", "b"]),
        ([" 1 %\r 2 %", "\r 3 %\n"], [" 3 %"]),
        (["\x1b[31mred\x1b[0m\n"], ["red"]),
        (["a\n\n", "b\n"], ["a", "", "b"]),
        ([], []),
    ],
)
def test_lines_are_what_a_terminal_would_show(texts, lines) -> None:
    """Written over by a carriage return, without colours."""
    kept = Printed()
    for text in texts:
        kept.add(text)

    assert lines == kept.lines()


def test_the_last_lines_are_shown_and_the_others_counted() -> None:
    """Also those that are kept no more; and all text is text."""
    kept = Printed()
    for k in range(10_000):
        kept.add(f"<{k}>\n")
    first, *others = kept.shown(3)

    assert ("… 9 997 lines before", ["<9997>", "<9998>", "<9999>"]) == (first, others)
    assert sum(map(len, kept.lines())) <= MOST_LETTERS
    assert "&lt;9999&gt;" in kept.html()
    assert "<9999>" not in kept.html()
    assert ("", "") == (Printed().html(), Printed().text())
