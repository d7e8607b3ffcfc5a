"use strict";
// What is said first: words of the page, finding, warnings, facts, tiles, moments to watch.
(() => {
  const { data, mismatches, state, on, t, name, number, bare, shown, clock, element, swatch, labelled } = emoreport;
  const byId = (id) => document.getElementById(id);

  function words() {
    document.documentElement.lang = state.lang;
    for (const made of document.querySelectorAll("[data-w]")) made.textContent = t(made.dataset.w);
    for (const made of document.querySelectorAll("[data-w-label]")) {
      made.setAttribute("aria-label", t(made.dataset.wLabel));
      if (made.title) made.title = t(made.dataset.wLabel);
    }
    byId("finding").textContent = data.finding[state.lang];
  }

  // One warning is a sentence; several are folded under their number.
  function warnings() {
    const sentences = data.warning_words[state.lang];
    byId("warning").hidden = sentences.length !== 1;
    byId("warning").textContent = sentences[0] || "";
    byId("warnings").hidden = sentences.length < 2;
    byId("warnings-title").textContent = t("warnings", { count: number(sentences.length, 0) });
    byId("warnings").querySelector("ul").replaceChildren(...sentences.map((text) => element("li", {}, text)));
  }

  function facts() {
    const known = data.recording;
    const parts = [clock(known.duration_s)];
    if (known.frames) parts.push(t("facts.frames", { value: number(known.frames, 0) }));
    if (known.frame_rate_hz) parts.push(t("facts.rate", { value: number(known.frame_rate_hz, 2) }));
    if (known.width_px && known.height_px) {
      parts.push(t("facts.size", { width: known.width_px, height: known.height_px }));
    }
    if (["repaired", "estimated"].includes(known.time_quality)) {
      parts.push(t(`facts.${known.time_quality}`));
    }
    if (known.decode_failures) {
      parts.push(t("facts.failures", { value: number(known.decode_failures, 0) }));
    }
    byId("facts").textContent = parts.join(" · ");
    const made = [];
    if (known.created && known.program) {
      const date = new Date(known.created).toLocaleString(state.lang);
      made.push(t("facts.made", { program: known.program, date }));
    }
    if (known.sha256) made.push(t("facts.sha", { value: known.sha256 }));
    byId("made").textContent = made.join(" ");
  }

  // ------------------------------------------------------------------ tiles

  const percent = (share) => t("unit.share", { value: number(100 * share, 0) });

  const TILES = {
    face({ emotion, share, coverage }) {
      const seen = data.recording.frames ? t("tiles.visible", { value: percent(coverage) }) : t("tiles.no_picture");
      return { label: emotion, lines: [emotion && t("tiles.share", { value: percent(share) }), seen] };
    },
    voice({ emotion, judged, whole, speaks }) {
      const key = !speaks ? "tiles.no_speech" : emotion ? "tiles.judged" : "tiles.unclear";
      const line = t(key, { value: judged[state.lang], whole: whole[state.lang] });
      return { label: emotion, lines: [line] };
    },
    mismatch({ share, said, words }) {
      const lines = words ? [said[state.lang], words[state.lang]] : [said[state.lang]];
      return { value: share === null ? t("unknown") : percent(share), lines };
    },
    transitions({ count, emotion_s, rate }) {
      if (!(emotion_s > 0)) return { value: t("unknown"), lines: [t("tiles.no_emotion")] };
      return {
        value: number(count, 0),
        lines: [
          rate.value !== undefined && shown(rate.value, "per_minute"),
          rate.low !== undefined && rate.high !== undefined && t("tiles.interval", {
            low: bare(rate.low, "per_minute"), high: bare(rate.high, "per_minute"),
          }),
        ],
      };
    },
  };

  function tiles() {
    for (const tile of document.querySelectorAll("[data-tile]")) {
      const { label, value, lines } = TILES[tile.dataset.tile](data.tiles[tile.dataset.tile]);
      tile.querySelector(".value").replaceChildren(
        ...(label ? [swatch(label), name(label)] : [value ?? t("unknown")]));
      tile.querySelector(".facts").textContent = lines.filter(Boolean).join(" · ");
    }
  }

  // ------------------------------------------------------------------ moments to watch

  const rows = data.face;
  const count = mismatches.length;
  // As many fit on the first page of paper; a line says how many more there are.
  const ON_PAPER = 6;

  function watched() {
    const order = [...mismatches];
    if (byId("watch-order").value === "by_severity") {
      order.sort((one, other) => (rows.severity[other] ?? -1) - (rows.severity[one] ?? -1) || one - other);
    }
    return order;
  }

  function watch() {
    byId("watch-order").hidden = count < 2;
    if (!count) {
      const key = data.tiles.mismatch.share === null ? "nothing_compared" : "none";
      byId("watch-list").replaceChildren(element("li", { class: "faint" }, t(`watch.${key}`)));
      return;
    }
    byId("watch-list").replaceChildren(...watched().map((i) => {
      const time = element("span", { class: "time" }, `${clock(rows.start[i])} – ${clock(rows.end[i])}`);
      const severity = rows.severity[i] === null ? null
        : element("span", { class: "severity faint small" }, t("watch.severity", { value: number(rows.severity[i], 2) }));
      const bar = element("span", { class: "bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", rows.severity[i] ?? 0);
      const pair = element("span", { class: "pair" },
        element("span", {}, t("watch.face"), " ", labelled(rows.label[i])),
        element("span", {}, t("watch.voice"), " ", labelled(rows.voice[i])));
      const button = element("button", { type: "button", "data-mismatch": i }, time, severity, bar, pair);
      return element("li", {}, button);
    }));
    if (count > ON_PAPER) {
      byId("watch-list").append(element("li", { class: "more" },
        t("watch.more", { count: number(count - ON_PAPER, 0) })));
    }
    mark();
  }

  function mark() {
    for (const button of byId("watch-list").querySelectorAll("[data-mismatch]")) {
      const i = Number(button.dataset.mismatch);
      if (rows.start[i] <= state.time && state.time < rows.end[i]) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  byId("watch-list").addEventListener("click", (event) => {
    const button = event.target.closest("[data-mismatch]");
    if (button) emoreport.seek(rows.start[Number(button.dataset.mismatch)], { tell: true });
  });
  byId("watch-order").addEventListener("change", watch);

  function fill() {
    for (const part of [words, warnings, facts, tiles, watch]) part();
  }
  fill();
  on("lang", fill);
  on("time", mark);
})();
