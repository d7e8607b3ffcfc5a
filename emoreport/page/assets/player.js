"use strict";
// The video, the present time, and everything that moves it.
(() => {
  const { data, state, on, emit, t, name, shown, clock, curve, voiceCurve, tracks } = emoreport;
  const rows = data.intervals;
  const video = document.getElementById("video");
  const position = document.getElementById("position");
  const NEAR_S = 0.05;
  // The player's clock may begin later than the talk's.
  const START_S = data.player_start_s;
  let wanted = null;

  function setTime(time) {
    state.time = Math.min(Math.max(time, 0), data.duration_s);
    position.value = state.time;
    position.setAttribute("aria-valuetext", clock(state.time));
    document.getElementById("clock").value =
      `${clock(state.time)} / ${clock(data.duration_s)}`;
    emit("time");
    if (tracks.pointed() === null) read();
  }

  // What face and voice say at a time, as one line of text.
  function sentence(time, first) {
    const i = emoreport.rowAt(time);
    if (i < 0) return first;
    const part = (key) => {
      const confidence = data[key].confidence[rows[`${key}_row`][i]];
      const value = confidence === null ? "" : ` ${shown(confidence, "distance")}`;
      return `${t(`readout.${key}`)}: ${name(rows[key][i])}${value}`;
    };
    const compared = rows.match[i] === null ? t("readout.not_compared")
      : rows.match[i] ? t("readout.agree")
        : t("readout.severity", { value: shown(rows.severity[i], "distance") });
    return `${first} · ${part("face")} · ${part("voice")} · ${compared}`;
  }

  // The three largest probabilities of the frame on screen, or of the voice window that speaks.
  function reading({ at, labels }, time, known, unknown) {
    const found = at(time);
    if (found === null) return t(unknown);
    const value = found.map((share, k) => [share, labels[k]]).sort((one, other) => other[0] - one[0])
      .slice(0, 3).map(([share, label]) => `${name(label)} ${shown(share, "distance")}`).join(", ");
    return t(known, { value });
  }

  function read() {
    const pointed = tracks.pointed();
    const time = pointed ?? state.time;
    const first = t(pointed === null ? "readout.at" : "readout.pointed", { time: clock(time, 2) });
    document.getElementById("readout").textContent = [
      sentence(time, first),
      reading(curve, time, "readout.frame", "readout.no_frame"),
      reading(voiceCurve, time, "readout.window", "readout.no_window"),
    ].join(" · ");
  }

  emoreport.seek = (time, { tell = false } = {}) => {
    const held = Math.min(Math.max(time, 0), data.duration_s);
    if (video) {
      const ready = video.readyState > 0;
      wanted = ready ? null : held;
      if (ready) video.currentTime = held + START_S;
    }
    setTime(held);
    reveal();
    emoreport.turnTo(emoreport.rowAt(held));
    if (tell) {
      document.getElementById("live").textContent =
        sentence(held, t("readout.at", { time: clock(held) }));
    }
  };

  // Move the view so that the present time is in it.
  function reveal() {
    const [start, end] = state.view;
    if (state.time >= start && state.time <= end) return;
    const length = end - start;
    tracks.show(state.time - 0.1 * length, state.time + 0.9 * length);
  }

  function toMismatch(direction) {
    const starts = rows.start.filter((_, i) => rows.match[i] === false);
    const found = direction > 0
      ? starts.find((start) => start > state.time + NEAR_S)
      : starts.findLast((start) => start < state.time - NEAR_S);
    if (found !== undefined) emoreport.seek(found, { tell: true });
  }

  function toggle() {
    if (!video || !video.currentSrc) return;
    if (video.paused) video.play().catch(() => missing(true));
    else video.pause();
  }

  // ------------------------------------------------------------------ the video

  function missing(is) {
    document.getElementById("missing").hidden = !is;
    video.hidden = is;
  }

  function follow() {
    if (video.paused || video.ended) return;
    setTime(video.currentTime - START_S);
    if (document.getElementById("follow").checked) reveal();
    requestAnimationFrame(follow);
  }

  function watch() {
    const button = document.getElementById("play");
    const label = () => {
      const key = video.paused ? "control.play" : "control.pause";
      const text = button.querySelector("[data-w]");
      text.dataset.w = key;
      text.textContent = t(key);
    };
    button.addEventListener("click", toggle);
    for (const event of ["play", "pause", "ended"]) video.addEventListener(event, label);
    video.addEventListener("play", follow);
    for (const event of ["seeked", "timeupdate"]) {
      video.addEventListener(event, () => {
        // While another place is on its way, the old one is not news.
        const time = video.currentTime - START_S;
        if (!video.seeking && wanted === null && Math.abs(time - state.time) > NEAR_S) setTime(time);
      });
    }
    video.addEventListener("loadedmetadata", () => {
      missing(false);
      if (wanted !== null) video.currentTime = wanted + START_S;
      wanted = null;
    });
    video.addEventListener("error", () => missing(true));
    document.getElementById("choose").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) play(URL.createObjectURL(file));
    });
    const inside = document.getElementById("proxy");
    if (inside) {
      const content = emoreport.bytes(inside.textContent.trim());
      play(URL.createObjectURL(new Blob([content], { type: inside.dataset.type })));
    } else if (!video.getAttribute("src") || video.error) {
      missing(true);
    }
  }

  function play(address) {
    wanted = state.time;
    if (video.src.startsWith("blob:")) URL.revokeObjectURL(video.src);
    video.src = address;
    video.load();
  }

  // ------------------------------------------------------------------ keys

  const KEYS = {
    " ": toggle,
    ArrowLeft: (event) => emoreport.seek(state.time - (event.shiftKey ? 5 : 1)),
    ArrowRight: (event) => emoreport.seek(state.time + (event.shiftKey ? 5 : 1)),
    n: () => toMismatch(1),
    p: () => toMismatch(-1),
    "+": () => tracks.zoom(0.5, state.time),
    "=": () => tracks.zoom(0.5, state.time),
    "-": () => tracks.zoom(2, state.time),
    0: () => tracks.show(0, data.duration_s),
  };
  // The same keys under a Russian keyboard.
  KEYS["т"] = KEYS.n;
  KEYS["з"] = KEYS.p;

  // Whether an element needs the key for itself: typing, choosing, pressing.
  function takes(target, key) {
    if (target.closest("select, textarea, input:not([type=range]):not([type=checkbox])")) return true;
    return key === " " && target.closest("button, input, a, summary") !== null;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || takes(event.target, event.key)) return;
    const act = KEYS[event.key] || KEYS[event.key.toLowerCase()];
    if (!act) return;
    // Arrows scroll a table that is wider than the screen.
    const wide = event.target.closest(".scroll");
    if (wide && wide.scrollWidth > wide.clientWidth && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  }, true);

  // ------------------------------------------------------------------ controls

  const press = (id, act) => document.getElementById(id).addEventListener("click", act);
  const middle = () => {
    const [start, end] = state.view;
    return state.time >= start && state.time <= end ? state.time : (start + end) / 2;
  };
  press("previous", () => toMismatch(-1));
  press("next", () => toMismatch(1));
  press("zoom-in", () => tracks.zoom(0.5, middle()));
  press("zoom-out", () => tracks.zoom(2, middle()));
  press("zoom-left", () => tracks.pan(-0.5));
  press("zoom-right", () => tracks.pan(0.5));
  press("zoom-all", () => tracks.show(0, data.duration_s));
  position.max = data.duration_s;
  position.addEventListener("input", () => emoreport.seek(Number(position.value)));
  document.getElementById("patterns").addEventListener("change", (event) => {
    tracks.setPatterns(event.target.checked);
  });
  on("pointed", read);
  on("lang", () => setTime(state.time));

  emoreport.startPlayer = () => {
    if (video) watch();
    setTime(0);
  };
})();
