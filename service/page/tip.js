/**
 * The scores of a sentence beside it, on hover after a moment and on focus at once. It stays while
 * the pointer is on it, and Escape takes it away (WCAG 1.4.13).
 */

import { meter } from "./charts.js";
import { byId, el } from "./dom.js";
import { REASONS, percent } from "./labels.js";

const HOVER_PAUSE = 160;
const MARGIN = 8;
const HEADER = 70;

addEventListener("keydown", ({ key }) => {
  if (key === "Escape") byId("tip").hidden = true;
});

export class Tip {
  constructor(labels) {
    this.labels = labels;
    this.box = byId("tip");
    this.span = null;
  }

  /** Show the tip when the pointer has rested on a sentence; none with null. */
  showSoon(span, sentence) {
    clearTimeout(this.timer);
    if (!sentence) this.hideSoon();
    else if (span !== this.span || this.box.hidden)
      this.timer = setTimeout(() => this.show(span, sentence), HOVER_PAUSE);
  }

  show(span, sentence) {
    this.hide();
    const [line] = span.getClientRects();
    if (!line) return;
    this.span = span;
    // The box is shared by every text on the page; these are the listeners of the one that shows.
    this.box.onpointerenter = () => clearTimeout(this.timer);
    this.box.onpointerleave = () => this.hideSoon();
    this.box.replaceChildren(...this.lines(sentence));
    this.box.hidden = false;
    span.setAttribute("aria-describedby", "tip");
    // Without a gap, so that the pointer can move onto it.
    const { offsetHeight, offsetWidth } = this.box;
    const isBelow = line.top < offsetHeight + HEADER;
    const top = isBelow ? span.getBoundingClientRect().bottom : line.top - offsetHeight;
    const left = Math.max(MARGIN, Math.min(line.left, innerWidth - offsetWidth - MARGIN));
    this.box.style.setProperty("top", `${top}px`);
    this.box.style.setProperty("left", `${left}px`);
  }

  hideSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), HOVER_PAUSE);
  }

  hide() {
    clearTimeout(this.timer);
    this.box.hidden = true;
    this.span?.removeAttribute("aria-describedby");
    this.span = null;
  }

  lines(sentence) {
    const lines = this.labels.list.map(({ id, color }) => {
      const kind = sentence.given.includes(id) ? "tip-line given" : "tip-line";
      const bar = meter(sentence.scores[id], this.labels.thresholds[id], color);
      const score = el("span", { class: "number" }, percent(sentence.scores[id]));
      return el("span", { class: kind }, this.labels.name(id), bar, score);
    });
    const notes = [];
    if (sentence.reason) notes.push(`No label: ${REASONS[sentence.reason][1]}`);
    if (sentence.uncertain) notes.push("Uncertain: the other answer is possible, too.");
    return [...lines, ...notes.map((note) => el("span", { class: "tip-note" }, note))];
  }
}
