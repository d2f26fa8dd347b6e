// The Play page: the game and the world model take the same actions, side by side.

import { farewell, get, post, say, trouble } from "./api.js";
import { differing, drawDifference, drawFrame, drawLevel, drawPale, drawPolicy, NAMES, pixels, unpack, words } from "./draw.js";
import { refresh } from "./keys.js";
import { facts, options, Screen } from "./screens.js";
import { showBars } from "./bars.js";
import { certainty, confidence, record, showClaims } from "./claims.js";

const $ = (id) => document.getElementById(id);
const LATE = 250;

export class Play {
  constructor(about) {
    const place = $("play-screens");
    this.true = new Screen(place, "Game", "The actual game; click to act");
    this.dream = new Screen(place, "World model", "What the world model imagines; click to act");
    this.difference = new Screen(place, "Error", "Where the game and the world model differ");
    this.policy = new Screen(place, "Policy: click", "How likely the policy clicks on each cell");
    this.level = new Screen(place, "P(level won): click", "Probability that a click on each cell wins the level");
    for (const screen of [this.true, this.dream]) {
      screen.figure.classList.add("big");
      screen.box.classList.add("live");
      screen.onClick((x, y) => this.act([6, x, y]));
    }
    Object.assign(this, { about, model: about.runs[0], reply: null, looked: null, alone: false, agent: false, aim: null, busy: Promise.resolve(), waiting: 0 });
    options($("play-game"), about.games.map((name) => ({ id: name, name })));
    $("play-game").value = about.game;
    $("play-game").addEventListener("change", () => this.start());
    addEventListener("pagehide", () => this.id && farewell("close", { id: this.id }));
  }

  enter() { if (!this.id) return this.start(); }

  leave() { this.agent = false; }

  keys() {
    const act = (kind) => [
      String(kind), String(kind), NAMES[kind].slice(2), () => this.act([kind, -1, -1]), null, () => this.offers(kind),
    ];
    const arrow = (key, kind, dx, dy) => [key, "", "", (event) => this.arrow(kind, dx, dy, event.shiftKey)];
    return [
      ...[1, 2, 3, 4, 5, 7].map(act),
      arrow("ArrowUp", 1, 0, -1), arrow("ArrowDown", 2, 0, 1), arrow("ArrowLeft", 3, -1, 0), arrow("ArrowRight", 4, 1, 0),
      [" ", "", "", () => this.act([5, -1, -1])],
      ["c", "c", "click with keys", () => this.toggleAim(), () => this.aim],
      ["Enter", "⏎", "click here", () => this.aim && this.act([6, ...this.aim])],
      ["r", "r", "reset level", () => this.act([0, -1, -1]), null, () => this.offers(0)],
      ["d", "d", "model only", () => { this.alone = !this.alone; this.draw(); }, () => this.alone],
      ["w", "w", "resync model", () => this.send("resync")],
      [",", ",", "previous step", () => this.look(-1)],
      [".", ".", "next step", () => this.look(1)],
      ["f", "f", "fork here", () => this.fork()],
      ["b", "b", "other branch", () => this.send("switch_branch"), null, () => this.reply?.other_branch != null],
      ["s", "s", "agent: one step", () => this.send("agent")],
      ["h", "h", "agent plays", () => this.hand(), () => this.agent],
      ["o", "o", "record", () => this.send("record", { on: !this.reply?.recording }), () => this.reply?.recording],
      ["x", "x", "new game", () => this.start()],
    ];
  }

  async start() {
    const old = this.id;
    this.id = null;
    this.agent = false;
    try {
      if (old) await post("close", { id: old });
      const reply = await post("new", { game: $("play-game").value });
      this.id = reply.id;
      this.take(reply);
    } catch (error) {
      trouble(error);
    }
  }

  /** One action. If an earlier step is shown, it forks there first. */
  async act(action) {
    if (this.waiting > 2 || !this.pairedStep) return;
    if (!this.offers(action[0])) {
      const { legal } = this.alone ? this.pairedStep.dream : this.pairedStep.true;
      const offered = legal.map((kind) => NAMES[kind]).join(", ");
      trouble(`${words(action)} is not available now; ${offered ? `available: ${offered}` : "the game is won: x starts a new game"}`);
      return;
    }
    if (this.looked !== null) await this.fork();
    return this.send("step", { action, where: this.alone ? "dream" : "both" });
  }

