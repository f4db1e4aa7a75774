/**
 * Talk to the service, and to no other host. The service counts code points, JavaScript UTF-16
 * units: sentences leave this module with both, `start` and `end` as the service counts, `from`
 * and `to` for JavaScript's own strings.
 */

let pieceLimit = 100_000;

/** An answer that is a problem (RFC 9457). */
export class Problem extends Error {
  constructor(status, content) {
    super(content.detail || `The service answered ${status}.`);
    this.status = status;
    this.errors = content.errors || [];
  }
}

/** Fetch a path of the service; throw a `Problem` unless it answers with success. */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The service cannot be reached. Is it still running?" });
  }
  if (response.ok) return response;
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

export const getJson = async (path, options) => (await request(path, options)).json();
export const getText = async (path, options) => (await request(path, options)).text();

/** Send a JSON body and return the JSON of the answer. */
export function postJson(path, body, signal) {
  return getJson(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

/** Take the longest text of one request from what the service says of itself. */
export function setPieceLimit(characters) {
  if (characters) pieceLimit = characters;
}

/**
 * Classify a text of any length, in pieces that end with a paragraph.
 *
 * @param {string} text without lone surrogates
 * @param {(reading: object, share: number, signal: AbortSignal) => Promise<void>} onPart shows
 *   what there is so far
 * @returns {Promise<object>} {text, language, model, notices, sentences}
 */
export async function classify(text, { signal, onPart = () => {} } = {}) {
  const reading = { text, language: null, model: null, notices: [], sentences: [] };
  let points = 0;
  let units = 0;
  while (units < text.length) {
    const piece = text.slice(units, pieceEnd(text, units, pieceLimit));
    if (piece.trim()) {
      take(reading, await postJson("/classify", { text: piece }, signal), piece, points, units);
    }
    units += piece.length;
    points += countPoints(piece);
    await onPart(reading, units / text.length, signal);
  }
  return reading;
}

/** Explain one sentence: the answer to it alone, with evidence, offsets relative to it. */
export async function explain(text, language, signal) {
  const body = { text, evidence: true, unit: "sentence" };
  if (/^[a-z]{2,3}$/.test(language || "")) body.language = language;
  const answer = await postJson("/classify", body, signal);
  const at = unitPositions(text);
  const [sentence] = answer.sentences;
  if (!sentence) return null;
  for (const { spans } of sentence.evidence) {
    for (const span of spans) Object.assign(span, { from: at(span.start), to: at(span.end) });
  }
  return { ...sentence, language: answer.language };
}

/** Add the answer to a piece that begins at these offsets of the whole text. */
function take(reading, answer, piece, points, units) {
  const at = unitPositions(piece);
  for (const sentence of answer.sentences) {
    reading.sentences.push({
      ...sentence,
      number: reading.sentences.length,
      language: answer.language,
      from: units + at(sentence.start),
      to: units + at(sentence.end),
      start: points + sentence.start,
      end: points + sentence.end,
    });
  }
  reading.language ??= answer.language;
  reading.model ??= answer.model;
  const known = new Set(reading.notices.map((notice) => notice.detail));
  reading.notices.push(...answer.notices.filter((notice) => !known.has(notice.detail)));
}

/** Return where, in UTF-16 units, the piece that begins at `start` ends. */
export function pieceEnd(text, start, limit) {
  if (text.length - start <= limit) return text.length;
  const piece = text.slice(start, start + limit);
  for (const end of ["\n\n", "\n", ". ", "。", " "]) {
    const at = piece.lastIndexOf(end);
    if (at > 0) return start + at + end.length;
  }
  const isHalfPair = /[\ud800-\udbff]$/.test(piece);
  return start + limit - (isHalfPair ? 1 : 0);
}

/** Return the number of code points of a text. */
export function countPoints(text) {
  return text.length - (text.match(/[\ud800-\udbff]/g)?.length ?? 0);
}

/** Return a function from a code point's number to its position in UTF-16 units. */
export function unitPositions(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (point) => point;
  const positions = new Uint32Array(text.length + 1);
  let point = 0;
  for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) {
    positions[point++] = unit;
  }
  positions[point] = text.length;
  return (number) => positions[number];
}
