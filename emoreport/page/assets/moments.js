"use strict";
// The table of every stretch in which neither face nor voice changes: the tracks as text.
(() => {
  const { data, state, on, t, name, isEmotion, code, number, shown, clock, element, labelled, fillTable, whenOpen } =
    emoreport;
  const rows = data.intervals;
  const PER_PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const block = byId("moments-block");
  const cell = (...children) => element("td", {}, ...children);
  const faint = (text) => element("span", { class: "faint small line" }, text);
  let page = 0;

  const CHOICES = {
    all: () => true,
    mismatches: (i) => rows.match[i] === false,
    uncertain: (i) => !isEmotion(rows.face[i]) || !isEmotion(rows.voice[i]),
  };

  function chosen() {
    const found = rows.start.map((_, i) => i).filter(CHOICES[byId("show").value]);
    if (byId("order").value === "by_severity") {
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

  // What was not compared has neither verdict nor severity: both cells are empty.
  function momentRow(i) {
    const at = clock(rows.start[i], 2);
    const button = element("button", { type: "button", class: "go" }, at);
    button.setAttribute("aria-label", t("moments.go", { time: at }));
    const named = (key) => {
      const confidence = data[key].confidence[rows[`${key}_row`][i]];
      return cell(labelled(rows[key][i]), confidence === null ? null : faint(number(confidence, 2)));
    };
    const verdict = { true: "same", false: "differ" }[rows.match[i]];
    const made = element("tr", { "data-row": i },
      cell(button), cell(shown(rows.end[i] - rows.start[i], "seconds")),
      named("face"), named("voice"),
      cell(verdict ? t(`moments.${verdict}`) : ""),
      cell(rows.severity[i] === null ? "" : shown(rows.severity[i], "distance")), evidence(i));
    if (rows.match[i] === false) made.className = "mismatch";
    return made;
  }

  function fill() {
    const found = chosen();
    const last = Math.max(0, Math.ceil(found.length / PER_PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    const part = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    const keys = ["start", "duration", "face", "voice", "compared", "severity", "evidence"];
    fillTable("moments", keys.map((key) => t(`moments.${key}`)), part.map(momentRow));
    byId("page-back").hidden = byId("page-on").hidden = last === 0;
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

  // Turn to the page that shows the present time, if the choice made above the table holds it.
  function turn() {
    if (!block.open) return;
    const at = chosen().indexOf(emoreport.rowAt(state.time));
    const wanted = Math.floor(at / PER_PAGE);
    if (at < 0 || wanted === page) return;
    page = wanted;
    fill();
  }

  byId("moments").addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) emoreport.seek(rows.start[Number(row.dataset.row)], { tell: true });
  });
  for (const id of ["show", "order"]) {
    byId(id).addEventListener("change", () => { page = 0; fill(); });
  }
  byId("page-back").addEventListener("click", () => { page -= 1; fill(); });
  byId("page-on").addEventListener("click", () => { page += 1; fill(); });
  whenOpen(block, fill);
  on("time", mark);
  on("seek", turn);
})();
