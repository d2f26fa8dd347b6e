// Starts the page: the three views, the theme, and the keys that every view has.

import { get, trouble } from "./api.js";
import { Compare } from "./compare.js";
import { share, show } from "./keys.js";
import { Play } from "./play.js";
import { Replay } from "./replay.js";

const $ = (id) => document.getElementById(id);
const NAMES = ["replay", "play", "compare"];
const rooms = {};
let open = null;

function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("theme", name);
  document.dispatchEvent(new Event("themed"));
}

function turn() { theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"); }

async function enter(name) {
  if (open === name) return;
  rooms[open]?.leave();
  open = name;
  for (const each of NAMES) {
    $(each).hidden = each !== name;
    $(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    $(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  history.replaceState(null, "", `#${name}`);
  scrollTo(0, 0);
  show(rooms[name].keys());
  await rooms[name].enter();
}

async function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  theme(localStorage.getItem("theme") ?? (dark ? "dark" : "light"));
  $("theme").addEventListener("click", turn);
  const about = await get("about");
  $("status").textContent = `${about.runs.map((run) => run.name).join(", ")} · recordings: ${about.recordings.length}`;
  Object.assign(rooms, { replay: new Replay(about), play: new Play(about), compare: new Compare(about) });
  const next = () => { const to = NAMES[(NAMES.indexOf(open) + 1) % NAMES.length]; enter(to); };
  share([["m", "m", "next view", next], ["t", "t", "dark or light", turn]]);
  for (const name of NAMES) $(`tab-${name}`).addEventListener("click", () => enter(name));
  document.querySelector("nav").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.stopPropagation();
    const to = NAMES[(NAMES.indexOf(open) + (event.key === "ArrowRight" ? 1 : 2)) % NAMES.length];
    enter(to);
    $(`tab-${to}`).focus();
  });
  document.addEventListener("visibilitychange", () => rooms[open].player?.think());
  const first = about.runs[0].learns ? "play" : "replay";
  const wanted = () => (NAMES.includes(location.hash.slice(1)) ? location.hash.slice(1) : first);
  addEventListener("hashchange", () => enter(wanted()));
  await enter(wanted());
}

begin().catch(trouble);