  /** Requests one after another; the page shows each answer. */
  send(name, body = {}) {
    if (!this.id) return Promise.resolve();
    this.waiting++;
    this.busy = this.busy.then(async () => {
      try {
        this.take(await post(name, { id: this.id, ...body }));
      } catch (error) {
        this.agent = false;
        trouble(error);
        refresh();
      } finally {
        this.waiting--;
      }
    });
    return this.busy;
  }

  take(reply) {
    reply.line.unshift(...(this.reply?.line ?? []).slice(0, reply.since));
    this.reply = reply;
    this.looked = null;
    this.pairedStep = open(reply.now);
    this.predictions = null;
    this.draw();
    refresh();
    if (reply.note) trouble(reply.note);
    say(`${words(reply.now.action)}: game and world model differ in ${pixels(reply.now.differ)}`);
    this.animate(this.pairedStep);
    clearTimeout(this.late);
    this.late = setTimeout(() => this.think(), LATE);
  }

  /** Whether an action may be taken at the step that is shown. */
  offers(kind) {
    if (!this.pairedStep) return false;
    return (this.alone ? this.pairedStep.dream : this.pairedStep.true).legal.includes(kind);
  }

  async think() {
    const { id, reply } = this;
    if (!id || this.waiting) return;
    try {
      const predictions = await get("predictions", { id });
      if (this.reply === reply) { this.predictions = predictions; this.draw(); }
    } catch (error) {
      trouble(error);
    }
  }

  /** Show the game's animation. */
  async animate(pairedStep) {
    for (const grid of pairedStep.grids.slice(0, -1)) {
      if (this.pairedStep !== pairedStep) return;
      drawFrame(this.true.canvas, grid);
      await new Promise((done) => setTimeout(done, 50));
    }
    if (this.pairedStep === pairedStep) drawFrame(this.true.canvas, pairedStep.true.pixels);
  }

  async look(by) {
    const last = this.reply.line.length - 1, at = Math.min(Math.max((this.looked ?? last) + by, 0), last);
    return this.lookAt(at);
  }

  async lookAt(at) {
    const looked = (this.looked = at === this.reply.line.length - 1 ? null : at);
    const { reply } = this;
    try {
      const pairedStep = open(await get("paired_step", { id: this.id, at }));
      if (this.looked !== looked || this.reply !== reply) return;
      this.pairedStep = pairedStep;
      this.draw();
    } catch (error) {
      trouble(error);
    }
  }

  fork() {
    if (this.looked === null) { trouble("first go to an earlier step, with , or on the timeline below; then fork there"); return Promise.resolve(); }
    return this.send("fork", { at: this.looked });
  }

  async hand() {
    this.agent = !this.agent;
    refresh();
    while (this.agent && this.reply && !this.reply.now.true.state.startsWith("WIN")) {
      await this.send("agent");
      await new Promise((done) => setTimeout(done, 30));
    }
    this.agent = false;
    refresh();
  }

  toggleAim() {
    this.aim = this.aim ? null : [32, 32];
    this.draw();
  }

  arrow(kind, dx, dy, far) {
    if (!this.aim) return this.act([kind, -1, -1]);
    const by = far ? 8 : 1, within = (value) => Math.min(Math.max(value, 0), 63);
    this.aim = [within(this.aim[0] + dx * by), within(this.aim[1] + dy * by)];
    say(`cursor at ${this.aim[0]}, ${this.aim[1]}`);
    this.draw();
  }

  draw() {
    if (!this.pairedStep) return;
    const { true: seen, dream, action, differ } = this.pairedStep;
    drawFrame(this.true.canvas, seen.pixels);
    drawFrame(this.dream.canvas, dream.pixels);
    drawDifference(this.difference.canvas, seen.pixels, dream.pixels);
    this.difference.note = differ ? pixels(differ) : "none";
    for (const screen of [this.true, this.dream]) this.aim ? screen.aim(...this.aim) : screen.ring(action);
    this.true.note = this.alone ? "paused" : standing(seen);
    this.dream.note = this.model.learns ? certainty(dream, standing(dream)) : `${standing(dream)}, ${dream.depth} predicted`;
    this.true.box.classList.toggle("live", !this.alone);
    this.drawPredictions(seen.pixels);
    this.drawLine();
    showClaims($("play-claims"), dream, this.dream);
    this.tell();
    refresh();
  }

