// What a model that learns has learned: the claims behind a prediction, its confidence, its record.

const LATEST = 10;
const MARKS = new Map([[true, "✓"], [false, "✗"], [null, ""]]);
const percent = (value) => `${Math.round(value * 100)} %`;

/** Fill a place with the claims behind a prediction; the pixels of the one pointed at are framed on the screen. */
export function showClaims(place, prediction, screen) {
  place.hidden = !prediction?.claims || prediction.confidence === null;
  if (place.hidden) { place.replaceChildren(); return; }
  const { claims, more_claims: more } = prediction;
  const table = document.createElement("table");
  table.createCaption().textContent = "Claims behind this prediction";
  const head = table.createTHead().insertRow(), body = table.createTBody();
  for (const text of ["expert", "says", "trust", ""]) {
    const cell = document.createElement("th");
    cell.textContent = text;
    head.append(cell);
  }
  for (const claim of claims) row(body.insertRow(), claim, screen);
  const rest = document.createElement("p");
  rest.className = "quiet";
  rest.textContent = more ? `and ${more} more` : claims.length ? "" : "None yet: the frame is predicted to stay as it is.";
  place.replaceChildren(...(claims.length ? [table] : []), rest);
}

function row(place, { expert, says, rule, trust, right, box }, screen) {
  for (const text of [expert, says, percent(trust), MARKS.get(right)]) place.insertCell().textContent = text;
  place.title = `rule: ${rule}`;
  if (right !== null) {
    place.classList.add(right ? "right" : "wrong");
    place.lastChild.setAttribute("aria-label", right ? "right" : "wrong");
  }
  const [x, y, width, height] = box;
  place.addEventListener("pointerenter", () => screen.mark("rect", { class: "aim claimed", x: x - 0.5, y: y - 0.5, width: width + 1, height: height + 1 }));
  place.addEventListener("pointerleave", () => screen.box.querySelectorAll(".claimed").forEach((mark) => mark.remove()));
}

/** The confidence of a prediction in words, with whether it was right; a value for `facts`. */
export function confidence({ confidence: share, right }) {
  if (share === null) return "none: true frame";
  const words = `${percent(share)}, status bars left out`;
  return right === null ? words : [`${words}: was ${right ? "right" : "wrong"}`, right ? "won" : "over"];
}

/** How many steps of a line were predicted right. */
export function record(line) {
  const scored = line.filter((step) => step.right !== null), latest = scored.slice(-LATEST);
  const right = (steps) => steps.filter((step) => step.right).length;
  if (!scored.length) return "nothing yet: it learns from every action";
  return `${right(scored)} of ${scored.length} frames; ${right(latest)} of the latest ${latest.length}`;
}

/** What the caption says of a prediction: its confidence, and where the level stands if that matters. */
export function certainty({ confidence, depth, state }, standing) {
  if (confidence === null) return `${standing}, ${depth ? "reset" : "true frame"}`;
  const ended = state === "NOT_FINISHED" ? "" : `${standing}, `;
  return `${ended}confidence ${percent(confidence)}${depth > 1 ? `, ${depth} imagined` : ""}`;
}
