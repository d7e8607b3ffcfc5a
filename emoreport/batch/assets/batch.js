"use strict";
(() => {
  const table = document.getElementById("videos");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const key = (row, column) => row.cells[column].dataset.key;
  // Unknown values come last, whichever way the rest is sorted.
  const compare = (column, numeric, sign) => (one, other) => {
    const [a, b] = [key(one, column), key(other, column)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (numeric ? Number(a) - Number(b) : order.compare(a, b));
  };
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows];
    const numeric = rows.some((row) => row.cells[column].classList.contains("number"));
    rows.sort(compare(column, numeric, down ? -1 : 1));
    body.append(...rows);
  }));
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const apply = () => {
    const wanted = filter.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const row of body.rows) {
      row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
      count += !row.hidden;
    }
    shown.textContent = shown.dataset.words.replace("#", `${count} / ${body.rows.length}`);
  };
  filter.addEventListener("input", apply);
  apply();
})();
