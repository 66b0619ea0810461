// What is shown of the jobs: counts by state to choose from, a search, type and cluster.
import { html } from "./html.js";
import { StateIcon } from "./parts.js";
import { counted, number, state as stateWord, t, type as typeWord } from "./words.js";

const STATES = ["InProgress", "Pending", "Failed", "Successful", "Canceled", "Unknown"];

export function Filters({ filter, set, counts, types, clusters, found, all }) {
  const sum = Object.values(counts).reduce((one, other) => one + other, 0);
  const filtered = filter.text || filter.type || filter.cluster || filter.state;
  const chips = STATES.filter((state) => state !== "Unknown" || counts.Unknown || filter.state === state);
  return html`<section class="filters" aria-label=${t("search")}>
    <div class="chips" role="group" aria-label=${t("state")}>
      <button type="button" class="chip" aria-pressed=${!filter.state} onClick=${() => set({ state: "" })}>${t("all")} <b>${number(sum)}</b></button>
      ${chips.map((state) => html`<button type="button" key=${state} class=${`chip s-${state}`} aria-pressed=${filter.state === state}
        onClick=${() => set({ state: filter.state === state ? "" : state })}><${StateIcon} state=${state} />${stateWord(state)} <b>${number(counts[state] || 0)}</b></button>`)}
    </div>
    <div class="fields">
      <input id="search" type="search" autocomplete="off" spellcheck="false" value=${filter.text} placeholder=${t("searchHint")} aria-label=${t("search")}
        onInput=${(event) => set({ text: event.currentTarget.value })} />
      <select aria-label=${t("type")} value=${filter.type} onChange=${(event) => set({ type: event.currentTarget.value })}>
        <option value="">${t("anyType")}</option>${options(types, filter.type).map((one) => html`<option key=${one} value=${one} selected=${one === filter.type}>${typeWord(one)}</option>`)}
      </select>
      <select aria-label=${t("cluster")} value=${filter.cluster} onChange=${(event) => set({ cluster: event.currentTarget.value })}>
        <option value="">${t("anyCluster")}</option>${options(clusters, filter.cluster).map((one) => html`<option key=${one} value=${one} selected=${one === filter.cluster}>${one}</option>`)}
      </select>
      ${filtered && html`<button type="button" onClick=${() => set({ text: "", type: "", cluster: "", state: "" })}>${t("clear")}</button>`}
      <span class="count" role="status">${filtered ? t("countOf", { n: number(found), all: number(all) }) : counted(all)}</span>
    </div>
  </section>`;
}

// With the one that is chosen, also when no job has it any more.
function options(known, wanted) {
  return wanted && !known.includes(wanted) ? [wanted, ...known] : known;
}
