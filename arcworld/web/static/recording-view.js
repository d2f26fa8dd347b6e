// A recording and the predictions of runs: all steps at once, predictions as they arrive.

import { get } from "./api.js";
import { unpack } from "./draw.js";

const CHUNK = 48;

export class RecordingView {
  static async open(id) {
    return new RecordingView(id, await get("recording", { recording: id }));
  }

  constructor(id, reply) {
    Object.assign(this, { id, about: reply, steps: reply.steps });
    this.frames = reply.frames.map(unpack);
    this.predictions = new Map();
  }

  before(at) { return this.frames[this.steps[at].before]; }
  after(at) { return this.frames[this.steps[at].after]; }

  /** The predictions of a run: { steps, curve, done }. */
  of(run) {
    if (!this.predictions.has(run)) this.predictions.set(run, { steps: [], curve: this.steps.map(() => null), done: 0 });
    return this.predictions.get(run);
  }

  /** Request missing predictions, from a step on; false if none is missing. */
  async fetch(run, at) {
    const known = this.of(run);
    let first = at;
    while (first < this.steps.length && known.steps[first]) first++;
    if (first === this.steps.length) {
      first = known.steps.findIndex((step) => !step);
      for (let i = 0; first < 0 && i < this.steps.length; i++) if (!known.steps[i]) first = i;
      if (first < 0) { known.done = this.steps.length; return false; }
    }
    const reply = await get("analysis", { recording: this.id, run, from: first, to: first + CHUNK });
    for (const [number, step] of Object.entries(reply.steps)) {
      step.predicted = unpack(step.predicted);
      known.steps[number] = step;
    }
    known.curve = reply.curve;
    known.done = known.steps.reduce((count, step) => count + Boolean(step), 0);
    return true;
  }

  async animation(at) {
    return (await get("animation", { recording: this.id, step: at })).grids.map(unpack);
  }

  /** The step that surprises most, of those known; -1 where none is. */
  worst(run) {
    const { curve } = this.of(run);
    return curve.reduce((best, value, i) => (value !== null && (best < 0 || value > curve[best]) ? i : best), -1);
  }

  /** The next step behind or before one at which a level is won or a game is lost. */
  mark(at, by) {
    for (let i = at + by; i >= 0 && i < this.steps.length; i += by) if (this.steps[i].outcome) return i;
    return at;
  }
}
