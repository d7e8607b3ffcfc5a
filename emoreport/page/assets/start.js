"use strict";
// Language, colours, printing; then everything is drawn for the first time.
(() => {
  const { state, emit, tracks } = emoreport;
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;

  function setTheme() {
    const chosen = theme.value === "auto" ? (dark.matches ? "dark" : "light") : theme.value;
    state.theme = printing ? "light" : chosen;
    root.dataset.theme = state.theme;
    emit("theme");
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
      printing = is;
      setTheme();
      tracks.print(is);
    });
  }

  setTheme();
  emoreport.fill();
  emoreport.startPlayer();
  tracks.start().then(() => {
    performance.mark("emoreport-ready");
    root.dataset.ready = "true";
  });
})();
