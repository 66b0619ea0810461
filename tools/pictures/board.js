// Draws what `board` holds (see reading.py) as Grafana does: dark, with its colours, units, thresholds, mappings and legends.
"use strict";

const PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#37872d", "#fade2a", "#ca95e5",
  "#447ebc", "#c15c17", "#e0f9d7", "#890f02"];
const NAMED = { green: "#73bf69", red: "#f2495c", orange: "#ff9830", yellow: "#fade2a", blue: "#5794f2", text: "#ccccdc",
  transparent: "#2a2d34" };
// The words that mean the same in each panel have one colour in all of them.
const OF_WORDS = { Successful: "#73bf69", Failed: "#f2495c", Canceled: "#b877d9", Unknown: "#ff9830", Pending: "#f2cc0c",
  InProgress: "#5794f2", ok: "#73bf69", unavailable: "#f2495c", throttled: "#ff9830", refused: "#b877d9", Accepted: "#73bf69",
  Refused: "#f2495c", EffectUnknown: "#ff9830", failed: "#f2495c", succeeded: "#73bf69", missed: "#ff9830", started: "#5794f2" };
const COLUMN = 1432 / 24, UNIT = 35, GAP = 8;

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const svg = (name, attributes, text = "") => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
};
const colour = (name, index) => OF_WORDS[name] ?? PALETTE[index % PALETTE.length];
const round = (figure, decimals) => String(Number(figure.toFixed(decimals)));

function shown(figure, unit, decimals) {
  if (!Number.isFinite(figure)) return "";
  const per = { reqps: " req/s", ops: " ops/s", wps: " wr/s" }[unit];
  if (unit === "percentunit") return `${round(figure * 100, decimals ?? 1)}%`;
  if (unit === "s") {
    const size = Math.abs(figure);
    if (size === 0) return "0 s";
    if (size < 1) return `${round(figure * 1000, size < 0.1 ? 1 : 0)} ms`;
    if (size < 60) return `${round(figure, size < 10 ? 2 : 1)} s`;
    if (size < 3600) return `${round(figure / 60, 1)} min`;
    return size < 86400 ? `${round(figure / 3600, 1)} hours` : `${round(figure / 86400, 1)} days`;
  }
  return round(figure, decimals ?? (Math.abs(figure) < 10 ? 2 : 1)) + (per ?? "");
}

function threshold(figure, thresholds, otherwise = NAMED.text) {
  let found = otherwise;
  for (const step of thresholds?.steps ?? []) if (step.value === null || figure >= step.value) found = NAMED[step.color] ?? step.color;
  return found;
}

const mapped = (figure, mappings) => mappings?.map((one) => one.options[String(figure)]).find(Boolean);

// -- graphs

function scale(most, unit, least = 0) {
  const size = (most - least) || 1;
  const bases = unit === "s" && size > 60 ? [60, 120, 300, 600, 1800, 3600] : [];
  const power = 10 ** Math.floor(Math.log10(size / 3));
  const step = bases.find((one) => size / one <= 4.5) ?? [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => size / one <= 4.5);
  const ticks = [];
  for (let at = Math.floor(least / step) * step; ; at += step) { ticks.push(Number(at.toPrecision(10))); if (at >= most) break; }
  return ticks;
}

function clock(seconds) { return new Date(seconds * 1000).toISOString().slice(11, 16); }

