// JobSchedules: when each is due next, and what became of its runs.
import { html } from "./html.js";
import { Act, Command, Empty, State, StateIcon } from "./parts.js";
import { href } from "./places.js";
import { ask } from "./store.js";
import { ago, inTime, state as stateWord, t, wholeTime } from "./words.js";

export function Schedules({ rows, now, go, live, complete }) {
  const sorted = [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (!sorted.length) return complete && html`<${Empty} text=${t("noSchedules")}><${Command} text="kubectl explain jobschedule.spec" /></${Empty}>`;
  return html`<section class="cards view" aria-label=${t("schedules")}>${sorted.map((one) => html`<${Schedule} key=${one.id} row=${one} now=${now} go=${go} live=${live} />`)}</section>`;
}

function Schedule({ row, now, go, live }) {
  const ready = row.state === "Ready";
  return html`<article class="card">
    <header><div><h2>${row.name}</h2><p class="sub">${row.namespace} · ${row.times}</p></div>
      <span class=${`state s-${ready ? "Successful" : row.suspended ? "Canceled" : "Pending"}`}>
        <${StateIcon} state=${ready ? "Successful" : row.suspended ? "Canceled" : "Pending"} />${ready ? t("ready") : row.suspended ? t("suspended") : row.state === "new" ? t("new") : row.state}</span></header>
    ${row.message && html`<p class="message">${row.message}</p>`}
    <dl>
      <div><dt>${t("next")}</dt><dd title=${wholeTime(row.next)}>${row.next ? inTime(row.next, now) : "–"}</dd></div>
      <div><dt>${t("lastSuccess")}</dt><dd title=${wholeTime(row.succeeded)}>${row.succeeded ? ago(row.succeeded, now) : t("never")}</dd></div>
      <div><dt>${t("jobs")}</dt><dd>${row.jobs.join(", ")}</dd></div>
    </dl>
    ${row.keeps && html`<p class="sub">${t("keeps", { n: row.keeps })}</p>`}
    ${row.runs.length > 0 && html`<h3>${t("runs")}</h3><ul class="runs">${row.runs.map((run) => html`<${Run} key=${run.name} run=${run} now=${now} go=${go} />`)}</ul>`}
    ${live && html`<${Act} verb="run" rule=${{ may: true }} off="" small=${true} ask=${() => ask(row.id, "run")} />`}
  </article>`;
}

function Run({ run, now, go }) {
  return html`<li><details open=${run.state === "Active"}><summary><span class=${`state s-${run.state}`}><${StateIcon} state=${run.state} />${stateWord(run.state)}</span>
      <span class="sub">${ago(run.started, now)} · ${t(run.requested ? "run.request" : "run.time")}</span></summary>
    ${run.reason && html`<p class="message">${run.reason}${run.message && `: ${run.message}`}</p>`}
    <ul>${run.jobs.map((job) => html`<li key=${job.name}>${job.state ? html`<${State} state=${job.state} />` : html`<span class="sub">${t("notMade")}</span>`}
      ${job.id ? html`<a href=${href(`/jobs/${job.id}`)} onClick=${(event) => { event.preventDefault(); go(`/jobs/${job.id}`); }}>${job.name}</a>` : html`<span>${job.name}</span>`}
      ${job.after.length > 0 && html`<span class="sub">${t("follows", { names: job.after.join(", ") })}</span>`}
      ${job.reason && html`<span class="sub">${job.reason}</span>`}</li>`)}</ul>
  </details></li>`;
}
