// Small parts that several views are made of.
import { Component, createRef } from "./vendor/preact.mjs";
import { html } from "./html.js";
import { shortTime, state as stateWord, t, wholeTime } from "./words.js";

const PATHS = {
  Successful: "M4.5 8.2l2.4 2.4 4.6-5",
  Failed: "M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4",
  Canceled: "M4.8 11.2l6.4-6.4",
  Pending: "M8 4.6V8l2.2 1.6",
  Unknown: "M6.3 6.2a1.75 1.75 0 1 1 2.5 1.6c-.5.25-.8.6-.8 1.2M8 11.3v.1",
};

export function StateIcon({ state }) {
  const going = state === "InProgress" || state === "Active";
  return html`<svg class=${`icon ${going ? "going" : ""}`} viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="6.6" class=${going ? "track" : "ring"} />
    ${going ? html`<path d="M8 1.4a6.6 6.6 0 0 1 6.6 6.6" class="arc" />` : html`<path d=${PATHS[state] || PATHS.Unknown} />`}
  </svg>`;
}

export function State({ state, attention }) {
  const shown = state || "Pending";
  return html`<span class=${`state s-${shown}`}>
    <${StateIcon} state=${shown} />${stateWord(state)}
    ${attention && html`<span class="attention" title=${t("needsPerson")}><span class="sr">${t("needsPerson")}</span>!</span>`}
  </span>`;
}

export function Progress({ percent }) {
  if (percent == null) return null;
  const done = Math.max(0, Math.min(100, percent));
  return html`<span class="progress"><span class="bar" role="progressbar" aria-valuenow=${done} aria-valuemin="0" aria-valuemax="100" aria-label=${t("progress")}>
    <span class="done" style=${{ width: `${done}%` }}></span></span><span class="figure">${done}%</span></span>`;
}

export function When({ iso }) {
  return iso ? html`<time datetime=${iso} title=${wholeTime(iso)}>${shortTime(iso)}</time>` : html`<span class="nothing" aria-hidden="true">–</span>`;
}

export class Command extends Component {
  copy = async () => {
    try {
      await navigator.clipboard.writeText(this.props.text);
      this.setState({ copied: true });
      setTimeout(() => this.setState({ copied: false }), 1500);
    } catch {
      this.setState({ copied: false }); // the browser does not allow it; the text can be marked
    }
  };

  render({ text }, { copied }) {
    return html`<span class="command"><code tabindex="0">${text}</code>
      <button type="button" class="small" onClick=${this.copy}>${copied ? t("copied") : t("copy")}</button></span>`;
  }
}

// A button that asks once more before it acts, and says what came of it.
export class Act extends Component {
  state = { sure: false, asking: false };
  yes = createRef();

  componentDidUpdate(_, before) {
    if (this.state.sure && !before.sure) this.yes.current?.focus();
  }

  act = async () => {
    this.setState({ sure: false, asking: true, answer: null });
    try {
      const told = await this.props.ask();
      this.setState({ asking: false, answer: told });
    } catch (error) {
      this.setState({ asking: false, answer: { outcome: t("failedToAsk"), text: error.message, well: false } });
    }
  };

  render({ verb, rule, off, small }, { sure, asking, answer }) {
    const id = `rule-${verb}`;
    const label = t(verb);
    return html`<div class=${`act act-${verb}`}>
      ${sure
        ? html`<div class="sure" role="group" aria-label=${t(`${verb}Sure`)}><span>${t(`${verb}Sure`)}</span>
            <button type="button" class="strong" ref=${this.yes} onClick=${this.act}>${t("yes")}</button>
            <button type="button" onClick=${() => this.setState({ sure: false })}>${t("no")}</button></div>`
        : html`<button type="button" class=${small ? "small" : ""} disabled=${!rule.may || asking} aria-describedby=${rule.may ? null : id}
            onClick=${() => this.setState({ sure: true, answer: null })}>${label}</button>`}
      ${!rule.may && html`<p class="rule" id=${id}><b>${off}</b> (${rule.reason}): ${rule.text}</p>`}
      <p class="outcome" role="status">${asking
        ? t("asking")
        : answer && html`<span class=${answer.well ? "well" : "ill"}>${t("answered", { verb: label, outcome: answer.outcome })}</span> ${answer.text}`}</p>
    </div>`;
  }
}

export function Empty({ text, children }) {
  return html`<div class="empty"><p>${text}</p>${children}</div>`;
}