function graph(panel, place) {
  const { width, height } = place.getBoundingClientRect();
  const { custom, unit, decimals } = panel.fieldConfig.defaults;
  const stacked = custom.stacking?.mode === "normal", bars = custom.drawStyle === "bars";
  const times = [...new Set(panel.series.flatMap((one) => one.points.map(([at]) => at)))].sort((a, b) => a - b);
  const below = new Map(times.map((at) => [at, 0]));
  const layers = panel.series.map((one, index) => {
    const of = new Map(one.points);
    const points = (stacked ? times : one.points.map(([at]) => at)).map((at) => {
      const base = stacked ? below.get(at) : 0, figure = base + (of.get(at) || 0);
      if (stacked) below.set(at, figure);
      return [at, base, figure];
    });
    return { points, paint: colour(one.name, index) };
  });
  const figures = layers.flatMap((one) => one.points.map(([, , figure]) => figure)).filter(Number.isFinite);
  if (!figures.length) return;
  const least = Math.min(0, ...figures);
  const ticks = scale(Math.max(...figures) || 1, unit, least);
  const labels = ticks.map((tick) => shown(tick, unit, decimals));
  const left = Math.max(...labels.map((one) => one.length)) * 6.2 + 10, right = 6, top = 6, bottom = 20;
  const [from, to] = [board.start, board.end], [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const x = (at) => left + ((at - from) / (to - from)) * (width - left - right);
  const y = (figure) => height - bottom - ((figure - low) / (high - low)) * (height - top - bottom);
  const drawing = svg("svg", { width, height });
  ticks.forEach((tick, index) => {
    drawing.append(svg("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: "#25272d" }));
    drawing.append(svg("text", { x: left - 6, y: y(tick) + 3.5, "text-anchor": "end" }, labels[index]));
  });
  timeAxis(drawing, x, width, height, left, right, top, bottom);
  const thick = Math.max(2, (x(from + board.step) - x(from)) * 0.82);
  for (const { points, paint } of layers) {
    if (bars) {
      for (const [at, base, figure] of points) {
        if (figure > base) {
          const begins = Math.max(left, x(at) - thick);
          drawing.append(svg("rect", { x: begins, width: Math.max(1, x(at) - begins), y: y(figure), height: y(base) - y(figure), fill: paint,
            "fill-opacity": (custom.fillOpacity ?? 80) / 100 }));
        }
      }
      continue;
    }
    for (const part of parts(points)) {
      const line = part.map(([at, , figure]) => `${x(at).toFixed(1)},${y(figure).toFixed(1)}`);
      const base = [...part].reverse().map(([at, under]) => `${x(at).toFixed(1)},${y(under).toFixed(1)}`);
      if (custom.fillOpacity) {
        drawing.append(svg("polygon", { points: [...line, ...base].join(" "), fill: paint, "fill-opacity": custom.fillOpacity / 100 }));
      }
      drawing.append(svg("polyline", { points: line.join(" "), fill: "none", stroke: paint, "stroke-width": custom.lineWidth ?? 1,
        "stroke-linejoin": "round" }));
    }
  }
  place.append(drawing);
}

// A line is broken where its series was not there.
function parts(points) {
  const found = [];
  let last = -Infinity;
  for (const point of points) {
    if (point[0] - last > board.step * 1.5) found.push([]);
    found[found.length - 1].push(point);
    last = point[0];
  }
  return found;
}

function timeAxis(drawing, x, width, height, left, right, top, bottom) {
  const minutes = (board.end - board.start) / 60, every = (width > 600 ? 1 : 2) * Math.ceil(minutes / 12) * 60;
  for (let at = Math.ceil(board.start / every) * every; at < board.end; at += every) {
    drawing.append(svg("line", { x1: x(at), x2: x(at), y1: top, y2: height - bottom, stroke: "#202228" }));
    if (x(at) > left + 12 && x(at) < width - 18) drawing.append(svg("text", { x: x(at), y: height - 5, "text-anchor": "middle" }, clock(at)));
  }
}

function timeseries(panel, body) {
  const { placement, calcs = [] } = panel.options.legend, { unit, decimals } = panel.fieldConfig.defaults;
  const plot = element("div", { className: "plot" });
  body.append(plot);
  const item = (one, index) => {
    const mark = element("i");
    mark.style.background = colour(one.name, index);
    return [mark, one.name];
  };
  if (placement === "right") {
    const table = element("table", {}, element("tr", {}, element("th", { textContent: "Name" }),
      ...calcs.map(() => element("th", { className: "figure", textContent: "Max" }))));
    const most = (one) => Math.max(...one.points.map(([, figure]) => figure));
    panel.series.map((one, index) => [most(one), one, index]).sort((a, b) => b[0] - a[0]).forEach(([figure, one, index]) => {
      table.append(element("tr", {}, element("td", {}, ...item(one, index)),
        ...calcs.map(() => element("td", { className: "figure", textContent: shown(figure, unit, decimals) }))));
    });
    body.append(element("div", { className: "aside fits" }, table));
  } else {
    body.classList.add("below");
    body.append(element("div", { className: "legend fits" }, ...panel.series.map((one, index) => element("span", {}, ...item(one, index)))));
  }
  return () => graph(panel, plot);
}

function timeline(panel, body) {
  const plot = element("div", { className: "plot" });
  body.append(plot);
  return () => {
    const { width, height } = plot.getBoundingClientRect();
    const left = Math.max(...panel.series.map((one) => one.name.length)) * 6.6 + 12, bottom = 20, top = 4;
    const x = (at) => left + ((at - board.start) / (board.end - board.start)) * (width - left - 6);
    const drawing = svg("svg", { width, height }), tall = (height - top - bottom) / panel.series.length;
    timeAxis(drawing, x, width, height, left, 6, top, bottom);
    panel.series.forEach((one, index) => {
      drawing.append(svg("text", { x: left - 8, y: top + tall * (index + 0.5) + 4, "text-anchor": "end" }, one.name));
      for (const [at, figure] of one.points) {
        const paint = NAMED[mapped(figure, panel.fieldConfig.defaults.mappings)?.color] ?? PALETTE[0];
        const begins = Math.max(left, x(at - board.step));
        drawing.append(svg("rect", { x: begins, width: Math.max(0, x(at) - begins + 0.5), y: top + tall * index + tall * 0.1,
          height: tall * 0.8, fill: paint }));
      }
    });
    plot.append(drawing);
  };
}

// -- figures

function stat(panel, body) {
  const { unit, decimals, thresholds } = panel.fieldConfig.defaults, figure = panel.series[0]?.points.at(-1)?.[1];
  body.className = "stat";
  body.textContent = shown(figure, unit, decimals);
  const paint = threshold(figure, thresholds);
  body.parentElement.style.background = `color-mix(in srgb, ${paint} 68%, #000)`;
}

function bargauge(panel, body) {
  const { unit, decimals, thresholds } = panel.fieldConfig.defaults;
  const bars = panel.series.map((one) => [one.name, one.points.at(-1)[1]]).sort((a, b) => b[1] - a[1]);
  const most = Math.max(0, ...bars.map(([, figure]) => figure)) || 1;
  body.classList.add("bars");
  for (const [name, figure] of bars) {
    const fill = element("div"), paint = threshold(figure, thresholds);
    fill.style.width = `${Math.max(0.6, (figure / most) * 100)}%`;
    fill.style.background = `linear-gradient(90deg, color-mix(in srgb, ${paint} 45%, #181b1f), ${paint})`;
    const value = element("div", { className: "value", textContent: shown(figure, unit, decimals) });
    value.style.color = paint;
    body.append(element("div", {}, element("div", { className: "name fits", textContent: name }),
      element("div", { className: "track" }, fill), value));
  }
  return () => {
    for (const [of, limit] of [["name", 0.5], ["value", 0.4]]) {
      const found = [...body.querySelectorAll(`.${of}`)];
      const widest = Math.max(...found.map((one) => one.getBoundingClientRect().width));
      found.forEach((one) => { one.style.width = `${Math.ceil(Math.min(widest, body.clientWidth * limit))}px`; });
    }
  };
}

function table(panel, body) {
  const { unit, decimals, thresholds } = panel.fieldConfig.defaults;
  const organized = panel.transformations.find((one) => one.id === "organize").options.renameByName;
  const columns = Object.values(organized), sort = panel.options.sortBy[0];
  const overrides = Object.fromEntries(panel.fieldConfig.overrides.map((one) =>
    [one.matcher.options, Object.fromEntries(one.properties.map((part) => [part.id, part.value]))]));
  const isFigure = (column) => panel.rows.some((row) => typeof row[column] === "number");
  const rows = [...panel.rows].sort((a, b) => (b[sort.displayName] ?? -1) - (a[sort.displayName] ?? -1));
  const cells = element("table", {}, element("tr", {}, ...columns.map((column) =>
    element("th", { textContent: column, className: isFigure(column) ? "figure" : "" }))));
  const room = Math.floor((UNIT * panel.gridPos.h - GAP - 30 - 8) / 25) - 1;
  for (const row of rows.slice(0, room)) {
    cells.append(element("tr", {}, ...columns.map((column) => {
      const own = overrides[column] ?? {}, value = row[column];
      if (typeof value !== "number") return element("td", { textContent: value ?? "" });
      const word = mapped(value, own.mappings);
      const cell = element("td", { className: "figure", textContent: word?.text ?? shown(value, own.unit ?? unit, own.decimals ?? decimals) });
      if (own["custom.cellOptions"]?.type === "color-text") {
        cell.style.color = word ? NAMED[word.color] : threshold(value, own.thresholds ?? thresholds);
      }
      return cell;
    })));
  }
  body.append(element("div", { className: "cells fits", style: "flex: 1" }, cells));
}

// -- the board

const DRAW = { stat, timeseries, bargauge, table, "state-timeline": timeline };

function draw() {
  const main = document.querySelector("main"), later = [];
  let bottom = 0;
  for (const panel of board.panels) {
    const { x, y, w, h } = panel.gridPos, body = element("div");
    const section = element("section", { className: panel.type }, element("h2", { textContent: panel.title, className: "fits" }));
    Object.assign(section.style, { left: `${x * COLUMN}px`, top: `${y * UNIT}px`, width: `${w * COLUMN - GAP}px`,
      height: `${h * UNIT - GAP}px` });
    main.append(section);
    bottom = Math.max(bottom, (y + h) * UNIT);
    if (panel.type === "row") continue;
    section.append(body);
    later.push(DRAW[panel.type](panel, body) ?? (() => {}));
  }
  main.style.height = `${bottom}px`;
  later.forEach((one) => one());
}

// What is cut off, by its panel.
function cut() {
  return [...document.querySelectorAll(".fits")].filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
    .map((one) => `${one.closest("section").querySelector("h2").textContent}: ${one.textContent.slice(0, 60)} does not fit`);
}
