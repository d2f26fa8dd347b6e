// Panels: a caption, a sharp 64x64 canvas, and marks above it.

import { SIDE } from "./draw.js";

const SVG = "http://www.w3.org/2000/svg";

export class Screen {
  constructor(parent, title, label) {
    this.figure = document.createElement("figure");
    this.figure.innerHTML = "<figcaption><b></b><span></span></figcaption><div class='screen'><canvas width='64' height='64' role='img'></canvas></div>";
    this.box = this.figure.querySelector(".screen");
    this.canvas = this.figure.querySelector("canvas");
    this.marks = document.createElementNS(SVG, "svg");
    this.marks.setAttribute("viewBox", "0 0 64 64");
    this.marks.setAttribute("aria-hidden", "true");
    this.box.append(this.marks);
    this.title = title;
    this.canvas.setAttribute("aria-label", label ?? title);
    this.label = label ?? title;
    parent.append(this.figure);
  }

  set title(text) { this.figure.querySelector("b").textContent = text; }

  /** A few words beside the title, read out with the picture. */
  set note(text) {
    const place = this.figure.querySelector("span");
    if (place.textContent === text) return;
    place.textContent = text;
    place.title = text;
    this.canvas.setAttribute("aria-label", text ? `${this.label}: ${text}` : this.label);
  }

  set waiting(on) { this.box.classList.toggle("waiting", on); }

  /** A ring round the pixel of a click; none for another action. */
  ring(action) {
    this.marks.replaceChildren();
    if (!action || action[0] !== 6) return;
    for (const name of ["ring-edge", "ring"]) {
      this.mark("circle", { class: name, cx: action[1] + 0.5, cy: action[2] + 0.5, r: 3 });
    }
  }

  /** Cross-hairs on a pixel. */
  aim(x, y) {
    this.marks.replaceChildren();
    this.mark("path", { class: "aim", d: `M${x + 0.5} 0V64M0 ${y + 0.5}H64` });
    this.mark("rect", { class: "aim", x: x - 0.5, y: y - 0.5, width: 2, height: 2 });
  }

  mark(kind, attributes) {
    const shape = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    this.marks.append(shape);
  }

  /** Call with (x, y) of each pixel that is clicked; clicks outside are ignored. */
  onClick(act) {
    this.canvas.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * SIDE);
      const y = Math.floor(((event.clientY - box.top) / box.height) * SIDE);
      if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) act(x, y);
    });
  }
}

/** A small picture that is hidden while there is nothing to show. */
export class Map64 {
  constructor(place, title, label) {
    this.place = place;
    this.screen = new Screen(place, title, label);
    place.hidden = true;
  }

  show(draw) {
    this.place.hidden = !draw;
    if (draw) draw(this.screen.canvas);
  }
}

/** Fill a list of facts; a value is text, or [text, class]. */
export function facts(place, entries) {
  place.replaceChildren();
  for (const [name, value] of entries) {
    const pair = document.createElement("div"), term = document.createElement("dt"), reply = document.createElement("dd");
    term.textContent = name;
    [reply.textContent, reply.className] = Array.isArray(value) ? value : [value, ""];
    pair.append(term, reply);
    place.append(pair);
  }
}

/** Options of a select. */
export function options(select, entries) {
  select.replaceChildren(...entries.map(({ id, name }) => new Option(name, id)));
}
