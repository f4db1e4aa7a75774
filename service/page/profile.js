/** The whole text: shares per label with intervals, thresholds, the strip, the filters. */

import { intervalChart } from "./charts.js";
import { byId, el, svg } from "./dom.js";
import { isOutside, percent } from "./labels.js";
import { countLabels, wilson } from "./stats.js";

/** What stands beside and above the article, and follows its labels. */
export class Profile {
  constructor(labels, reader) {
    this.labels = labels;
    this.reader = reader;
    this.wanted = new Set();
  }

  /** Show the profile of a new reading. */
  begin(reading) {
    this.reading = reading;
    this.wanted.clear();
    this.labels.reset();
    for (const sentence of reading.sentences) sentence.given = sentence.labels;
    this.reader.filter = null;
    byId("notices").replaceChildren();
    this.addNotices(reading.notices);
    this.makeShares();
    this.update();
  }

  addNotices(notices) {
    byId("notices").append(...notices.map(({ detail }) => el("p", { class: "notice" }, detail)));
  }

  /** Draw everything anew from the labels as they are now. */
  update() {
    const { sentences, language } = this.reading;
    const n = sentences.length;
    const counts = countLabels(sentences, this.labels);
    byId("facts").textContent = `${n.toLocaleString("en")} ${n === 1 ? "sentence" : "sentences"}, language ${languageName(language)}`;
    for (const { id } of this.labels.list) this.updateShare(id, counts[id], n);
    byId("reset-cuts").hidden = !this.labels.areMoved;
    this.drawStrip();
    this.drawFilters(counts);
  }

  makeShares() {
    const parts = this.labels.list.map((label) => {
      const slider = el("input", {
        type: "range", min: 0.01, max: 0.99, step: 0.01, id: `cut-${label.id}`,
        "aria-describedby": `validation-${label.id}`,
        input: (event) => this.move(label.id, Number(event.target.value)),
      });
      slider.value = this.labels.thresholds[label.id];
      return el("div", { class: "share", id: `share-${label.id}` },
        el("div", { class: "share-head" }, this.labels.name(label.id), el("strong", { class: "number" })),
        el("div", { class: "interval-box" }),
        el("div", { class: "cut" },
          el("label", { for: slider.id }, "Cut"), slider, el("output", { class: "number", for: slider.id }),
          el("span", { class: "validation", id: `validation-${label.id}` })));
    });
    byId("shares").replaceChildren(...parts);
    byId("shares-note").replaceChildren(
      "Share of sentences with each label, with its 95 % interval. A higher cut gives fewer labels, more of them right. Precision and recall are those of the model's own validation.",
      el("button", { type: "button", id: "reset-cuts", click: () => this.reset() }, "Back to the model's cuts"));
  }

  updateShare(id, count, n) {
    const box = byId(`share-${id}`);
    const { share, low, high } = wilson(count, n);
    const cut = this.labels.thresholds[id];
    box.querySelector("strong").textContent = percent(share);
    box.querySelector(".interval-box").replaceChildren(
      intervalChart({ share, low, high, color: this.labels.byId[id].color }),
      el("span", { class: "muted small" }, `${count} of ${n}, interval ${percent(low)} to ${percent(high)}`));
    box.querySelector("output").textContent = cut.toFixed(2);
    box.querySelector(".validation").textContent = validationText(this.labels.model.curves?.[id], cut);
  }

  move(id, cut) {
    this.labels.thresholds[id] = cut;
    this.reader.relabel();
    this.update();
  }

  reset() {
    this.labels.reset();
    for (const { id } of this.labels.list) byId(`cut-${id}`).value = this.labels.thresholds[id];
    this.reader.relabel();
    this.update();
    byId("whole").querySelector("input").focus();
  }

  /** Draw where in the text the labels stand; a slider that goes to the sentence. */
  drawStrip() {
    const { sentences, text } = this.reading;
    const rows = this.labels.list.length;
    const length = Math.max(1, text.length);
    const marks = sentences.flatMap((sentence) => sentence.given.map((id) => {
      const row = this.labels.list.findIndex((label) => label.id === id);
      const width = Math.max((1000 * (sentence.to - sentence.from)) / length, 2);
      return svg("rect", { class: "hue", x: (1000 * sentence.from) / length, y: row * 10 + 1.5, width, height: 7, vars: { "--c": this.labels.byId[id].color } });
    }));
    this.here = svg("rect", { class: "here", y: 0, height: rows * 10, width: 0 });
    const strip = svg("svg", { class: "strip", viewBox: `0 0 1000 ${rows * 10}`, preserveAspectRatio: "none", role: "slider", tabindex: 0, "aria-label": "Where in the text the labels stand", "aria-valuemin": 1, "aria-valuemax": sentences.length,
      click: (event) => this.goToPoint(event),
      keydown: (event) => this.onStripKey(event) }, marks, this.here);
    byId("strip").replaceChildren(strip);
    this.at(this.reader.current);
  }

