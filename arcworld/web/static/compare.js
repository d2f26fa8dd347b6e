// The room where two runs predict the same recording, side by side.

import { differing, drawDifference, drawFrame, drawPale, drawSurprise, pixels, words } from "./draw.js";
import { Player } from "./player.js";
import { predicted, OUTCOMES } from "./replay.js";
import { facts, options, Screen } from "./screens.js";
import { Timeline } from "./timeline.js";

const BASELINE = -1;
const $ = (id) => document.getElementById(id);

export class Compare {
  constructor(about) {
    this.about = about;
    const place = $("compare-screens");
    const row = (first, label) => ({
      seen: new Screen(place, first, label),
      predicted: new Screen(place, "Predicted next frame", "The next frame that this run predicts"),
      difference: new Screen(place, "Error", "Where this run's prediction is wrong"),
      surprise: new Screen(place, "Surprise per cell", "How unlikely this run thought each cell"),
    });
    this.rows = [row("Previous frame", "The frame in which the action is taken"), row("Actual next frame", "The next frame in the recording")];
    const timeline = new Timeline($("compare-timeline"), (at) => { this.player.playing = false; this.player.go(at); });
    this.player = new Player({
      timeline, runs: () => [...new Set(this.chosen())].filter((run) => run !== BASELINE), show: (view, at) => this.show(view, at), screen: this.rows[1].seen,
      drawn: (run) => this.comparable(run),
    });
    options($("compare-recording"), about.recordings);
    const baseline = { id: BASELINE, name: "baseline: the last frame again" };
    for (const id of ["compare-left", "compare-right"]) options($(id), [...about.runs, baseline]);
    $("compare-right").selectedIndex = 1;
    $("compare-recording").addEventListener("change", async ({ target }) => {
      const { view } = this.player;
      if (!(await this.player.load(target.value)) && view) target.value = view.id;
    });
    for (const id of ["compare-left", "compare-right"]) {
      $(id).addEventListener("change", () => { this.player.draw(); this.player.think(); });
    }
  }

  chosen() { return [Number($("compare-left").value), Number($("compare-right").value)]; }

  /** Whether a run's nats can stand beside those of the other: a model that learns has nats of its confidence. */
  comparable(run) {
    const learns = (one) => Boolean(this.about.runs[one]?.learns);
    return !learns(run) || this.chosen().filter((one) => one !== BASELINE).every(learns);
  }

  enter() {
    this.player.open = true;
    if (this.player.view) this.player.think();
    else return this.player.load($("compare-recording").value);
  }

  leave() {
    this.player.open = false;
    this.player.playing = false;
  }

  keys() { return this.player.keys(); }

  show(view, at) {
    const step = view.steps[at], after = view.after(at);
    drawFrame(this.rows[0].seen.canvas, view.before(at));
    this.rows[0].seen.ring(step.action);
    this.rows[0].seen.note = words(step.action);
    drawFrame(this.rows[1].seen.canvas, after);
    this.rows[1].seen.note = OUTCOMES[step.outcome];
    const reply = this.chosen().map((run, side) => this.showRun(this.rows[side], run, view, at, after));
    facts($("compare-facts"), [
      ["game", view.about.game_id],
      ["step", `${at + 1} of ${view.steps.length}`],
      ["action", words(step.action)],
      ...reply.flat(),
      ...(this.about.runs.length > 1 ? [] : [["more runs", "with --against RUN"]]),
    ]);
  }

  showRun(row, run, view, at, after) {
    if (run === BASELINE) return this.showFloor(row, view.before(at), after);
    const prediction = view.of(run).steps[at], { name } = this.about.runs[run];
    for (const screen of [row.predicted, row.difference, row.surprise]) screen.waiting = !prediction;
    row.predicted.note = name;
    if (!prediction) return [[name, "being analysed"]];
    const wrong = differing(after, prediction.predicted);
    drawFrame(row.predicted.canvas, prediction.predicted);
    drawDifference(row.difference.canvas, after, prediction.predicted);
    drawSurprise(row.surprise.canvas, after, prediction.surprise);
    row.difference.note = wrong ? pixels(wrong) : "none";
    const certain = prediction.claims && `confidence ${Math.round(100 * prediction.confidence)} %`;
    const nats = `${prediction.nats.toFixed(1)} nats`;
    row.surprise.note = certain || nats;
    return [[name, `${pixels(wrong)} wrong, ${certain || `${nats} (${this.soFar(view, run)})`}, ${predicted(prediction.outcomes)}`]];
  }

  /** The baseline: the previous frame, unchanged. */
  showFloor(row, before, after) {
    for (const screen of [row.predicted, row.difference, row.surprise]) screen.waiting = false;
    drawFrame(row.predicted.canvas, before);
    drawDifference(row.difference.canvas, after, before);
    drawPale(row.surprise.canvas, after);
    const wrong = differing(after, before);
    row.predicted.note = "previous frame";
    row.difference.note = wrong ? pixels(wrong) : "none";
    row.surprise.note = "not defined";
    return [["baseline", `${pixels(wrong)} wrong`]];
  }

  soFar(view, run) {
    const known = view.of(run).curve.filter((value) => value !== null);
    const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(known.length, 1);
    return `mean of ${known.length}: ${mean.toFixed(2)}`;
  }
}
