"use strict";
// Face, voice and words against each other. Runs only on a page with words.
(() => {
  const { data, t, code, element, labelled, fillTable, whenOpen, pValue, statistics, figureCell } = emoreport;
  const block = document.getElementById("three-block");
  const FIGURES = ["in_speech", "at_open_vowels", "explained_by_speech"];

  function tested(figure) {
    const made = figureCell(figure);
    if (figure.p_value !== undefined) {
      made.append(element("span", { class: "faint small line" }, pValue(figure.p_value)));
    }
    return made;
  }

  // Emotions of which nothing is known are left out; why, is said below the table.
  function talking() {
    const known = data.talking.filter((row) => FIGURES.some((key) => row[key].value !== undefined));
    document.getElementById("talking-part").hidden = !known.length;
    fillTable("talking", ["emotion", ...FIGURES].map((key) => t(`three.${key}`)), known.map((row) =>
      element("tr", {}, element("th", { scope: "row" }, labelled(row.label)),
        ...FIGURES.map((key) => tested(row[key])))));
    const notes = new Set(data.talking.filter((row) => !known.includes(row)).map((row) => row[FIGURES[0]].note));
    document.getElementById("talking-notes").textContent = [...notes].filter(Boolean).map((note) =>
      t("statistics.unknown_because", { value: t("three.talking"), reason: code("note", note) })).join(" ");
  }

  whenOpen(block, () => {
    talking();
    statistics(block.querySelector("[data-block]"));
  });
})();