  at(number) {
    const strip = byId("strip").firstElementChild;
    const sentence = this.reading.sentences[number];
    if (!sentence) return;
    const length = this.reading.text.length;
    this.here.setAttribute("x", (1000 * sentence.from) / length);
    this.here.setAttribute("width", Math.max((1000 * (sentence.to - sentence.from)) / length, 3));
    strip.setAttribute("aria-valuenow", number + 1);
    strip.setAttribute("aria-valuetext", `sentence ${number + 1} of ${this.reading.sentences.length}: ${this.labels.names(sentence.given)}`);
  }

  goToPoint(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const unit = ((event.clientX - box.left) / box.width) * this.reading.text.length;
    const found = this.reading.sentences.findIndex((sentence) => sentence.to > unit);
    this.goTo(found < 0 ? this.reading.sentences.length - 1 : found);
  }

  onStripKey(event) {
    const last = this.reading.sentences.length - 1;
    const now = this.reader.current;
    const next = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, PageUp: now + 10, PageDown: now - 10, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.goTo(Math.min(last, Math.max(0, next)), false);
  }

  goTo(number, withFocus = true) {
    this.reader.goTo(number, withFocus);
    this.at(number);
  }

  drawFilters(counts) {
    const { sentences } = this.reading;
    const kinds = [
      ...this.labels.list.map(({ id }) => ({ key: id, name: this.labels.name(id), n: counts[id], test: (s) => s.given.includes(id) })),
      { key: "uncertain", name: "uncertain", test: (s) => s.uncertain },
      { key: "outside", name: "outside the model's world", test: isOutside },
      { key: "none", name: "no label", test: (s) => !s.given.length && !isOutside(s) },
    ];
    this.tests = Object.fromEntries(kinds.map(({ key, test }) => [key, test]));
    const focused = document.activeElement?.dataset.filter;
    const buttons = kinds.map(({ key, name, n, test }) => {
      const count = n ?? sentences.filter(test).length;
      return el("button", { type: "button", "data-filter": key, "aria-pressed": String(this.wanted.has(key)), click: () => this.toggle(key) },
        name, el("span", { class: "number" }, count.toLocaleString("en")));
    });
    const jump = (direction, sign, name) => el("button", { type: "button", class: "jump", "aria-label": name, title: name, "data-filter": name, click: () => this.jump(direction) }, sign);
    byId("filters").replaceChildren(...buttons, el("span", { class: "spacer" }), jump(-1, "↑", "Previous marked sentence"), jump(1, "↓", "Next marked sentence"));
    if (focused) byId("filters").querySelector(`[data-filter="${CSS.escape(focused)}"]`)?.focus();
  }

  toggle(key) {
    if (!this.wanted.delete(key)) this.wanted.add(key);
    const tests = [...this.wanted].map((one) => this.tests[one]);
    this.reader.applyFilter(tests.length ? (sentence) => tests.some((test) => test(sentence)) : null);
    for (const button of byId("filters").querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(this.wanted.has(button.dataset.filter)));
    }
  }

  jump(direction) {
    const found = this.reader.find(direction);
    if (found !== null) this.goTo(found);
  }
}

/** Return what the validation of the model says about a cut. */
function validationText(curve, cut) {
  if (!curve?.length) return "";
  const point = curve.reduce((best, one) => (Math.abs(one.threshold - cut) < Math.abs(best.threshold - cut) ? one : best));
  const precision = point.precision === null ? "undefined" : point.precision.toFixed(2);
  return `precision ${precision}, recall ${point.recall.toFixed(2)} in validation`;
}

function languageName(code) {
  if (code === "und") return "undetermined";
  if (code === "zxx" || !code) return "none";
  return new Intl.DisplayNames("en", { type: "language", fallback: "code" }).of(code);
}
