// What ran when: a bar for each job of the period, the newest first.
import { Component } from "./vendor/preact.mjs";
import { html } from "./html.js";
import { Empty, StateIcon } from "./parts.js";
import { href } from "./places.js";
import { shortTime, state as stateWord, t, wholeTime } from "./words.js";

const HOUR = 3600000, MOST = 200, TICKS = 6;
const PERIODS = [["hour", HOUR], ["hours6", 6 * HOUR], ["day", 24 * HOUR], ["week", 7 * 24 * HOUR]];

export class Bars extends Component {
  state = { period: "day" };

  render({ jobs, now, go, open }, { period }) {
    const length = Object.fromEntries(PERIODS)[period], from = now - length;
    const ran = jobs.filter((job) => job.started && Date.parse(job.started) <= now && (job.ended ? Date.parse(job.ended) : now) >= from);
    const shown = ran.slice(0, MOST);
    const at = (time) => (100 * (Math.max(from, Math.min(now, time)) - from)) / length;
    const ticks = Array.from({ length: TICKS + 1 }, (_, i) => from + (length * i) / TICKS);
    return html`<section class="bars view" aria-label=${t("timeline")}>
      <div class="fields"><label>${t("window")} <select value=${period} onChange=${(event) => this.setState({ period: event.currentTarget.value })}>
        ${PERIODS.map(([name]) => html`<option key=${name} value=${name} selected=${name === period}>${t(name)}</option>`)}</select></label>
        ${ran.length > MOST && html`<span class="sub">${t("newest", { n: MOST })}</span>`}</div>
      ${!shown.length ? html`<${Empty} text=${t("idle")} />` : html`<div class="chart" tabindex="0" role="group" aria-label=${t("timeline")}>
        <div class="axis" aria-hidden="true"><span></span><span class="lane">${ticks.map((time, i) => html`<span class="tick" style=${{ left: `${(100 * i) / TICKS}%` }}>${i === TICKS ? t("now") : shortTime(new Date(time).toISOString())}</span>`)}</span></div>
        <ul>${shown.map((job) => {
          const start = at(Date.parse(job.started)), end = at(job.ended ? Date.parse(job.ended) : now), name = job.description || job.name;
          const label = t("bar", { name, state: stateWord(job.state), from: wholeTime(job.started), to: job.ended ? wholeTime(job.ended) : t("now") });
          return html`<li key=${job.id} class=${job.id === open ? "opened" : ""}><a href=${href(`/jobs/${job.id}`)} aria-label=${label} title=${label}
              onClick=${(event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); go(`/jobs/${job.id}`); } }}>
            <span class=${`name s-${job.state || "Pending"}`}><${StateIcon} state=${job.state || "Pending"} /><span>${name}</span></span>
            <span class="lane"><span class=${`span s-${job.state || "Pending"} ${job.ended ? "" : "open"}`} style=${{ left: `${start}%`, width: `${Math.max(0.3, end - start)}%` }}></span></span></a></li>`;
        })}</ul></div>`}
    </section>`;
  }
}
