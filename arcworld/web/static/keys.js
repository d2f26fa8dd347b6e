// Keys of the open view. Each is also a button on the screen that does the same.

let room = [];
const shared = [];
const place = document.getElementById("keys");

/** Keys are [key, shown, words, act, pressed?, offered?]; the last two say whether it is on and available. */
export function show(keys) {
  room = keys;
  place.replaceChildren(...[...room, ...shared].filter(([, shown]) => shown).map(button));
  refresh();
}

/** Keys of every view. */
export function share(keys) { shared.push(...keys); }

/** Show which keys are on and available. */
export function refresh() {
  [...place.children].forEach((child) => {
    if (child.offered) child.setAttribute("aria-disabled", String(!child.offered()));
    if (child.pressed) child.setAttribute("aria-pressed", String(Boolean(child.pressed())));
  });
}

function button([, shown, words, act, pressed, offered]) {
  const made = document.createElement("button");
  const key = document.createElement("kbd");
  key.textContent = shown;
  made.append(key, words);
  made.setAttribute("aria-keyshortcuts", shown);
  Object.assign(made, { pressed, offered });
  made.addEventListener("click", (event) => { act(event); refresh(); if (event.detail) made.blur(); });
  return made;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inside = event.target.closest("select, input");
  if (inside) return;
  const onButton = event.target.closest("button, canvas[tabindex]");
  if (onButton && (event.key === "Enter" || event.key === " ")) return;
  const found = [...room, ...shared].find(([key]) => key === event.key || key === event.key.toLowerCase());
  if (!found) return;
  event.preventDefault();
  found[3](event);
  refresh();
});
