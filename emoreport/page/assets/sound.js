"use strict";
// How the voice sounds: a picture of pitch and loudness over the talk, and a table of the intervals.
(() => {
  const { data, t, number, shown, clock, element, fillTable, whenOpen } = emoreport;
  const sound = data.sound;
  const byId = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const PITCH_ST = 12;
  const LEVEL_DB = [-60, 0];
  const HEIGHT = 60;

  function drawing(title, lines) {
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("viewBox", `0 0 ${sound.pitch_st.length} ${HEIGHT}`);
    made.setAttribute("preserveAspectRatio", "none");
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", title);
    for (const [className, path] of lines) {
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("class", className);
      line.setAttribute("d", path);
      made.append(line);
    }
    return element("figure", {}, element("figcaption", { class: "small" }, title), made);
  }

  // A mark per column, where `share` puts its value between 0 (below) and 1 (above).
  function marks(values, share, mark) {
    return values.map((value, x) => {
      if (value === null) return "";
      const height = HEIGHT * (1 - Math.min(1, Math.max(0, share(value))));
      return mark(x, height.toFixed(1));
    }).join("");
  }

  function pictures() {
    const middle = `M0 ${HEIGHT / 2}H${sound.pitch_st.length}`;
    const pitch = marks(sound.pitch_st, (st) => 0.5 + st / (2 * PITCH_ST), (x, y) => `M${x} ${y}h1`);
    const [softest, loudest] = LEVEL_DB;
    const level = marks(sound.level_db, (db) => (db - softest) / (loudest - softest),
      (x, y) => `M${x + 0.5} ${HEIGHT}V${y}`);
    const usual = sound.usual_hz === null ? t("unknown") : shown(sound.usual_hz, "hertz");
    byId("sound-pictures").replaceChildren(
      drawing(t("sound.pitch", { value: usual }), [["zero", middle], ["line", pitch]]),
      drawing(t("sound.level"), [["line", level]]));
  }

  function signed(value, unit) {
    return value > 0 ? `+${shown(value, unit)}` : shown(value, unit);
  }

  function against(value, text) {
    if (value === null) return null;
    return element("span", { class: "faint small line" }, t("sound.own", { value: text }));
  }

  function row(i) {
    const of = (name) => sound.rows[name][i];
    const at = clock(of("start"), 2);
    const button = element("button", { type: "button", class: "go" }, at);
    button.setAttribute("aria-label", t("moments.go", { time: at }));
    button.addEventListener("click", () => emoreport.seek(of("start"), { tell: true }));
    const [above, ratio] = [of("f0_median_vs_own_st"), of("syllables_vs_own")];
    const cell = (...children) => element("td", {}, ...children);
    return element("tr", {},
      cell(button), cell(shown(of("end") - of("start"), "seconds")),
      cell(shown(of("f0_median_hz"), "hertz"), against(above, signed(above, "semitones"))),
      cell(shown(of("f0_range_st"), "semitones")),
      cell(signed(of("loudness_vs_own_db"), "decibels")),
      cell(shown(of("syllables_per_s"), "per_second"), against(ratio, `× ${shown(ratio, "ratio")}`)),
      cell(shown(of("voiced_share"), "share")),
      cell(`${number(of("pauses"), 0)} (${shown(of("pause_s"), "seconds")})`));
  }

  function fill() {
    pictures();
    const keys = ["start", "duration", "f0", "range", "loudness", "tempo", "voiced", "pauses"];
    fillTable("sound-rows", keys.map((key) => t(`sound.${key}`)), sound.rows.start.map((_, i) => row(i)));
  }

  if (!sound) return;
  byId("sound").hidden = false;
  whenOpen(byId("sound"), fill);
})();
