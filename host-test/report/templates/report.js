// The report's page: pictures that pick rows, the record behind each row, and printing. The tables are in table.js.

const grids = new Map();
// Rows of a table that are printed, unless all are asked for.
const PRINTED = 200;
let details = { responses: [], records: {} };

async function unpack() {
  const packed = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** A picture was clicked: its rows, and the table in sight. */
function picked(button) {
  const grid = grids.get(button.dataset.pick);
  if (!grid) return;
  const isPicked = button.getAttribute("aria-pressed") === "true";
  grid.pick(button.dataset.column, isPicked ? "*" : `=${button.dataset.value}`);
  grid.root.scrollIntoView({ block: "nearest" });
}

/** Shows the record that the address names. */
function open() {
  const line = /^#record-(\d+)$/.exec(location.hash)?.[1];
  const dialog = document.getElementById("record");
  if (!line) return dialog.open && dialog.close();
  const record = details.records[line];
  const facts = dialog.querySelector("dl");
  facts.replaceChildren();
  const fact = (term, text) => {
    const row = element("div", undefined, facts);
    element("dt", term, row);
    element("dd", text, row);
  };
  dialog.querySelector("h2").textContent = record ? record.title : `Record on line ${line}`;
  fact("Line of evidence.jsonl", line);
  const lists = [[".from", []], [".withheld", []]];
  if (record) {
    fact("Id", record.id);
    fact("Kind", `${record.kind}, schema version ${record.version}`);
    fact("Observed at", record.observed);
    if (record.effective) fact("Effective at", record.effective);
    fact("Valid until", record.until);
    fact("SHA-256 of the content", record.digest);
    fact("Seen by the host", record.witnessed === null ? "read from no response: the source's own statement"
      : record.witnessed ? "yes: its journal has every response" : "NO: its journal lacks a response");
    lists[0][1] = record.from.map(([place, pointer, page]) => {
      const [request, at, status, digest, id] = details.responses[place];
      return `${request} at ${at}: status ${status}, place ${pointer || "/"}${page === null ? "" : `, page ${page}`}, ` +
        `SHA-256 of the body ${digest}${id === null ? "" : `, request id ${id}`}`;
    });
    lists[1][1] = record.withheld.map(([pointer, reason]) => `${pointer}: ${reason.replaceAll("_", " ")}`);
  }
  const left = "not in this page: see that line of evidence.jsonl";
  dialog.querySelector("pre").textContent = record ? record.content : left;
  for (const [place, texts] of lists) {
    const list = dialog.querySelector(place);
    list.replaceChildren();
    for (const text of texts.length ? texts : [record ? "nothing" : left]) element("li", text, list);
  }
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

async function start() {
  const data = await unpack();
  details = data.details;
  for (const table of data.tables) {
    const root = document.querySelector(`[data-table="${table.id}"]`);
    if (root) grids.set(table.id, new Grid(root, table));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-pick]");
    if (button) picked(button);
  });
  const dialog = document.getElementById("record");
  dialog.addEventListener("close", () => {
    if (location.hash.startsWith("#record-")) history.replaceState(null, "", location.pathname + location.search);
  });
  window.addEventListener("hashchange", open);
  open();
  const print = document.getElementById("print");
  let limit = PRINTED;
  print.hidden = false;
  print.addEventListener("click", () => {
    limit = Infinity;
    window.print();
  });
  window.addEventListener("beforeprint", () => grids.forEach((grid) => grid.print(limit)));
  window.addEventListener("afterprint", () => {
    limit = PRINTED;
    grids.forEach((grid) => grid.print(0));
  });
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  const trouble = document.getElementById("trouble");
  trouble.hidden = false;
  trouble.textContent = `The tables cannot be shown: ${error.message}. A browser from 2023 or later is needed.`;
});
