/**
 * The text, sentence by sentence. Long texts stay smooth: blocks of sentences are laid out by the
 * browser only when they come into view (`content-visibility`), and added a few at a time.
 */

import { el, setVars } from "./dom.js";
import { REASONS, isOutside } from "./labels.js";
import { Tip } from "./tip.js";

const BLOCK = 40;
const AT_ONCE = 400;

/** Sentences from which on the browser lays out only what is in view. */
const LONG = 300;

/**
 * A text in a box. `onSelect(sentence, span)` is called when one is chosen, `onMove(number)` when one
 * comes into focus; `isFollowed()` tells whether to choose each sentence that the arrow keys reach.
 */
export class Reader {
  constructor(box, labels, { onSelect, onMove = () => {}, isFollowed = () => false }) {
    Object.assign(this, { box, labels, onSelect, onMove, isFollowed });
    this.spans = [];
    this.current = 0;
    this.filled = 0;
    this.filter = null;
    this.tip = new Tip(labels);
    box.addEventListener("click", (event) => {
      // Whoever marks a stretch of text with the mouse wants to copy it.
      if (!String(getSelection())) this.choose(this.sentenceOf(event.target));
    });
    box.addEventListener("keydown", (event) => this.onKey(event));
    box.addEventListener("pointerover", ({ target }) =>
      this.tip.showSoon(target.closest(".sentence"), this.sentenceOf(target)),
    );
    box.addEventListener("pointerleave", () => this.tip.hideSoon());
    box.addEventListener("focusin", ({ target }) => {
      if (target.matches(":focus-visible")) this.tip.show(target, this.sentenceOf(target));
    });
    box.addEventListener("focusout", () => this.tip.hide());
  }

  /** Begin with an empty page. */
  clear() {
    this.box.replaceChildren();
    this.spans = [];
    this.current = 0;
    this.filled = 0;
    this.tip.hide();
  }

