/** The panel that tells why: scores against cuts, the terms that sum to a score, what is alike. */

import { explain } from "./api.js";
import { meter, termChart } from "./charts.js";
import { offerCorrection } from "./correct.js";
import { codebookRules } from "./documents.js";
import { announce, byId, debounce, el, problemBox } from "./dom.js";
import { REASONS, percent } from "./labels.js";

const TYPING_PAUSE = 180;

/** The panel of one sentence at a time. `onClose` is called by its own button. */
export class Why {
  constructor(labels, onClose) {
    this.labels = labels;
    this.onClose = onClose;
    this.panel = byId("why");
    this.rescore = debounce((text) => this.whatIf(text), TYPING_PAUSE);
  }

  hide() {
    this.asked?.abort();
    this.panel.hidden = true;
  }

  /** Explain a sentence; `text` is the sentence itself. */
  async show(sentence, text) {
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    this.sentence = sentence;
    this.text = text;
    this.label = sentence.given[0] ?? this.likeliest(sentence.scores);
    this.panel.replaceChildren(
      this.head(),
      el("p", { class: "quote" }, text),
      el("p", { class: "muted", role: "status" }, "Asking why …"),
    );
    this.panel.hidden = false;
    this.panel.scrollTop = 0;
    try {
      this.evidence = await explain(text, sentence.language, signal);
      this.draw(await codebookRules());
      announce(`Sentence ${sentence.number + 1}: ${this.labels.names(sentence.given)}`);
    } catch (error) {
      if (error.name !== "AbortError") this.panel.lastElementChild.replaceWith(problemBox(error));
    }
  }

  likeliest(scores) {
    const ratio = ({ id }) => scores[id] / this.labels.thresholds[id];
    return this.labels.list.reduce((best, one) => (ratio(one) > ratio(best) ? one : best)).id;
  }

  head() {
    return el(
      "div",
      { class: "why-head" },
      el("h2", { id: "why-title" }, "Why"),
      el("span", { class: "muted small" }, `sentence ${this.sentence.number + 1}`),
      el(
        "button",
        {
          type: "button",
          class: "quiet icon",
          "aria-label": "Close the panel",
          click: () => this.onClose(),
        },
        "✕",
      ),
    );
  }

  draw(rules) {
    const { sentence } = this;
    this.quote = el("p", { class: "quote", lang: sentence.language });
    this.terms = el("div", { class: "terms" });
    this.panel.replaceChildren(
      this.head(),
      this.quote,
      ...this.verdicts(sentence),
      el(
        "div",
        { class: "scores", role: "radiogroup", "aria-label": "Show the terms of" },
        this.labels.list.map(({ id }) => this.scoreRow(id)),
      ),
      this.terms,
      this.whatIfBox(),
      this.nearest(rules),
      this.correction(),
    );
    this.drawTerms();
  }

  verdicts(sentence) {
    const told = [];
    if (sentence.reason) told.push(`No label, whatever its scores. ${REASONS[sentence.reason][1]}`);
    if (sentence.uncertain)
      told.push(
        "Uncertain: by its score, for one of the labels the other answer is possible, too.",
      );
    const known = Math.round(100 * sentence.known);
    if (sentence.reason === "unknown_words") told.push(`It knows ${known} % of them.`);
    return told.map((text) => el("p", { class: "notice" }, text));
  }

  scoreRow(id) {
    const { color } = this.labels.byId[id];
    const score = this.sentence.scores[id];
    const cut = this.labels.thresholds[id];
    const isGiven = this.sentence.given.includes(id);
    const verdict = isGiven ? "given" : score >= cut ? "not possible here" : "below the cut";
    const radio = el("input", {
      type: "radio",
      name: "why-label",
      value: id,
      checked: id === this.label,
      change: () => {
        this.label = id;
        this.drawTerms();
      },
    });
    return el(
      "label",
      { class: isGiven ? "score given" : "score" },
      radio,
      el("span", { class: "score-name" }, this.labels.name(id)),
      el("span", { class: "number", "data-score": id }, percent(score, 1)),
      meter(score, cut, color),
      el("span", { class: "muted small" }, `cut ${percent(cut, 1)}, ${verdict}`),
    );
  }

  /** Draw quote and chart for the label that is chosen. */
  drawTerms() {
    const found = this.evidence?.evidence.find((one) => one.label === this.label);
    if (!found) {
      this.quote.textContent = this.text;
      return;
    }
    const { color, title } = this.labels.byId[this.label];
    this.quote.replaceChildren(...tinted(this.text, found.spans, color));
    this.terms.replaceChildren(
      el("h3", {}, "Terms for and against"),
      el(
        "p",
        { class: "muted small" },
        `What each adds to the logit of “${title}”. The bars begin at the intercept and end at the sentence's logit.`,
      ),
      termChart(found, this.labels.thresholds[this.label], color),
    );
  }