  drawPredictions(frame) {
    const clicks = this.looked === null && this.predictions?.clicks;
    const past = this.looked !== null;
    const { legal, state } = this.pairedStep.true;
    for (const screen of [this.policy, this.level]) {
      if (this.model.learns) screen.figure.hidden = true;
      else if (state === "NOT_FINISHED") screen.figure.hidden = !legal.includes(6);
      screen.waiting = !past && !this.predictions;
    }
    if (clicks) drawPolicy(this.policy.canvas, frame, clicks.prior);
    else drawPale(this.policy.canvas, frame);
    const none = past ? "latest step only" : this.predictions ? "no clicks here" : "";
    this.policy.note = clicks ? "violet: more likely" : none;
    if (clicks) drawLevel(this.level.canvas, frame, clicks.level);
    else drawPale(this.level.canvas, frame);
    this.level.note = clicks ? `best ${Math.round(100 * Math.max(...clicks.level))} %` : none;
    if (this.predictions || past) showBars($("play-bars"), !past && this.predictions.bars, this.model.labels);
  }

  drawLine() {
    const at = this.looked ?? this.reply.line.length - 1, shown = this.reply.line.slice(-120), skipped = this.reply.line.length - shown.length;
    $("play-line").replaceChildren(...shown.map((pairedStep, k) => {
      const made = document.createElement("button"), number = skipped + k;
      made.textContent = `${number} ${words(pairedStep.action).replace(/^\d /, "")}`;
      made.title = "show this step; the next action then forks here";
      made.classList.toggle("dreamt", pairedStep.where === "dream");
      if (pairedStep.right !== null) made.classList.add(pairedStep.right ? "right" : "wrong");
      made.setAttribute("aria-pressed", String(number === at));
      made.addEventListener("click", () => this.lookAt(number));
      return made;
    }));
    const place = $("play-line"), here = place.children[at - skipped];
    if (here) place.scrollLeft = here.offsetLeft - place.clientWidth / 2;
  }

  tell() {
    const { line, recording } = this.reply, { true: seen, dream, by, beliefs } = this.pairedStep;
    const entries = [
      ["step", this.looked === null ? `${line.length - 1}` : [`${this.looked} of ${line.length - 1}: an action here forks`, "banner"]],
      [this.model.learns ? "model" : "run", this.model.name],
      ["level", `${Math.min(seen.levels + 1, seen.win_levels)} of ${seen.win_levels}`],
      ["chosen by", by],
      ...beliefs.map((line, place) => [place ? "or" : "believed goal", line]),
      ["prediction", dream.outcomes ? `${Math.round(dream.outcomes[1] * 100)} % level won, ${Math.round(dream.outcomes[2] * 100)} % game over` : "none yet"],
      ...this.learned(),
      ["available actions", seen.legal.map((kind) => NAMES[kind]).join(", ") || "none"],
    ];
    if (this.reply.other_branch !== null) entries.push(["other branch", `${this.reply.other_branch} steps (b switches)`]);
    if (recording) entries.push(["recording to", [recording, "won"]]);
    facts($("play-facts"), entries);
  }

  /** Facts about a model that learns: confidence of the shown prediction, and how many were right. */
  learned() {
    if (!this.model.learns) return [];
    const { dream, right } = this.pairedStep, at = this.looked ?? this.reply.line.length - 1;
    return [
      ["confidence", confidence({ ...dream, right })],
      ["predicted right", record(this.reply.line.slice(0, at + 1))],
    ];
  }
}

function open(pairedStep) {
  for (const side of [pairedStep.true, pairedStep.dream]) side.pixels = unpack(side.frame);
  pairedStep.grids = pairedStep.true.grids.map(unpack);
  pairedStep.differ = differing(pairedStep.true.pixels, pairedStep.dream.pixels);
  return pairedStep;
}

function standing({ state, levels, win_levels }) {
  if (state === "WIN") return "won";
  return state === "GAME_OVER" ? "game over" : `level ${levels + 1} of ${win_levels}`;
}
