// Draws frames: the official palette, errors, and values per cell.

const HEX = "FFFFFF CCCCCC 999999 666666 333333 000000 E53AA3 FF7BCC F93C31 1E93FF 88D8F1 FFDC00 FF851B 921231 4FCC30 A356D6";
export const PALETTE = HEX.split(" ").map((c) => [0, 2, 4].map((i) => parseInt(c.slice(i, i + 2), 16)));
const HEAT = [[255, 255, 255], [255, 170, 60], [200, 30, 30], [0, 0, 0]];
const WORST = 8;
export const SIDE = 64;
export const NAMES = { 0: "reset", 1: "1 up", 2: "2 down", 3: "3 left", 4: "4 right", 5: "5 use", 6: "6 click", 7: "7 undo" };

/** 4,096 digits as colours. */
export function unpack(digits) {
  const frame = new Uint8Array(SIDE * SIDE);
  for (let i = 0; i < frame.length; i++) frame[i] = parseInt(digits[i], 16);
  return frame;
}

const picture = new ImageData(SIDE, SIDE);

function paint(canvas, colour) {
  const { data } = picture;
  for (let i = 0, at = 0; i < SIDE * SIDE; i++, at += 4) {
    const [r, g, b] = colour(i);
    data[at] = r;
    data[at + 1] = g;
    data[at + 2] = b;
    data[at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const cellOf = (i) => (i >> 9) * 8 + ((i & 63) >> 3);
const GREYS = PALETTE.map(([r, g, b]) => Math.floor((r + g + b) / 9) + 150);
const PALE = GREYS.map((grey) => [grey, grey, grey]);
const RED = [220, 30, 30];

export const drawFrame = (canvas, frame) => paint(canvas, (i) => PALETTE[frame[i]]);

export function drawDifference(canvas, frame, other) {
  paint(canvas, (i) => (frame[i] !== other[i] ? RED : PALE[frame[i]]));
}

export function differing(frame, other) {
  let count = 0;
  for (let i = 0; i < frame.length; i++) count += frame[i] !== other[i];
  return count;
}

/** Nats by cell over the frame in pale grey: none at 0, black at 8 and more. */
export function drawSurprise(canvas, frame, nats) {
  const heat = nats.map((value) => mix(HEAT, Math.min(Math.max(value / WORST, 0), 1)));
  paint(canvas, (i) => heat[cellOf(i)].map((part) => (part / 255) * GREYS[frame[i]]));
}

/** The policy's click probability: violet by cell over the frame in pale grey. */
export function drawPolicy(canvas, frame, prior) {
  const most = Math.max(...prior, 1e-9);
  tint(canvas, frame, prior.map((value) => Math.sqrt(value / most)), [163, 60, 220]);
}

/** P(level won) of a click: green by cell, full where it is 1. */
export function drawLevel(canvas, frame, level) {
  tint(canvas, frame, level.map(Math.sqrt), [47, 138, 28]);
}

function tint(canvas, frame, shares, colour) {
  const weight = shares.map((share) => share * 0.85);
  paint(canvas, (i) => {
    const grey = GREYS[frame[i]], w = weight[cellOf(i)];
    return colour.map((part) => grey * (1 - w) + part * w);
  });
}

export const drawPale = (canvas, frame) => paint(canvas, (i) => PALE[frame[i]]);

function mix(stops, share) {
  const at = share * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((part, k) => part + (stops[low + 1][k] - part) * (at - low));
}

export const pixels = (count) => `${count} pixel${count === 1 ? "" : "s"}`;

/** An action in words. */
export function words(action) {
  if (!action) return "opening";
  const [kind, x, y] = action;
  return kind === 6 ? `click ${x}, ${y}` : NAMES[kind];
}
