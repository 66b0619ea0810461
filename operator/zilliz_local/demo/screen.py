"""What the person sees: renderables made from values. Nothing here reads, prints or waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zilliz_local.demo.verdict import Finding, Proof
from zilliz_local.demo.watch import Track

WIDEST, WIDE, NARROW = 136, 120, 70
BAR, SHORT_BAR = 9, 4
FIGURE = 5  # the percentage after the bar
NAME = 31
NARROW_NAME = 24
JOB_ID = 26
REASON, SHORT_REASON = 22, 17
LEAST_TOLD = 6  # lines of the narration
STYLES = {
    "Ready": "green",
    "Successful": "green",
    "InProgress": "cyan",
    "Pending": "yellow",
    "Failed": "bold red",
    "Canceled": "magenta",
}
PAST = frozenset({"Ready", "Successful", "Canceled"})
DULL = frozenset({"", "Ready", "Pending", "InProgress", "Successful"})
LINE_STYLES = {"act": "bold", "text": "", "command": "cyan", "cloud": "magenta", "change": "dim", "look": "cyan"}
LINE_MARKS = {
    "act": "",
    "text": "  ",
    "command": "  $ ",
    "cloud": "  (cloud) ",
    "change": "  ",
    "look": "  see it: ",
}


@dataclass(frozen=True)
class Line:
    """One line of the narration. `kind` is one of LINE_MARKS."""

    kind: str
    text: str


@dataclass(frozen=True)
class View:
    """All that one frame shows."""

    title: str
    elapsed: float
    tracks: tuple[Track, ...] = ()
    lines: tuple[Line, ...] = ()
    about: frozenset[str] = frozenset()  # the objects of this act


def frame(view: View, width: int, height: int) -> RenderableType:
    """The live picture: the objects, and under them the narration of this act, and of earlier ones if there is room.

    The narration has a third of the picture, or up to half where this act needs it; the objects have the rest.
    """
    head = Text.assemble((" zilliz-jobs demo ", "reverse bold"), f"  {clock(view.elapsed)}  ", (view.title, "bold"))
    told = narration(view.lines, width)
    current = len(narration(view.lines[_act_at(view.lines) :], width))
    reserved = max(LEAST_TOLD, min(max(current, height // 3), (height - 4) // 2))
    rows = objects(view.tracks, width, max(LEAST_TOLD, height - 4 - reserved), view.about)
    room = max(3, height - len(rows) - 4)
    lines = [head, Text(""), *rows, Text(""), *told[-room:]]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def objects(tracks: Sequence[Track], width: int, most: int, about: frozenset[str] = frozenset()) -> list[Text]:
    """A line for each object, and a second one where it has something to say; at most `most` lines.

    What a narrow terminal cannot hold is left out; what a low one cannot is counted in the last line. A reason that
    its column cannot hold stands in the second line too. `about`: the objects of this act; those that ended well in
    an earlier one step back.
    """
    sizes = columns(width)
    lines = [_row([(title, "bold") for title in sizes], sizes.values()), Text("─" * (width - 1), style="dim")]
    shown = fitting(tracks, most - len(lines), about)
    for track in shown:
        style, plain = STYLES.get(track.state, "yellow"), "dim" if is_past(track, about) else ""
        cells: dict[str, Text | tuple[str, str]] = {
            "OBJECT": (track.object, plain),
            "STATE": (track.state or "…", style),
            "REASON": (track.reason, style),
            "PROGRESS": bar(track.progress, track.state, sizes["PROGRESS"] - FIGURE),
            "TARGET": (_end(track.target, sizes.get("TARGET", 0)), plain),
            "JOB-ID": (track.job_id, "dim"),
        }
        lines.append(_row([cells[title] for title in sizes], sizes.values()))
        named = len(track.reason) > sizes.get("REASON", 0)
        if not is_past(track, about) and (said := notable(track, named=named)):
            lines.append(Text(f"  └ {said}", style=style))
    if folded := [track for track in tracks if track not in shown]:
        states = Counter(track.state or "new" for track in folded).most_common()
        told = ", ".join(f"{count} {state}" for state, count in states)
        lines.append(Text(f"… and {len(folded)} more: {told}", style="dim"))
    return lines


def fitting(tracks: Sequence[Track], most: int, about: frozenset[str] = frozenset()) -> list[Track]:
    """Those that fit into so many lines, and one line for the rest.

    Left out is first what ended well in an earlier act, then whatever ended, then what this act is not about, each
    time the oldest; then the last ones.
    """
    shown = list(tracks)
    while shown and sum(_height(track, about) for track in shown) + (len(shown) < len(tracks)) > most:
        past = [track for track in shown if is_past(track, about)]
        ended = [track for track in shown if track.finished]
        others = [track for track in shown if track.object not in about]
        shown.remove((past or ended or others or shown[-1:])[0])
    return shown


def is_past(track: Track, about: frozenset[str]) -> bool:
    """Whether it came to its end as it should, and another act than this one was about it."""
    return track.state in PAST and track.object not in about


def _height(track: Track, about: frozenset[str]) -> int:
    return 2 if notable(track) and not is_past(track, about) else 1


def columns(width: int) -> dict[str, int]:
    """Title and width of each column: the most important ones that fit, the target as wide as is left.

    The reason comes before the target and the job's id, as in `kubectl get`: it says why a job does not go on.
    """
    wide, widest = width >= WIDE, width >= WIDEST
    sizes = {"OBJECT": NAME if width >= NARROW else NARROW_NAME, "STATE": 10}
    if width >= NARROW:
        sizes["REASON"] = REASON if widest else SHORT_REASON
    sizes["PROGRESS"] = FIGURE + (SHORT_BAR if wide and not widest else BAR)
    last = {"JOB-ID": JOB_ID} if wide else {}
    left = width - 1 - sum(sizes.values()) - sum(last.values()) - 2 * len(sizes | last)
    return sizes | ({"TARGET": left} if left >= 8 else {}) | last


def _row(cells: Iterable[Text | tuple[str, str]], sizes: Iterable[int]) -> Text:
    row = Text()
    for cell, size in zip(cells, sizes, strict=True):
        text = cell.copy() if isinstance(cell, Text) else Text(*cell)
        text.truncate(size, overflow="ellipsis", pad=True)
        row.append_text(text).append("  ")
    row.rstrip()
    return row


def _end(text: str, size: int) -> str:
    """The end of a text that is too long, since that is where targets differ."""
    return text if len(text) <= size else "…" + text[1 - size :]


def notable(track: Track, *, named: bool = True) -> str:
    """What the object has to say, unless it only repeats that all is well. `named`: with the reason in front."""
    attempt = f"attempt {track.attempts}" if track.attempts > 1 else ""
    if _is_dull(track) or not track.message:
        return track.credentials or attempt
    reason = f"{track.reason}: " if named and track.reason else ""
    return f"{reason}{track.message}" + (f" ({attempt})" if attempt else "")


def _is_dull(track: Track) -> bool:
    """Whether its message only repeats the word; that of a page has its figures."""
    return track.word in DULL and track.kind != "jobcenter"


def bar(percent: int | None, state: str, size: int = BAR) -> Text:
    """A bar of this width, full at 100 only, and the figure; nothing for what reports no progress."""
    if percent is None:
        return Text("")
    done = size * min(100, max(0, percent)) // 100
    return Text.assemble(("━" * done, STYLES.get(state, "cyan")), ("─" * (size - done), "dim"), f" {percent:3d}%")


def narration(lines: Iterable[Line], width: int) -> list[Text]:
    """The lines, folded to the width, each with the mark of its kind; those of earlier acts are dim."""
    told: list[Text] = []
    known = list(lines)
    current = _act_at(known)
    for at, line in enumerate(known):
        mark, style = LINE_MARKS[line.kind], LINE_STYLES[line.kind] if at >= current else "dim"
        parts = _fold(line.text, max(20, width - len(mark) - 3))
        if line.kind == "command":
            parts = [f"{part} \\" for part in parts[:-1]] + parts[-1:]
        for number, part in enumerate(parts):
            told.append(Text((mark if number == 0 else " " * len(mark)) + part, style=style))
    return told


def _act_at(lines: Sequence[Line]) -> int:
    """Where the last act begins."""
    return max((at for at, line in enumerate(lines) if line.kind == "act"), default=0)


def _fold(text: str, width: int) -> list[str]:
    parts, rest = [], text
    while len(rest) > width:
        cut = rest.rfind(" ", 0, width + 1)
        cut = cut if cut > 0 else width
        parts.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return [*parts, rest]


def changes(before: Sequence[Track], after: Sequence[Track]) -> list[Line]:
    """What the objects said since `before`, one line for each word, for those who see no table."""
    known = {track.object: track for track in before}
    lines = []
    for track in after:
        old = known.get(track.object, Track(track.object))
        for word in track.words[len(old.words) :]:
            message = track.message if word == track.word and not _is_dull(track) else ""
            message = track.credentials if word == track.tellers.get("credentials") else message
            also = f" ({track.job_id})" if track.job_id and not old.job_id and word == track.word else ""
            lines.append(Line("change", f"{track.object:<{NAME}} {word}{also}{': ' if message else ''}{message}"))
    return lines


def summary(findings: Sequence[Finding], proof: Proof, width: int) -> RenderableType:
    """What became of every object, and whether that was right."""
    wide = width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, expand=not wide)
    table.add_column("", no_wrap=True)
    table.add_column("OBJECT", no_wrap=True)
    table.add_column("WHAT HAPPENED", ratio=None if wide else 1)
    if wide:
        table.add_column("EXPECTED")
    table.add_column("SUBMISSIONS", no_wrap=True)
    for finding in findings:
        happened = Text(finding.happened)
        for problem in finding.problems:
            happened.append(f"\n{problem}", style="bold red")
        if finding.problems and not wide:
            happened.append(f"\nexpected: {finding.expected}")
        cells: list[RenderableType] = [_tick(finding.right), finding.object, happened]
        cells += [finding.expected] if wide else []
        table.add_row(*cells, finding.sent)
    return Group(table, Text(""), Text.assemble(_tick(proof.right), " ", proof.sentence))


def _tick(right: bool) -> Text:
    return Text("✓", style="bold green") if right else Text("✗", style="bold red")


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
