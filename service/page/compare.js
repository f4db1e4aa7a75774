/** The Compare view: two or more texts, their profiles in one chart with intervals. */

import { classify } from "./api.js";
import { axis, axisMaximum, intervalRow } from "./charts.js";
import { announce, byId, el, problemBox } from "./dom.js";
import { PAIR } from "./examples.js";
import { Reader } from "./reader.js";
import { countLabels, wilson } from "./stats.js";

const MOST = 4;

/** Connect the view; `readAt(text, number)` opens a sentence in the Read view. */
export function initCompare(labels, readAt) {
  let running = null;
  const cards = el("div", { class: "cards" });
  const results = el("div", { id: "comparison", "aria-live": "polite" });
  const more = el("button", { type: "button", click: () => add() }, "Add a text");
  const form = el(
    "form",
    { submit: compare },
    cards,
    el(
      "div",
      { class: "actions bare" },
      el("button", { type: "submit", class: "primary" }, "Compare"),
      more,
      el(
        "button",
        { type: "button", id: "example-pair", click: () => fillExample() },
        "Two invented outlets on one event",
      ),
    ),
  );
  byId("compare").append(
    el("h1", { id: "compare-title" }, "Compare texts"),
    el(
      "p",
      { class: "lead" },
      "Two or more texts side by side: what share of their sentences voices what, and how sure that share is.",
    ),
    form,
    results,
  );
  add();
  add();

  function add(name = "", text = "") {
    const number = cards.children.length + 1;
    const card = el(
      "fieldset",
      { class: "card" },
      el("legend", { class: "visually-hidden" }, `Text ${number}`),
      el("label", { class: "small muted", for: `name-${number}` }, "Name"),
      el("input", {
        type: "text",
        id: `name-${number}`,
        value: name || `Text ${number}`,
        maxlength: 60,
        autocomplete: "off",
      }),
      el("label", { class: "small muted", for: `text-${number}` }, "Text"),
      el("textarea", {
        id: `text-${number}`,
        rows: 7,
        spellcheck: "false",
        placeholder: "Paste a text here",
      }),
    );
    card.querySelector("textarea").value = text;
    cards.append(card);
    more.disabled = cards.children.length >= MOST;
  }

  function fillExample() {
    cards.replaceChildren();
    for (const { name, text } of PAIR) add(name, text);
    form.requestSubmit();
  }

  async function compare(event) {
    event.preventDefault();
    running?.abort();
    const { signal } = (running = new AbortController());
    const texts = [...cards.children]
      .map((card) => ({
        name: card.querySelector("input").value.trim() || "Unnamed",
        text: card.querySelector("textarea").value.toWellFormed(),
      }))
      .filter(({ text }) => text.trim());
    if (texts.length < 2)
      return results.replaceChildren(problemBox(new Error("Two texts are needed at least.")));
    results.replaceChildren(el("p", { class: "muted" }, "Reading …"));
    try {
      for (const one of texts) {
        one.reading = await classify(one.text, { signal });
        for (const sentence of one.reading.sentences) sentence.given = sentence.labels;
        one.counts = countLabels(one.reading.sentences, labels);
        one.n = one.reading.sentences.length;
      }
      draw(texts);
      announce(`Compared ${texts.length} texts.`);
    } catch (error) {
      if (error.name !== "AbortError") results.replaceChildren(problemBox(error));
    }
  }

  function draw(texts) {
    const columns = el("div", { class: "columns", vars: { "--n": texts.length } });
    results.replaceChildren(
      el("h2", {}, "Profiles"),
      el(
        "p",
        { class: "muted small" },
        "Share of sentences with a label, and its 95 % interval (Wilson). Where intervals overlap widely, the texts may not differ.",
      ),
      profiles(texts, labels),
      el("h2", {}, "Texts"),
      el(
        "p",
        { class: "muted small" },
        "Choose a sentence to open it under Read, with its reasons.",
      ),
      columns,
    );
    for (const { name, text, reading } of texts) {
      const box = el("div", { class: "text", role: "group", "aria-label": name });
      columns.append(el("article", {}, el("h3", {}, name), box));
      new Reader(box, labels, { onSelect: (sentence) => readAt(text, sentence.number) }).extend(
        reading,
      );
    }
  }
}

/** Return a panel a label, a row a text, all on one scale. */
export function profiles(groups, labels, of = "share of sentences") {
  const all = groups.flatMap(({ counts, n }) => labels.list.map(({ id }) => wilson(counts[id], n)));
  const max = axisMaximum(all.map(({ high }) => high));
  return el(
    "div",
    { class: "multiples" },
    labels.list.map(({ id, color, title }) =>
      el(
        "section",
        { class: "multiple", "aria-label": title },
        el("h3", {}, labels.name(id)),
        groups.map(({ name, counts, n }) =>
          intervalRow({ name, count: counts[id], n, max, color, ...wilson(counts[id], n) }),
        ),
        axis(max, of),
      ),
    ),
  );
}
