// The list of jobs. Only the rows that can be seen are in the document, and the one that has the keyboard.
import { Component, createRef } from "./vendor/preact.mjs";
import { html } from "./html.js";
import { Empty, Command, Progress, State, When } from "./parts.js";
import { href } from "./places.js";
import { span, t, type as typeWord } from "./words.js";

const BESIDE = 4; // rows above and below those that are seen
const WIDE = 56, NARROW = 92; // height of a row in pixels, as in styles.css

export class JobTable extends Component {
  state = { from: 0, to: 40, active: 0 };
  box = createRef();
  narrow = matchMedia("(max-width: 760px)");

  componentDidMount() {
    this.narrow.addEventListener("change", this.measure);
    this.sizes = new ResizeObserver(this.measure);
    this.sizes.observe(this.box.current);
    this.measure();
  }

  componentWillUnmount() {
    this.narrow.removeEventListener("change", this.measure);
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  get height() {
    return this.narrow.matches ? NARROW : WIDE;
  }

  measure = () => {
    const box = this.box.current;
    if (!box) return;
    const from = Math.max(0, Math.floor(box.scrollTop / this.height) - BESIDE);
    const to = Math.ceil((box.scrollTop + box.clientHeight) / this.height) + BESIDE;
    if (from !== this.state.from || to !== this.state.to) this.setState({ from, to });
  };

  scrolled = () => {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(this.measure);
  };

  // Where the keyboard is: by the job, so that new ones above do not move it.
  get active() {
    const at = this.props.jobs.findIndex((job) => job.id === this.state.activeId);
    return at < 0 ? 0 : at;
  }

  move(to) {
    const at = Math.max(0, Math.min(this.props.jobs.length - 1, to));
    const job = this.props.jobs[at];
    if (!job) return;
    const box = this.box.current, top = at * this.height;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + this.height > box.scrollTop + box.clientHeight) box.scrollTop = top + this.height - box.clientHeight;
    this.measure();
    this.setState({ activeId: job.id }, () => this.focus());
  }

  // Where a job is opened, the keyboard goes on.
  open = (job) => {
    this.setState({ activeId: job.id });
    this.props.go(`/jobs/${job.id}`);
  };

  focus() {
    this.box.current?.querySelector(".row.active .open")?.focus({ preventScroll: true });
  }

  pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.closest(".row")) return;
    const page = Math.max(1, Math.floor(this.box.current.clientHeight / this.height) - 1);
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.move(this.active + step);
  };

  render({ jobs, open, complete, filtered, scope, language }, { from, to }) {
    const height = this.height, active = this.active;
    // A row that scrolls out of sight is used again for one that comes into it. That with the keyboard stays itself.
    const slots = Math.max(64, to - from + 1), shown = [];
    for (let at = from; at < Math.min(to, jobs.length); at += 1) shown.push(at);
    if (jobs.length && (active < from || active >= to)) shown.push(active);
    return html`<div class="list">
      <div class="grid" role="table" aria-label=${t("jobs")} aria-rowcount=${jobs.length + 1} aria-busy=${!complete}>
        <div role="rowgroup"><div class="head" role="row" aria-rowindex="1">
          ${["description", "state", "jobId", "started", "finished", "creator"].map((name) => html`<span role="columnheader" class=${`c-${name}`}>${t(name)}</span>`)}
        </div></div>
        <div class="body" role="rowgroup" ref=${this.box} onScroll=${this.scrolled} onKeyDown=${this.pressed}>
          <div class="space" role="presentation" style=${{ height: `${jobs.length * height}px` }}></div>
          ${shown.map((at) => html`<${JobRow} key=${at === active ? "active" : at % slots} job=${jobs[at]} at=${at} height=${height} active=${at === active} opened=${jobs[at].id === open} words=${language} go=${this.open} />`)}
        </div>
      </div>
      ${!jobs.length && complete && html`<${Empty} text=${t(filtered ? "noneFound" : "none")}>
        ${!filtered && html`<p>${t("noneHow")}</p><${Command} text=${`kubectl zilliz create import --help${scope ? ` -n ${scope}` : ""}`} />`}
      </${Empty}>`}
    </div>`;
  }
}

class JobRow extends Component {
  shouldComponentUpdate(next) {
    const now = this.props;
    return next.job !== now.job || next.at !== now.at || next.active !== now.active || next.opened !== now.opened || next.height !== now.height || next.words !== now.words;
  }

  follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    event.stopPropagation(); // of the link and the row around it, one is enough
    this.props.go(this.props.job);
  };

  render({ job, at, height, active, opened }) {
    const took = job.started && job.ended ? Date.parse(job.ended) - Date.parse(job.started) : 0;
    return html`<div class=${`row ${active ? "active" : ""} ${opened ? "opened" : ""}`} role="row" aria-rowindex=${at + 2} aria-selected=${opened}
        style=${{ transform: `translateY(${at * height}px)`, height: `${height}px` }} onClick=${this.follow}>
      <span role="cell" class="c-description">
        <a class="open" href=${href(`/jobs/${job.id}`)} tabindex=${active ? 0 : -1} onClick=${this.follow} title=${job.description || job.name}>${job.description || job.name}</a>
        <span class="sub">${typeWord(job.type)} · ${job.namespace}/${job.name}</span>
      </span>
      <span role="cell" class="c-state"><${State} state=${job.state} attention=${job.attention} />
        ${(job.state === "InProgress" || job.state === "Pending") && job.progress != null ? html`<${Progress} percent=${job.progress} />` : html`<span class="sub reason" title=${job.message || job.reason}>${job.reason || (job.state === "Failed" ? job.message : "")}</span>`}</span>
      <span role="cell" class="c-jobId" title=${job.jobId}>${job.jobId || html`<span class="nothing" aria-hidden="true">–</span>`}</span>
      <span role="cell" class="c-started"><${When} iso=${job.started} /></span>
      <span role="cell" class="c-finished"><${When} iso=${job.ended} />${took > 0 && html`<span class="sub">${t("took", { time: span(took) })}</span>`}</span>
      <span role="cell" class="c-creator" title=${job.creator}>${job.creator || html`<span class="nothing" aria-hidden="true">–</span>`}</span>
    </div>`;
  }
}
