// Bars by action: P(level won), and the policy's probability or the prediction's confidence.

import { NAMES } from "./draw.js";

const percent = (value) => (value >= 0.0995 || value === 0 ? `${Math.round(value * 100)} %` : `${(value * 100).toFixed(1)} %`);

/** Fill a place with a table; `labels` name the two bars, `taken` is the id of the action that was taken. */
export function showBars(place, bars, labels, taken) {
  if (!bars?.length) { place.replaceChildren(); return; }
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of ["action", ...labels]) {
    const cell = document.createElement("th");
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { id, level, prior, cell } of bars) {
    const row = body.insertRow();
    row.classList.toggle("taken", id === taken);
    const name = row.insertCell();
    name.className = "name";
    name.textContent = (id === taken ? "▸ " : "") + NAMES[id];
    if (id === 6) name.title = `the best cell: ${cell % 8}, ${Math.floor(cell / 8)}`;
    row.insertCell().append(bar("level", level));
    row.insertCell().append(bar("prior", prior));
  }
  place.replaceChildren(table);
}

function bar(kind, value) {
  const place = document.createElement("div"), fill = document.createElement("i"), reply = document.createElement("span");
  place.className = `bar ${kind}`;
  fill.style.width = `${Math.min(value, 1) * 100}%`;
  reply.textContent = percent(value);
  place.append(fill, reply);
  return place;
}
