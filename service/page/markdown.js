/**
 * Markdown as elements: headings, paragraphs, lists, tables, quotes, code, emphasis and links.
 * Texts become text nodes, never markup; a link that leads to another host stays a plain text.
 */

import { el } from "./dom.js";

const BLOCKS = [
  [
    /^(#{1,6})\s+(.*)$/,
    (lines, [, marks, text]) => {
      lines.shift();
      // The dialog's own heading, of the second level, stands for that of the document.
      return el(`h${Math.min(6, marks.length + 1)}`, {}, inline(text));
    },
  ],
  [
    /^```/,
    (lines) => {
      lines.shift();
      const code = takeWhile(lines, (line) => !line.startsWith("```"));
      lines.shift();
      return el("pre", { tabindex: 0 }, el("code", {}, code.join("\n")));
    },
  ],
  [/^\s*\|/, (lines) => table(takeWhile(lines, (line) => /^\s*\|/.test(line)))],
  [/^\s*[-*]\s+/, (lines) => list("ul", lines, /^\s*[-*]\s+/)],
  [/^\s*\d+\.\s+/, (lines) => list("ol", lines, /^\s*\d+\.\s+/)],
  [
    /^>\s?/,
    (lines) => {
      const quoted = takeWhile(lines, (line) => line.startsWith(">"));
      return el(
        "blockquote",
        {},
        renderMarkdown(quoted.map((line) => line.replace(/^>\s?/, "")).join("\n")),
      );
    },
  ],
];

/** Return the elements of a Markdown text. */
export function renderMarkdown(markdown) {
  const lines = markdown.replace(/<!--[\s\S]*?-->/g, "").split("\n");
  const made = [];
  while (lines.length) {
    if (!lines[0].trim()) {
      lines.shift();
      continue;
    }
    const block = BLOCKS.find(([start]) => start.test(lines[0]));
    if (block) made.push(block[1](lines, block[0].exec(lines[0])));
    else made.push(el("p", {}, inline(takeWhile(lines, isProse).join(" "))));
  }
  return made;
}

const isProse = (line) => line.trim() && !BLOCKS.some(([start]) => start.test(line));

/** Take lines off the front: the first whatever it is, the others while they fit. */
function takeWhile(lines, fits) {
  const taken = [];
  while (lines.length && fits(lines[0])) taken.push(lines.shift());
  return taken;
}

function list(tag, lines, mark) {
  const items = [];
  while (lines.length && (mark.test(lines[0]) || (items.length && /^\s+\S/.test(lines[0])))) {
    const line = lines.shift();
    if (mark.test(line)) items.push(line.replace(mark, ""));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return el(
    tag,
    {},
    items.map((item) => el("li", {}, inline(item))),
  );
}

function table(lines) {
  const rows = lines.map((line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim()),
  );
  const isRule = (row) => row.every((cell) => /^:?-{2,}:?$/.test(cell));
  const align = rows.find(isRule)?.map((cell) => (cell.endsWith(":") ? "number" : "")) ?? [];
  const [head, ...body] = rows.filter((row) => !isRule(row));
  const cells = (tag, row) =>
    row.map((cell, i) =>
      el(tag, { class: align[i] || null, scope: tag === "th" ? "col" : null }, inline(cell)),
    );
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" },
    el(
      "table",
      { class: "grid" },
      el("thead", {}, el("tr", {}, cells("th", head))),
      el(
        "tbody",
        {},
        body.map((row) => el("tr", {}, cells("td", row))),
      ),
    ),
  );
}

const INLINE = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]+\]\([^)\s]+\))/;

function inline(text) {
  return text
    .split(INLINE)
    .filter(Boolean)
    .map((part) => {
      if (part.startsWith("`")) return el("code", {}, part.slice(1, -1));
      if (part.startsWith("**")) return el("strong", {}, inline(part.slice(2, -2)));
      if (/^\*[^*]/.test(part)) return el("em", {}, inline(part.slice(1, -1)));
      const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part);
      return link ? el("span", {}, link[1]) : part;
    });
}
