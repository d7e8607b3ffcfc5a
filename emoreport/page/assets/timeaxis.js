"use strict";
// Plots on the talk's time axis: they share the part of the talk that is shown, the playhead, and
// what mouse and fingers do (point, click, drag, wheel, pinch). Each draws on a canvas of its own.
emoreport.timeAxis = (() => {
  const { data, state, on, emit, clock, element } = emoreport;
  const NARROW_PX = 440;
  const CAPTION_PX = 17;
  const GAP_PX = 6;
  const TICKS_PX = 22;
  const FEWEST_TICKS_PX = 90;
  const SHORTEST_VIEW_S = 0.2;
  const CLICK_PX = 5;
  const PAPER_SCALE = 3;
  const CUT_PX = 6;
  const STEPS_S = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
  const plots = [];
  let pointed = null;
  let waiting = false;
  let printing = false;

  // ------------------------------------------------------------------ the part that is shown

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
    const held = Math.min(Math.max((end - start) * factor, SHORTEST_VIEW_S), data.duration_s);
    show(about - share * held, about + (1 - share) * held);
  }

  function pan(share) {
    const [start, end] = state.view;
    show(start + share * (end - start), end + share * (end - start));
  }

  function whole() {
    return state.view[1] - state.view[0] >= data.duration_s - 1e-9;
  }

  // ------------------------------------------------------------------ one plot

  // bands: [{ height, caption(), paint(g, top, height, plot) }] from the top down.
  function add(host, bands) {
    const canvas = element("canvas", {});
    const captions = element("div", { class: "captions", "aria-hidden": "true" });
    const cursor = element("div", { class: "cursor", hidden: "" });
    const playhead = element("div", { class: "playhead" });
    const glass = element("div", { class: "glass" });
    const field = element("div", { class: "field" }, canvas, cursor, playhead, glass);
    host.replaceChildren(captions, field);
    const plot = { host, glass, cursor, playhead, draw, move, width, toPx, toTime };
    let width_px = 1;

    // As wide as it was drawn last: asking the document for every point would take longer than drawing.
    function width() {
      return width_px;
    }

    function toPx(time) {
      const [start, end] = state.view;
      return ((time - start) / (end - start)) * width();
    }

    function toTime(px) {
      const [start, end] = state.view;
      return start + (px / width()) * (end - start);
    }

    // Captions are beside the bands where there is room, above them where there is not.
    function layout() {
      const above = host.clientWidth < NARROW_PX;
      host.classList.toggle("above", above);
      let top = 0;
      captions.replaceChildren(...bands.map((band) => {
        band.top = top + (above ? CAPTION_PX : 0);
        const made = element("span", {}, band.caption());
        made.style.top = `${above ? top : band.top}px`;
        made.style.height = above ? `${CAPTION_PX}px` : `${band.height}px`;
        top = band.top + band.height + GAP_PX;
        return made;
      }));
      return top;
    }

    function draw() {
      if (!host.clientWidth) return;
      const bottom = layout();
      const height = bottom + TICKS_PX;
      const scale = printing ? PAPER_SCALE : Math.max(1, window.devicePixelRatio || 1);
      width_px = Math.max(1, field.clientWidth);
      field.style.height = `${height}px`;
      canvas.width = Math.round(width() * scale);
      canvas.height = Math.round(height * scale);
      const g = canvas.getContext("2d");
      g.setTransform(canvas.width / width(), 0, 0, scale, 0, 0);
      g.clearRect(0, 0, width(), height);
      for (const band of bands) band.paint(g, band.top, band.height, plot);
      cuts(g, bottom);
      ticks(g, bottom);
      move();
    }

    // A dashed line at every cut of the video, where they are not closer than their own dashes.
    function cuts(g, bottom) {
      const [start, end] = state.view;
      const seen = data.cuts.filter((time) => time > start && time < end);
      if (seen.length * CUT_PX > width()) return;
      g.strokeStyle = ink("--ink");
      g.lineWidth = 1;
      g.setLineDash([3, 3]);
      g.beginPath();
      for (const time of seen) {
        const px = Math.round(toPx(time)) + 0.5;
        g.moveTo(px, 0);
        g.lineTo(px, bottom + 4);
      }
      g.stroke();
      g.setLineDash([]);
    }

    function ticks(g, top) {
      const [start, end] = state.view;
      const least = ((end - start) * FEWEST_TICKS_PX) / width();
      const step = STEPS_S.find((value) => value >= least) || STEPS_S[STEPS_S.length - 1];
      const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
      g.fillStyle = ink("--faint");
      g.font = "11px system-ui, sans-serif";
      g.textBaseline = "top";
      g.fillRect(0, top, width(), 1);
      for (let k = Math.ceil(start / step); k * step <= end; k += 1) {
        const px = toPx(k * step);
        const text = clock(k * step, digits);
        const half = g.measureText(text).width / 2;
        g.textAlign = px < half ? "left" : px > width() - half ? "right" : "center";
        g.fillRect(Math.min(px, width() - 1), top, 1, 4);
        g.fillText(text, px, top + 7);
      }
    }

    function move() {
      const px = toPx(state.time);
      playhead.hidden = px < 0 || px > width();
      playhead.style.transform = `translateX(${px}px)`;
    }

    point(plot);
    new ResizeObserver(redraw).observe(field);
    plots.push(plot);
    return plot;
  }

  function ink(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // ------------------------------------------------------------------ mouse and fingers

  function point(plot) {
    const { glass, width, toTime } = plot;
    const fingers = new Map();
    let moved = 0;
    const local = (event) => event.clientX - glass.getBoundingClientRect().left;

    function at(event) {
      pointed = event === null ? null : Math.min(Math.max(toTime(local(event)), 0), data.duration_s);
      for (const { cursor, toPx } of plots) {
        cursor.hidden = pointed === null;
        if (pointed !== null) cursor.style.transform = `translateX(${toPx(pointed)}px)`;
      }
      emit("pointed");
    }

    function pinch(before, now, other) {
      const [was, is] = [Math.abs(before - other), Math.abs(now - other)];
      if (was > 10 && is > 10) zoom(was / is, toTime((now + other) / 2));
    }

    glass.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (!fingers.size) moved = 0;
      fingers.set(event.pointerId, local(event));
      glass.setPointerCapture(event.pointerId);
    });
    glass.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (before !== undefined) {
        const now = local(event);
        moved += Math.abs(now - before);
        const others = [...fingers].filter(([id]) => id !== event.pointerId);
        if (others.length) pinch(before, now, others[0][1]);
        else if (moved > CLICK_PX) pan((before - now) / width());
        fingers.set(event.pointerId, now);
      }
      at(event);
    });
    glass.addEventListener("pointerup", (event) => {
      const alone = fingers.size === 1 && fingers.delete(event.pointerId);
      fingers.delete(event.pointerId);
      if (alone && moved <= CLICK_PX) emoreport.seek(toTime(local(event)));
    });
    glass.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
    glass.addEventListener("pointerleave", () => at(null));
    glass.addEventListener("wheel", (event) => {
      // Nothing is left to zoom out of: the page scrolls on.
      if (whole() && event.deltaY > 0) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width());
      else zoom(Math.exp(event.deltaY * 0.002), toTime(local(event)));
    }, { passive: false });
  }

  // ------------------------------------------------------------------ drawing

  function drawAll() {
    for (const plot of plots) plot.draw();
  }

  // At most one redraw per picture, whatever the wheel sends.
  function redraw() {
    if (waiting || printing) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!printing) drawAll();
    });
  }

  // Before printing there is no next picture to wait for: draw at once, as wide as on paper.
  function print(is) {
    printing = is;
    for (const { host } of plots) host.style.width = is ? `${host.dataset.paperPx}px` : "";
    drawAll();
  }

  for (const event of ["view", "theme", "lang"]) on(event, redraw);
  on("time", () => { for (const plot of plots) plot.move(); });

  return { add, show, zoom, pan, whole, print, drawAll, redraw, ink, pointed: () => pointed };
})();
