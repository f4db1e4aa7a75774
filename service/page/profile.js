/** The whole text: shares per label with intervals, and what follows from the cuts. */

import { intervalChart } from "./charts.js";
import { Cuts } from "./cuts.js";
import { byId, el } from "./dom.js";
import { Filters } from "./filters.js";
import { isOutside, percent } from "./labels.js";
import { countLabels, wilson } from "./stats.js";
import { Strip } from "./strip.js";

/** What stands beside and above the article, and follows its labels. */
export class Profile {
  constructor(labels, reader) {
    this.labels = labels;
    this.reader = reader;
    this.strip = new Strip(labels, reader);
    this.filters = new Filters(labels, reader);
    this.cuts = new Cuts(labels, () => this.relabel());
  }

  /** Show the profile of a new reading. */
  begin(reading) {
    this.reading = reading;
    this.cuts.clear();
    for (const sentence of reading.sentences) sentence.given = sentence.labels;
    this.filters.clear();
    this.update();
  }

  /** Give the labels anew, once a frame at most: a slider moves faster than a long text is drawn. */
  relabel() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.reader.relabel();
      this.update();
    });
  }

  /** Draw everything anew from the labels as they are now. */
  update() {
    const { sentences, language, notices } = this.reading;
    const told = notices.map(({ detail }) => el("p", { class: "notice" }, detail));
    byId("notices").replaceChildren(...told);
    const n = sentences.length;
    const left = sentences.filter(isOutside).length;
    const counts = countLabels(sentences, this.labels);
    byId("facts").textContent =
      `${n.toLocaleString("en")} ${n === 1 ? "sentence" : "sentences"}, language ${languageName(language)}` +
      (left ? `; ${left.toLocaleString("en")} could not be judged and count as without a label` : "");
    byId("cite").textContent = this.citation();
    byId("shares").replaceChildren(
      ...this.labels.list.map((label) => this.share(label, counts[label.id], n, left < n)),
    );
    this.strip.draw(this.reading);
    this.filters.update(sentences);
  }

  /** Return what a printed report needs to be cited: model, day, cuts moved by hand. */
  citation() {
    const { name, version } = this.reading.model;
    const day = new Date().toLocaleDateString("en", { dateStyle: "long" });
    const cuts = this.labels.list
      .map(({ id, short }) => `${short} ${this.labels.thresholds[id].toFixed(2)}`)
      .join(", ");
    return `Model ${name} ${version}, read on ${day}.${this.labels.areMoved ? ` Cuts moved by hand: ${cuts}.` : ""}`;
  }

  share({ id, color }, count, n, isKnown) {
    const { share, low, high } = wilson(count, n);
    const told = isKnown
      ? `${count.toLocaleString("en")} of ${n.toLocaleString("en")}, 95 % interval ${percent(low)} to ${percent(high)}`
      : "No sentence could be judged.";
    return el(
      "div",
      { class: "share", "data-share": id },
      el(
        "div",
        { class: "share-head" },
        this.labels.name(id),
        el("strong", { class: "number" }, isKnown ? percent(share) : "–"),
      ),
      isKnown ? intervalChart({ share, low, high, color }) : null,
      el("span", { class: "muted small" }, told),
    );
  }
}

function languageName(code) {
  if (code === "und") return "undetermined";
  if (code === "zxx" || !code) return "none";
  return new Intl.DisplayNames("en", { type: "language", fallback: "code" }).of(code);
}
