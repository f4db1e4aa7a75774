/** The Files view: upload, choose a column, watch, download, see a chart. */

import { getJson, postJson, request } from "./api.js";
import { drawDone, drawPreview } from "./files-parts.js";
import { announce, byId, el, problemBox } from "./dom.js";
import { takeDrops } from "./read.js";

const POLL = 400;
const KINDS = ".csv,.tsv,.jsonl,.parquet";

/** Connect the view. */
export function initFiles(labels) {
  const limits = labels.model.limits ?? {};
  const limit = limits.max_upload_bytes ?? 20_000_000;
  const minutes = limits.job_minutes ?? 60;
  const stage = el("div", { id: "stage" });
  let job = null;
  byId("files").append(
    el("h1", { id: "files-title" }, "Score a file"),
    el(
      "p",
      { class: "lead" },
      `A csv, tsv, jsonl or parquet file of up to ${megabytes(limit)} in, the same file with labels and scores in every row out.`,
    ),
    stage,
  );
  offer();

  function offer(trouble) {
    job = null;
    const input = el("input", {
      type: "file",
      id: "table-file",
      class: "visually-hidden",
      accept: KINDS,
      change: (event) => event.target.files[0] && upload(event.target.files[0]),
    });
    const zone = el(
      "div",
      { class: "drop zone" },
      el("p", {}, el("strong", {}, "Drop a file here"), " or"),
      input,
      el("label", { class: "button", for: "table-file" }, "Choose a file …"),
      el(
        "p",
        { class: "muted small" },
        `It goes to this service only, into a private folder, and is removed when you say so, at the latest after ${minutes} minutes.`,
      ),
    );
    takeDrops(zone, upload);
    stage.replaceChildren(zone, trouble ?? commandHint());
  }

  async function upload(file) {
    if (file.size > limit) return offer(tooLarge(file.name, limit));
    stage.replaceChildren(
      el("p", { role: "status" }, `Uploading ${file.name} …`),
      el("progress", { "aria-label": "Uploading" }),
    );
    try {
      const path = `/jobs?name=${encodeURIComponent(file.name)}`;
      const headers = { "content-type": file.type || "application/octet-stream" };
      job = await (await request(path, { method: "POST", headers, body: file })).json();
      stage.replaceChildren(...drawPreview(job, start, remove));
      announce(`${file.name} has ${job.columns.length} columns.`);
    } catch (error) {
      offer(error.status === 413 ? tooLarge(file.name, limit) : problemBox(error));
    }
  }

  async function start(choice) {
    try {
      job = await postJson(`/jobs/${job.id}/start`, choice);
      await watch();
    } catch (error) {
      stage.querySelector(".problem")?.remove();
      stage.append(problemBox(error));
    }
  }

  async function watch() {
    const { id } = job;
    const bar = el("progress", { max: 1, "aria-label": "Rows scored" });
    const count = el("p", { class: "muted" });
    stage.replaceChildren(
      el("h2", {}, `Scoring ${job.name}`),
      bar,
      count,
      el("button", { type: "button", id: "cancel-job", click: remove }, "Cancel"),
    );
    while (job?.id === id && job.state === "running") {
      bar.value = job.share;
      count.textContent = `${job.done.toLocaleString("en")} rows, ${Math.round(100 * job.share)} %`;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      if (job?.id !== id) return;
      job = await getJson(`/jobs/${id}`);
    }
    if (job?.id !== id) return;
    if (job.state === "done") {
      stage.replaceChildren(...drawDone(job, labels, remove));
      announce("The file is scored.");
    } else {
      offer(problemBox(new Error(job.detail ?? `The job is ${job.state}.`)));
    }
  }

  /** Cancel the job and have everything of it removed. */
  async function remove() {
    const { id } = job;
    job = null;
    offer();
    try {
      await request(`/jobs/${id}`, { method: "DELETE" });
      announce("Removed.");
    } catch (error) {
      if (error.status !== 404) offer(problemBox(error));
    }
  }
}

function tooLarge(name, limit) {
  return el(
    "div",
    { class: "problem", role: "alert" },
    el(
      "p",
      {},
      `${name} is larger than the ${megabytes(limit)} that are taken here. Score it where it lies:`,
    ),
    command(name),
  );
}

function commandHint() {
  return el(
    "div",
    { class: "hint-box muted" },
    el("p", { class: "small" }, "Larger files, up to millions of rows, on the command line:"),
    command("posts.csv"),
  );
}

function command(name) {
  const quoted = /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  const ending = /\.(csv|tsv|jsonl|parquet)$/i.exec(name)?.[0] ?? ".csv";
  return el(
    "pre",
    { class: "command", tabindex: 0 },
    el("code", {}, `stance score ${quoted} --text-column text -o scored${ending}`),
  );
}

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
