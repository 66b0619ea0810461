// ZillizConnections and JobCenters: whether each can be worked with, and why not.
import { html } from "./html.js";
import { Command, Empty, StateIcon } from "./parts.js";
import { ago, number, t, wholeTime } from "./words.js";

const LOOKS = { True: ["Successful", "ready"], False: ["Failed", "notReady"] };

function Ready({ row }) {
  const [look, word] = row.suspended ? ["Canceled", "suspended"] : LOOKS[row.ready] || ["Unknown", "unknown"];
  return html`<span class=${`state s-${look}`}><${StateIcon} state=${look} />${t(word)}</span>`;
}

function Why({ row }) {
  return row.ready === "True" ? null : html`<p class="message">${[row.reason, row.message].filter(Boolean).join(": ")}</p>`;
}

export function Connections({ connections, centers, jobs, now, complete }) {
  const own = [...connections.values()].sort(byId), pages = [...centers.values()].sort(byId);
  if (!own.length && !pages.length) return complete && html`<${Empty} text=${t("noConnections")}><${Command} text="kubectl explain zillizconnection.spec" /></${Empty}>`;
  const used = {};
  for (const job of jobs.values()) if (job.connection) used[`${job.namespace}/${job.connection}`] = (used[`${job.namespace}/${job.connection}`] || 0) + 1;
  return html`<section class="view cards" aria-label=${t("connections")}>
    ${own.map((row) => html`<article class="card" key=${row.id}><header><div><h2>${row.name}</h2><p class="sub">${row.namespace}</p></div><${Ready} row=${row} /></header>
      <${Why} row=${row} />
      <dl>${facts([[t("endpoint"), row.endpoint], [t("project"), row.project], [t("console"), t(row.console ? "on" : "off")], [t("jobs"), number(used[`${row.namespace}/${row.name}`] || 0)], [t("checked"), wholeTime(row.checked)]])}</dl>
      ${row.ready !== "True" && html`<${Command} text=${`kubectl zilliz doctor -n ${row.namespace}`} />`}</article>`)}
    ${pages.length > 0 && html`<h2 class="heading">${t("centers")}</h2>`}
    ${pages.map((row) => html`<article class="card" key=${row.id}><header><div><h2>${row.name}</h2><p class="sub">${row.namespace}</p></div><${Ready} row=${row} /></header>
      <${Why} row=${row} />
      <dl>${facts([[t("project"), row.project], [t("listed"), ago(row.listed, now)], [t("jobs"), row.jobs == null ? "" : t("shown", { shown: number(row.shown || 0), jobs: number(row.jobs) })]])}</dl></article>`)}
  </section>`;
}

function facts(rows) {
  return rows.filter(([, text]) => text).map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`);
}

function byId(a, b) {
  return a.id < b.id ? -1 : 1;
}
