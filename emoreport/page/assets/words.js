"use strict";
// What is said: words on the time axis, as lines of text that lead to their moments, and a search.
(() => {
  const { data, state, on, t, name, colour, isEmotion, number, clock, element, labelled, timeAxis } = emoreport;
  const { ink } = timeAxis;
  const byId = (id) => document.getElementById(id);
  const said = JSON.parse(byId("said").textContent);
  const count = said.text.length;
  const LINES_PER_PAGE = 40;
  const FONT = "12px system-ui, sans-serif";
  const ROW_PX = 15;
  const LEAST_TEXT_PX = 22;
  const NEAR_S = 0.02;
  const LONGEST_WORD_S = said.start.reduce((longest, at, i) => Math.max(longest, said.end[i] - at), 0);
  const lines = said.lines.map((first, k) => ({ first, stop: said.lines[k + 1] ?? count }));
  let page = -1;
  let current = -1;
  let hits = [];
  let hit = -1;

  // Where a clause ends in whose words a model read an emotion, and which.
  const judged = new Map(said.clauses.filter(([, , label]) => isEmotion(label))
    .map(([, end, label]) => [emoreport.rowAt(end - 1e-6, said.start), label]));

  const text = ({ first, stop }) => said.text.slice(first, stop).join(" ");
  const lineOf = (word) => emoreport.rowAt(word, said.lines);
  const lastBegun = () => emoreport.rowAt(state.time + 1e-6, said.start);

  // ------------------------------------------------------------------ on the time axis

  const sizes = new Map();

  function size(g, shown) {
    if (!sizes.has(shown)) sizes.set(shown, g.measureText(shown).width);
    return sizes.get(shown);
  }

  // As much of a text as fits, with an ellipsis; nothing where that is next to nothing.
  function fitting(g, whole, room) {
    if (room < LEAST_TEXT_PX) return "";
    let letters = Array.from(whole.slice(0, Math.ceil(room)));
    if (letters.length === Array.from(whole).length && size(g, whole) <= room) return whole;
    const wide = size(g, letters.join(""));
    letters = letters.slice(0, Math.floor((letters.length * room) / wide));
    while (letters.length && g.measureText(`${letters.join("").trimEnd()}…`).width > room) letters.pop();
    return letters.length > 1 ? `${letters.join("").trimEnd()}…` : "";
  }

  // Where every word of a line fits at its own time, the words; else the line, cut short. It may
  // reach to the line after the next, which is written at the same height.
  function write(g, { first, stop }, until, top, plot) {
    const right = until < count ? plot.toPx(said.start[until]) : plot.width();
    const ends = (i) => (i + 1 < stop ? plot.toPx(said.start[i + 1]) : right);
    let fits = true;
    for (let i = first; fits && i < stop; i += 1) {
      fits = size(g, said.text[i]) + 3 <= ends(i) - plot.toPx(said.start[i]);
    }
    if (fits) {
      for (let i = first; i < stop; i += 1) g.fillText(said.text[i], plot.toPx(said.start[i]), top);
      return;
    }
    const left = Math.max(0, plot.toPx(said.start[first]));
    const room = Math.min(right, plot.width()) - left - 6;
    // A line that begins before the view is written from the word that is at its edge.
    let from = first;
    while (from + 1 < stop && plot.toPx(said.start[from]) < 0) from += 1;
    const shown = fitting(g, text({ first: from, stop }), room);
    if (shown) g.fillText(shown, left, top);
  }

  function paint(g, top, height, plot) {
    const [start, end] = state.view;
    const found = hits.length ? new Set(hits.flatMap(([first, last]) => span(first, last + 1))) : new Set();
    g.font = FONT;
    g.textAlign = "left";
    g.textBaseline = "top";
    const bottom = top + height;
    let painted = -1;
    for (let k = Math.max(0, lineOf(emoreport.rowAt(start, said.start))); k < lines.length; k += 1) {
      const { first, stop } = lines[k];
      if (said.start[first] >= end) break;
      for (let i = first; i < stop; i += 1) {
        const [left, right] = [plot.toPx(said.start[i]), plot.toPx(said.end[i])];
        if (right < painted + 0.5 && !found.has(i)) continue;
        painted = right;
        g.fillStyle = ink(found.has(i) ? "--mismatch" : "--speech");
        const tall = found.has(i) ? 8 : 4;
        g.fillRect(left, bottom - tall, Math.max(1, right - left - 1), tall);
      }
      g.fillStyle = ink("--ink");
      write(g, lines[k], lines[k + 1]?.stop ?? count, top + (k % 2) * ROW_PX, plot);
    }
  }

  // What the words say, clause by clause, in the colours of the tracks; without a label, a thin line.
  function clauses(g, top, height, plot) {
    const [start, end] = state.view;
    g.font = FONT;
    g.textAlign = "center";
    g.textBaseline = "middle";
    for (const [from, to, label] of said.clauses) {
      if (to <= start || from >= end) continue;
      const [left, right] = [plot.toPx(Math.max(from, start)), plot.toPx(Math.min(to, end))];
      const width = Math.max(1, right - left - 1);
      if (!isEmotion(label)) {
        g.fillStyle = ink("--faint");
        g.fillRect(left, top + height / 2 - 1, width, 2);
        continue;
      }
      g.fillStyle = colour(label);
      g.fillRect(left, top, width, height);
      g.fillStyle = data.inks[label] || "#ffffff";
      const shown = [name(label), data.icons[label] || ""].find((text) => size(g, text) <= width - 4);
      if (shown) g.fillText(shown, left + width / 2, top + height / 2 + 0.5);
    }
  }

  function span(first, stop) {
    return Array.from({ length: stop - first }, (_, i) => first + i);
  }

  // ------------------------------------------------------------------ as text

  function lineRow(k) {
    const { first, stop } = lines[k];
    const at = clock(said.start[first]);
    const go = element("button", { type: "button", class: "go" }, at);
    go.setAttribute("aria-label", t("moments.go", { time: at }));
    const words = span(first, stop).flatMap((i) => [
      i === first ? "" : " ", element("span", { "data-word": i }, said.text[i]),
      ...(judged.has(i) ? [" ", element("span", { class: "faint small" }, labelled(judged.get(i)))] : []),
    ]);
    return element("li", { "data-line": k }, go, element("p", {}, ...words));
  }

  function turn(wanted) {
    const last = Math.ceil(lines.length / LINES_PER_PAGE) - 1;
    page = Math.min(Math.max(wanted, 0), last);
    const first = page * LINES_PER_PAGE;
    const stop = Math.min(first + LINES_PER_PAGE, lines.length);
    byId("said-lines").start = first + 1;
    byId("said-lines").replaceChildren(...span(first, stop).map(lineRow));
    byId("said-box").scrollTop = 0;
    byId("words-back").parentElement.hidden = last === 0;
    byId("words-back").disabled = page === 0;
    byId("words-on").disabled = page === last;
    byId("words-place").textContent = t("moments.place", {
      first: number(first + 1, 0), last: number(stop, 0), count: number(lines.length, 0),
    });
    markHits();
    mark();
  }

  const shownWord = (i) => byId("said-lines").querySelector(`[data-word="${i}"]`);

  // The word of the present time, and its line; between two words the line alone.
  function mark() {
    for (const old of byId("said-lines").querySelectorAll("[aria-current], .now")) {
      old.removeAttribute("aria-current");
      old.classList.remove("now");
    }
    const made = current < 0 ? null : shownWord(current);
    if (!made) return;
    made.closest("li").classList.add("now");
    if (state.time < said.end[current]) made.setAttribute("aria-current", "true");
  }

  // Scroll the box, not the page, until the line of a word is in it.
  function reveal(word) {
    const line = word < 0 ? null : shownWord(word)?.closest("li");
    if (!line) return;
    const box = byId("said-box");
    const top = line.offsetTop;
    if (top < box.scrollTop || top + line.offsetHeight > box.scrollTop + box.clientHeight) {
      box.scrollTop = top - 0.3 * box.clientHeight;
    }
  }

  function show(word) {
    const wanted = Math.floor(Math.max(0, lineOf(word)) / LINES_PER_PAGE);
    if (wanted !== page) turn(wanted);
    reveal(word);
  }

  let inside = false;

  // While it plays, the text goes along from line to line; a reader who turned elsewhere is left alone.
  function follow() {
    const before = current;
    current = lastBegun();
    const within = current >= 0 && state.time < said.end[current];
    if (current === before && within === inside) return;
    inside = within;
    const along = before < 0 || shownWord(before) !== null;
    if (along && current >= 0 && lineOf(current) !== lineOf(before)) show(current);
    mark();
  }

  function goTo(word) {
    emoreport.seek(said.start[word]);
    byId("live").textContent = t("said.at", { time: clock(said.start[word]), value: said.text[word] });
  }

  function step(direction) {
    const at = lastBegun();
    const here = at >= 0 && Math.abs(said.start[at] - state.time) < NEAR_S;
    const wanted = direction > 0 ? at + 1 : here ? at - 1 : at;
    if (wanted >= 0 && wanted < count) goTo(wanted);
  }

  // ------------------------------------------------------------------ search

  // Letters and digits alone, small, with е for ё: punctuation and case decide nothing.
  function folded(whole) {
    return whole.normalize("NFC").toLowerCase().replaceAll("ё", "е").replace(/[^\p{L}\p{M}\p{N}]+/gu, " ").trim();
  }

  let index = null;

  // The whole talk as one string, and where in it each word begins.
  function indexed() {
    if (index) return index;
    const starts = [];
    let length = 0;
    const parts = said.text.map((word) => {
      const part = folded(word);
      starts.push(length);
      length += part.length + 1;
      return part;
    });
    index = { whole: parts.join(" "), starts };
    return index;
  }

  function search() {
    const wanted = folded(byId("find").value);
    const { whole, starts } = indexed();
    hits = [];
    hit = -1;
    for (let at = wanted ? whole.indexOf(wanted) : -1; at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
      hits.push([emoreport.rowAt(at, starts), emoreport.rowAt(at + wanted.length - 1, starts)]);
    }
    markHits();
    tell();
    timeAxis.redraw();
  }

  function markHits() {
    for (const old of byId("said-lines").querySelectorAll("mark")) old.replaceWith(old.firstChild);
    hits.forEach(([first, last], k) => {
      for (let i = first; i <= last; i += 1) {
        const made = shownWord(i);
        if (!made || made.querySelector("mark")) continue;
        const marked = element("mark", { class: k === hit ? "this" : null }, said.text[i]);
        made.replaceChildren(marked);
      }
    });
  }

  function tell() {
    const wanted = byId("find").value.trim() !== "";
    byId("hit-back").disabled = byId("hit-on").disabled = !hits.length;
    byId("hits").value = !wanted ? "" : !hits.length ? t("said.none")
      : hit < 0 ? t("said.found", { count: number(hits.length, 0) })
        : t("said.hit", { value: number(hit + 1, 0), count: number(hits.length, 0) });
  }

  // From hit to hit, round the end; the first is the next one from the present time.
  function jump(direction) {
    if (!hits.length) return;
    if (hit < 0) {
      const next = hits.findIndex(([first]) => said.start[first] >= state.time - NEAR_S);
      hit = direction > 0 ? Math.max(next, 0) : (next < 0 ? hits.length : next) - 1;
    } else {
      hit += direction;
    }
    hit = (hit + hits.length) % hits.length;
    goTo(hits[hit][0]);
    show(hits[hit][0]);
    markHits();
    tell();
  }

  // ------------------------------------------------------------------ moments

  // The words whose middle is in a row: those of the tables.
  function quote({ start, end }, i) {
    const first = Math.max(0, emoreport.rowAt(start[i] - LONGEST_WORD_S, said.start));
    const found = [];
    for (let k = first; k < count && said.start[k] < end[i]; k += 1) {
      const middle = (said.start[k] + said.end[k]) / 2;
      if (middle >= start[i] && middle < end[i]) found.push(said.text[k]);
    }
    return found.length ? element("q", { class: "small" }, found.join(" ")) : "";
  }

  function quoteMoments() {
    for (const button of byId("watch-list").querySelectorAll("[data-mismatch]")) {
      button.append(quote(data.face, Number(button.dataset.mismatch)));
    }
  }

  // The table of every moment is made when somebody looks, page by page.
  new MutationObserver(() => {
    for (const row of byId("moments").querySelectorAll("[data-row]")) {
      row.lastChild.append(quote(data.intervals, Number(row.dataset.row)));
    }
  }).observe(byId("moments"), { childList: true });

  // ------------------------------------------------------------------ what moves it

  byId("said-lines").addEventListener("click", (event) => {
    const word = event.target.closest("[data-word]");
    const line = event.target.closest("button.go") && event.target.closest("[data-line]");
    if (word) goTo(Number(word.dataset.word));
    else if (line) goTo(lines[Number(line.dataset.line)].first);
  });
  byId("words-back").addEventListener("click", () => turn(page - 1));
  byId("words-on").addEventListener("click", () => turn(page + 1));
  byId("find").addEventListener("input", search);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
  });
  byId("hit-back").addEventListener("click", () => jump(-1));
  byId("hit-on").addEventListener("click", () => jump(1));

  // The same keys under a Russian keyboard.
  const KEYS = { "[": () => step(-1), "х": () => step(-1), "]": () => step(1), "ъ": () => step(1) };
  KEYS["/"] = () => byId("find").focus();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select, textarea, input:not([type=range]):not([type=checkbox])")) return;
    const act = KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });

  function fill() {
    byId("find").placeholder = t("said.find");
    byId("said-source").textContent = said.placed.map((placed) => t(`said.${placed}`)).join(" ");
    quoteMoments();
    turn(Math.max(page, 0));
    tell();
  }

  const bands = [{ height: 2 * ROW_PX + 12, caption: () => t("said.track"), paint }];
  if (said.clauses.length) bands.push({ height: 20, caption: () => t("said.emotion"), paint: clauses });
  timeAxis.add(byId("words-axis"), bands);
  byId("watch-order").addEventListener("change", quoteMoments);
  fill();
  on("lang", fill);
  on("time", follow);
  on("seek", () => show(lastBegun()));
})();
