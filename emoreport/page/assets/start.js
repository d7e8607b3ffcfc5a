"use strict";
// Language, colours, printing; then everything is drawn for the first time.
(() => {
  const { state, emit, timeAxis } = emoreport;
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  let unfolded = [];

  function setTheme() {
    const chosen = theme.value === "auto" ? (dark.matches ? "dark" : "light") : theme.value;
    state.theme = printing ? "light" : chosen;
    root.dataset.theme = state.theme;
    emit("theme");
  }

  // Paper shows a part of the folded blocks; the others stay as they are, out of sight.
  function unfold(is) {
    if (is) unfolded = [...document.querySelectorAll("details.printed:not([open])")];
    for (const block of unfolded) {
      block.open = is;
      if (is) block.dispatchEvent(new Event("toggle"));
    }
  }

  document.getElementById("language").addEventListener("change", (event) => {
    state.lang = event.target.value;
    emit("lang");
  });
  theme.addEventListener("change", setTheme);
  dark.addEventListener("change", setTheme);
  document.getElementById("print").addEventListener("click", () => window.print());
  for (const [event, is] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(event, () => {
      if (printing === is) return;
      printing = is;
      setTheme();
      unfold(is);
      timeAxis.print(is);
    });
  }

  setTheme();
  timeAxis.drawAll();
  performance.mark("emoreport-ready");
  root.dataset.ready = "true";
})();
