"""The picture of docs/architecture.md: who speaks with whom, and the steps of one job. For light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1200, 700
STYLE = """
.page { fill: #ffffff; stroke: #d0d7de; }
.area { fill: #f6f8fa; stroke: #d0d7de; }
.box { fill: #ffffff; stroke: #8c959f; }
.core { fill: #ddf4ff; stroke: #0969da; }
.effect { fill: #fff8c5; stroke: #bf8700; }
.line { stroke: #57606a; stroke-width: 1.6; fill: none; marker-end: url(#tip); }
.tip { fill: #57606a; }
.number { fill: #0969da; }
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2328; }
.dim { fill: #57606a; font-size: 12px; }
.title { font-weight: 600; font-size: 15px; }
.name { font-weight: 600; }
.digit { fill: #ffffff; font-weight: 700; font-size: 12px; text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; stroke: #30363d; }
  .area { fill: #161b22; stroke: #30363d; }
  .box { fill: #0d1117; stroke: #6e7681; }
  .core { fill: #0c2d6b; stroke: #58a6ff; }
  .effect { fill: #3b2300; stroke: #d29922; }
  .line { stroke: #8b949e; }
  .tip { fill: #8b949e; }
  .number { fill: #1f6feb; }
  text { fill: #e6edf3; }
  .dim { fill: #9ea7b3; }
}
"""
STEPS = (
    "A manifest is applied: one object is one job.",
    "The operator sees it, and puts its key into the queue.",
    "One pure function decides: what to do next, if anything.",
    "The intent is written to the object's status.",
    "Only then the request is sent, once.",
    "The job's id is written to the status.",
    "The job is followed to its end: state, progress, files.",
)
PACKAGES = (
    "control/",
    "jobs/",
    "jobcenter/",
    "schedules/",
    "core/decide.py",
    "jobs/statuswriter.py",
    "control/fence.py",
    "polling/",
    "telemetry/",
)
"""Those that the picture names."""


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str = "box") -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8"/>'


def named(
    x: float, y: float, width: float, height: float, name: str, lines: Sequence[str] = (), kind: str = "box"
) -> str:
    """A box with its name, and lines in a smaller type below."""
    shown = [text(x + 12, y + 22, name, "name")]
    shown += [text(x + 12, y + 40 + 16 * n, line, "dim") for n, line in enumerate(lines)]
    return "\n".join((box(x, y, width, height, kind), *shown))


def arrow(*points: tuple[float, float]) -> str:
    return f'<polyline class="line" points="{" ".join(f"{x:g},{y:g}" for x, y in points)}"/>'


def number(x: float, y: float, which: int) -> str:
    return f'<circle class="number" cx="{x:g}" cy="{y:g}" r="10"/>\n{text(x, y + 4.5, str(which), "digit")}'


def picture() -> str:
    people = (
        box(20, 20, 200, 440, "area"),
        text(36, 46, "You", "title"),
        named(36, 64, 168, 66, "kubectl, Helm", ("manifests, annotations",)),
        named(36, 146, 168, 66, "Argo CD, Flux", ("the same, from Git",)),
        named(36, 228, 168, 82, "kubectl zilliz", ("jobs, show, wait, plan", "dashboard in a browser")),
        named(36, 376, 168, 66, "Monitoring", ("Prometheus, Grafana",)),
    )
    cluster = (
        box(250, 20, 650, 440, "area"),
        text(266, 46, "Your Kubernetes cluster", "title"),
        named(
            266,
            64,
            184,
            378,
            "API server",
            (
                "ImportJob, BackupJob,",
                "RestoreJob, ExportJob,",
                "MigrationJob, scaling, …",
                "",
                "JobSchedule",
                "JobCenter, ProjectJob",
                "ZillizConnection",
                "",
                "Secrets with a label",
                "Events",
                "Lease: one replica leads,",
                "others stand by",
                "",
                "The status of each object",
                "is the only store.",
            ),
        ),
        box(520, 64, 364, 378),
        text(536, 86, "The operator", "name"),
        named(536, 98, 332, 58, "Watches, cache, queue", ("control/, jobs/, schedules/, jobcenter/",)),
        named(536, 176, 332, 58, "The decision: pure, no I/O", ("core/decide.py",), "core"),
        named(536, 254, 158, 74, "Status writer", ("jobs/statuswriter.py", "intent before effect"), "effect"),
        named(710, 254, 158, 74, "Fence, budget", ("control/fence.py", "still the leader?"), "effect"),
        named(
            536,
            348,
            332,
            78,
            "Poller, telemetry",
            ("polling/: one list for many jobs, within the budget", "telemetry/: metrics, logs without secrets"),
        ),
    )
    cloud = (
        box(950, 20, 230, 440, "area"),
        text(966, 46, "Zilliz Cloud", "title"),
        named(966, 64, 198, 66, "Public API", ("/v2, a key for a project",)),
        named(966, 146, 198, 66, "Console API", ("if the connection allows it",)),
        named(966, 254, 198, 74, "Jobs", ("each submitted once,", "also after a crash")),
        named(966, 376, 198, 66, "Clusters, backups", ("and files in your buckets",)),
    )
    lines = (
        arrow((204, 97), (262, 97)),
        arrow((204, 179), (262, 179)),
        arrow((204, 269), (262, 269)),
        arrow((450, 127), (532, 127)),
        arrow((702, 156), (702, 172)),
        arrow((615, 234), (615, 250)),
        arrow((536, 278), (454, 278)),
        arrow((694, 291), (706, 291)),
        arrow((868, 291), (920, 291), (920, 97), (962, 97)),
        arrow((920, 179), (962, 179)),
        arrow((536, 308), (454, 308)),
        arrow((868, 387), (935, 387), (935, 291), (962, 291)),
        arrow((536, 387), (454, 387)),
        arrow((536, 416), (500, 416), (500, 452), (228, 452), (228, 409), (208, 409)),
    )
    marks = (
        number(235, 97, 1),
        number(490, 127, 2),
        number(850, 192, 3),
        number(490, 278, 4),
        number(894, 291, 5),
        number(490, 308, 6),
        number(490, 387, 7),
    )
    told = [box(20, 480, 1160, 200, "area"), text(36, 508, "One job, step by step", "title")]
    for index, sentence in enumerate(STEPS):
        x, y = 46 + 580 * (index // 4), 536 + 32 * (index % 4)
        told += [number(x, y, index + 1), text(x + 20, y + 4.5, sentence)]
    told.append(
        text(
            626, 636, "After a crash or a lost answer the job is looked for in the cloud, and sent again only", "dim"
        )
    )
    told.append(text(626, 654, "when it is proven absent. Where nothing can tell, a person decides.", "dim"))
    drawn = "\n".join((*people, *cluster, *cloud, *lines, *marks, *told))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Manifests become objects; the operator submits each job once and follows it to its end</title>"
    tip = '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
    defined = f'<defs>{tip}<path class="tip" d="M 0 0 L 10 5 L 0 10 z"/></marker></defs>'
    page = f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="12"/>'
    return f"{head}\n{title}\n<style>{STYLE}</style>\n{defined}\n{page}\n{drawn}\n</svg>\n"
