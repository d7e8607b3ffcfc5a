"use strict";
// Valence and arousal of the rows: over time, and as a plane.
(() => {
  const { data, state, on, t, colour, timeAxis } = emoreport;
  const { ink } = timeAxis;
  const byId = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const KINDS = ["face", "voice"];
  const LEAST_PX = 6;
  const NEAR_S = 1e-3;
  const MISSING = { face: "dimensions.no_face", voice: "dimensions.no_voice" };
  const known = (key) => data[key].start.map((_, i) => i).filter((i) => data[key].valence[i] !== null);
  const places = Object.fromEntries(KINDS.map((key) => [key, known(key)]));
  const some = KINDS.some((key) => places[key].length);

  // Steps of a value in view, [start, end, value]: the rows, or, where they are too many to be told
  // apart, their means over stretches of equal length, weighted by time.
  function steps(key, value, { toTime, width }) {
    const { start, end, [value]: values } = data[key];
    const [first, last] = state.view;
    const rows = places[key].filter((i) => end[i] > first && start[i] < last)
      .map((i) => [Math.max(start[i], first), Math.min(end[i], last), values[i]]);
    if (rows.length * LEAST_PX < width()) return rows;
    const count = Math.floor(width() / LEAST_PX);
    const edges = Array.from({ length: count + 1 }, (_, k) => toTime((k * width()) / count));
    const sums = edges.map(() => [0, 0]);
    for (const [from, to, of] of rows) {
      for (let k = Math.max(0, emoreport.rowAt(from, edges)); k < count && edges[k] < to; k += 1) {
        const length = Math.min(to, edges[k + 1]) - Math.max(from, edges[k]);
        sums[k][0] += length;
        sums[k][1] += length * of;
      }
    }
    return sums.flatMap(([length, sum], k) => (length > 0 ? [[edges[k], edges[k + 1], sum / length]] : []));
  }

  // From −1 below to 1 above: the face as a line, the voice dashed.
  function course(value) {
    return (g, top, height, plot) => {
      const { toPx, width } = plot;
      const y = (of) => top + height * (0.5 - 0.5 * of);
      g.fillStyle = ink("--card");
      g.fillRect(0, top, width(), height);
      g.fillStyle = ink("--line");
      g.fillRect(0, y(0), width(), 1);
      KINDS.forEach((key, k) => {
        g.strokeStyle = ink(k ? "--accent" : "--ink");
        g.lineWidth = 2;
        g.setLineDash(k ? [5, 3] : []);
        g.beginPath();
        let before = NaN;
        for (const [from, to, of] of steps(key, value, plot)) {
          if (Math.abs(from - before) < NEAR_S) g.lineTo(toPx(from), y(of));
          else g.moveTo(toPx(from), y(of));
          g.lineTo(toPx(to), y(of));
          before = to;
        }
        g.stroke();
      });
      g.setLineDash([]);
    };
  }

  function drawn(tag, attributes, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Each row is a point as large as its length allows: the face round, the voice square.
  function plane() {
    const svg = drawn("svg", { viewBox: "-1.3 -1.22 2.6 2.44", role: "img", "aria-label": t("dimensions.plane") });
    svg.append(drawn("rect", { x: -1, y: -1, width: 2, height: 2, class: "ground" }),
      drawn("path", { d: "M-1 0H1M0 -1V1", class: "cross" }));
    const ends = [
      ["negative", -1.02, 0.03, "end"], ["positive", 1.02, 0.03, "start"],
      ["excited", 0, -1.06, "middle"], ["calm", 0, 1.14, "middle"],
    ];
    for (const [key, x, y, anchor] of ends) {
      const turned = anchor === "middle" ? "" : `rotate(-90 ${x} ${y}) translate(0 ${anchor === "end" ? -0.02 : 0.08})`;
      svg.append(drawn("text", { x, y, "text-anchor": "middle", transform: turned }, t(`dimensions.${key}`)));
    }
    for (const key of KINDS) {
      const of = data[key];
      const longest = Math.max(...places[key].map((i) => of.end[i] - of.start[i]));
      for (const i of places[key]) {
        const r = 0.03 + 0.07 * Math.sqrt((of.end[i] - of.start[i]) / longest);
        const [x, y] = [of.valence[i], -of.arousal[i]];
        const made = key === "face" ? drawn("circle", { cx: x, cy: y, r })
          : drawn("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r });
        made.setAttribute("class", "point");
        made.setAttribute("fill", colour(of.label[i]));
        made.dataset.of = key;
        made.dataset.row = i;
        svg.append(made);
      }
    }
    byId("plane").replaceChildren(svg);
    mark();
  }

  // Ring the points of the present time.
  function mark() {
    for (const key of KINDS) {
      const now = String(emoreport.rowAt(state.time, data[key].start));
      for (const made of byId("plane").querySelectorAll(`[data-of=${key}]`)) {
        made.classList.toggle("now", made.dataset.row === now);
      }
    }
  }

  function words() {
    const missing = KINDS.filter((key) => !places[key].length).map((key) => t(MISSING[key]));
    const source = data.face.dimensions.includes("model") ? "of_model" : "derived";
    byId("dimensions-text").textContent =
      [...(some ? [t("dimensions.text"), t(`dimensions.${source}`)] : []), ...missing].join(" ");
  }

  function fill() {
    words();
    if (some) plane();
  }

  document.querySelector("#dimensions .sides").hidden = !some;
  if (some) {
    const bands = ["valence", "arousal"].map((key) =>
      ({ height: 72, caption: () => t(`dimensions.${key}`), paint: course(key) }));
    timeAxis.add(byId("courses"), bands);
    on("time", mark);
  }
  fill();
  on("lang", fill);
})();
