/** "This label is wrong": the dialog that says exactly what is stored, and stores it. */

import { postJson } from "./api.js";
import { byId, el, problemBox, toast } from "./dom.js";

const NOTE_LENGTH = 500;

/** Ask for the right labels of a sentence. Nothing is stored without the click. */
export function offerCorrection(labels, sentence, text) {
  const dialog = byId("correction");
  const trouble = el("div");
  const boxes = labels.list.map(({ id, title }) => {
    const box = el("input", { type: "checkbox", value: id, checked: sentence.given.includes(id) });
    return el("label", { class: "choice" }, box, labels.swatch(id), title);
  });
  const note = el("textarea", { id: "note", rows: 2, maxlength: NOTE_LENGTH });
  const store = async (event) => {
    event.preventDefault();
    const right = boxes
      .map((label) => label.firstChild)
      .filter((box) => box.checked)
      .map((box) => box.value);
    const body = {
      text,
      language: sentence.language,
      labels: right,
      given: sentence.given,
      model_version: labels.model.version,
    };
    if (note.value.trim()) body.note = note.value.trim();
    try {
      await postJson("/corrections", body);
      dialog.close();
      toast("Stored. Thank you.");
    } catch (error) {
      trouble.replaceChildren(problemBox(error));
    }
  };
  dialog.replaceChildren(
    el(
      "form",
      { class: "correction-form", submit: store },
      el("h2", { id: "correction-title" }, "Which labels are right?"),
      el("p", { class: "quote", lang: sentence.language }, text),
      el(
        "fieldset",
        {},
        el(
          "legend",
          { class: "small muted" },
          "All that this sentence voices; none if it voices none",
        ),
        boxes,
      ),
      el(
        "label",
        { class: "small muted", for: "note" },
        "Note for the reader who checks it (not needed)",
      ),
      note,
      el(
        "div",
        { class: "notice" },
        el("strong", {}, "What is stored with your click:"),
        ` this sentence, its language (${sentence.language}), the labels it was given (${labels.names(sentence.given, "none")}), the labels you choose, your note, the model version (${labels.model.version}) and the time. Nothing else: not the rest of the text, no name, no address.`,
      ),
      trouble,
      el(
        "div",
        { class: "actions bare" },
        el("button", { type: "submit", class: "primary" }, "Store this correction"),
        el("button", { type: "button", click: () => dialog.close() }, "Cancel"),
      ),
    ),
  );
  dialog.showModal();
}
