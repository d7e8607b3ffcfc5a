"use strict";
// The synchronised tracks, drawn by BokehJS on one canvas, and the part of the talk that they show.
emoreport.tracks = (() => {
  const { data, state, on, emit, t, name, colour, isEmotion, clock, element } = emoreport;
  const rows = data.intervals;
  const CAPTION = 20;
  const GAP = 6;
  const BANDS = [
    ["probabilities", 120], ["face", 26], ["voice_probabilities", 76], ["voice", 26], ["speech", 12],
    ["mismatch", 52], ["confidence", 52],
  ];
  const MODALITIES = ["face", "voice"];
  const CURVES = [["probabilities", emoreport.curve], ["voice_probabilities", emoreport.voiceCurve]];
  const HEIGHT = BANDS.reduce((sum, [, height]) => sum + CAPTION + height + GAP, 0);
  const PATTERNS = {
    anger: "x", contempt: "\\", disgust: "+", fear: "/", happiness: ".", neutral: " ",
    sadness: "-", surprise: "|", enthusiasm: "o", positive: "v",
    no_face: "/", no_speech: "\\", uncertain: "x",
  };
  const SHORTEST_VIEW_S = 0.2;
  const FEWEST_TICKS_PX = 90;
  const LABEL_FONT_PX = 11;
  const PAPER_PX = 680;

  const place = document.getElementById("tracks");
  const glass = document.getElementById("glass");
  const playhead = document.getElementById("playhead");
  const captions = document.getElementById("captions");
  let patterned = false;

  // Bottom and height of each band, in pixels from the bottom of the canvas.
  const band = {};
  let offset = 0;
  for (const [key, height] of BANDS) {
    offset += CAPTION + height;
    band[key] = { bottom: HEIGHT - offset, height, caption: offset - height - CAPTION };
    offset += GAP;
  }

  const model = (kind) => Bokeh.Models.get(kind);
  const make = (kind, values) => new (model(kind))(values);
  const field = (key) => ({ field: key });
  const range = make("Range1d", { start: 0, end: data.duration_s });
  const plot = make("Plot", {
    x_range: range,
    y_range: make("Range1d", { start: 0, end: HEIGHT }),
    frame_height: HEIGHT, sizing_mode: "stretch_width", toolbar_location: null,
    min_border: 0, outline_line_color: null, background_fill_alpha: 0, border_fill_alpha: 0,
  });
  const ticker = make("FixedTicker", { ticks: [] });
  const axis = make("LinearAxis", { ticker, minor_tick_line_color: null, major_tick_in: 0 });
  plot.add_layout(axis, "below");

  function glyph(kind, values, content) {
    const source = make("ColumnDataSource", { data: content });
    const drawn = make(kind, values);
    plot.add_glyph(drawn, source);
    return { source, glyph: drawn };
  }

  const strip = {
    left: field("left"), right: field("right"), top: field("top"), bottom: field("bottom"),
    fill_color: field("fill"), fill_alpha: field("alpha"), line_color: null,
  };
  // Each area reaches down to the ground and is covered by those before it, drawn later: no seams.
  const stacks = CURVES.map(([key, curve]) => ({
    curve, band: band[key],
    areas: [...curve.labels].reverse().map((label) =>
      glyph("Patch", {
        x: field("x"), y: field("y"), fill_color: colour(label), line_color: null,
        hatch_weight: 0.7, hatch_scale: 8, hatch_alpha: 0.6,
      }, { x: [], y: [] })).reverse(),
  }));
  const strips = MODALITIES.map((key) => glyph("Quad", strip, stripsOf(key)));
  const plain = {
    left: field("left"), right: field("right"), top: field("top"), bottom: field("bottom"),
    line_color: null,
  };
  const speech = glyph("Quad", plain, spans(data.speech, "speech"));
  const compared = glyph("Quad", plain, comparedSpans());
  const mismatches = glyph("Quad", plain, mismatchSpans());
  const unknown = glyph("Quad", { ...plain, hatch_pattern: "/" }, mismatchSpans(true));
  const confidence = MODALITIES.map((key, i) =>
    glyph("Line", {
      x: field("x"), y: field("y"), line_width: 1.6, line_dash: i ? [4, 3] : [],
    }, steps(data[key])));
  // One pattern per label: a pattern per interval would take a second to make for an hour.
  const used = [...new Set([...data.face.label, ...data.voice.label])];
  const hatches = used.map((label) => {
    const values = { ...plain, fill_color: null, hatch_weight: 0.7, hatch_scale: 7, hatch_alpha: 0.45 };
    return glyph("Quad", { ...values, hatch_pattern: PATTERNS[label] || " " }, hatched(label));
  });

  const texts = glyph("Text", {
    x: field("x"), y: field("y"), text: field("text"), text_color: field("ink"),
    text_align: "center", text_baseline: "middle", text_font_size: `${LABEL_FONT_PX}px`,
    text_font: "system-ui, sans-serif", background_fill_color: field("paper"), padding: 1,
  }, { x: [], y: [], text: [], ink: [], paper: [] });

  function stripsOf(key) {
    const { bottom, height } = band[key];
    const { start, end, label } = data[key];
    return {
      left: start, right: end,
      bottom: label.map(() => bottom), top: label.map(() => bottom + height),
      fill: label.map(colour), alpha: label.map(alpha),
    };
  }

  function hatched(label) {
    const found = { left: [], right: [], bottom: [], top: [] };
    if (!patterned && isEmotion(label)) return found;
    for (const key of MODALITIES) {
      data[key].label.forEach((entry, i) => {
        if (entry !== label) return;
        found.left.push(data[key].start[i]);
        found.right.push(data[key].end[i]);
        found.bottom.push(band[key].bottom);
        found.top.push(band[key].bottom + band[key].height);
      });
    }
    return found;
  }

  function spans(pairs, key) {
    const { bottom, height } = band[key];
    return {
      left: pairs.map(([start]) => start), right: pairs.map(([, end]) => end),
      bottom: pairs.map(() => bottom), top: pairs.map(() => bottom + height),
    };
  }

  function comparedSpans() {
    const found = rows.start.map((_, i) => i).filter((i) => rows.match[i] !== null);
    const bottom = band.mismatch.bottom;
    return {
      left: found.map((i) => rows.start[i]), right: found.map((i) => rows.end[i]),
      bottom: found.map(() => bottom - 3), top: found.map(() => bottom - 1),
    };
  }

  // Height is the severity; a mismatch whose severity is not known is hatched over the whole height.
  function mismatchSpans(withoutSeverity = false) {
    const found = rows.start.map((_, i) => i).filter(
      (i) => rows.match[i] === false && (rows.severity[i] === null) === withoutSeverity);
    const { bottom, height } = band.mismatch;
    return {
      left: found.map((i) => rows.start[i]), right: found.map((i) => rows.end[i]),
      bottom: found.map(() => bottom),
      top: found.map((i) => bottom + height * (rows.severity[i] ?? 1)),
    };
  }

  function steps({ start, end, confidence: values }) {
    const { bottom, height } = band.confidence;
    const x = [];
    const y = [];
    values.forEach((value, i) => {
      const at = value === null ? NaN : bottom + height * value;
      x.push(start[i], end[i]);
      y.push(at, at);
    });
    return { x, y };
  }

  function alpha(label) {
    return isEmotion(label) || state.theme === "light" ? 1 : 0.35;
  }

  function fillStrips() {
    MODALITIES.forEach((key, i) => { strips[i].source.data = stripsOf(key); });
    used.forEach((label, i) => { hatches[i].source.data = hatched(label); });
    for (const { areas, curve } of stacks) {
      areas.forEach((area, k) => {
        area.glyph.hatch_pattern = patterned ? PATTERNS[curve.labels[k]] || " " : null;
      });
    }
  }

  function width() {
    return Math.max(1, glass.clientWidth);
  }

  function toPx(time) {
    const [start, end] = state.view;
    return ((time - start) / (end - start)) * width();
  }

  function toTime(px) {
    const [start, end] = state.view;
    return start + (px / width()) * (end - start);
  }

  // The stacked area: one outline per label and unbroken stretch, in steps, never across a gap.
  function fillAreas({ curve, areas, band: { bottom, height } }) {
    const [start, end] = state.view;
    const { edges, coverage, share } = curve.visible(start, end, Math.min(width(), 2000));
    const top = new Float64Array(coverage.length);
    areas.forEach((area, k) => {
      const x = [];
      const y = [];
      for (let from = 0; from < coverage.length; from += 1) {
        if (!(coverage[from] > 0)) continue;
        let to = from;
        x.push(edges[from]);
        y.push(bottom);
        for (; to < coverage.length && coverage[to] > 0; to += 1) {
          top[to] += share[k][to];
          const at = bottom + height * top[to];
          x.push(edges[to], edges[to + 1]);
          y.push(at, at);
        }
        x.push(edges[to], NaN);
        y.push(bottom, NaN);
        from = to;
      }
      area.source.data = { x, y };
    });
  }

  const measure = document.createElement("canvas").getContext("2d");
  measure.font = `${LABEL_FONT_PX}px system-ui, sans-serif`;
  const sizes = new Map();

  function size(text) {
    if (!sizes.has(text)) sizes.set(text, measure.measureText(text).width);
    return sizes.get(text);
  }

  // Names inside the intervals, or their marks where there is less room: colour does not stand alone.
  function fillTexts() {
    const [start, end] = state.view;
    const found = { x: [], y: [], text: [], ink: [], paper: [] };
    for (const key of MODALITIES) {
      const { bottom, height } = band[key];
      const { start: starts, end: ends, label: labels } = data[key];
      for (let i = Math.max(0, emoreport.rowAt(start, starts)); i < starts.length; i += 1) {
        if (starts[i] >= end) break;
        const [left, right] = [Math.max(starts[i], start), Math.min(ends[i], end)];
        const label = labels[i];
        const room = toPx(right) - toPx(left) - 4;
        const text = [name(label), data.icons[label] || ""].find((one) => size(one) <= room);
        if (!text) continue;
        found.x.push((left + right) / 2);
        found.y.push(bottom + height / 2);
        found.text.push(text);
        const pale = alpha(label) < 1;
        found.ink.push(pale ? "#ffffff" : data.inks[label] || "#ffffff");
        found.paper.push(pale ? "#3a3d44" : colour(label));
      }
    }
    texts.source.data = found;
  }

  function fillAxis() {
    const [start, end] = state.view;
    const wanted = ((end - start) * FEWEST_TICKS_PX) / width();
    const sizes_s = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    const step = sizes_s.find((value) => value >= wanted) || sizes_s[sizes_s.length - 1];
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    const ticks = [];
    for (let k = Math.ceil(start / step); k * step <= end; k += 1) {
      const px = toPx(k * step);
      if (px > 18 && px < width() - 22) ticks.push(k * step);
    }
    ticker.ticks = ticks;
    axis.major_label_overrides = new Map(ticks.map((at) => [at, clock(at, digits)]));
  }

  function fillCaptions() {
    captions.replaceChildren(...BANDS.map(([key]) => {
      const made = element("span", {}, t(`tracks.${key}`));
      made.style.top = `${band[key].caption}px`;
      return made;
    }));
  }

  function paint() {
    const style = getComputedStyle(document.documentElement);
    const value = (key) => style.getPropertyValue(key).trim();
    speech.glyph.fill_color = value("--speech");
    compared.glyph.fill_color = value("--faint");
    mismatches.glyph.fill_color = value("--mismatch");
    unknown.glyph.fill_color = null;
    unknown.glyph.hatch_color = value("--mismatch");
    confidence[0].glyph.line_color = value("--ink");
    confidence[1].glyph.line_color = value("--accent");
    for (const key of ["axis_line_color", "major_tick_line_color", "major_label_text_color"]) {
      axis[key] = value("--faint");
    }
    fillStrips();
  }

  function legend() {
    const shown = new Set([...used, ...CURVES.flatMap(([, curve]) => curve.labels)]);
    const order = Object.keys(data.names.en).filter((label) => shown.has(label));
    const others = [...shown].filter((label) => !order.includes(label)).sort();
    document.getElementById("legend").replaceChildren(...[...order, ...others].map((label) =>
      element("li", {}, emoreport.swatch(label), name(label))));
  }

  let waiting = false;

  // At most one redraw per picture, whatever the wheel sends.
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }

  function draw() {
    range.setv({ start: state.view[0], end: state.view[1] });
    stacks.forEach(fillAreas);
    fillTexts();
    fillAxis();
    movePlayhead();
  }

  function movePlayhead() {
    const px = toPx(state.time);
    playhead.hidden = px < 0 || px > width();
    playhead.style.transform = `translateX(${px}px)`;
  }

  // Show [start, end), held inside the talk.
  function show(start, end) {
    const total = data.duration_s;
    const length = Math.min(Math.max(end - start, Math.min(SHORTEST_VIEW_S, total)), total);
    const from = Math.min(Math.max(start, 0), total - length);
    state.view = [from, from + length];
    emit("view");
  }

  // Zoom by a factor (below 1: closer) about a time.
  function zoom(factor, about) {
    const [start, end] = state.view;
    const share = (about - start) / (end - start);
    const length = (end - start) * factor;
    const held = Math.min(Math.max(length, SHORTEST_VIEW_S), data.duration_s);
    show(about - share * held, about + (1 - share) * held);
  }

  function pan(share) {
    const [start, end] = state.view;
    show(start + share * (end - start), end + share * (end - start));
  }

  // ------------------------------------------------------------------ start

  async function start() {
    const target = document.getElementById("canvas");
    const pages = new (Bokeh.require("document").Document)();
    pages.add_root(plot);
    fillCaptions();
    legend();
    paint();
    draw();
    await Bokeh.embed.add_document_standalone(pages, target);
    new ResizeObserver(redraw).observe(glass);
    on("view", redraw);
    on("time", movePlayhead);
    on("theme", () => { paint(); redraw(); });
    on("lang", () => { fillCaptions(); legend(); redraw(); });
  }

  // Before printing there is no next picture to wait for: paint at once, scaled to the paper. The
  // library takes over new colours in promises, which are all kept before the page is printed.
  async function print(is) {
    const width_px = place.offsetWidth;
    place.style.width = is ? `${width_px}px` : "";
    place.style.zoom = is ? PAPER_PX / width_px : "";
    if (!is) return;
    draw();
    const views = [...Bokeh.index].filter((view) => view.model === plot);
    for (let turn = 0; turn < 50; turn += 1) await null;
    for (const view of views) view.paint();
  }

  function setPatterns(value) {
    patterned = value;
    fillStrips();
  }

  return {
    start, show, zoom, pan, print, setPatterns, draw, glass, width, toPx, toTime,
  };
})();
