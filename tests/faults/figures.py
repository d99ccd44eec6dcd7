"""What the suite counts, and the table at its end."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADINGS = ("scenario", "figure", "promise", "held")
WORDS = {True: "yes", False: "NO", None: "-"}


@dataclass(frozen=True)
class Figure:
    """One line of the table. `held` is None for a figure that nothing is promised about."""

    scenario: str
    figure: str
    promise: str = ""
    held: bool | None = None


@dataclass
class Figures:
    """All lines of a run, printed as they come. `scenario` names the one that runs."""

    scenario: str = ""
    lines: list[Figure] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def tell(self, figure: str) -> None:
        """Note a figure that nothing is promised about."""
        self._add(Figure(self.scenario, figure))

    def promise(self, figure: str, promise: str, held: bool) -> None:
        """Note a figure, what is promised about it, and whether that held."""
        self._add(Figure(self.scenario, figure, promise, held))

    def _add(self, line: Figure) -> None:
        self.lines.append(line)
        print(f"{time.monotonic() - self.began:6.0f} s  {_row(line)}", flush=True)

    @property
    def broken(self) -> list[Figure]:
        return [line for line in self.lines if line.held is False]

    def table(self) -> str:
        """Return all lines as a table in Markdown."""
        rows = [" | ".join(HEADINGS), "|".join(["---"] * len(HEADINGS)), *map(_row, self.lines)]
        return "\n".join(f"| {row} |" for row in rows)


def _row(line: Figure) -> str:
    return " | ".join([line.scenario, line.figure, line.promise, WORDS[line.held]])


def percentile(values: Sequence[float], hundredths: int) -> float:
    """Return the value that so many hundredths of the values do not exceed (nearest rank); 0.0 for no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * hundredths / 100) - 1)] if ordered else 0.0


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def at_most(count: int, of: int) -> str:
    """Return a count with its upper bound: none seen in N means no more than about 3 in N (95 %)."""
    return f"{count} of {of}" + (f" (at most {300 / of:.2g} %)" if count == 0 and of else "")
