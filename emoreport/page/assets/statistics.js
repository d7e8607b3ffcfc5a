"use strict";
// The folded blocks of figures and tables. What is not known is said once below each of them.
(() => {
  const { data, state, t, name, code, number, bare, shown, pValue, element, labelled, fillTable, whenOpen } =
    emoreport;
  const byId = (id) => document.getElementById(id);
  const cell = (...children) => element("td", {}, ...children);
  const faint = (text, more = "") => element("span", { class: `faint small line ${more}` }, text);

  // ------------------------------------------------------------------ figures

  const CHANCE = { entropy_rate: "statistics.expected_most", valence_correlation: "statistics.expected_size" };
  const isTest = (figure) => figure.unit === "probability" && figure.p_value !== undefined;
  const isKnown = (figure) => figure.value !== undefined || isTest(figure);
  const hasInterval = (figure) => figure.low !== undefined && figure.high !== undefined;
  const interval = (figure) => t("statistics.interval", {
    low: bare(figure.low, figure.unit), high: shown(figure.high, figure.unit),
  });

  // What is known of a figure besides its value: interval, chance, test, verdict.
  function besides(key, figure) {
    const found = [];
    if (hasInterval(figure)) found.push(interval(figure));
    if (figure.expected !== undefined) {
      found.push(t(CHANCE[key] || "statistics.expected", { value: shown(figure.expected, figure.unit) }));
    }
    if (figure.p_value !== undefined && !isTest(figure)) found.push(pValue(figure.p_value));
    if (figure.verdict) found.push(code("verdict", figure.verdict));
    return found;
  }

  const BECAUSE = { unknown: ["unknown", "unknown_because"], no_interval: ["no_interval", "no_interval_because"] };

  // Titles by the reason that they share, as sentences: "Not known: A, B (too little time)."
  function because(key, entries) {
    const groups = new Map();
    for (const [title, note] of entries) groups.set(note, [...(groups.get(note) || []), title]);
    const [bare, reasoned] = BECAUSE[key];
    return [...groups].map(([note, titles]) => t(`statistics.${note ? reasoned : bare}`, {
      value: titles.join(", "), reason: note && code("note", note),
    }));
  }

  function statistics(list) {
    const entries = Object.entries(data.blocks[list.dataset.block])
      .map(([key, figure]) => [key, t(`${list.dataset.titles || "statistic"}.${key}`), figure]);
    const lines = entries.filter(([, , figure]) => isKnown(figure)).map(([key, title, figure]) =>
      element("div", {}, element("dt", {}, title),
        element("dd", {}, element("b", {}, isTest(figure) ? pValue(figure.p_value) : shown(figure.value, figure.unit)),
          ...besides(key, figure).map((text) => faint(text)))));
    const missing = entries.filter(([, , figure]) => !isKnown(figure)).map(([, title, figure]) => [title, figure.note]);
    const open = entries.filter(([, , figure]) => isKnown(figure) && figure.note && !hasInterval(figure))
      .map(([, title, figure]) => [title, figure.note]);
    const notes = [...because("unknown", missing), ...because("no_interval", open)];
    if (notes.length) {
      lines.push(element("div", { class: "notes faint small" }, element("dt", {}, t("statistics.notes")),
        ...notes.map((text) => element("dd", {}, text))));
    }
    list.replaceChildren(...lines);
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
      if (i === j) return cell();
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
      const made = cell(value > 0 ? sign + number(value, 1) : "");
      // A fifth of the time fills the scale: few combinations take more.
      const level = heat(Math.min(1, (2 * value) / total));
      if (level) made.className = level;
      return made;
    });
    return undefined;
  }

  // ------------------------------------------------------------------ emotions

  const FIGURES = ["share", "median", "mean"];

  function figureCell(figure, events) {
    if (figure.value === undefined) return cell(t("unknown"));
    const limit = figure.setting?.startsWith("limit=") ? Number(figure.setting.slice(6)) : null;
    return cell(shown(figure.value, figure.unit),
      hasInterval(figure)
        ? faint(`[${bare(figure.low, figure.unit)}; ${bare(figure.high, figure.unit)}]`) : null,
      limit === null ? null : faint(t("emotions.limit", { value: shown(limit, "seconds") }), "unprinted"),
      events === undefined ? null : faint(t("emotions.complete", { value: number(events, 0) }), "unprinted"));
  }

  // Columns of which nothing is known are left out; why, is said below the table.
  function emotions() {
    const shownFigures = FIGURES.filter((key) => data.emotions.some((row) => row[key].value !== undefined));
    const seconds = (value) => cell(value === null ? t("unknown") : number(value, 1));
    const keys = ["emotion", "face_s", "intervals", ...shownFigures, "voice_s"];
    fillTable("emotions", keys.map((key) => t(`emotions.${key}`)), data.emotions.map((row) =>
      element("tr", {}, element("th", { scope: "row" }, labelled(row.label)),
        seconds(row.face_s), cell(number(row.intervals, 0)),
        ...shownFigures.map((key) => figureCell(row[key], key === "median" ? row[key].count : undefined)),
        seconds(row.voice_s))));
    const notes = (which) => FIGURES.flatMap((key) => [...new Set(data.emotions.map((row) => row[key])
      .filter((figure) => figure.note && which(figure)).map((figure) => figure.note))]
      .map((note) => [t(`emotions.${key}`), note]));
    const missing = notes((figure) => figure.value === undefined);
    const open = notes((figure) => figure.value !== undefined && !hasInterval(figure));
    byId("emotions-notes").textContent = [
      t("emotions.text"), ...because("unknown", missing), ...because("no_interval", open),
    ].join(" ");
  }

  // ------------------------------------------------------------------ models and settings

  // Columns that no model fills are left out.
  function models() {
    const COLUMNS = {
      name: (model) => [[model.name, model.version].filter(Boolean).join(" ")],
      runtime: (model) => [[model.runtime, model.device].filter(Boolean).join(", ")],
      labels: (model) => [model.labels.map(name).join(", ")],
      licence: (model) => [model.licence || ""],
      reason: (model) => [model.reason[state.lang] || ""],
      files: (model) => model.files.flatMap(([file, digest]) => [file, " ", element("code", {}, digest)]),
    };
    const keys = Object.keys(COLUMNS).filter((key) =>
      data.models.some((model) => COLUMNS[key](model).some((part) => part !== "")));
    const body = data.models.map((model) => element("tr", {},
      element("th", { scope: "row" }, data.words[state.lang][`role.${model.role}`] || model.role),
      ...keys.map((key) => cell(...COLUMNS[key](model)))));
    for (const model of data.models.filter((each) => each.labels.length)) {
      body.push(element("tr", {}, element("td", { colspan: keys.length + 1 },
        `${data.words[state.lang][`role.${model.role}`]}: ${model.right[state.lang]}`)));
    }
    for (const kind of ["unmapped_face_label", "unmapped_voice_label"]) {
      const labels = data.unmapped.filter(([entry]) => entry === kind).map(([, label]) => name(label));
      if (labels.length) {
        body.push(element("tr", {}, element("td", { colspan: keys.length + 1 },
          t(`models.${kind}`, { value: labels.join(", ") }))));
      }
    }
    fillTable("models", ["role", ...keys].map((key) => t(`models.${key}`)), body);
  }

  function settings() {
    const entries = Object.entries(data.settings).map(([key, value]) => element("div", {},
      element("dt", {}, key), element("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))));
    byId("settings").replaceChildren(...entries);
  }

  const BLOCKS = {
    emotions: [emotions, matrix], agreement: [cross], recording: [], models: [models], settings: [settings],
  };
  Object.assign(emoreport, { statistics, figureCell });
  for (const [id, fills] of Object.entries(BLOCKS)) {
    const block = byId(`${id}-block`);
    whenOpen(block, () => {
      fills.forEach((fill) => fill());
      block.querySelectorAll("[data-block]").forEach(statistics);
    });
  }
})();
