/** Which sentences to keep in sight: by label, uncertain, outside the model's world, none. */

import { byId, el } from "./dom.js";
import { isOutside } from "./labels.js";

export class Filters {
  constructor(labels, reader) {
    this.labels = labels;
    this.reader = reader;
    this.wanted = new Set();
    this.kinds = [
      ...labels.list.map(({ id }) => ({
        key: id,
        name: () => labels.name(id),
        test: (sentence) => sentence.given.includes(id),
      })),
      { key: "uncertain", name: () => "Uncertain", test: (sentence) => sentence.uncertain },
      {
        key: "outside",
        name: () => "Outside",
        title: "Outside the model's world: another language, too short, no prose …",
        test: isOutside,
      },
      {
        key: "none",
        name: () => "No label",
        test: (sentence) => !sentence.given.length && !isOutside(sentence),
      },
    ];
    byId("filters").replaceChildren(
      ...this.kinds.map((kind) => {
        kind.count = el("span", { class: "number" });
        kind.button = el(
          "button",
          {
            type: "button",
            title: kind.title,
            "data-filter": kind.key,
            click: () => this.toggle(kind.key),
          },
          kind.name(),
          kind.count,
        );
        return kind.button;
      }),
    );
    byId("previous").addEventListener("click", () => this.jump(-1));
    byId("next").addEventListener("click", () => this.jump(1));
  }

  clear() {
    this.wanted.clear();
    this.apply();
  }

  /** Count anew. */
  update(sentences) {
    for (const { count, test } of this.kinds)
      count.textContent = sentences.filter(test).length.toLocaleString("en");
    this.press();
  }

  toggle(key) {
    if (!this.wanted.delete(key)) this.wanted.add(key);
    this.press();
    this.apply();
  }

  press() {
    for (const { key, button } of this.kinds)
      button.setAttribute("aria-pressed", String(this.wanted.has(key)));
  }

  apply() {
    const tests = this.kinds.filter(({ key }) => this.wanted.has(key)).map(({ test }) => test);
    this.reader.applyFilter(
      tests.length ? (sentence) => tests.some((test) => test(sentence)) : null,
    );
  }

  jump(direction) {
    const found = this.reader.find(direction);
    if (found !== null) this.reader.goTo(found);
  }
}
