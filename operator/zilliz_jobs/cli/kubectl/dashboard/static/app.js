// The page: which view is shown, in which language and colours, and what the keyboard does.
import { Component, render } from "./vendor/preact.mjs";
import { Bars } from "./bars.js";
import { Connections } from "./connections.js";
import { Drawer } from "./drawer.js";
import { Filters } from "./filters.js";
import { html } from "./html.js";
import { Command } from "./parts.js";
import { here, href, openedAt, walk } from "./places.js";
import { Schedules } from "./schedules.js";
import { Store, chosen } from "./store.js";
import { JobTable } from "./table.js";
import { languages, number, preferred, speak, t, teach, wholeTime } from "./words.js";

const VIEWS = { "/": "jobs", "/timeline": "timeline", "/schedules": "schedules", "/connections": "connections" };
const THEMES = ["auto", "light", "dark"];
const OFFERED = navigator.languages || [navigator.language || "en"];
const UNSEEN = 60000; // an operator takes note of a new object at once; after a minute none is there

function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`zilliz-${name}`);
    localStorage.setItem(`zilliz-${name}`, value);
  } catch {
    // a browser that keeps nothing asks again
  }
  return null;
}

class App extends Component {
  constructor(props) {
    super(props);
    const language = preferred(kept("language"), OFFERED);
    const path = here();
    this.state = { language, theme: THEMES.includes(kept("theme")) ? kept("theme") : "auto", path, view: VIEWS[path] || "jobs", filter: { text: "", type: "", cluster: "", state: "" }, help: false };
    this.put(language, this.state.theme);
  }

  componentDidMount() {
    this.props.store.changed = () => this.forceUpdate();
    addEventListener("popstate", () => this.arrive(here()));
    addEventListener("keydown", this.pressed);
    this.ticking = setInterval(() => this.forceUpdate(), 30000);
  }

  put(language, theme) {
    speak(language, OFFERED);
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.title = t("title");
  }

  arrive(path) {
    this.setState((now) => ({ path, view: VIEWS[path] || now.view }));
  }

  go = (path) => {
    if (path.startsWith("/jobs/") && !this.state.path.startsWith("/jobs/")) this.opener = document.activeElement;
    walk(path);
    this.arrive(path);
  };

  close = () => {
    this.go(Object.keys(VIEWS).find((path) => VIEWS[path] === this.state.view));
    const row = document.querySelector(".row.active .open") || this.opener;
    row?.focus({ preventScroll: true });
  };

