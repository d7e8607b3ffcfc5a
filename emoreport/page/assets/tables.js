"use strict";
// Cards and tables. All of them are made again when the language changes.
(() => {
  const { data, state, on, t, name, colour, isEmotion, code, number, bare, shown, pValue, clock, element } =
    emoreport;
  const rows = data.intervals;
  const PER_PAGE = 50;
  const byId = (id) => document.getElementById(id);
  let page = 0;

  emoreport.swatch = (label) => {
    const mark = data.icons[label] || "";
    const made = element("span", { class: "swatch", "aria-hidden": "true" }, mark);
    made.style.backgroundColor = colour(label);
    made.style.color = data.inks[label] || "#ffffff";
    return made;
  };

  function labelled(label) {
    return element("span", { class: "label" }, emoreport.swatch(label), name(label));
  }

  function cell(...children) {
    return element("td", {}, ...children);
  }

  function head(texts) {
    const cells = texts.map((text) => element("th", { scope: "col" }, text));
    return element("thead", {}, element("tr", {}, ...cells));
  }

  function faint(text) {
    return element("span", { class: "faint small line" }, text);
  }

  // ------------------------------------------------------------------ figures

  function interval(figure) {
    if (figure.low === undefined || figure.high === undefined) return null;
    return t("cards.interval", {
      low: bare(figure.low, figure.unit), high: shown(figure.high, figure.unit),
    });
  }

  const CHANCE = { entropy_rate: "cards.expected_most", valence_correlation: "cards.expected_size" };

  // What is known of a figure besides its value: interval, chance, test, verdict, why it is missing.
  function besides(key, figure) {
    const found = [interval(figure)];
    if (figure.expected !== undefined) {
      found.push(t(CHANCE[key] || "cards.expected", { value: shown(figure.expected, figure.unit) }));
    }
    if (figure.p_value !== undefined && figure.unit !== "probability") {
      found.push(pValue(figure.p_value));
    }
    if (figure.verdict) found.push(t("cards.verdict", { value: code("verdict", figure.verdict) }));
    if (figure.note) {
      const missing = figure.value === undefined ? "cards.why" : "cards.no_interval";
      found.push(t(missing, { value: code("note", figure.note) }));
    }
    return found.filter((text) => text !== null);
  }

  // A test has a p-value and no value.
  function main(figure) {
    const tested = figure.unit === "probability" && figure.p_value !== undefined;
    return tested ? pValue(figure.p_value) : shown(figure.value, figure.unit);
  }

  function cards() {
    byId("cards").replaceChildren(...data.cards.map(({ key, figure, evidence }) => {
      const value = element("p", { class: "value" }, shown(figure.value, figure.unit));
      if (figure.unit === "emotion" && figure.value) value.prepend(emoreport.swatch(figure.value));
      const facts = evidence.flatMap(([title, entry]) => {
        const more = besides(title, entry).map(faint);
        return [
          element("dt", {}, t(`evidence.${title}`)),
          element("dd", {}, main(entry)),
          more.length ? element("dd", { class: "besides" }, ...more) : "",
        ];
      });
      return element("article", { class: "card", "data-card": key },
        element("h3", {}, t(`cards.${key}`)), value, ...besides(key, figure).map(faint),
        element("dl", {}, ...facts));
    }));
  }

  // ------------------------------------------------------------------ heat maps

  function heat(share) {
    return share > 0 ? `h${Math.min(5, 1 + Math.floor(share * 5))}` : null;
  }

  function grid(table, corner, down, across, make) {
    const top = element("tr", {}, element("th", { scope: "col" }, corner),
      ...across.map((label) => element("th", { scope: "col" }, element("span", {}, labelled(label)))));
    const lines = down.map((label, i) => element("tr", {},
      element("th", { scope: "row" }, labelled(label)), ...across.map((_, j) => make(i, j))));
    table.replaceChildren(element("thead", {}, top), element("tbody", {}, ...lines));
  }

  function none(table, key) {
    table.replaceChildren(element("tbody", {}, element("tr", {}, cell(t(key)))));
  }

  function matrix() {
    const { labels, count, probability, expected, p_adjusted: tested } = data.matrix;
    if (labels.length < 2) return none(byId("matrix"), "matrix.none");
    grid(byId("matrix"), t("matrix.corner"), labels, labels, (i, j) => {
      if (i === j) return cell(t("unknown"));
      const made = cell(element("b", {}, number(count[i][j], 0)));
      const level = heat(probability[i][j] ?? 0);
      if (level) made.className = level;
      if (tested[i][j] !== null && tested[i][j] <= 0.05) {
        made.firstChild.append("∗");
        made.append(element("span", { class: "sr" },
          t("matrix.tested", { value: number(tested[i][j], 3) })));
      }
      if (expected[i][j] !== null) {
        made.append(element("span", { class: "small line" },
          t("matrix.expected", { value: number(expected[i][j], 1) })));
      }
      return made;
    });
    return undefined;
  }

  function cross() {
    const { rows: down, columns: across, seconds, match } = data.cross;
    if (!down.length) return none(byId("cross"), "cross.none");
    const total = seconds.flat().reduce((sum, value) => sum + value, 0);
    grid(byId("cross"), t("cross.corner"), down, across, (i, j) => {
      const value = seconds[i][j];
      const sign = { true: "= ", false: "≠ " }[match[i][j]] || "";
      const made = cell(value > 0 ? sign + number(value, 1) : "0");
      // A fifth of the time fills the scale: few combinations take more.
      const level = heat(Math.min(1, (2 * value) / total));
      if (level) made.className = level;
      return made;
    });
    return undefined;
  }

  // ------------------------------------------------------------------ emotions

  function figureCell(figure, events = undefined) {
    const complete = events === undefined ? null : faint(t("emotions.complete", { value: number(events, 0) }));
    if (figure.value === undefined) {
      return cell(t("unknown"), figure.note ? faint(code("note", figure.note)) : null, complete);
    }
    const limit = figure.setting?.startsWith("limit=") ? Number(figure.setting.slice(6)) : null;
    const brackets = figure.low === undefined || figure.high === undefined ? null
      : `[${bare(figure.low, figure.unit)}; ${bare(figure.high, figure.unit)}]`;
    return cell(shown(figure.value, figure.unit),
      brackets ? faint(brackets) : null,
      limit === null ? null : faint(t("cards.limit", { value: shown(limit, "seconds") })),
      figure.note ? faint(code("note", figure.note)) : null, complete);
  }

  function emotions() {
    const keys = ["emotion", "face_s", "intervals", "share", "median", "mean", "voice_s"];
    const seconds = (value) => cell(value === null ? t("unknown") : number(value, 1));
    const body = data.emotions.map((row) => element("tr", {},
      element("th", { scope: "row" }, labelled(row.label)),
      seconds(row.face_s), cell(number(row.intervals, 0)), figureCell(row.share),
      figureCell(row.median, row.median.count), figureCell(row.mean), seconds(row.voice_s)));
    byId("emotions").replaceChildren(head(keys.map((key) => t(`emotions.${key}`))),
      element("tbody", {}, ...body));
  }

  // ------------------------------------------------------------------ moments

  const CHOICES = {
    all: () => true,
    mismatches: (i) => rows.match[i] === false,
    uncertain: (i) => !isEmotion(rows.face[i]) || !isEmotion(rows.voice[i]),
  };

  function chosen() {
    const found = rows.start.map((_, i) => i).filter(CHOICES[byId("show").value]);
    if (byId("order").value === "severity") {
      found.sort((one, other) => (rows.severity[other] ?? -1) - (rows.severity[one] ?? -1)
        || one - other);
    }
    return found;
  }

  function evidence(i) {
    const why = (key, codes) => (codes.length
      ? faint(t(`moments.${key}`, { value: codes.map((entry) => code("reason", entry)).join(", ") }))
      : null);
    const [seen, heard] = [rows.face_row[i], rows.voice_row[i]];
    const parts = [
      t("moments.coverage", { value: shown(data.face.coverage[seen], "share") }),
      t("moments.spoken", { value: shown(data.voice.speech_s[heard], "seconds") }),
    ];
    const beside = (key, verdict) => (verdict
      ? faint(t(`moments.${key}`, { value: name(verdict[0]), agreement: shown(verdict[1], "distance") }))
      : null);
    const intensity = data.voice.intensity[heard];
    if (intensity !== null) parts.push(t("moments.intensity", { value: shown(intensity, "distance") }));
    return cell(parts.join(", "), why("because_face", data.face.reasons[seen]),
      beside("witness_face", data.face.witness[seen]), why("because_voice", data.voice.reasons[heard]),
      beside("witness_voice", data.voice.witness[heard]));
  }

  function momentRow(i) {
    const at = clock(rows.start[i], 2);
    const button = element("button", { type: "button", class: "go" }, at);
    button.setAttribute("aria-label", t("moments.go", { time: at }));
    const with_ = (key) => {
      const confidence = data[key].confidence[rows[`${key}_row`][i]];
      return cell(labelled(rows[key][i]), confidence === null ? null : faint(number(confidence, 2)));
    };
    const verdict = { true: "same", false: "differ" }[rows.match[i]] || "not_compared";
    const made = element("tr", { "data-row": i },
      cell(button), cell(shown(rows.end[i] - rows.start[i], "seconds")),
      with_("face"), with_("voice"),
      cell(t(`moments.${verdict}`)), cell(shown(rows.severity[i], "distance")), evidence(i));
    if (rows.match[i] === false) made.className = "mismatch";
    return made;
  }

  function moments() {
    const found = chosen();
    const last = Math.max(0, Math.ceil(found.length / PER_PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    const part = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    const keys = ["start", "duration", "face", "voice", "compared", "severity", "evidence"];
    byId("moments").replaceChildren(head(keys.map((key) => t(`moments.${key}`))),
      element("tbody", {}, ...part.map(momentRow)));
    byId("page-back").disabled = page === 0;
    byId("page-on").disabled = page === last;
    byId("page-place").textContent = found.length
      ? t("moments.place", {
        first: number(page * PER_PAGE + 1, 0), last: number(page * PER_PAGE + part.length, 0),
        count: number(found.length, 0),
      })
      : t("moments.empty");
    mark();
  }

  // The row that holds the present time; a page that does not show it is left alone.
  function mark() {
    const now = emoreport.rowAt(state.time);
    for (const row of byId("moments").querySelectorAll("[data-row]")) {
      if (Number(row.dataset.row) === now) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  // Turn to the page that shows a row, if the choice made above the table holds it.
  emoreport.turnTo = (i) => {
    const at = chosen().indexOf(i);
    if (at < 0) return;
    const wanted = Math.floor(at / PER_PAGE);
    if (wanted !== page) {
      page = wanted;
      moments();
    }
  };

  byId("moments").addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) emoreport.seek(rows.start[Number(row.dataset.row)], { tell: true });
  });
  for (const id of ["show", "order"]) {
    byId(id).addEventListener("change", () => { page = 0; moments(); });
  }
  byId("page-back").addEventListener("click", () => { page -= 1; moments(); });
  byId("page-on").addEventListener("click", () => { page += 1; moments(); });

  // ------------------------------------------------------------------ models, settings, facts

  function models() {
    const keys = ["role", "name", "runtime", "labels", "licence", "reason", "files"];
    const body = data.models.map((model) => element("tr", {},
      element("th", { scope: "row" }, data.words[state.lang][`role.${model.role}`] || model.role),
      cell([model.name, model.version].filter(Boolean).join(" ")),
      cell([model.runtime, model.device].filter(Boolean).join(", ") || t("unknown")),
      cell(model.labels.map(name).join(", ") || t("unknown")),
      cell(model.licence || t("unknown")), cell(model.reason || t("unknown")),
      cell(...(model.files.length ? model.files.flatMap(([file, digest]) =>
        [file, " ", element("code", {}, digest)]) : [t("unknown")]))));
    for (const kind of ["unmapped_face_label", "unmapped_voice_label"]) {
      const labels = data.unmapped.filter(([entry]) => entry === kind).map(([, label]) => name(label));
      if (labels.length) {
        body.push(element("tr", {}, element("td", { colspan: keys.length },
          t(`models.${kind}`, { value: labels.join(", ") }))));
      }
    }
    byId("models").replaceChildren(head(keys.map((key) => t(`models.${key}`))),
      element("tbody", {}, ...body));
  }

  function settings() {
    const entries = Object.entries(data.settings).map(([key, value]) => element("div", {},
      element("dt", {}, key), element("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))));
    byId("settings").replaceChildren(...entries);
  }

  function facts() {
    const known = data.recording;
    const parts = [
      t("facts.duration", { value: clock(known.duration_s) }),
      t("facts.frames", { value: number(known.frames, 0) }),
    ];
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

  function warnings() {
    const sentences = data.warning_words[state.lang];
    byId("warnings").hidden = !sentences.length;
    byId("warnings").replaceChildren(...sentences.map((text) => element("li", {}, text)));
  }

  function words() {
    document.documentElement.lang = state.lang;
    for (const made of document.querySelectorAll("[data-w]")) made.textContent = t(made.dataset.w);
    for (const made of document.querySelectorAll("[data-w-label]")) {
      made.setAttribute("aria-label", t(made.dataset.wLabel));
    }
  }

  emoreport.fill = () => {
    words();
    for (const part of [warnings, facts, cards, matrix, cross, emotions, moments, models, settings]) {
      part();
    }
  };
  on("lang", emoreport.fill);
  on("time", mark);
})();
