"use strict";
// Mouse and fingers on the glass above the tracks: point, click, drag, wheel, pinch.
(() => {
  const { data, state, emit, tracks } = emoreport;
  const { glass, width, toPx, toTime, zoom, pan } = tracks;
  const cursor = document.getElementById("cursor");
  let pointed = null;

  // The time under the pointer; null while it is elsewhere.
  tracks.pointed = () => pointed;

  const CLICK_PX = 5;
  const fingers = new Map();
  let moved = 0;

  function local(event) {
    return event.clientX - glass.getBoundingClientRect().left;
  }

  function point(event) {
    pointed = event === null ? null : Math.min(Math.max(toTime(local(event)), 0), data.duration_s);
    cursor.hidden = pointed === null;
    if (pointed !== null) cursor.style.transform = `translateX(${toPx(pointed)}px)`;
    emit("pointed");
  }

  glass.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, local(event));
    glass.setPointerCapture(event.pointerId);
  });
  glass.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before !== undefined) {
      const now = local(event);
      moved += Math.abs(now - before);
      const others = [...fingers].filter(([id]) => id !== event.pointerId);
      if (others.length) pinch(before, now, others[0][1]);
      else if (moved > CLICK_PX) pan((before - now) / width());
      fingers.set(event.pointerId, now);
    }
    point(event);
  });
  glass.addEventListener("pointerup", (event) => {
    const alone = fingers.size === 1 && fingers.delete(event.pointerId);
    fingers.delete(event.pointerId);
    if (alone && moved <= CLICK_PX) emoreport.seek(toTime(local(event)));
  });
  glass.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  glass.addEventListener("pointerleave", () => point(null));
  glass.addEventListener("wheel", (event) => {
    const [start, end] = state.view;
    const whole = end - start >= data.duration_s - 1e-9;
    // Nothing is left to zoom out of: the page scrolls on.
    if (whole && event.deltaY > 0) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width());
    else zoom(Math.exp(event.deltaY * 0.002), toTime(local(event)));
  }, { passive: false });

  function pinch(before, now, other) {
    const [was, is] = [Math.abs(before - other), Math.abs(now - other)];
    if (was > 10 && is > 10) zoom(was / is, toTime((now + other) / 2));
  }
})();
