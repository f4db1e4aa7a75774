/** Where in the text the labels stand: a row a label, and a slider that goes to the sentence. */

import { byId, svg } from "./dom.js";

const WIDTH = 1000;
const ROW = 10;

export class Strip {
  constructor(labels, reader) {
    this.labels = labels;
    this.reader = reader;
  }

  /** Draw the strip of a reading; `wide` is how many units a row is. */
  draw({ sentences, text }) {
    this.sentences = sentences;
    this.scale = WIDTH / Math.max(1, text.length);
    const height = ROW * this.labels.list.length;
    this.here = svg("rect", { class: "here", y: 0, height });
    this.slider = svg(
      "svg",
      {
        class: "strip",
        viewBox: `0 0 ${WIDTH} ${height}`,
        preserveAspectRatio: "none",
        role: "slider",
        tabindex: 0,
        "aria-label": "Where in the text the labels stand",
        "aria-valuemin": 1,
        "aria-valuemax": sentences.length,
        click: (event) => this.onClick(event),
        keydown: (event) => this.onKey(event),
      },
      sentences.flatMap((sentence) => this.marks(sentence)),
      this.here,
    );
    const hadFocus = byId("strip").contains(document.activeElement);
    byId("strip").replaceChildren(this.slider);
    if (hadFocus) this.slider.focus();
    this.moveTo(this.reader.current);
  }

  marks(sentence) {
    const x = sentence.from * this.scale;
    const width = Math.max((sentence.to - sentence.from) * this.scale, 2);
    return this.labels.list.flatMap(({ id, color }, row) =>
      sentence.given.includes(id)
        ? [
            svg("rect", {
              class: "hue",
              x,
              y: ROW * row + 2,
              width,
              height: ROW - 4,
              rx: 1,
              vars: { "--c": color },
            }),
          ]
        : [],
    );
  }

  /** Show which sentence has come into focus. */
  moveTo(number) {
    const sentence = this.sentences?.[number];
    if (!sentence) return;
    this.here.setAttribute("x", sentence.from * this.scale);
    this.here.setAttribute("width", Math.max((sentence.to - sentence.from) * this.scale, 3));
    this.slider.setAttribute("aria-valuenow", number + 1);
    const names = this.labels.names(sentence.given);
    this.slider.setAttribute(
      "aria-valuetext",
      `sentence ${number + 1} of ${this.sentences.length}: ${names}`,
    );
  }

  onClick(event) {
    const box = this.slider.getBoundingClientRect();
    const unit = (((event.clientX - box.left) / box.width) * WIDTH) / this.scale;
    const found = this.sentences.findIndex((sentence) => sentence.to > unit);
    this.reader.goTo(found < 0 ? this.sentences.length - 1 : found);
  }

  onKey(event) {
    const steps = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      PageUp: 10,
      PageDown: -10,
      Home: -Infinity,
      End: Infinity,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = this.reader.current + steps[event.key];
    this.reader.goTo(Math.min(this.sentences.length - 1, Math.max(0, next)), false);
  }
}
