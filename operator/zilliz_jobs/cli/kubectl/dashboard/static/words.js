// The words of the page in its languages, and times as its reader writes them.

const LANGUAGES = ["en", "zh-CN", "ja"];
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

let words = {}, terms = {}, language = "en", patterns = [], formats = {};

export function teach(itsWords, itsTerms) {
  words = itsWords;
  terms = itsTerms;
  patterns = Object.keys(terms.moments).map((pattern) => {
    const escaped = pattern.split("*").map((part) => part.replace(/[.:]/g, "\\$&"));
    return [new RegExp(`^${escaped.join("(.+)")}$`), terms.moments[pattern]];
  });
}

// One that was chosen before, else the first of the browser's that there is.
export function preferred(chosen, offered) {
  if (LANGUAGES.includes(chosen)) return chosen;
  for (const one of offered) {
    const found = LANGUAGES.find((known) => known.split("-")[0] === one.toLowerCase().split("-")[0]);
    if (found) return found;
  }
  return "en";
}

// Times are written as in the region of the browser, where that speaks the language.
export function speak(wanted, offered) {
  language = wanted;
  const region = offered.find((one) => one.split("-")[0] === wanted.split("-")[0]) || wanted;
  formats = {
    moment: new Intl.DateTimeFormat(region, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }),
    whole: new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "medium", hour12: false }),
    number: new Intl.NumberFormat(wanted),
    units: {},
  };
}

export function languages() {
  return LANGUAGES.map((code) => [code, words[code].language]);
}

export function t(key, values = {}) {
  const text = words[language][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function counted(n) {
  return t(n === 1 ? "count.one" : "count", { n: number(n) });
}

export function number(n) {
  return formats.number.format(n);
}

function term(table, word) {
  const found = terms[table][word];
  return found ? found[LANGUAGES.indexOf(language)] : word;
}

export function state(word) {
  return word ? term("states", word) : t("new");
}

export function type(word) {
  return term("types", word || "");
}

// A sentence of the life of a job.
export function moment(what) {
  for (const [pattern, forms] of patterns) {
    const found = pattern.exec(what);
    if (found) {
      return forms[LANGUAGES.indexOf(language)].replace(/\{(\d)\}/g, (_, at) => {
        const part = found[Number(at) + 1];
        return terms.states[part] ? state(part) : part;
      });
    }
  }
  return what;
}

export function shortTime(iso) {
  return iso ? formats.moment.format(new Date(iso)) : "";
}

export function wholeTime(iso) {
  return iso ? formats.whole.format(new Date(iso)) : "";
}

// A span in its largest unit or two.
export function span(milliseconds) {
  const ms = Math.max(0, milliseconds);
  if (ms < MINUTE) return unit(Math.floor(ms / SECOND), "second");
  if (ms < 10 * MINUTE) {
    const seconds = Math.floor((ms % MINUTE) / SECOND);
    return unit(Math.floor(ms / MINUTE), "minute") + (seconds ? ` ${unit(seconds, "second")}` : "");
  }
  if (ms < 2 * HOUR) return unit(Math.floor(ms / MINUTE), "minute");
  if (ms < 2 * DAY) return unit(Math.round(ms / HOUR), "hour");
  return unit(Math.round(ms / DAY), "day");
}

function unit(n, name) {
  formats.units[name] ??= new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" });
  return formats.units[name].format(n);
}

export function ago(iso, now) {
  return iso ? t("ago", { time: span(now - Date.parse(iso)) }) : "";
}

export function inTime(iso, now) {
  return iso ? t("in", { time: span(Date.parse(iso) - now) }) : "";
}
