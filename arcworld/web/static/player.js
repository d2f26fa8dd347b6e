// Moves through a recording: by step, at 20 frames a second, or to marks. Used by Replay and Compare.

import { trouble, say } from "./api.js";
import { drawFrame, words } from "./draw.js";
import { refresh } from "./keys.js";
import { RecordingView } from "./recording-view.js";

const PACE = 50;
const REST = 250;

export class Player {
  /** `show` draws the step; `runs` gives the runs whose predictions are wanted, `drawn` whether a run has a curve. */
  constructor({ timeline, runs, show, screen, drawn = () => true }) {
    Object.assign(this, { timeline, runs, show, screen, drawn });
    this.view = null;
    this.at = 0;
    this.playing = this.open = false;
  }

  async load(id) {
    this.stop();
    try {
      this.view = await RecordingView.open(id);
    } catch (error) {
      trouble(error);
      return false;
    }
    this.timeline.steps = this.view.steps;
    this.go(0);
    return true;
  }

  go(at, { still = true } = {}) {
    if (!this.view) return;
    this.at = Math.min(Math.max(at, 0), this.view.steps.length - 1);
    this.moving = 0;
    this.draw();
    if (still && !this.playing) {
      say(`step ${this.at + 1}: ${words(this.view.steps[this.at].action)}`);
      if (this.view.steps[this.at].grids > 1) this.animate();
    }
    this.think();
  }

  draw() {
    if (!this.view) return;
    this.show(this.view, this.at);
    this.timeline.curves = this.curves();
    this.timeline.move(this.at);
  }

  curves() { return this.runs().map((run) => (this.drawn(run) ? this.view.of(run).curve : [])); }

  /** Fetch predictions while some are missing and the room is open. */
  async think() {
    if (this.thinking) return;
    this.thinking = true;
    try {
      for (let more = true; more && this.open && !document.hidden;) {
        const view = this.view;
        more = false;
        for (const run of this.runs()) {
          const had = Boolean(view.of(run).steps[this.at]);
          if (await view.fetch(run, this.at)) more = true;
          if (view !== this.view) { more = true; break; }
          if (!this.playing && !this.moving) had ? this.timeline.draw() : this.draw();
          this.timeline.curves = this.curves();
        }
        if (more) await new Promise((done) => setTimeout(done, REST));
        else this.draw();
      }
    } catch (error) {
      trouble(error);
    } finally {
      this.thinking = false;
    }
  }

  toggle() {
    if (this.playing) { this.stop(); return; }
    if (!this.view) return;
    if (this.at >= this.view.steps.length - 1) this.at = 0;
    this.playing = true;
    this.moving = 0;
    let due = performance.now() + PACE;
    const turn = (now) => {
      if (!this.playing) return;
      if (now >= due - 2) {
        due = Math.max(due + PACE, now - PACE);
        if (this.at >= this.view.steps.length - 1) this.stop();
        else this.go(this.at + 1, { still: false });
      }
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  stop() {
    this.playing = false;
    refresh();
    this.draw();
  }

  /** The grids between this frame and the next, on the screen of what came. */
  async animate() {
    const at = this.at, token = (this.moving = (this.moving || 0) + 1);
    try {
      const grids = await this.view.animation(at);
      for (const [number, grid] of grids.entries()) {
        if (this.at !== at || this.moving !== token || this.playing) return;
        drawFrame(this.screen.canvas, grid);
        this.screen.note = `grid ${number + 1} of ${grids.length}`;
        await new Promise((done) => setTimeout(done, 3 * PACE));
      }
    } catch (error) {
      trouble(error);
    }
    this.moving = 0;
    if (this.at === at) this.draw();
  }

  worst() {
    const [run] = this.runs(), at = run === undefined ? -1 : this.view.worst(run);
    if (at < 0) trouble("no step is analysed yet; wait a moment");
    else this.go(at);
  }

  keys() {
    const step = (by) => (event) => { this.stop(); this.go(this.at + (event.shiftKey ? 10 * by : by)); };
    return [
      [" ", "space", "play", () => this.toggle(), () => this.playing],
      ["ArrowLeft", "←", "previous (shift: 10)", step(-1)],
      ["ArrowRight", "→", "next (shift: 10)", step(1)],
      ["Home", "home", "first", () => this.go(0)],
      ["End", "end", "last", () => this.go(Infinity)],
      ["j", "j", "most surprising", () => { this.stop(); this.worst(); }],
      ["p", "p", "level before", () => this.go(this.view.mark(this.at, -1))],
      ["n", "n", "next level", () => this.go(this.view.mark(this.at, 1))],
      ["g", "g", "animation", () => { this.stop(); this.animate(); }],
    ];
  }
}
