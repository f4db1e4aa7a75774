/** Model, codebook and model card, one click away, in one dialog. */

import { getText } from "./api.js";
import { byId, el, problemBox } from "./dom.js";
import { renderMarkdown } from "./markdown.js";

let fetched = null;

/** Connect the buttons that open a document. */
export function initDocuments(labels) {
  byId("open-model").addEventListener("click", () => show("Model", () => modelFacts(labels)));
  byId("open-codebook").addEventListener("click", () =>
    show("Codebook", () => rendered("/codebook")),
  );
  byId("open-card").addEventListener("click", () =>
    show("Model card", () => rendered("/model/card")),
  );
  const dialog = byId("document");
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

/** Return the codebook's rules by number: title, and a function that returns the text. */
export function codebookRules() {
  fetched ??= getText("/codebook")
    .then(parseRules)
    .catch(() => ({}));
  return fetched;
}

async function show(title, load) {
  const dialog = byId("document");
  const body = el(
    "div",
    { class: "document-body", tabindex: 0, role: "group", "aria-labelledby": "document-title" },
    el("p", { class: "muted" }, "Loading …"),
  );
  dialog.replaceChildren(
    el(
      "div",
      { class: "document-head" },
      el("h2", { id: "document-title" }, title),
      el(
        "button",
        { type: "button", class: "quiet icon", "aria-label": "Close", click: () => dialog.close() },
        "✕",
      ),
    ),
    body,
  );
  dialog.showModal();
  try {
    body.replaceChildren(...[await load()].flat());
  } catch (error) {
    body.replaceChildren(problemBox(error));
  }
}

/** Return a document without its first heading, which the dialog shows. */
const rendered = async (path) => renderMarkdown((await getText(path)).replace(/^# .*\n/, ""));

function modelFacts(labels) {
  const { model } = labels;
  const rows = labels.list.map(({ id, definition }) => {
    const measured = model.metrics.labels?.[id] ?? {};
    const cells = [model.thresholds[id], measured.precision, measured.recall, measured.f1];
    return el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        labels.name(id),
        el("span", { class: "muted small definition" }, definition),
      ),
      cells.map((value) => el("td", { class: "number" }, value?.toFixed(2) ?? "–")),
    );
  });
  return [
    el(
      "p",
      {},
      "Version ",
      el("strong", {}, model.version),
      " answered. Cite it with every figure: it changes whenever an answer could.",
    ),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Labels" },
      el(
        "table",
        { class: "grid" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["label", "cut", "precision", "recall", "F1"].map((name, i) =>
              el("th", { scope: "col", class: i ? "number" : null }, name),
            ),
          ),
        ),
        el("tbody", {}, rows),
      ),
    ),
    el(
      "p",
      { class: "muted small" },
      `Measured on ${model.metrics.measured_on ?? "an unknown set"}: ${(model.metrics.n_sentences ?? 0).toLocaleString("en")} sentences, of which more carry labels than of ordinary text. On real text expect less: the model card says how much, or else stance evaluate on a labelled sample of your texts.`,
    ),
    el(
      "p",
      { class: "muted small" },
      `Labels are given in ${labels.languages.join(", ")}. A sentence is marked uncertain where, by its score, the other answer is possible, too.`,
    ),
  ];
}

function parseRules(markdown) {
  const rules = {};
  for (const part of markdown.split(/^## /m)) {
    const head = /^Rule (\d+): (.*)\n/.exec(part);
    if (head)
      rules[head[1]] = {
        title: head[2],
        body: () => el("div", { class: "rule" }, renderMarkdown(part.slice(head[0].length))),
      };
  }
  return rules;
}
