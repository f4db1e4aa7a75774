/** The thresholds: a slider a label, and what the model's validation says of each cut. */

import { byId, el } from "./dom.js";
import { percent } from "./labels.js";

export class Cuts {
  /** `onMove` is called after a threshold of `labels` has changed. */
  constructor(labels, onMove) {
    this.labels = labels;
    this.onMove = onMove;
    const { prevalence } = labels.model.calibration;
    const where = prevalence
      ? `, for a text in which ${percent(prevalence)} of the sentences carry the label`
      : "";
    this.back = el(
      "button",
      { type: "button", id: "reset-cuts", click: () => this.reset() },
      "Back to the model's cuts",
    );
    byId("cuts").append(
      el("summary", {}, "Move the cuts"),
      el(
        "p",
        { class: "muted small" },
        `A label is given from its cut on. A higher cut gives fewer labels, more of them right. Precision and recall: in the model's own validation${where}.`,
      ),
      ...labels.list.map((label) => this.row(label)),
      this.back,
    );
    byId("cuts").open = matchMedia("(min-width: 64rem)").matches;
    this.show();
  }

  row({ id }) {
    const input = (event) => {
      this.labels.thresholds[id] = Number(event.target.value);
      this.show();
      this.onMove();
    };
    return el(
      "div",
      { class: "cut" },
      el("label", { for: `cut-${id}` }, this.labels.name(id)),
      el("output", { class: "number", id: `cut-value-${id}`, for: `cut-${id}` }),
      el("input", {
        type: "range",
        min: 0.01,
        max: 0.99,
        step: 0.01,
        id: `cut-${id}`,
        "aria-describedby": `validation-${id}`,
        input,
      }),
      el("span", { class: "muted small", id: `validation-${id}` }),
    );
  }

  /** Go back to the model's thresholds without a word to anybody. */
  clear() {
    this.labels.reset();
    this.show();
  }

  reset() {
    this.clear();
    this.onMove();
    byId("cuts").querySelector("input").focus();
  }

  show() {
    for (const { id } of this.labels.list) {
      const cut = this.labels.thresholds[id];
      byId(`cut-${id}`).value = cut;
      byId(`cut-value-${id}`).textContent = cut.toFixed(2);
      byId(`validation-${id}`).textContent = validationOf(this.labels.model.curves?.[id], cut);
    }
    this.back.hidden = !this.labels.areMoved;
  }
}

/** Return what the point of the validation's curve that is nearest to a cut says. */
function validationOf(curve, cut) {
  if (!curve?.length) return "no validation stored";
  const far = (point) => Math.abs(point.threshold - cut);
  const point = curve.reduce((best, one) => (far(one) < far(best) ? one : best));
  const precision = point.precision === null ? "undefined" : point.precision.toFixed(2);
  return `precision ${precision}, recall ${point.recall.toFixed(2)}`;
}
