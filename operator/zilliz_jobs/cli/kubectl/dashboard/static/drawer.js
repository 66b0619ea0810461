// One job, opened: all that is known of it, and what can be done now.
import { Component, createRef } from "./vendor/preact.mjs";
import { html } from "./html.js";
import { Act, Command, Progress, State, When } from "./parts.js";
import { ask, read } from "./store.js";
import { moment, number, t, type as typeWord, wholeTime } from "./words.js";

const PAUSE = 1000; // between two readings: a job that runs changes several times a second

export class Drawer extends Component {
  heading = createRef();

  componentDidMount() {
    this.load();
    this.heading.current?.focus();
  }

  componentWillUnmount() {
    this.left = true;
  }

  componentDidUpdate(before) {
    if (before.id !== this.props.id) {
      this.setState({ told: null, gone: false, error: "" });
      this.load();
      this.heading.current?.focus();
    } else if (before.row && !this.props.row) {
      this.setState({ gone: true });
    } else if (before.row !== this.props.row) {
      this.load();
    }
  }

  // One reading of a job at a time; what changed meanwhile is read after it. Another job is read at once.
  async load() {
    const { id } = this.props;
    if (this.left) return;
    if (this.reading === id) {
      this.again = true;
      return;
    }
    this.reading = id;
    this.again = false;
    try {
      const told = await (this.props.read || read)(id);
      if (id === this.props.id) this.setState({ told, gone: told === null, error: "" });
    } catch (error) {
      if (id === this.props.id) this.setState({ error: error.message });
    }
    await new Promise((done) => setTimeout(done, PAUSE));
    if (this.reading !== id) return;
    this.reading = "";
    if (this.again) this.load();
  }

  render({ id, row: listed, close, live, kept }, { told, gone, error }) {
    const row = listed || told?.row;
    const title = row ? row.description || row.name : id;
    return html`<aside class="drawer" aria-label=${t("details", { name: title })}>
      <header>
        <div><h2 tabindex="-1" ref=${this.heading}>${title}</h2>
          <p class="sub">${row ? `${typeWord(row.type)} · ${row.kind} ${row.namespace}/${row.name}` : ""}</p></div>
        <button type="button" class="close" aria-label=${t("close")} onClick=${close}>×</button>
      </header>
      <div class="content" tabindex="0" role="group" aria-label=${t("details", { name: title })}>
        ${gone && !listed && html`<p class="ill">${t("gone")}</p>`}
        ${gone && listed && !live && html`<p class="sub">${t("listOnly", { n: number(kept) })}</p>`}
        ${error && html`<p class="ill" role="alert">${error}</p>`}
        ${row && html`<p class="now"><${State} state=${row.state} attention=${row.attention} /> <${Progress} percent=${row.progress} /></p>
          ${row.reason && html`<p class="why"><b>${row.reason}</b>${told?.reasonHelp && html` — ${told.reasonHelp}`}</p>`}
          ${(told?.message || row.message) && html`<p class="message">${told?.message || row.message}</p>`}`}
        ${told && row && html`
          ${live && told.requests && html`<div class="acts" key=${id}>
            <${Act} verb="cancel" rule=${told.requests.cancel} off=${t("cancelOff")} ask=${() => ask(id, "cancel")} />
            <${Act} verb="retry" rule=${told.requests.retry} off=${t("retryOff")} ask=${() => ask(id, "retry")} />
          </div>`}
          <${Facts} row=${row} told=${told} />
          <${Files} files=${told.files} />
          <${Life} told=${told} />
          <${Attempts} attempts=${told.attempts} />
          <${Advice} advice=${told.advice} />
          <${Conditions} rows=${told.conditions} />
          ${told.cloud && html`<details><summary>${t("cloudRow")}</summary><pre tabindex="0">${told.cloud}</pre></details>`}
          <details><summary>${t("manifest")}</summary><pre tabindex="0">${told.manifest}</pre></details>`}
      </div>
    </aside>`;
  }
}

function Facts({ row, told }) {
  const facts = [
    [t("jobId"), row.jobId], [t("target"), row.target], [t("cluster"), row.cluster], [t("cloudSays"), told.cloudStatus], [t("creator"), row.creator],
    [t("created"), wholeTime(row.created)], [t("started"), wholeTime(row.started)], [t("finished"), wholeTime(row.ended)], [t("expected"), wholeTime(told.expected)],
    [t("connection"), row.connection], [t("owner"), row.owner], ...(told.results || []),
  ].filter(([, text]) => text);
  return html`<section><h3>${t("facts")}</h3><dl>${facts.map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}</dl></section>`;
}

const FILES = { Completed: "Successful", Importing: "InProgress" }; // the cloud's words for files

function Files({ files }) {
  if (!files?.length) return null;
  return html`<section><h3>${t("files")}</h3><div class="scroll" tabindex="0" role="group" aria-label=${t("files")}><table>
    <thead><tr><th scope="col">${t("file")}</th><th scope="col">${t("state")}</th><th scope="col">${t("rows")}</th><th scope="col">${t("reason")}</th></tr></thead>
    <tbody>${files.map((file) => html`<tr><td class="long">${file.name}</td><td><${State} state=${FILES[file.state] || file.state} /></td><td class="number">${file.rows ?? ""}</td><td class="long">${file.reason}</td></tr>`)}</tbody>
  </table></div></section>`;
}

function Life({ told }) {
  if (!told.timeline.length && !told.eventsHidden) return null;
  return html`<section><h3>${t("life")}</h3>
    <ol class="life">${told.timeline.map((one) => html`<li class=${`s-${one.state || "none"}`}>
      <${When} iso=${one.time} /><div><b>${moment(one.what)}</b>${one.text && html`<span class="sub">${one.text}</span>`}</div></li>`)}</ol>
    ${told.eventsHidden && html`<p class="sub">${t("eventsHidden")}</p>`}
  </section>`;
}

function Attempts({ attempts }) {
  if (!attempts || attempts.length < 2) return null;
  return html`<section><h3>${t("attempts")}</h3><div class="scroll" tabindex="0" role="group" aria-label=${t("attempts")}><table>
    <thead><tr><th scope="col">#</th><th scope="col">${t("state")}</th><th scope="col">${t("jobId")}</th><th scope="col">${t("reason")}</th></tr></thead>
    <tbody>${attempts.map((one) => html`<tr><td>${one.number}</td><td><${State} state=${one.state} /></td><td>${one.jobId}</td><td class="long">${[one.reason, one.message].filter(Boolean).join(": ")}</td></tr>`)}</tbody>
  </table></div></section>`;
}

function Advice({ advice }) {
  if (!advice?.length) return null;
  return html`<section><h3>${t("advice")}</h3><ul class="advice">${advice.map((one) => html`<li><span class="sub">${one.purpose}</span><${Command} text=${one.command} /></li>`)}</ul></section>`;
}

export function Conditions({ rows }) {
  if (!rows?.length) return null;
  return html`<details><summary>${t("conditions")}</summary><div class="scroll" tabindex="0" role="group" aria-label=${t("conditions")}><table>
    <thead><tr><th scope="col">${t("type")}</th><th scope="col">${t("status")}</th><th scope="col">${t("reason")}</th><th scope="col">${t("message")}</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr><td>${one.type}</td><td>${one.status}</td><td>${one.reason}</td><td class="long">${one.message}</td></tr>`)}</tbody>
  </table></div></details>`;
}