  whatIfBox() {
    this.results = el("div", { class: "whatif-scores", "aria-live": "polite" });
    const box = el("textarea", {
      id: "whatif",
      rows: 3,
      lang: this.sentence.language,
      spellcheck: "false",
      input: (event) => this.rescore(event.target.value),
    });
    box.value = this.text;
    return el(
      "section",
      { class: "whatif" },
      el("h3", {}, el("label", { for: "whatif" }, "What if it read …")),
      el("p", { class: "muted small" }, "Change a word; the scores follow."),
      box,
      this.results,
    );
  }

  /** Score the edited sentence; an answer that comes too late is dropped. */
  async whatIf(text) {
    this.trial?.abort();
    const { signal } = (this.trial = new AbortController());
    try {
      const answer = text.trim()
        ? await explain(text.toWellFormed(), this.sentence.language, signal)
        : null;
      this.results.replaceChildren(
        ...(answer
          ? this.whatIfRows(answer)
          : [el("p", { class: "muted small" }, "Nothing to score.")]),
      );
    } catch (error) {
      if (error.name !== "AbortError") this.results.replaceChildren(problemBox(error));
    }
  }

  whatIfRows(answer) {
    const given = this.labels.give(answer);
    const rows = this.labels.list.map(({ id, color }) => {
      const change = answer.scores[id] - this.sentence.scores[id];
      const sign = change > 0 ? "+" : "−";
      return el(
        "div",
        { class: given.includes(id) ? "tip-line given" : "tip-line" },
        this.labels.name(id),
        meter(answer.scores[id], this.labels.thresholds[id], color),
        el("span", { class: "number", "data-whatif": id }, percent(answer.scores[id], 1)),
        el(
          "span",
          { class: "number muted" },
          Math.abs(change) < 0.0005 ? "±0" : `${sign}${(100 * Math.abs(change)).toFixed(1)}`,
        ),
      );
    });
    if (answer.reason) rows.push(el("p", { class: "muted small" }, REASONS[answer.reason][1]));
    return rows;
  }

  nearest(rules) {
    const found = this.evidence?.nearest ?? [];
    if (!found.length) return null;
    return el(
      "section",
      { class: "nearest" },
      el("h3", {}, "Most alike in the labelled set"),
      found.map((one) =>
        el(
          "article",
          {},
          el("p", { class: "alike" }, one.text),
          el(
            "p",
            { class: "small alike-facts" },
            one.labels.length
              ? one.labels.map((id) => this.labels.name(id))
              : el("span", { class: "muted" }, "no label"),
            el("span", { class: "muted" }, `likeness ${one.similarity.toFixed(2)}`),
          ),
          one.rules.length ? ruleList(one.rules, rules) : null,
        ),
      ),
    );
  }

  correction() {
    if (!this.labels.model.corrections) return null;
    return el(
      "button",
      {
        type: "button",
        class: "wrong",
        click: () => offerCorrection(this.labels, this.sentence, this.text),
      },
      "This label is wrong …",
    );
  }
}

/** Return the rules that a neighbour illustrates, by number, each opening to its text if known. */
function ruleList(numbers, rules) {
  const all = `Codebook rules ${numbers.join(", ")}`;
  const known = numbers.filter((number) => rules[number]);
  if (!known.length) return el("p", { class: "small muted" }, all);
  const texts = known.map((number) =>
    el("details", {}, el("summary", {}, `${number}. ${rules[number].title}`), rules[number].body()),
  );
  return el("details", { class: "rules" }, el("summary", {}, all), texts);
}

/** Return a sentence in pieces, each tinted by what it adds to a label; against it is dashed. */
function tinted(text, spans, color) {
  const largest = Math.max(...spans.map((span) => Math.abs(span.contribution)), 0.5);
  const pieces = [];
  let filled = 0;
  for (const span of [...spans].sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (span.from < filled || span.to - span.from > text.length * 0.9) continue;
    const weight = Math.abs(span.contribution) / largest;
    pieces.push(text.slice(filled, span.from));
    const word = text.slice(span.from, span.to);
    const shown = `${span.contribution >= 0 ? "+" : "−"}${Math.abs(span.contribution).toFixed(2)}`;
    pieces.push(
      weight < 0.05
        ? word
        : el(
            "span",
            {
              class: span.contribution >= 0 ? "for hue" : "against",
              title: shown,
              vars: { "--c": color, "--w": `${Math.round(55 * weight)}%` },
            },
            word,
          ),
    );
    filled = span.to;
  }
  return [...pieces, text.slice(filled)];
}
