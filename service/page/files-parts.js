/** What the Files view shows of a job: the preview with its choices, and the result. */

import { axisMaximum } from "./charts.js";
import { profiles } from "./compare.js";
import { el } from "./dom.js";
import { wilson } from "./stats.js";

/** Return the preview of an uploaded file and the form that starts the job. */
export function drawPreview(job, start, remove) {
  const options = (selected) =>
    job.columns.map((column) =>
      el("option", { value: column, selected: column === selected }, column),
    );
  // Without a suggestion the first column would stand there as if it were one.
  const column = el(
    "select",
    { id: "text-column", required: true },
    job.suggested_column === null ? el("option", { value: "" }, "choose a column") : [],
    options(job.suggested_column),
  );
  const group = el(
    "select",
    { id: "group-column" },
    el("option", { value: "" }, "none"),
    options(null),
  );
  const unit = el(
    "select",
    { id: "unit" },
    el("option", { value: "text" }, "a text, split into sentences"),
    el("option", { value: "sentence" }, "one sentence"),
  );
  const submit = (event) => {
    event.preventDefault();
    const choice = { text_column: column.value, unit: unit.value };
    if (group.value) choice.group_column = group.value;
    start(choice);
  };
  const rows = job.rows === null ? "" : `, ${job.rows.toLocaleString("en")} rows`;
  const encoding = job.encoding === "utf-8" ? "" : `, read as ${job.encoding}`;
  return [
    el("h2", {}, job.name),
    el("p", { class: "muted" }, `${job.columns.length} columns${rows}${encoding}. The first rows:`),
    el(
      "div",
      { class: "scroll preview", tabindex: 0, role: "group", "aria-label": "The first rows" },
      el(
        "table",
        { class: "grid" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            job.columns.map((name) => el("th", { scope: "col" }, name)),
          ),
        ),
        el(
          "tbody",
          {},
          job.preview.map((row) =>
            el(
              "tr",
              {},
              job.columns.map((name) => el("td", {}, shown(row[name]))),
            ),
          ),
        ),
      ),
    ),
    el(
      "form",
      { class: "choices", submit },
      field("Column with the text", column),
      field("A row is", unit),
      field("Chart by date or source", group),
      el(
        "div",
        { class: "actions bare" },
        el("button", { type: "submit", class: "primary" }, "Score the file"),
        el("button", { type: "button", click: remove }, "Remove the file"),
      ),
    ),
  ];
}

const field = (name, control) =>
  el("div", {}, el("label", { for: control.id, class: "small muted" }, name), control);
const shown = (value) =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

/** Return the result of a job: downloads and chart. */
export function drawDone(job, labels, remove) {
  const rejected = job.rejected ? `, ${job.rejected.toLocaleString("en")} rejected` : "";
  const path = `/jobs/${encodeURIComponent(job.id)}`;
  return [
    el("h2", {}, `${job.name} is scored`),
    el(
      "p",
      { class: "muted" },
      `${job.scored.toLocaleString("en")} rows scored${rejected}, model ${labels.model.version}.`,
    ),
    el(
      "div",
      { class: "actions bare" },
      el(
        "a",
        { class: "button primary", id: "download", href: `${path}/result`, download: "" },
        "Download the labelled file",
      ),
      job.rejected
        ? el(
            "a",
            { class: "button", href: `${path}/rejects`, download: "" },
            "Rejected rows with reasons",
          )
        : null,
      el("button", { type: "button", click: remove }, "Remove it from the service"),
    ),
    ...(job.chart?.length ? drawChart(job, labels) : []),
  ];
}

function drawChart(job, labels) {
  const groups = job.chart.map(({ group, rows, counts }) => ({
    name: group || "without",
    n: rows,
    counts,
  }));
  const head = [
    el("h2", {}, job.chart_kind === "month" ? "By month" : "By source"),
    el(
      "p",
      { class: "muted small" },
      "Share of rows with a label, and its 95 % interval (Wilson).",
    ),
  ];
  return [
    ...head,
    job.chart_kind === "month" ? months(groups, labels) : profiles(groups, labels, "share of rows"),
    figures(groups, labels),
  ];
}

/** Return a panel a label with a column a month, all on one scale. */
function months(groups, labels) {
  const max = axisMaximum(
    groups.flatMap(({ counts, n }) => labels.list.map(({ id }) => wilson(counts[id], n).high)),
  );
  const every = Math.ceil(groups.length / 8);
  return el(
    "div",
    { class: "multiples" },
    labels.list.map(({ id, title, color }) =>
      el(
        "section",
        { class: "multiple", "aria-label": title },
        el("h3", {}, labels.name(id)),
        el(
          "div",
          { class: "columns-chart", "aria-hidden": "true" },
          el(
            "div",
            { class: "y-axis small muted" },
            el("span", {}, `${Math.round(100 * max)} %`),
            el("span", {}, "0 %"),
          ),
          el(
            "div",
            { class: "bars" },
            groups.map(({ name, counts, n }, i) => {
              const { share, low, high } = wilson(counts[id], n);
              const of = (value) => Math.min(100, (100 * value) / max);
              return el(
                "div",
                {
                  class: "bar-slot hue",
                  title: `${name}: ${counts[id]} of ${n}`,
                  vars: { "--c": color, "--y": of(share), "--low": of(low), "--high": of(high) },
                },
                el("span", { class: "bar-fill" }),
                el("span", { class: "bar-range" }),
                i % every ? null : el("span", { class: "bar-name small muted" }, name),
              );
            }),
          ),
        ),
      ),
    ),
  );
}

function figures(groups, labels) {
  return el(
    "details",
    { class: "figures" },
    el("summary", {}, "The figures as a table"),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Figures" },
      el(
        "table",
        { class: "grid" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["group", "rows", ...labels.list.map(({ short }) => short)].map((name) =>
              el("th", { scope: "col" }, name),
            ),
          ),
        ),
        el(
          "tbody",
          {},
          groups.map(({ name, n, counts }) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, name),
              [n, ...labels.list.map(({ id }) => counts[id])].map((value) =>
                el("td", { class: "number" }, value),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
