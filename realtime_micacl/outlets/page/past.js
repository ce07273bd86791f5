"use strict";
// The last minute of a face as a ribbon: of each moment the shares, stacked in the order of the emotions.
const SPAN_S = 60, GAP_S = 0.6, TICK_S = 0.08;

class Past {
  constructor(canvas, colours) {
    this.canvas = canvas;
    this.colours = colours;
    this.samples = []; // [time, shares, how far back it holds]
    this.drawn = null; // the column up to which it is drawn
    this.due = Infinity; // the moment from which that is no longer right
  }

  add(time, shares, over) {
    const since = this.samples.length ? time - this.samples[this.samples.length - 1][0] : Infinity;
    const held = over || (since <= GAP_S ? since : TICK_S);
    this.samples.push([time, shares, held]);
    this.due = Math.min(this.due, time - held);
    while (this.samples[0][0] < time - SPAN_S - GAP_S) this.samples.shift();
  }

  // Draw up to `now`: what was drawn is moved to the left, so that a moment is painted once.
  draw(now, hatch) {
    const { canvas } = this, ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      this.drawn = null;
    }
    const last = Math.floor((now / SPAN_S) * width);
    const move = this.drawn === null ? width : Math.min(width, last - this.drawn);
    const due = Math.min(width, Math.max(move, last - Math.floor((this.due / SPAN_S) * width)));
    if (due <= 0) return;
    this.due = Infinity;
    const paint = canvas.getContext("2d");
    if (move > 0 && move < width) {
      paint.globalCompositeOperation = "copy";
      paint.drawImage(canvas, -move, 0);
      paint.globalCompositeOperation = "source-over";
    }
    paint.clearRect(width - due, 0, due, height);
    let at = 0;
    for (let x = width - due; x < width; x++) {
      const time = ((last - width + 1 + x) / width) * SPAN_S;
      while (at < this.samples.length && this.samples[at][0] < time) at++;
      const sample = this.samples[at];
      if (sample && sample[0] - time <= sample[2]) this.column(paint, x, height, sample[1]);
      else if (at > 0) this.gap(paint, x, height, last - width + 1 + x, hatch, ratio);
    }
    this.drawn = last;
  }

  column(paint, x, height, shares) {
    let below = height;
    shares.forEach((share, i) => {
      paint.fillStyle = this.colours[i];
      const top = i === shares.length - 1 ? 0 : Math.max(0, below - share * height);
      paint.fillRect(x, top, 1, below - top);
      below = top;
    });
  }

  gap(paint, x, height, column, hatch, ratio) {
    paint.fillStyle = hatch;
    const step = Math.round(7 * ratio), thick = Math.max(1, Math.round(1.2 * ratio));
    for (let y = step - 1 - (((column % step) + step) % step); y < height; y += step) paint.fillRect(x, y, 1, thick);
  }
}
