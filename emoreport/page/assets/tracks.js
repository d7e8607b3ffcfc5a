"use strict";
// The tracks under the player: speech, face, voice, and where the two differ.
(() => {
  const { data, state, on, t, name, plainName, colour, isEmotion, element, swatch, timeAxis } = emoreport;
  const { ink } = timeAxis;
  const rows = data.face;
  const LABEL_FONT = "11px system-ui, sans-serif";
  const POINTS = 2000;
  const HATCH_PX = 7;
  const PATTERNS = {
    anger: "x", contempt: "\\", disgust: "+", fear: "/", happiness: ".", neutral: "",
    sadness: "-", surprise: "|", no_face: "/", no_speech: "\\", uncertain: "x",
  };
  // Lines of each pattern inside a square of HATCH_PX.
  const LINES = {
    "/": [[0, 7, 7, 0]], "\\": [[0, 0, 7, 7]], x: [[0, 7, 7, 0], [0, 0, 7, 7]], "-": [[0, 3.5, 7, 3.5]],
    "|": [[3.5, 0, 3.5, 7]], "+": [[0, 3.5, 7, 3.5], [3.5, 0, 3.5, 7]], ".": [[3, 3.5, 4.5, 3.5]],
  };
  const hatches = new Map();
  let patterned = false;

  function hatch(g, pattern, stroke) {
    const key = `${pattern} ${stroke}`;
    if (!hatches.has(key)) {
      const tile = element("canvas", { width: HATCH_PX, height: HATCH_PX });
      const brush = tile.getContext("2d");
      brush.strokeStyle = stroke;
      for (const [x0, y0, x1, y1] of LINES[pattern]) {
        brush.beginPath();
        brush.moveTo(x0, y0);
        brush.lineTo(x1, y1);
        brush.stroke();
      }
      hatches.set(key, g.createPattern(tile, "repeat"));
    }
    return hatches.get(key);
  }

  const sizes = new Map();

  function size(g, text) {
    if (!sizes.has(text)) sizes.set(text, g.measureText(text).width);
    return sizes.get(text);
  }

  function patternOf(label) {
    return PATTERNS[data.partners[label] || label];
  }

  // The stacked area in steps, never across a gap: each label reaches down to the ground and is
  // covered by those before it, so that there are no seams.
  function area(curve) {
    return (g, top, height, { toPx, width }) => {
      const [start, end] = state.view;
      const { edges, coverage, share } = curve.visible(start, end, Math.min(width(), POINTS));
      const sums = share.map(() => new Float64Array(coverage.length));
      share.forEach((values, k) => values.forEach((value, i) => {
        sums[k][i] = value + (k ? sums[k - 1][i] : 0);
      }));
      const x = Array.from(edges, toPx);
      const bottom = top + height;
      for (let k = share.length - 1; k >= 0; k -= 1) {
        g.beginPath();
        for (let i = 0; i < coverage.length; i += 1) {
          if (!(coverage[i] > 0)) continue;
          g.moveTo(x[i], bottom);
          for (; i < coverage.length && coverage[i] > 0; i += 1) {
            const y = bottom - height * sums[k][i];
            g.lineTo(x[i], y);
            g.lineTo(x[i + 1], y);
          }
          g.lineTo(x[i], bottom);
          g.closePath();
        }
        const label = curve.labels[k];
        g.fillStyle = colour(label);
        g.fill();
        if (patterned && patternOf(label)) {
          g.fillStyle = hatch(g, patternOf(label), "rgba(0, 0, 0, 0.6)");
          g.fill();
        }
      }
    };
  }

  // Calls `paint(i, left, right)` for every one of the stretches that is in view, in pixels.
  function inView({ start, end }, { toPx }, paint) {
    const [first, last] = state.view;
    for (let i = Math.max(0, emoreport.rowAt(first, start)); i < start.length && start[i] < last; i += 1) {
      const [left, right] = [Math.max(start[i], first), Math.min(end[i], last)];
      if (right > left) paint(i, toPx(left), toPx(right));
    }
  }

  // Rows with their names, or their marks where there is less room: colour does not stand alone.
  // What is before the first picture or sound is not drawn.
  function strip(key, known_s) {
    const { start, end, label: labels } = data[key];
    const stretches = { start: start.map((at) => Math.max(at, known_s)), end };
    return (g, top, height, plot) => {
      g.font = LABEL_FONT;
      g.textAlign = "center";
      g.textBaseline = "middle";
      inView(stretches, plot, (i, left, right) => {
        const label = labels[i];
        const pale = !isEmotion(label) && state.theme === "dark";
        g.globalAlpha = pale ? 0.35 : 1;
        g.fillStyle = colour(label);
        g.fillRect(left, top, right - left, height);
        if (patternOf(label) && (patterned || !isEmotion(label))) {
          g.fillStyle = hatch(g, patternOf(label), "rgba(0, 0, 0, 0.45)");
          g.fillRect(left, top, right - left, height);
        }
        g.globalAlpha = 1;
        const fits = (text) => size(g, text) <= right - left - 6;
        const text = [name(label), plainName(label), data.icons[label] || ""].find(fits);
        if (!text) return;
        const middle = (left + right) / 2;
        const half = size(g, text) / 2 + 2;
        g.fillStyle = pale ? "#3a3d44" : colour(label);
        g.fillRect(middle - half, top + height / 2 - 7, 2 * half, 14);
        g.fillStyle = pale ? "#ffffff" : data.inks[label] || "#ffffff";
        g.fillText(text, middle, top + height / 2 + 0.5);
      });
    };
  }

  const speech = { start: data.speech.map(([start]) => start), end: data.speech.map(([, end]) => end) };

  function speaking(g, top, height, plot) {
    g.fillStyle = ink("--speech");
    inView(speech, plot, (_, left, right) => g.fillRect(left, top, Math.max(1, right - left), height));
  }

  // A line for each person, in the order of the list; the one whom the tables are about is darker.
  const PERSON_PX = 13;
  function people(g, top, height, plot) {
    const { names, chosen, row } = data.people;
    g.font = LABEL_FONT;
    g.textAlign = "left";
    g.textBaseline = "middle";
    inView(data.people, plot, (i, left, right) => {
      const line = top + row[i] * PERSON_PX;
      const width = Math.max(1, right - left);
      g.fillStyle = ink("--accent");
      g.globalAlpha = chosen[row[i]] ? 0.75 : 0.3;
      g.fillRect(left, line + 1, width, PERSON_PX - 2);
      g.globalAlpha = 1;
      const text = names[row[i]];
      const room = size(g, text);
      if (room > width - 8) return;
      g.fillStyle = ink("--back");
      g.fillRect(left + 3, line + 1.5, room + 4, PERSON_PX - 3);
      g.fillStyle = ink("--ink");
      g.fillText(text, left + 5, line + PERSON_PX / 2 + 0.5);
    });
  }

  // Who speaks: a shade for each, hatched where nobody knows who, the name where there is room.
  function speakers(g, top, height, plot) {
    const { speaker } = data.speakers;
    const order = [...new Set(speaker)].filter((who) => who !== "unknown").sort();
    g.font = LABEL_FONT;
    g.textAlign = "center";
    g.textBaseline = "middle";
    inView(data.speakers, plot, (i, left, right) => {
      const who = speaker[i];
      const width = Math.max(1, right - left - 1);
      g.fillStyle = who === "unknown" ? hatch(g, "/", ink("--faint")) : ink("--accent");
      g.globalAlpha = who === "unknown" ? 1 : Math.max(0.2, 0.9 - 0.35 * order.indexOf(who));
      g.fillRect(left, top, width, height);
      g.globalAlpha = 1;
      const text = who === "off_screen" ? t("speakers.off_screen") : who;
      if (who === "unknown" || size(g, text) > width - 6) return;
      const half = size(g, text) / 2 + 2;
      g.fillStyle = ink("--back");
      g.fillRect((left + right) / 2 - half, top + 1, 2 * half, height - 2);
      g.fillStyle = ink("--ink");
      g.fillText(text, (left + right) / 2, top + height / 2 + 0.5);
    });
  }

  // A line of its own for each action, since they overlap.
  function actions(g, top, height, plot) {
    const kinds = ["smile", "mouth_open", "blink"];
    const line = height / kinds.length;
    kinds.forEach((kind, row) => {
      g.fillStyle = ink(kind === "blink" ? "--faint" : "--accent");
      inView(data.actions[kind], plot, (_, left, right) =>
        g.fillRect(left, top + row * line + 1, Math.max(1.5, right - left), line - 2));
    });
  }

  // Height is the severity; a mismatch whose severity is not known is hatched over the whole height.
  // A thin line is under what was compared.
  function mismatch(g, top, height, plot) {
    const red = ink("--mismatch");
    const room = height - 3;
    inView(rows, plot, (i, left, right) => {
      if (rows.match[i] === null) return;
      // A pixel of ground keeps neighbours apart.
      const width = Math.max(1, right - left - 1);
      g.fillStyle = ink("--faint");
      g.fillRect(left, top + height - 2, width, 2);
      if (rows.match[i]) return;
      const known = rows.severity[i] !== null;
      g.fillStyle = known ? red : hatch(g, "/", red);
      const tall = room * (rows.severity[i] ?? 1);
      g.fillRect(left, top + room - tall, width, tall);
    });
  }

  function legend() {
    const used = new Set([...data.face.label, ...data.voice.label]);
    for (const curve of [emoreport.curve, emoreport.voiceCurve]) {
      if (curve.count) curve.labels.forEach((label) => used.add(label));
    }
    const order = Object.keys(data.names.en).filter((label) => used.has(label));
    const others = [...used].filter((label) => !order.includes(label)).sort();
    const items = [...order, ...others].map((label) => element("li", {}, swatch(label), name(label)));
    if (data.cuts.length) items.push(element("li", {}, element("span", { class: "cut" }), t("tracks.cut")));
    document.getElementById("legend").replaceChildren(...items);
  }

  const caption = (key) => () => t(`tracks.${key}`);
  const pictures = emoreport.curve.count > 0;
  const first_s = pictures ? emoreport.curve.time[0] : 0;
  // Of sound alone there is nothing to draw of a face.
  const bands = [
    { key: "speech", height: 10, paint: speaking },
    { key: "probabilities", seen: true, height: 78, paint: area(emoreport.curve) },
    { key: "face", seen: true, height: 26, paint: strip("face", first_s) },
    ...(data.actions ? [{ key: "actions", seen: true, height: 30, paint: actions }] : []),
    ...(data.people ? [{ key: "people", height: PERSON_PX * data.people.names.length, paint: people }] : []),
    ...(data.speakers ? [{ key: "speakers", height: 15, paint: speakers }] : []),
    { key: "voice_probabilities", height: 52, paint: area(emoreport.voiceCurve) },
    { key: "voice", height: 26, paint: strip("voice", 0) },
    { key: "mismatch", seen: true, height: 34, paint: mismatch },
  ];
  timeAxis.add(document.getElementById("tracks"),
    bands.filter(({ seen }) => pictures || !seen).map((band) => ({ ...band, caption: caption(band.key) })));
  document.getElementById("patterns").addEventListener("change", (event) => {
    patterned = event.target.checked;
    timeAxis.redraw();
  });
  legend();
  on("lang", legend);
})();
