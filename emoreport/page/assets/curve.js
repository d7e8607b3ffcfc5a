"use strict";
// Readings of the frames, or of the voice windows: their true means over any stretch at any zoom.
emoreport.curveOf = (readings, labels) => {
  const { data, bytes } = emoreport;
  const TICKS_PER_S = 10000;
  const STEPS = 254;
  const MISSING = 255;
  const count = readings.count;

  const raw = bytes(readings.time);
  const view = new DataView(raw.buffer);
  const time = new Float64Array(count + 1);
  for (let i = 0; i <= count; i += 1) time[i] = view.getUint32(4 * i, true) / TICKS_PER_S;
  const packed = bytes(readings.probabilities);

  // sums[k][i]: integral of the probability of label k from the first reading to reading i, each
  // counting for as long as it holds and not at all where nothing is known (no usable face, no
  // speech); seen[i]: seconds with a known reading so far. A "frame" below is either kind.
  const sums = labels.map(() => new Float64Array(count + 1));
  const seen = new Float64Array(count + 1);
  for (let i = 0; i < count; i += 1) {
    const known = packed[i] !== MISSING;
    seen[i + 1] = seen[i] + (known ? time[i + 1] - time[i] : 0);
  }
  labels.forEach((_, k) => {
    const sum = sums[k];
    const from = k * count;
    for (let i = 0; i < count; i += 1) {
      const value = packed[from + i];
      sum[i + 1] = sum[i] + (value === MISSING ? 0 : (value / STEPS) * (time[i + 1] - time[i]));
    }
  });

  // Number of frames that start at or before a time.
  function started(at) {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // A sum at any time: it grows evenly while a frame is on screen.
  function upTo(sum, at, frame) {
    if (frame < 0) return 0;
    const length = time[frame + 1] - time[frame];
    const part = length > 0 ? Math.min(1, (at - time[frame]) / length) : 1;
    return sum[frame] + part * (sum[frame + 1] - sum[frame]);
  }

  // Bounds of the points of the curve: single frames where there is room for them, else equal
  // stretches whose bounds do not move when the view does.
  function bounds(start, end, columns) {
    const first = Math.max(0, started(start) - 1);
    const last = started(end);
    if (last - first <= columns) return { edges: time.slice(first, last + 1), single: true };
    const width = (end - start) / columns;
    const edges = [];
    for (let k = Math.floor(start / width); k * width < end + width; k += 1) {
      edges.push(Math.min(Math.max(k * width, 0), data.duration_s));
    }
    return { edges: Float64Array.from(new Set(edges)), single: false };
  }

  // What the curve shows of [start, end) with at most so many points.
  //   edges (n + 1): bounds in seconds; coverage (n): share of each stretch with a known reading;
  //   share[k] (n): mean probability of label k times the coverage, so that the shares of a stretch
  //   sum to its coverage.
  function visible(start, end, columns) {
    const { edges, single } = bounds(start, end, columns);
    const points = Math.max(0, edges.length - 1);
    const coverage = new Float64Array(points);
    const share = labels.map(() => new Float64Array(points));
    const frames = Int32Array.from(edges, (at) => started(at) - 1);
    for (let i = 0; i < points; i += 1) {
      const length = edges[i + 1] - edges[i];
      if (length <= 0) continue;
      const part = (sum) =>
        (upTo(sum, edges[i + 1], frames[i + 1]) - upTo(sum, edges[i], frames[i])) / length;
      coverage[i] = part(seen);
      if (coverage[i] > 0) labels.forEach((_, k) => { share[k][i] = part(sums[k]); });
    }
    return { edges, coverage, share, single };
  }

  // Probabilities of the reading that holds a time; null where nothing is known.
  function at(when) {
    const frame = Math.min(started(when), count) - 1;
    if (frame < 0 || (frame === count - 1 && when > time[count]) || packed[frame] === MISSING) return null;
    return labels.map((_, k) => packed[k * count + frame] / STEPS);
  }

  return { count, labels, time, visible, at };
};
emoreport.curve = emoreport.curveOf(emoreport.data.frames, emoreport.data.face_labels);
emoreport.voiceCurve = emoreport.curveOf(emoreport.data.windows, emoreport.data.voice_labels);
