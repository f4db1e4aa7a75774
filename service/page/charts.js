/** Charts as SVG, drawn with attributes only; each has a text beside it that says the same. */

import { el, svg } from "./dom.js";

const SHOWN = 10;

/** Return a small bar of a score with the cut marked on it. */
export function meter(score, threshold, color) {
  return svg(
    "svg",
    {
      class: "meter hue",
      viewBox: "0 0 100 8",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      vars: { "--c": color },
    },
    svg("rect", { class: "meter-rail", width: 100, height: 8, rx: 2 }),
    svg("rect", { class: "meter-bar", width: Math.max(100 * score, 0.6), height: 8, rx: 2 }),
    svg("line", { class: "meter-cut", x1: 100 * threshold, x2: 100 * threshold, y1: -2, y2: 10 }),
  );
}

/** Return a share with its interval on a scale from 0 to `max`. */
export function intervalChart({ share, low, high, color, max = 1 }) {
  const x = (value) => (100 * Math.min(value, max)) / max;
  return svg(
    "svg",
    {
      class: "interval hue",
      viewBox: "0 0 100 10",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      vars: { "--c": color },
    },
    svg("rect", { class: "meter-rail", y: 2.5, width: 100, height: 5, rx: 1 }),
    svg("rect", { class: "meter-bar", y: 2.5, width: x(share), height: 5, rx: 1 }),
    svg("path", { class: "whisker", d: `M${x(low)} 5H${x(high)}M${x(low)} 2V8M${x(high)} 2V8` }),
  );
}

/**
 * Return the terms of one label as bars, each beginning where the one before ended: from the
 * intercept to the logit. The smallest are one bar together.
 */
export function termChart(evidence, threshold, color) {
  const steps = stepsOf(evidence);
  const cut = Math.log(threshold / (1 - threshold));
  const ends = [0, cut, ...steps.flatMap((step) => [step.from, step.to])];
  const low = Math.min(...ends);
  const span = Math.max(...ends) - low || 1;
  const x = (value) => (100 * (value - low)) / span;
  const rows = steps.map((step) =>
    el(
      "tr",
      { class: step.kind, "data-contribution": step.to - step.from },
      el(
        "th",
        { scope: "row" },
        step.name,
        step.family ? el("span", { class: "muted" }, ` ${step.family}`) : null,
      ),
      el(
        "td",
        {},
        svg(
          "svg",
          {
            class: "step hue",
            viewBox: "0 0 100 10",
            preserveAspectRatio: "none",
            "aria-hidden": "true",
            vars: { "--c": color },
          },
          svg("line", { class: "step-cut", x1: x(cut), x2: x(cut), y1: -6, y2: 16 }),
          svg("rect", {
            class: step.to >= step.from ? "step-for" : "step-against",
            x: Math.min(x(step.from), x(step.to)),
            width: Math.max(Math.abs(x(step.to) - x(step.from)), 0.7),
            y: 1,
            height: 8,
          }),
        ),
      ),
      el("td", { class: "number" }, signed(step.kind === "total" ? step.to : step.to - step.from)),
    ),
  );
  return el(
    "table",
    { class: "term-chart" },
    el(
      "caption",
      { class: "small muted" },
      `The line marks the cut, a logit of ${signed(cut)}; the score is 1 / (1 + e^−logit). Kinds of terms: word, as written or by its stem; concept, a class of words; presence, who and what stand together.`,
    ),
    el(
      "thead",
      { class: "visually-hidden" },
      el("tr", {}, el("th", {}, "term"), el("th", {}, "bar"), el("th", {}, "adds")),
    ),
    el("tbody", {}, rows),
  );
}

/** Return the bars: intercept, the largest terms for, then against, the rest, the sum. */
function stepsOf({ intercept, terms, logit }) {
  const largest = terms.slice(0, SHOWN).sort((a, b) => b.contribution - a.contribution);
  const rest = terms.slice(SHOWN);
  const steps = [{ name: "Intercept", kind: "base", from: 0, to: intercept }];
  let at = intercept;
  const add = (name, family, by) =>
    steps.push({ name, family, kind: "term", from: at, to: (at += by) });
  for (const { term, family, contribution } of largest) add(term, family, contribution);
  if (rest.length)
    add(
      `${rest.length} smaller terms together`,
      "",
      rest.reduce((sum, one) => sum + one.contribution, 0),
    );
  steps.push({ name: "Logit", kind: "total", from: 0, to: logit });
  return steps;
}

export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/** Return the end of a scale that holds these shares and reads well. */
export function axisMaximum(shares) {
  const largest = Math.max(...shares);
  return [0.05, 0.1, 0.2, 0.4, 0.6, 0.8].find((end) => end >= largest) ?? 1;
}

/** Return a row of a chart: a name, a dot with its interval, the figures. */
export function intervalRow({ name, share, low, high, count, n, max, color }) {
  const x = (value) => (100 * value) / max;
  return el(
    "div",
    { class: "interval-row" },
    el("span", { class: "row-name", title: name }, name),
    el(
      "span",
      {
        class: "track hue",
        "aria-hidden": "true",
        vars: { "--c": color, "--x": x(share), "--low": x(low), "--high": x(high) },
      },
      el("span", { class: "range" }),
      el("span", { class: "dot" }),
    ),
    el(
      "span",
      { class: "number small" },
      el("strong", {}, `${(100 * share).toFixed(0)}\u202f%`),
      el("span", { class: "muted" }, ` ${count} of ${n}`),
      el(
        "span",
        { class: "visually-hidden" },
        `, interval ${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %`,
      ),
    ),
  );
}

/** Return the axis below such rows. */
export function axis(max, name) {
  const ticks = [0, 1, 2, 3, 4].map((tick) =>
    el("span", { vars: { "--x": 25 * tick } }, `${Math.round(25 * max * tick)}`),
  );
  return el(
    "div",
    { class: "interval-row axis small muted", "aria-hidden": "true" },
    el("span", {}),
    el("span", { class: "ticks" }, ticks),
    el("span", { class: "axis-name" }, `% ${name}`),
  );
}
