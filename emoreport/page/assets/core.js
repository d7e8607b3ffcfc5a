"use strict";
// Data, words and numbers of the page, and the little state that its parts share.
const emoreport = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  // A talk always has some length to show, even one of a single picture.
  data.duration_s = Math.max(data.duration_s, 0.001);
  const state = { lang: data.lang, theme: "light", time: 0, view: [0, data.duration_s] };
  const listeners = {};

  function on(name, listener) {
    (listeners[name] ||= []).push(listener);
  }

  function emit(name) {
    for (const listener of listeners[name] || []) listener();
  }

  // Text of a key in the page's language; {name} stands for a value.
  function t(key, values = {}) {
    const text = data.words[state.lang][key];
    if (text === undefined) throw new Error(`there are no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  // Name of a label without what it is equated with, and with it: "positive (= happiness)".
  function plainName(label) {
    return data.names[state.lang][label] || label;
  }

  function name(label) {
    const partner = data.partners[label];
    return partner ? t("like", { value: plainName(label), partner: plainName(partner) }) : plainName(label);
  }

  function colour(label) {
    return data.colours[label] || "#777777";
  }

  function isEmotion(label) {
    return !["no_face", "no_speech", "uncertain"].includes(label);
  }

  // Reasons and notes are codes; a code of a later version is shown as it is.
  function code(table, value) {
    return data.words[state.lang][`${table}.${value}`] || value;
  }

  const formats = new Map();

  function number(value, digits) {
    const key = `${state.lang} ${digits}`;
    if (!formats.has(key)) {
      const chosen = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(key, new Intl.NumberFormat(state.lang, chosen));
    }
    // A minus sign as in the tables of the documentation, and no "−0".
    const rounded = Number(value.toFixed(digits)) || 0;
    return formats.get(key).format(rounded).replace("-", "−");
  }

  const DIGITS = { share: 1, per_minute: 1, bits: 2, pixels: 0, decibels: 1, hertz: 0, semitones: 1, per_second: 1, count: 0 };

  // The number alone, as many digits as its unit carries.
  function bare(value, unit) {
    if (unit === "seconds") return number(value, Math.abs(value) < 10 ? 2 : 1);
    return number(unit === "share" ? 100 * value : value, DIGITS[unit] ?? 2);
  }

  // A number with its unit; unknown is never 0.
  function shown(value, unit) {
    if (value === null || value === undefined) return t("unknown");
    if (unit === "emotion") return name(value);
    const text = bare(value, unit);
    return `unit.${unit}` in data.words[state.lang] ? t(`unit.${unit}`, { value: text }) : text;
  }

  function pValue(value) {
    return value < 0.001
      ? t("statistics.p_small", { value: number(0.001, 3) })
      : t("statistics.p_value", { value: number(value, 3) });
  }

  // Time of the talk as 1:02:03.4.
  function clock(seconds, digits = 1) {
    const unit = 10 ** digits;
    const ticks = Math.round(seconds * unit);
    const whole = Math.floor(ticks / unit);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (part) => String(part).padStart(2, "0");
    const point = number(0.5, 1)[1];
    const rest = digits ? point + String(ticks % unit).padStart(digits, "0") : "";
    return (h ? `${h}:${two(m)}` : `${m}`) + `:${two(s)}${rest}`;
  }

  // An element with attributes and children; text is always text, never markup.
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function swatch(label) {
    const made = element("span", { class: "swatch", "aria-hidden": "true" }, data.icons[label] || "");
    made.style.backgroundColor = colour(label);
    made.style.color = data.inks[label] || "#ffffff";
    return made;
  }

  function labelled(label) {
    return element("span", { class: "label" }, swatch(label), name(label));
  }

  // The rows of a table: its heads by key, its cells as they are.
  function fillTable(id, heads, rows) {
    const cells = heads.map((text) => element("th", { scope: "col" }, text));
    document.getElementById(id).replaceChildren(
      element("thead", {}, element("tr", {}, ...cells)), element("tbody", {}, ...rows));
  }

  // Make the content of a folded block when somebody looks, and again in another language.
  function whenOpen(block, fill) {
    block.addEventListener("toggle", () => { if (block.open) fill(); });
    on("lang", () => { if (block.open) fill(); });
  }

  function bytes(text) {
    const binary = atob(text);
    const found = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i += 1) found[i] = binary.charCodeAt(i);
    return found;
  }

  // The row that holds a time, of those that start at `starts`; the last one for the end of the talk.
  function rowAt(time, starts = data.intervals.start) {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // The mismatches that the summary counts: which rows of the face they are.
  const mismatches = data.face.match.map((_, i) => i).filter((i) => data.face.match[i] === false);

  return {
    data, mismatches, state, on, emit, t, name, plainName, colour, isEmotion, code, number, bare, shown, pValue, clock,
    element, swatch, labelled, fillTable, whenOpen, bytes, rowAt,
  };
})();
window.emoreport = emoreport;
