/** Start the page: ask the service what its labels and model are, then connect the views. */

import { getJson, setPieceLimit } from "./api.js";
import { initCompare } from "./compare.js";
import { initDocuments } from "./documents.js";
import { byId } from "./dom.js";
import { initFiles } from "./files.js";
import { Labels } from "./labels.js";
import { initRead } from "./read.js";
import { initTheme } from "./theme.js";

const VIEWS = ["read", "compare", "files"];

initTheme();
addEventListener("hashchange", showView);
showView();
start().catch((error) => {
  byId("trouble").textContent = `The page cannot start: ${error.message}`;
  byId("trouble").hidden = false;
});

async function start() {
  const [taxonomy, model] = await Promise.all([getJson("/labels"), getJson("/model")]);
  setPieceLimit(model.limits?.max_text_characters);
  byId("version").textContent = model.version;
  const labels = new Labels(taxonomy, model);
  initDocuments(labels);
  const readAt = initRead(labels);
  // Its own labels: cuts moved under Read hold there only.
  initCompare(new Labels(taxonomy, model), readAt);
  initFiles(labels);
  document.documentElement.dataset.ready = "";
}

/** Show the view that the address names. The address never holds anything of a text. */
function showView() {
  const name = location.hash.slice(1) || "read";
  if (!VIEWS.includes(name)) return;
  for (const view of VIEWS) byId(view).hidden = view !== name;
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
