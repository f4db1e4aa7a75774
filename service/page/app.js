const $ = (id) => document.getElementById(id);
let taxonomy = [];
let codePoints = [];

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}
const colorOf = (id) => (taxonomy.find((label) => label.id === id) || {}).color || "#555555";
const titleOf = (id) => (taxonomy.find((label) => label.id === id) || {}).title || id;
// The service counts code points, JavaScript UTF-16 units: cut the text once, by code points.
const slice = (start, end) => codePoints.slice(start, end).join("");

async function call(path, body) {
  const options = body === undefined ? {} :
    { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const content = await response.json();
  if (!response.ok) throw new Error(content.detail || response.statusText);
  return content;
}

function show(answer) {
  $("model").textContent = `model ${answer.model.name} ${answer.model.version}, language ${answer.language}`;
  $("message").textContent = answer.notices.map((notice) => notice.detail).join(" ");
  const summary = $("summary");
  summary.replaceChildren(element("strong", `${answer.summary.sentences} sentences: `));
  for (const [id, count] of Object.entries(answer.summary.counts)) {
    const part = element("span", `${titleOf(id)}: ${count} (${Math.round(100 * answer.summary.shares[id])} %)`, "label");
    part.style.setProperty("--c", colorOf(id));
    summary.append(part, " ");
  }
  const text = $("text");
  text.replaceChildren();
  let position = 0;
  for (const sentence of answer.sentences) {
    text.append(slice(position, sentence.start));
    const span = element("span", slice(sentence.start, sentence.end), sentence.labels.length ? "s on" : "s");
    if (sentence.labels.length) span.style.setProperty("--c", colorOf(sentence.labels[0]));
    const labels = sentence.labels.map(titleOf).join(", ") || "no label";
    span.title = labels + (sentence.uncertain ? ", uncertain" : "") + (REASONS[sentence.reason] ? `, ${REASONS[sentence.reason]}` : "");
    span.tabIndex = 0;
    span.addEventListener("click", () => explain(sentence, answer.language));
    span.addEventListener("keydown", (event) => { if (event.key === "Enter") explain(sentence, answer.language); });
    text.append(span);
    for (const id of sentence.labels) {
      const mark = element("sup", ` ${titleOf(id)}`);
      mark.style.color = colorOf(id);
      text.append(mark);
    }
    position = sentence.end;
  }
  text.append(slice(position));
  $("why").replaceChildren();
}

const REASONS = {
  language_unsupported: "its language is not supported",
  too_short: "it is too short",
  too_long: "it is too long for a sentence",
  not_prose: "it is no prose",
  unknown_words: "too many of its words are unknown",
  nobody_named: "it names nobody whom a label is about",
};

async function explain(sentence, language) {
  const body = { text: sentence.text, evidence: true };
  if (/^[a-z]{2,3}$/.test(language)) body.language = language;
  const why = $("why");
  try {
    const answer = await call("/classify", body);
    why.replaceChildren();
    if (REASONS[sentence.reason]) why.append(element("p", `No label whatever its scores: ${REASONS[sentence.reason]}.`));
    if (sentence.uncertain) why.append(element("p", "Uncertain: by its score, the other answer is possible, too."));
    for (const [id, score] of Object.entries(sentence.scores)) {
      const heading = element("h2", `${titleOf(id)}: ${(100 * score).toFixed(0)} % ${sentence.labels.includes(id) ? "(label given)" : ""}`);
      heading.style.color = colorOf(id);
      why.append(heading);
      const list = element("ul");
      const spans = answer.sentences.flatMap((s) => s.evidence).filter((e) => e.label === id).flatMap((e) => e.spans);
      for (const part of spans.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, 8)) {
        const item = element("li", `${part.text} ${part.contribution >= 0 ? "+" : "−"}${Math.abs(part.contribution).toFixed(2)} `);
        const bar = element("span", "", "bar");
        bar.style.setProperty("--c", part.contribution >= 0 ? colorOf(id) : "#888888");
        bar.style.width = `${Math.min(8, 2 * Math.abs(part.contribution))}em`;
        item.append(bar);
        list.append(item);
      }
      why.append(list);
    }
    const nearest = answer.sentences.flatMap((s) => s.nearest).slice(0, 3);
    if (nearest.length) why.append(element("h2", "Most alike in the labelled set"));
    for (const one of nearest) {
      const rules = one.rules.length ? `, codebook rules ${one.rules.join(", ")}` : "";
      why.append(element("p", `${one.text} (${one.labels.map(titleOf).join(", ") || "no label"}${rules})`));
    }
  } catch (error) { why.textContent = error.message; }
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("state").textContent = "…";
  $("message").textContent = "";
  try {
    const text = $("input").value;
    const answer = await call("/classify", { text });
    codePoints = Array.from(text);
    show(answer);
  } catch (error) { $("message").textContent = error.message; }
  $("state").textContent = "";
});

call("/labels").then((content) => {
  taxonomy = content.labels;
  for (const label of taxonomy) {
    const part = element("span", label.title);
    part.style.setProperty("--c", label.color);
    part.title = label.definition;
    $("legend").append(part);
  }
}).catch((error) => { $("message").textContent = error.message; });
