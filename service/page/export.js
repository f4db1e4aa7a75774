/** Take along: Markdown, JSON, csv, print. */

import { byId, toast } from "./dom.js";
import { REASONS, percent } from "./labels.js";
import { countLabels, wilson } from "./stats.js";

/** Connect the buttons; `getReading` returns what is on the page. */
export function initExport(labels, getReading) {
  byId("copy-markdown").addEventListener("click", () =>
    copy(asMarkdown(getReading(), labels), "Markdown"),
  );
  byId("copy-json").addEventListener("click", () => copy(asJson(getReading(), labels), "JSON"));
  byId("save-csv").addEventListener("click", () =>
    save("stance.csv", asCsv(getReading(), labels), "text/csv"),
  );
  byId("print").addEventListener("click", () => print());
}

/** Return the report of a reading as Markdown. */
export function asMarkdown(reading, labels) {
  const { sentences, model } = reading;
  const counts = countLabels(sentences, labels);
  const clean = (text) => text.replace(/\s+/g, " ").replace(/([\\|*_`[\]<>#])/g, "\\$1");
  const cuts = labels.areMoved
    ? ` (cuts moved by hand: ${labels.list.map(({ id }) => `${id} ${labels.thresholds[id]}`).join(", ")})`
    : "";
  const lines = [
    "# Stances",
    "",
    `${sentences.length} sentences, language ${reading.language}, model ${model.name} ${model.version}${cuts}`,
    "",
    "| label | sentences | share | 95 % interval |",
    "| --- | ---: | ---: | --- |",
    ...labels.list.map(({ id, title }) => {
      const { share, low, high } = wilson(counts[id], sentences.length);
      return `| ${title} | ${counts[id]} | ${percent(share)} | ${percent(low)} to ${percent(high)} |`;
    }),
    "",
  ];
  for (const sentence of sentences) {
    const text = clean(reading.text.slice(sentence.from, sentence.to));
    const marks = sentence.given.map(
      (id) => `${labels.byId[id].short} ${percent(sentence.scores[id])}`,
    );
    if (sentence.uncertain) marks.push("uncertain");
    if (sentence.reason && sentence.reason !== "nobody_named")
      marks.push(REASONS[sentence.reason][0]);
    lines.push(
      `${sentence.number + 1}. ${text}${marks.length ? ` **[${marks.join("; ")}]**` : ""}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Return a reading as JSON: the answer of the service, with the labels as the page shows them. */
export function asJson(reading, labels) {
  const counts = countLabels(reading.sentences, labels);
  const n = reading.sentences.length;
  const shares = Object.fromEntries(
    Object.entries(counts).map(([id, count]) => [id, n ? count / n : 0]),
  );
  const sentences = reading.sentences.map(
    ({ start, end, text, given, scores, known, reason, uncertain }) => ({
      start,
      end,
      text,
      labels: given,
      scores,
      known,
      reason,
      uncertain,
    }),
  );
  const { model, language, notices } = reading;
  const given = labels.list.map(({ id }) => id).filter((id) => counts[id]);
  return JSON.stringify(
    {
      model,
      language,
      thresholds: labels.thresholds,
      labels: given,
      summary: { sentences: n, counts, shares },
      sentences,
      notices,
    },
    null,
    2,
  );
}

/** Return a reading as csv, one sentence a row. */
export function asCsv(reading, labels) {
  const ids = labels.list.map(({ id }) => id);
  const head = [
    "start",
    "end",
    "text",
    "labels",
    ...ids.map((id) => `score_${id}`),
    "known",
    "reason",
    "uncertain",
    "model_version",
  ];
  const rows = reading.sentences.map((sentence) => [
    sentence.start,
    sentence.end,
    reading.text.slice(sentence.from, sentence.to),
    sentence.given.join("|"),
    ...ids.map((id) => sentence.scores[id]),
    sentence.known,
    sentence.reason ?? "",
    sentence.uncertain,
    reading.model.version,
  ]);
  return `\ufeff${[head, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/** Return a cell that no spreadsheet takes for a formula. */
function csvCell(value) {
  let text = String(value);
  if (/^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function copy(text, name) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyOldWay(text);
  }
  toast(`Copied as ${name}.`);
}

/** Copy where the page is not served over https or from this machine. */
function copyOldWay(text) {
  const box = document.createElement("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}

/** Offer a text as a file. */
export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast(`Saved as ${name}.`);
}