  /** Show the sentences of `reading` that are not shown yet; resolves when all are. */
  async extend(reading, signal) {
    this.reading = reading;
    this.box.lang = reading.language;
    this.box.classList.toggle("long", reading.sentences.length > LONG);
    while (this.spans.length < reading.sentences.length) {
      if (signal?.aborted) return;
      const end = Math.min(this.spans.length + AT_ONCE, reading.sentences.length);
      const blocks = [];
      while (this.spans.length < end) blocks.push(this.makeBlock());
      this.box.append(...blocks);
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (this.spans[this.current]) this.spans[this.current].tabIndex = 0;
  }

  /** Return the next block; it ends with a paragraph, unless that has no end. */
  makeBlock() {
    const { text, sentences } = this.reading;
    const first = this.spans.length;
    const isFull = (n) =>
      n - first >= 4 * BLOCK ||
      (n - first >= BLOCK && /\n/.test(text.slice(sentences[n - 1].to, sentences[n].from)));
    const block = el("div", { class: "block" });
    let paragraph = el("p");
    for (let n = first; n < sentences.length && (n === first || !isFull(n)); n += 1) {
      const between = text.slice(this.filled, sentences[n].from);
      if (/\n/.test(between) && paragraph.hasChildNodes()) {
        block.append(paragraph);
        paragraph = el("p");
      } else if (between) {
        paragraph.append(between);
      }
      paragraph.append(this.makeSpan(sentences[n]));
      this.filled = sentences[n].to;
    }
    block.append(paragraph);
    if (first === 0 && isHeadline(sentences, text)) block.firstChild.classList.add("headline");
    // What the block will be high, before it is laid out: the scroll bar must not jump much.
    const lines = (this.filled - sentences[first].from) / (this.box.clientWidth / 8);
    setVars(block, { "--height": `${Math.round(36 * lines)}px` });
    return block;
  }

  makeSpan(sentence) {
    const span = el("span", {
      class: "sentence",
      role: "button",
      tabindex: -1,
      "data-n": sentence.number,
    });
    this.dress(span, sentence);
    this.spans.push(span);
    return span;
  }

  /** Mark a sentence with the labels it carries now. */
  dress(span, sentence) {
    sentence.given = this.labels.give(sentence);
    const text = this.reading.text.slice(sentence.from, sentence.to);
    let marked = document.createTextNode(text);
    sentence.given.forEach((id, depth) => {
      const { color, line } = this.labels.byId[id];
      marked = el(
        "span",
        { class: `mark hue ${line} depth-${depth}`, vars: { "--c": color } },
        marked,
      );
    });
    span.replaceChildren(marked, ...this.tags(sentence));
    span.classList.toggle("outside", isOutside(sentence));
    span.classList.toggle("dim", Boolean(this.filter && !this.filter(sentence)));
  }

  tags(sentence) {
    const names = sentence.given.map((id) =>
      el(
        "span",
        { class: "tag hue", vars: { "--c": this.labels.byId[id].color } },
        this.labels.byId[id].short,
      ),
    );
    if (sentence.uncertain) {
      names.push(
        el(
          "span",
          { class: "tag plain" },
          el("span", { "aria-hidden": "true" }, "?"),
          hidden("uncertain"),
        ),
      );
    }
    if (isOutside(sentence))
      names.push(el("span", { class: "tag plain" }, REASONS[sentence.reason][0]));
    return names.flatMap((name) => [" ", name]);
  }

  /** Give the labels anew, after a threshold moved; touch only the sentences that change. */
  relabel() {
    for (const sentence of this.reading.sentences) {
      const before = sentence.given.join();
      if (this.labels.give(sentence).join() !== before)
        this.dress(this.spans[sentence.number], sentence);
    }
    this.applyFilter(this.filter);
  }

  /** Keep the sentences that `filter` accepts in sight and let the others step back. */
  applyFilter(filter) {
    this.filter = filter;
    this.spans.forEach((span, n) => {
      span.classList.toggle("dim", Boolean(filter && !filter(this.reading.sentences[n])));
    });
  }

  /** Bring a sentence into view and give it the focus. */
  goTo(number, withFocus = true) {
    const span = this.spans[number];
    if (!span) return;
    this.setCurrent(number);
    // What lies between may get its true height only now: scroll, then once more.
    span.scrollIntoView({ block: "center" });
    requestAnimationFrame(() => {
      span.scrollIntoView({ block: "center" });
      if (withFocus) span.focus({ preventScroll: true });
    });
  }

  /** Return the number of the next sentence, in a direction, that is labelled or passes the filter. */
  find(direction) {
    const wanted = this.filter ?? ((sentence) => sentence.given.length > 0);
    for (let n = this.current + direction; this.spans[n]; n += direction) {
      if (wanted(this.reading.sentences[n])) return n;
    }
    return null;
  }

  choose(sentence) {
    if (!sentence) return;
    this.setCurrent(sentence.number);
    this.select(sentence);
    this.onSelect(sentence, this.spans[sentence.number]);
  }

  /** Show which sentence the panel speaks of; none with null. */
  select(sentence) {
    for (const span of this.box.querySelectorAll("[aria-expanded]")) {
      span.removeAttribute("aria-expanded");
      span.removeAttribute("aria-controls");
    }
    const span = sentence && this.spans[sentence.number];
    span?.setAttribute("aria-expanded", "true");
    span?.setAttribute("aria-controls", "why");
  }

  focusCurrent() {
    this.spans[this.current]?.focus({ preventScroll: true });
  }

  setCurrent(number) {
    this.spans[this.current].tabIndex = -1;
    this.current = number;
    this.spans[number].tabIndex = 0;
    this.onMove(number);
  }

  onKey(event) {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const last = this.spans.length - 1;
    let next = { Home: 0, End: last }[event.key];
    if (event.key in moves) next = Math.min(last, Math.max(0, this.current + moves[event.key]));
    if (next !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.setCurrent(next);
      this.spans[next].focus({ preventScroll: true });
      this.spans[next].scrollIntoView({ block: "nearest" });
      if (this.isFollowed()) this.choose(this.reading.sentences[next]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(this.reading.sentences[this.current]);
    }
  }

  sentenceOf(target) {
    const span = target.closest?.(".sentence");
    return span ? this.reading.sentences[Number(span.dataset.n)] : null;
  }
}

/** Tell whether a text begins with a line of its own that is no whole sentence. */
function isHeadline([first, second], text) {
  return (
    Boolean(second) &&
    first.to - first.from < 120 &&
    !/[.!?。！？…]["”»]?$/.test(first.text) &&
    text.slice(first.to, second.from).includes("\n")
  );
}

const hidden = (text) => el("span", { class: "visually-hidden" }, text);
