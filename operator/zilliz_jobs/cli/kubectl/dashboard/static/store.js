// All that the server told, and how the connection to it is. Kept up to date until the page is closed.

const TABLES = ["jobs", "schedules", "connections", "centers"];

export class Store {
  constructor(changed) {
    this.changed = changed;
    this.tables = Object.fromEntries(TABLES.map((name) => [name, new Map()]));
    this.notices = [];
    this.scope = "";
    this.complete = false;
    this.link = "loading";
    this.now = Date.now();
    this.behind = 0;
    this.messages = 0;
    this.bytes = 0;
    this.order = null;
  }

  // The jobs, newest first. Sorted anew only where one came, or is of another time than before.
  get newest() {
    this.order ??= [...this.tables.jobs.values()].sort(newestFirst).map((job) => job.id);
    return this.order.map((id) => this.tables.jobs.get(id));
  }

  // The time of the API server, by which the times of objects are written.
  time() {
    return this.link === "exported" ? this.now : Date.now() - this.behind;
  }

  take(message) {
    if (message.whole) {
      for (const table of Object.values(this.tables)) table.clear();
      this.scope = message.scope;
      this.order = null;
    }
    for (const [name, rows] of Object.entries(message.rows)) {
      for (const row of rows) {
        if (name === "jobs" && this.tables.jobs.get(row.id)?.created !== row.created) this.order = null;
        this.tables[name].set(row.id, prepared(row));
      }
    }
    for (const [name, ids] of Object.entries(message.gone)) {
      for (const id of ids) if (this.tables[name].delete(id)) this.order = null;
    }
    if (message.notices) this.notices = message.notices;
    this.complete = message.complete;
    this.now = Date.parse(message.now);
    this.behind = Date.now() - this.now;
    this.changed();
  }

  follow() {
    const source = new EventSource("/api/events");
    source.onmessage = (event) => {
      this.link = "live";
      this.messages += 1;
      this.bytes += event.data.length;
      this.take(JSON.parse(event.data));
    };
    source.onerror = () => {
      this.link = source.readyState === EventSource.CLOSED ? "ended" : "away";
      this.changed();
    };
  }
}

// With what a search looks through, made once for each change.
function prepared(row) {
  row.hay = [row.description, row.jobId, row.name, row.namespace, row.creator, row.target, row.reason, row.cluster, row.owner]
    .filter(Boolean).join("\n").toLowerCase();
  return row;
}

// `jobs`: newest first, and so is what is found of them.
export function chosen(jobs, filter) {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = {}, types = new Set(), clusters = new Set(), found = [];
  for (const job of jobs) {
    if (job.type) types.add(job.type);
    if (job.cluster) clusters.add(job.cluster);
    if (filter.type && job.type !== filter.type) continue;
    if (filter.cluster && job.cluster !== filter.cluster) continue;
    if (!words.every((word) => job.hay.includes(word))) continue;
    const state = job.state || "Pending";
    counts[state] = (counts[state] || 0) + 1;
    if (filter.state && state !== filter.state) continue;
    found.push(job);
  }
  return { found, counts, types: [...types].sort(), clusters: [...clusters].sort() };
}

function newestFirst(one, other) {
  const a = one.created || "", b = other.created || "";
  return a < b ? 1 : a > b ? -1 : one.id < other.id ? -1 : 1;
}

const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";

export async function read(id) {
  const answer = await fetch(`/api/objects/${id.split("/").map(encodeURIComponent).join("/")}`);
  if (answer.status === 404) return null;
  const told = await answer.json().catch(() => ({ error: answer.statusText }));
  if (!answer.ok) throw new Error(told.error);
  return told;
}

export async function ask(id, verb) {
  const where = `/api/objects/${id.split("/").map(encodeURIComponent).join("/")}/${verb}`;
  const answer = await fetch(where, { method: "POST", headers: { "X-Zilliz-Csrf": csrf() } });
  const told = await answer.json().catch(() => ({ error: answer.statusText }));
  if (!answer.ok) throw new Error(told.error);
  return told;
}
