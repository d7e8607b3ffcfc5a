"use strict";
// The video, the present time, and everything that moves it.
(() => {
  const { data, mismatches, state, on, emit, t, name, shown, clock, curve, voiceCurve, timeAxis } = emoreport;
  const rows = data.intervals;
  const byId = (id) => document.getElementById(id);
  const video = byId("video");
  const position = byId("position");
  const NEAR_S = 0.05;
  // The player's clock may begin later than the talk's.
  const START_S = data.player_start_s;
  let wanted = null;

  function setTime(time) {
    state.time = Math.min(Math.max(time, 0), data.duration_s);
    place();
    byId("clock").value = `${clock(state.time)} / ${clock(data.duration_s)}`;
    emit("time");
    if (timeAxis.pointed() === null) read();
  }

  // The time bar goes over the part that the tracks show, so that its thumb is on their playhead.
  function place() {
    [position.min, position.max] = state.view;
    position.value = state.time;
    position.setAttribute("aria-valuetext", clock(state.time));
    byId("previous").disabled = mismatchBeside(-1) === undefined;
    byId("next").disabled = mismatchBeside(1) === undefined;
  }

  // ------------------------------------------------------------------ what is said of a time

  function sentence(time, first) {
    const i = emoreport.rowAt(time);
    if (i < 0) return first;
    const part = (key) => {
      const confidence = data[key].confidence[rows[`${key}_row`][i]];
      const value = confidence === null ? "" : ` ${shown(confidence, "distance")}`;
      return `${t(`readout.${key}`)}: ${name(rows[key][i])}${value}`;
    };
    const { match, severity } = data.face;
    const seen = rows.face_row[i];
    const compared = match[seen] === null ? t("readout.not_compared")
      : match[seen] ? t("readout.agree")
        : t("readout.severity", { value: shown(severity[seen], "distance") });
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
    const pointed = timeAxis.pointed();
    const time = pointed ?? state.time;
    const first = t(pointed === null ? "readout.at" : "readout.pointed", { time: clock(time, 2) });
    byId("readout").textContent = [
      sentence(time, first),
      reading(curve, time, "readout.frame", "readout.no_frame"),
      reading(voiceCurve, time, "readout.window", "readout.no_window"),
    ].join(" · ");
  }

  // ------------------------------------------------------------------ moving

  emoreport.seek = (time, { tell = false } = {}) => {
    const held = Math.min(Math.max(time, 0), data.duration_s);
    if (video) {
      const ready = video.readyState > 0;
      wanted = ready ? null : held;
      if (ready) video.currentTime = held + START_S;
    }
    setTime(held);
    reveal();
    emit("seek");
    if (tell) {
      byId("live").textContent = sentence(held, t("readout.at", { time: clock(held) }));
    }
  };

  function shows(time) {
    return time >= state.view[0] && time <= state.view[1];
  }

  // Move the view so that the present time is in it.
  function reveal() {
    if (shows(state.time)) return;
    const length = state.view[1] - state.view[0];
    timeAxis.show(state.time - 0.1 * length, state.time + 0.9 * length);
  }

  // Start of the next or the previous mismatch; undefined where there is none.
  function mismatchBeside(direction) {
    const starts = mismatches.map((i) => data.face.start[i]);
    return direction > 0
      ? starts.find((at) => at > state.time + NEAR_S)
      : starts.findLast((at) => at < state.time - NEAR_S);
  }

  function toMismatch(direction) {
    const found = mismatchBeside(direction);
    if (found !== undefined) emoreport.seek(found, { tell: true });
  }

  function toggle() {
    if (!video || !video.currentSrc || video.hidden) return;
    if (video.paused) video.play().catch(() => missing(true));
    else video.pause();
  }

  // ------------------------------------------------------------------ the video

  function missing(is) {
    byId("missing").hidden = !is;
    byId("player").hidden = video.hidden = is;
    for (const id of ["play", "rate", "sound-on", "full"]) byId(id).disabled = is;
  }

  // The view goes along while the playhead leaves it by playing, not while a reader looks elsewhere.
  function follow() {
    if (video.paused || video.ended) return;
    const seen = shows(state.time);
    setTime(video.currentTime - START_S);
    if (seen) reveal();
    requestAnimationFrame(follow);
  }

  function named(id, key) {
    const button = byId(id);
    button.dataset.wLabel = key;
    button.title = t(key);
    button.setAttribute("aria-label", t(key));
  }

  function watch() {
    const playing = () => {
      named("play", video.paused ? "control.play" : "control.pause");
      byId("play").classList.toggle("on", !video.paused);
    };
    byId("play").addEventListener("click", toggle);
    video.addEventListener("click", toggle);
    for (const event of ["play", "pause", "ended"]) video.addEventListener(event, playing);
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
    byId("rate").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });
    byId("sound-on").addEventListener("click", () => { video.muted = !video.muted; });
    video.addEventListener("volumechange", () => {
      byId("sound-on").setAttribute("aria-pressed", String(video.muted));
      byId("sound-on").classList.toggle("on", video.muted);
    });
    if (!video.requestFullscreen) byId("full").hidden = true;
    byId("full").addEventListener("click", () => video.requestFullscreen().catch(() => {}));
    // A full screen has no other controls than the browser's.
    document.addEventListener("fullscreenchange", () => {
      video.controls = document.fullscreenElement === video;
    });
    byId("choose").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) play(URL.createObjectURL(file));
    });
    dock();
    const inside = byId("proxy");
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

  // Once something was played or chosen, the picture stays in sight, small, in a corner.
  function dock() {
    const screen = byId("screen");
    let used = false;
    let away = false;
    const set = () => byId("player").classList.toggle("docked", used && away && !video.hidden);
    new IntersectionObserver(([entry]) => {
      away = !entry.isIntersecting;
      if (!away) used = !video.paused;
      set();
    }, { threshold: 0.2 }).observe(screen);
    on("seek", () => { used = true; set(); });
    video.addEventListener("play", () => { used = true; set(); });
    byId("dock").addEventListener("click", () => { used = false; set(); });
  }

  // ------------------------------------------------------------------ keys

  const KEYS = {
    " ": toggle,
    ArrowLeft: (event) => emoreport.seek(state.time - (event.shiftKey ? 5 : 1)),
    ArrowRight: (event) => emoreport.seek(state.time + (event.shiftKey ? 5 : 1)),
    n: () => toMismatch(1),
    p: () => toMismatch(-1),
    "+": () => timeAxis.zoom(0.5, state.time),
    "=": () => timeAxis.zoom(0.5, state.time),
    "-": () => timeAxis.zoom(2, state.time),
    0: () => timeAxis.show(0, data.duration_s),
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

  const press = (id, act) => byId(id).addEventListener("click", act);
  const middle = () => (shows(state.time) ? state.time : (state.view[0] + state.view[1]) / 2);
  press("previous", () => toMismatch(-1));
  press("next", () => toMismatch(1));
  press("zoom-in", () => timeAxis.zoom(0.5, middle()));
  press("zoom-out", () => timeAxis.zoom(2, middle()));
  press("zoom-left", () => timeAxis.pan(-0.5));
  press("zoom-right", () => timeAxis.pan(0.5));
  press("zoom-all", () => timeAxis.show(0, data.duration_s));
  position.addEventListener("input", () => emoreport.seek(Number(position.value)));

  // There is nothing to move or to leave where all of the talk is shown.
  function zoomed() {
    const [start, end] = state.view;
    byId("zoom-left").disabled = start <= 0;
    byId("zoom-right").disabled = end >= data.duration_s;
    byId("zoom-out").disabled = byId("zoom-all").disabled = timeAxis.whole();
  }

  on("view", () => { zoomed(); place(); });
  on("pointed", read);
  on("lang", () => setTime(state.time));

  if (video) watch();
  zoomed();
  setTime(0);
})();
