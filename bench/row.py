"""What a row of the table is: work on data, its peers, and what nbarray has to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.data import Data, Sizes
from bench.peers import Library

__all__ = ["IN_FILES", "IN_MEMORY", "PEERS_TO_BEAT", "UNMASKED", "Must", "Row"]


@dataclass(frozen=True)
class Must:
    """What nbarray has to reach in a row; None where nothing is demanded.

    times : how many times faster than the best of the other libraries
    of : library -> how many times its time nbarray may take at the most
    seconds : the most that the best run may take
    peak_bytes : the most memory over base
    reads : how often each source may be read
    spills : whether anything may go through scratch
    """

    times: float | None = None
    of: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    peak_bytes: int | None = None
    reads: float | None = None
    spills: bool = True

    def __str__(self) -> str:
        parts = [f"≥ {self.times:g} ×" if self.times else "", f"≤ {1000 * self.seconds:g} ms" if self.seconds else ""]
        parts += [f"≤ {share:.3g} × {name}" for name, share in self.of.items()]
        parts.append(f"≤ {self.peak_bytes / 10**6:g} MB" if self.peak_bytes else "")
        parts.append(f"{self.reads:g} reads" if self.reads else "")
        parts.append("" if self.spills else "nothing spilled")
        return ", ".join(filter(None, parts))

    def missed(self, times: dict[str, float], own: dict[str, float]) -> list[str]:
        """What a measurement falls short of.

        times : library -> its time over nbarray's; own : nbarray's best_s, peak_bytes, reads and spilled_bytes
        """
        best = min((t for name, t in times.items() if name in PEERS_TO_BEAT), default=None)
        short = []
        if self.times is not None and best is not None and best < self.times:
            short.append(f"{best:.2f} ×")
        short += [f"{1 / times[n]:.2f} × {n}" for n, share in self.of.items() if n in times and 1 / times[n] > share]
        if self.seconds is not None and own["best_s"] > self.seconds:
            short.append(f"{1000 * own['best_s']:.0f} ms")
        if self.peak_bytes is not None and own["peak_bytes"] > self.peak_bytes:
            short.append(f"{own['peak_bytes'] / 10**6:.0f} MB")
        if self.reads is not None and own.get("reads", 0) > self.reads + 0.01:
            short.append(f"{own['reads']:.2f} reads")
        if not self.spills and own.get("spilled_bytes", 0):
            short.append(f"{own['spilled_bytes'] / 10**6:.0f} MB spilled")
        return short


#: The libraries that the demands are about; what is beside them in a row is there to compare with.
PEERS_TO_BEAT = ("dask", "dask-array", "dask-array on frisky", "cubed")
UNMASKED = {"cubed": "takes what is missing for numbers"}
IN_FILES = ("dask", "dask-array", "cubed")
IN_MEMORY = (*PEERS_TO_BEAT, "numpy")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    name, work : what is measured, and in words
    must : what nbarray has to reach
    data : makes the sources
    of : (names, arrays) -> an array, or a tuple of them that are computed together
    peers : the libraries beside nbarray
    besides : name -> sizes -> work, for what is no library; limits return None
    own : library -> (library, sizes) -> work, where a row is more than one expression
    memory : nbarray's budget in bytes
    once : too long to be done more than once a process
    differs : libraries whose result is another, and why
    """

    name: str
    work: str
    must: Must
    data: Data = lambda sizes: []
    of: Callable[..., Any] | None = None
    peers: tuple[str, ...] = ()
    besides: Mapping[str, Callable[[Sizes], Callable[[], Any]]] = field(default_factory=dict)
    own: Callable[[Library, Sizes], Callable[[], Any]] | None = None
    memory: int | None = None
    once: bool = False
    differs: dict[str, str] = field(default_factory=dict)

    @property
    def libraries(self) -> tuple[str, ...]:
        """All that is measured, nbarray first."""
        return ("nbarray", *self.peers, *self.besides)

    def arrays(self, library: Library, sizes: Sizes) -> tuple[Any, ...]:
        """What a library has to compute."""
        assert self.of is not None
        made = self.of(library.xp, *(library.wrap(source, chunks) for source, chunks in self.data(sizes)))
        return made if isinstance(made, tuple) else (made,)

    def open(self, library: Library, sizes: Sizes) -> Callable[[], Any]:
        """The work of a library: building the expression and computing it."""
        if self.own is not None:
            return self.own(library, sizes)
        assert self.of is not None
        of, wrapped = self.of, [library.wrap(source, chunks) for source, chunks in self.data(sizes)]

        def work() -> Any:
            made = of(library.xp, *wrapped)
            return library.compute(*(made if isinstance(made, tuple) else (made,)))

        return work
