/** The Read view: from a pasted text, a file or an example to the article with its labels. */

import { classify, request } from "./api.js";
import { announce, byId, el, problemBox } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { initExport } from "./export.js";
import { Profile } from "./profile.js";
import { Reader } from "./reader.js";
import { Why } from "./why.js";

/** Connect the view; return a function that reads a text and opens one of its sentences. */
export function initRead(labels) {
  let running = null;
  let reading = null;
  const input = byId("input");
  const why = new Why(labels, () => closeWhy());
  const reader = new Reader(byId("text"), labels, {
    onSelect: (sentence, span) => {
      why.show(sentence, reading.text.slice(sentence.from, sentence.to));
      // The panel may lie over the sentence on a small screen.
      span.scrollIntoView({ block: "nearest" });
    },
    onMove: (number) => profile.strip.moveTo(number),
    isFollowed: () => !byId("why").hidden,
  });
  const profile = new Profile(labels, reader);
  initExport(labels, () => reading);

  function closeWhy() {
    if (byId("why").hidden) return;
    why.hide();
    reader.select(null);
    reader.focusCurrent();
  }

  function compose(text) {
    running?.abort();
    if (text !== undefined) input.value = text;
    byId("compose").hidden = false;
    byId("reading").hidden = true;
    input.focus();
  }

  async function read(text) {
    running?.abort();
    const { signal } = (running = new AbortController());
    byId("compose-problem").replaceChildren();
    if (!text.trim())
      return refuse(
        new Error("There is no text yet. Paste one, open a file or choose an example."),
      );
    byId("compose").hidden = true;
    byId("reading").hidden = true;
    why.hide();
    reader.clear();
    reading = null;
    showProgress(0);
    try {
      await classify(text.toWellFormed(), { signal, onPart: showPart });
      byId("progress").hidden = true;
      announce(`Read ${reading.sentences.length} sentences.`);
    } catch (error) {
      if (error.name !== "AbortError") refuse(error);
    }
  }

  /** Show a further part of a text; `signal` belongs to the reading that it is a part of. */
  async function showPart(part, share, signal) {
    if (!reading) {
      reading = part;
      byId("reading").hidden = false;
      profile.begin(reading);
    }
    await reader.extend(reading, signal);
    if (signal.aborted) return;
    profile.update();
    showProgress(share);
  }

  function refuse(error) {
    compose();
    byId("progress").hidden = true;
    byId("compose-problem").replaceChildren(problemBox(error));
  }

  async function open(file) {
    byId("compose-problem").replaceChildren();
    showProgress(null, `Reading ${file.name} …`);
    try {
      const answer = await extract(file);
      input.value = answer.text;
      await read(answer.text);
      reading?.notices.push(...answer.notices);
      if (reading) profile.update();
    } catch (error) {
      refuse(error);
    }
  }

  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    read(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) read(input.value);
  });
  input.addEventListener("paste", () => {
    // A text pasted into the empty field is read at once.
    if (!input.value.trim()) setTimeout(() => read(input.value));
  });
  byId("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) open(file);
  });
  takeDrops(byId("drop"), open);
  byId("cancel").addEventListener("click", () => {
    byId("progress").hidden = true;
    compose();
  });
  byId("edit").addEventListener("click", () => compose());
  byId("another").addEventListener("click", () => compose(""));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    closeWhy();
  });

  byId("legend").append(
    ...labels.list.map(({ id, definition }) =>
      el("li", { title: definition }, labels.swatch(id), labels.byId[id].title),
    ),
  );
  byId("examples").append(
    ...EXAMPLES.map((example) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            lang: example.language,
            click: () => {
              input.value = example.text;
              read(example.text);
            },
          },
          el("span", {}, example.title),
          el("span", { class: "muted", lang: "en" }, example.name),
        ),
      ),
    ),
  );

  return async (text, number) => {
    location.hash = "#read";
    input.value = text;
    await read(text);
    reader.goTo(number);
    reader.choose(reading.sentences[number]);
  };
}

/** Show how far reading is; null for an unknown share. */
function showProgress(share, message) {
  byId("progress").hidden = false;
  const bar = byId("progress-bar");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  byId("progress-text").textContent = message ?? `${Math.round(100 * share)} % read`;
}

/** Call `onFile` with the file that is dropped on an element. */
export function takeDrops(element, onFile) {
  const over = (is) => (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    element.classList.toggle("over", is);
  };
  element.addEventListener("dragenter", over(true));
  element.addEventListener("dragover", over(true));
  element.addEventListener("dragleave", over(false));
  element.addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file);
  });
}

/** Have the service take the text out of a file. */
export async function extract(file) {
  const headers = { "content-type": file.type || "application/octet-stream" };
  const path = `/extract?name=${encodeURIComponent(file.name)}`;
  return (await request(path, { method: "POST", headers, body: file })).json();
}
