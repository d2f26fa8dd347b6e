// The room where a recording is stepped through, beside what a run thinks of every step.

import { differing, drawDifference, drawFrame, drawLevel, drawPale, drawPolicy, drawSurprise, pixels, words } from "./draw.js";
import { Player } from "./player.js";
import { facts, Map64, options, Screen } from "./screens.js";
import { showBars } from "./bars.js";
import { confidence, showClaims } from "./claims.js";
import { Timeline } from "./timeline.js";

export const OUTCOMES = ["", "level won", "game over"];
const $ = (id) => document.getElementById(id);

export class Replay {
  constructor(about) {
    const place = $("replay-screens");
    const make = (title, label) => new Screen(place, title, label);
    this.before = make("Previous frame", "The frame in which the action is taken");
    this.after = make("Actual next frame", "The next frame in the recording");
    this.predicted = make("Predicted next frame", "The next frame that the world model predicts");
    this.policy = make("Policy: click", "How likely the policy clicks on each cell");
    this.surprise = make("Surprise per cell", "How unlikely the world model thought each cell of the next frame");
    this.difference = make("Error", "Where the actual and the predicted next frame differ");
    this.level = new Map64($("replay-clicks"), "P(level won) of each click", "How likely a click on each cell wins the level");
    this.about = about;
    this.policy.figure.hidden = about.runs[0].learns;
    const timeline = new Timeline($("replay-timeline"), (at) => { this.player.playing = false; this.player.go(at); });
    this.player = new Player({ timeline, runs: () => [0], show: (view, at) => this.show(view, at), screen: this.after });
    const pick = $("replay-recording");
    options(pick, about.recordings);
    pick.addEventListener("change", () => this.choose());
  }

  enter() {
    this.player.open = true;
    if (this.player.view) this.player.think();
    else return this.player.load($("replay-recording").value);
  }

  /** Load what is picked; where that fails, what was there stays. */
  async choose() {
    const pick = $("replay-recording"), { view } = this.player;
    if (!(await this.player.load(pick.value)) && view) pick.value = view.id;
  }

  leave() {
    this.player.open = false;
    this.player.playing = false;
  }

  keys() {
    const other = (by) => () => {
      const pick = $("replay-recording");
      const to = (pick.selectedIndex + by + pick.length) % pick.length;
      pick.selectedIndex = to;
      this.choose();
    };
    return [...this.player.keys(), ["[", "[", "recording before", other(-1)], ["]", "]", "next recording", other(1)]];
  }

  show(view, at) {
    const step = view.steps[at], before = view.before(at), after = view.after(at), prediction = view.of(0).steps[at];
    drawFrame(this.before.canvas, before);
    this.before.ring(step.action);
    this.before.note = words(step.action);
    drawFrame(this.after.canvas, after);
    this.after.note = OUTCOMES[step.outcome] || (step.grids > 1 ? `${step.grids} grids` : "");
    for (const screen of [this.predicted, this.difference, this.surprise, this.policy]) screen.waiting = !prediction;
    if (prediction) this.think(before, after, step, prediction);
    showClaims($("replay-claims"), prediction, this.predicted);
    this.tell(view, at, prediction);
  }

  think(before, after, step, prediction) {
    drawFrame(this.predicted.canvas, prediction.predicted);
    drawDifference(this.difference.canvas, after, prediction.predicted);
    const wrong = differing(after, prediction.predicted);
    this.difference.note = wrong ? pixels(wrong) : "none";
    this.predicted.note = wrong ? "" : "exact";
    drawSurprise(this.surprise.canvas, after, prediction.surprise);
    this.surprise.note = `${prediction.nats.toFixed(1)} nats`;
    if (prediction.clicks) drawPolicy(this.policy.canvas, before, prediction.clicks.prior);
    else drawPale(this.policy.canvas, before);
    this.policy.ring(step.action);
    this.policy.note = prediction.clicks ? "violet: more likely" : "no clicks here";
    this.level.show(prediction.clicks && ((canvas) => drawLevel(canvas, before, prediction.clicks.level)));
    showBars($("replay-bars"), prediction.bars, this.about.runs[0].labels, step.action[0]);
  }

  tell(view, at, prediction) {
    const { steps, about } = view, step = steps[at], done = view.of(0).done;
    const [run] = this.about.runs, trained = about.trained[0] ? "trained on this recording" : "not trained on this recording";
    const entries = [
      ["game", about.game_id],
      [run.learns ? "model" : "run", `${run.name}, ${run.learns ? "learns each step after predicting it" : trained}`],
      ["step", `${at + 1} of ${steps.length}`],
      ["action", words(step.action)],
      ["level", `${Math.min(step.level + 1, about.win_levels)} of ${about.win_levels}`],
      ["outcome", step.outcome ? [OUTCOMES[step.outcome], step.outcome === 1 ? "won" : "over"] : "none"],
    ];
    if (prediction?.claims) entries.push(["confidence", confidence(prediction)]);
    if (prediction) entries.push(["predicted outcome", predicted(prediction.outcomes)]);
    if (done < steps.length) entries.push(["analysed", `${done} of ${steps.length} steps`]);
    facts($("replay-facts"), entries);
  }
}

/** Probabilities of outcomes in words. */
export function predicted([, won, over]) {
  return `${Math.round(won * 100)} % level won, ${Math.round(over * 100)} % game over`;
}
