/** The labels of the model: how they are named and drawn, and the rule that gives them. */

import { el, svg } from "./dom.js";

/** How the sample of each kind of underline is drawn, in the order of the labels. */
const LINES = [
  "M1 8H23",
  "M1 6H23M1 10H23",
  "M1 8q2.75-5 5.5 0t5.5 0 5.5 0 5.5 0",
  "M1 8H23",
  "M2 8H23",
];

/** Why a sentence gets no label whatever its scores: a short mark, and a whole sentence. */
export const REASONS = {
  language_unsupported: ["other language", "Its language is not one that the model was taught."],
  too_short: ["too short", "It is too short to be judged."],
  too_long: ["too long", "It is too long to be one sentence."],
  not_prose: ["not prose", "It is no prose: code, a table or a list of figures."],
  unknown_words: ["unknown words", "The model knows too few of its words."],
  nobody_named: [
    "nobody named",
    "It names no side that a label could be about (codebook rule 13).",
  ],
};

/** Tell whether a sentence lies outside the model's world, beyond naming nobody. */
export const isOutside = (sentence) =>
  Boolean(sentence.reason) && sentence.reason !== "nobody_named";

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}\u202f%`;

/** The taxonomy with the thresholds that hold on the page. */
export class Labels {
  /** Take the answers of `GET /labels` and `GET /model`. */
  constructor(taxonomy, model) {
    this.list = taxonomy.labels.map((label, index) => ({
      ...label,
      line: `line-${index % LINES.length}`,
    }));
    this.languages = taxonomy.languages;
    this.isMulti = taxonomy.is_multi_label ?? true;
    this.model = model;
    this.thresholds = { ...model.thresholds };
    this.byId = Object.fromEntries(this.list.map((label) => [label.id, label]));
  }

  /** Whether a threshold differs from the model's own. */
  get areMoved() {
    return this.list.some(({ id }) => this.thresholds[id] !== this.model.thresholds[id]);
  }

  reset() {
    this.thresholds = { ...this.model.thresholds };
  }

  /**
   * Return the ids of the labels of a sentence under the thresholds of the page, by the rule of
   * the service: its score reaches the threshold, and it is possible for the sentence at all.
   */
  give(sentence) {
    if (!this.areMoved) return sentence.labels;
    const possible = sentence.reason ? [] : (sentence.possible ?? sentence.labels);
    const given = this.list
      .map(({ id }) => id)
      .filter((id) => possible.includes(id) && sentence.scores[id] >= this.thresholds[id]);
    if (this.isMulti || given.length < 2) return given;
    const ratio = (id) => sentence.scores[id] / Math.max(this.thresholds[id], Number.MIN_VALUE);
    return [given.reduce((best, id) => (ratio(id) > ratio(best) ? id : best))];
  }

  /** Return a sample of a label's underline, its sign beside its name. */
  swatch(id) {
    const { line, color } = this.byId[id];
    const path = svg("path", { d: LINES[Number(line.at(-1))] });
    return svg(
      "svg",
      {
        class: `swatch hue ${line}`,
        viewBox: "0 0 24 14",
        "aria-hidden": "true",
        vars: { "--c": color },
      },
      path,
    );
  }

  /** Return a label's swatch and short name. */
  name(id) {
    return el(
      "span",
      { class: "label-name", title: this.byId[id].title },
      this.swatch(id),
      this.byId[id].short,
    );
  }

  /** Return the names of labels as text, `none` if there are none. */
  names(ids, none = "no label") {
    return ids.map((id) => this.byId[id].short).join(", ") || none;
  }
}
