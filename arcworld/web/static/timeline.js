// The timeline of a recording: surprise of each step, levels won, games over, and the current step.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

export class Timeline {
  /** `seek` is called with the clicked step. */
  constructor(place, seek) {
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "slider");
    this.canvas.setAttribute("aria-label", "Step of the recording, over the curve of surprise");
    this.canvas.setAttribute("aria-valuemin", "0");
    place.append(this.canvas);
    this.curves = [[]];
    this.steps = [];
    this.at = 0;
    const go = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      seek(Math.min(Math.max(Math.floor(share * this.steps.length), 0), this.steps.length - 1));
    };
    this.canvas.addEventListener("pointerdown", (event) => { this.canvas.setPointerCapture(event.pointerId); go(event); });
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons) go(event); });
    new ResizeObserver(() => this.draw()).observe(place);
    document.addEventListener("themed", () => this.draw());
  }

  /** Mark the current step. */
  move(at) {
    this.at = at;
    this.canvas.setAttribute("aria-valuenow", String(at));
    this.canvas.setAttribute("aria-valuemax", String(Math.max(this.steps.length - 1, 0)));
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio, { clientWidth: w, clientHeight: h } = this.canvas;
    if (!w) return;
    if (this.canvas.width !== Math.round(w * ratio)) this.canvas.width = Math.round(w * ratio);
    if (this.canvas.height !== Math.round(h * ratio)) this.canvas.height = Math.round(h * ratio);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    const wide = w / Math.max(this.steps.length, 1);
    this.drawMarks(pen, wide, h);
    const most = Math.max(10, ...this.curves.flat().filter((value) => value !== null));
    this.curves.forEach((curve, k) => this.drawCurve(pen, curve, most, wide, h, k));
    pen.fillStyle = colour("--ink");
    pen.fillRect(this.at * wide + wide / 2 - 1, 0, 2, h);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = colour("--quiet");
    pen.fillText(`surprise, up to ${Math.round(most)} nats`, 5, 12);
  }

  drawMarks(pen, wide, h) {
    const won = this.steps.filter((step) => step.outcome === 1).length;
    const long = wide * this.steps.length > 130 * won;
    this.steps.forEach((step, i) => {
      if (step.opens && i) { pen.fillStyle = colour("--quiet"); pen.fillRect(i * wide, 0, 1, h); }
      if (!step.outcome) return;
      pen.fillStyle = colour(step.outcome === 1 ? "--level" : "--over");
      pen.globalAlpha = 0.45;
      pen.fillRect(i * wide, 0, Math.max(wide, 2), h);
      pen.globalAlpha = 1;
      if (step.outcome === 1) {
        pen.font = "bold 11px system-ui, sans-serif";
        const text = long ? `level ${step.level + 1} won` : `${step.level + 1}`;
        pen.fillText(text, Math.max(i * wide - pen.measureText(text).width - 4, 0), 25);
      }
    });
  }

  drawCurve(pen, curve, most, wide, h, k) {
    pen.fillStyle = colour(k ? "--prior" : "--accent");
    pen.globalAlpha = this.curves.length > 1 ? 0.55 : 0.85;
    curve.forEach((value, i) => {
      if (value === null) return;
      const tall = Math.sqrt(value / most) * (h - 14);
      pen.fillRect(i * wide, h - Math.max(tall, 1), Math.max(wide - (wide > 3 ? 1 : 0), 1), Math.max(tall, 1));
    });
    pen.globalAlpha = 1;
  }
}