  pressed = (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "Escape") {
      if (this.state.help) this.setState({ help: false });
      else if (typing) event.target.blur();
      else if (this.state.path.startsWith("/jobs/")) this.close();
    } else if (typing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search")?.focus();
    } else if (event.key === "?") {
      this.setState({ help: !this.state.help });
    } else if ((event.key === "j" || event.key === "ArrowDown") && event.target === document.body) {
      document.querySelector(".row.active .open")?.focus();
    }
  };

  speak = (language) => {
    kept("language", language);
    this.put(language, this.state.theme);
    this.setState({ language });
  };

  paint = (theme) => {
    kept("theme", theme);
    this.put(this.state.language, theme);
    this.setState({ theme });
  };

  render({ store, live, data }, { view, path, filter, language, theme, help }) {
    const { jobs, schedules, connections, centers } = store.tables, now = store.time();
    const picked = chosen(store.newest, filter), open = openedAt(path);
    const filtered = Boolean(filter.text || filter.type || filter.cluster || filter.state);
    const set = (change) => this.setState({ filter: { ...filter, ...change } });
    const tabs = { "/": jobs.size, "/timeline": null, "/schedules": schedules.size, "/connections": connections.size };
    return html`<div class=${`page ${open ? "with-drawer" : ""}`}>
      <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>${t("skip")}</a>
      <header class="top">
        <h1>${t("title")}</h1>
        <span class="scope">${store.scope ? t("namespace", { name: store.scope }) : t("allNamespaces")}</span>
        <${Link} store=${store} />
        <span class="gap"></span>
        <select class="plain" aria-label=${t("chooseLanguage")} value=${language} onChange=${(event) => this.speak(event.currentTarget.value)}>
          ${languages().map(([code, name]) => html`<option key=${code} value=${code} lang=${code} selected=${code === language}>${name}</option>`)}</select>
        <select class="plain" aria-label=${t("theme")} value=${theme} onChange=${(event) => this.paint(event.currentTarget.value)}>
          ${THEMES.map((one) => html`<option key=${one} value=${one} selected=${one === theme}>${t(`theme.${one}`)}</option>`)}</select>
        <button type="button" class="plain" aria-expanded=${help} aria-label=${t("keys")} onClick=${() => this.setState({ help: !help })}>?</button>
      </header>
      <nav aria-label=${t("title")}>${Object.entries(tabs).map(([where, count]) => html`<a key=${where} href=${href(where)} aria-current=${VIEWS[where] === view ? "page" : null}
        onClick=${(event) => { event.preventDefault(); this.go(where); }}>${t(VIEWS[where])}${count != null && html` <span class="badge">${number(count)}</span>`}</a>`)}</nav>
      ${help && html`<${Help} />`}
      <${Notices} store=${store} now=${now} />
      <main id="main" tabindex="-1">
        ${view === "jobs" || view === "timeline" ? html`<${Filters} filter=${filter} set=${set} counts=${picked.counts} types=${picked.types} clusters=${picked.clusters} found=${picked.found.length} all=${jobs.size} />` : null}
        ${view === "jobs" && html`<${JobTable} jobs=${picked.found} open=${open} go=${this.go} complete=${store.complete} filtered=${filtered} scope=${store.scope} language=${language} />`}
        ${view === "timeline" && html`<${Bars} jobs=${picked.found} now=${now} go=${this.go} open=${open} />`}
        ${view === "schedules" && html`<${Schedules} rows=${schedules} now=${now} go=${this.go} live=${live} complete=${store.complete} />`}
        ${view === "connections" && html`<${Connections} connections=${connections} centers=${centers} jobs=${jobs} now=${now} complete=${store.complete} />`}
      </main>
      ${open && html`<${Drawer} id=${open} row=${jobs.get(open)} close=${this.close} live=${live} kept=${data && Object.keys(data.details).length} read=${data && ((id) => Promise.resolve(data.details[id] ?? null))} />`}
    </div>`;
  }
}

function Link({ store }) {
  const word = { exported: t("exported", { time: wholeTime(new Date(store.now).toISOString()) }) }[store.link] || (store.link === "live" && !store.complete ? t("loading") : t(store.link));
  return html`<span class=${`link l-${store.link}`} role="status">${word}</span>`;
}

function Notices({ store, now }) {
  const unseen = store.newest.filter((job) => job.unseen && now - Date.parse(job.created) > UNSEEN);
  const told = store.notices.map((one) => ({ ...one, title: t(`notice.${one.code}`) }));
  if (store.link === "ended") told.push({ title: t("ended"), text: t("endedHow"), code: "failed" });
  if (unseen.length) told.push({ title: t("notice.unseen"), text: t("unseen", { n: number(unseen.length) }), command: `kubectl zilliz doctor -n ${unseen[0].namespace}`, code: "failed" });
  return told.length > 0 && html`<section class="notices" aria-label=${t("message")}>${told.map((one) => html`<div key=${one.text} class=${`notice n-${one.code}`} role="status">
    <b>${one.title}</b> <span>${one.text}</span>${one.command && html` <${Command} text=${one.command} />`}</div>`)}</section>`;
}

function Help() {
  const keys = [["/", "search"], ["↑ ↓ j k", "move"], ["↵", "open"], ["Esc", "close"], ["?", "help"]];
  return html`<section class="help" aria-label=${t("keys")}><dl>${keys.map(([key, word]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(`keys.${word}`)}</dd></div>`)}</dl></section>`;
}

async function begin() {
  const file = document.getElementById("data");
  const data = file && JSON.parse(file.textContent);
  const load = async (name) => (await fetch(`/static/${name}.json`)).json();
  const [itsWords, itsTerms] = data ? [data.words, data.terms] : await Promise.all([load("words"), load("terms")]);
  teach(itsWords, itsTerms);
  const store = new Store(() => {});
  if (data) {
    store.link = "exported";
    store.take(data.message);
  } else {
    store.follow();
  }
  window.dashboard = { told: () => ({ messages: store.messages, bytes: store.bytes }) }; // how much came, for measurements
  render(html`<${App} store=${store} live=${!data} data=${data} />`, document.getElementById("app"));
}

begin();
