"use strict";
// The report's tables: a window of rows, sorting, searching, filters, CSV, print. report.js comes after it.
// Texts only ever become text nodes. Nothing is fetched.

const collator = new Intl.Collator("en", { numeric: true });
// Rows beyond the window, so that quick scrolling shows no gaps.
const SPARE = 12;
// What spreadsheets may take for a formula, and what begins like a guarded cell: the same as in src/export/guard.rs.
const FORMULA = new RegExp("^(?:['\\t\\r\\n]|" +
  "[\\s\\p{Cc}\\ufffd\\ufeff\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\"']*" +
  "[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20\\ufe66\\ufe62\\ufe63\\ufe6b\\u2212\\u207a])", "u");
function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

/** A link to a record by its line in evidence.jsonl. */
function link(line, parent) {
  const made = element("a", `line ${line}`, parent);
  made.href = `#record-${line}`;
  return made;
}

class Grid {
  constructor(root, data) {
    this.root = root;
    this.columns = data.columns;
    let line = 0;
    // Each line is told by how far it is from the one before.
    this.records = data.records.map((steps) => steps.map((step) => (line += step)));
    this.total = data.total;
    this.window = root.querySelector(".window");
    this.table = root.querySelector("table");
    this.body = root.querySelector("tbody");
    this.status = root.querySelector(".count");
    this.search = root.querySelector("input");
    this.filters = new Map();
    this.sorted = null;
    this.limit = 0;
    this.order = this.records.map((_, row) => row);
    this.selects();
    this.listen();
    this.show();
  }

  selects() {
    for (const select of this.root.querySelectorAll("select")) {
      const values = new Set(this.column(select.dataset.column).cells);
      for (const value of [...values].sort(collator.compare)) {
        element("option", value || "none told", select).value = `=${value}`;
      }
      select.addEventListener("change", () => this.pick(select.dataset.column, select.value));
    }
    this.root.querySelector(".tools").hidden = false;
  }

  listen() {
    let timer = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.show(), 120);
    });
    this.root.querySelector("[data-do=clear]").addEventListener("click", () => this.clear());
    this.root.querySelector("[data-do=csv]").addEventListener("click", () => this.save());
    for (const button of this.root.querySelectorAll("[data-sort]")) {
      button.addEventListener("click", () => this.sort(Number(button.dataset.sort)));
    }
    let waiting = false;
    this.window.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        this.draw();
      });
    }, { passive: true });
  }

  column(name) {
    return this.columns.find((column) => column.name === name);
  }

  /** Shows only rows with this value of a column; "*" shows all. */
  pick(name, value) {
    if (value === "*") this.filters.delete(name);
    else this.filters.set(name, value.slice(1));
    this.show();
  }

  clear() {
    this.filters.clear();
    this.search.value = "";
    this.show();
  }

  sort(place) {
    const down = this.sorted && this.sorted.place === place && !this.sorted.down;
    this.sorted = { place, down };
    this.root.querySelectorAll("th[aria-sort]").forEach((head, at) => {
      head.setAttribute("aria-sort", at !== place ? "none" : down ? "descending" : "ascending");
    });
    const cells = this.columns[place].cells;
    this.order = this.records.map((_, row) => row);
    this.order.sort((one, other) => collator.compare(cells[one], cells[other]));
    if (down) this.order.reverse();
    this.show();
  }

  /** Finds the rows to show, says how many, and draws from the first. */
  show() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = [...this.filters].map(([name, value]) => [this.column(name).cells, value]);
    if (words.length && !this.texts) {
      this.texts = this.records.map((_, row) => this.columns.map((one) => one.cells[row]).join("\n").toLowerCase());
    }
    this.rows = this.order.filter((row) =>
      tests.every(([cells, value]) => cells[row] === value) && words.every((word) => this.texts[row].includes(word)));
    this.window.scrollTop = 0;
    this.mark();
    this.draw();
  }

  /** Says what is shown: in words, in the filters, and at the bars of pictures. */
  mark() {
    const kept = this.records.length;
    const cut = kept < this.total ? `, the first of ${this.total}` : "";
    this.status.textContent = `${this.rows.length} of ${kept} rows shown${cut}`;
    for (const select of this.root.querySelectorAll("select")) {
      const value = this.filters.get(select.dataset.column);
      select.value = value === undefined ? "*" : `=${value}`;
    }
    for (const button of document.querySelectorAll(`[data-pick="${this.root.dataset.table}"]`)) {
      const isPicked = this.filters.get(button.dataset.column) === button.dataset.value;
      button.setAttribute("aria-pressed", String(isPicked));
    }
  }

  /** Makes the rows in sight, and keeps room for the others. */
  draw() {
    if (!this.height) {
      this.body.replaceChildren(...this.rows.slice(0, 1).map((row) => this.row(row, 0)));
      this.height = this.body.firstChild ? this.body.firstChild.getBoundingClientRect().height : 0;
    }
    const height = this.height || 36;
    const sight = Math.ceil(this.window.clientHeight / height);
    const top = Math.floor(this.window.scrollTop / height);
    const first = this.limit ? 0 : Math.max(0, Math.min(top - SPARE, this.rows.length - sight));
    const last = Math.min(this.rows.length, this.limit || top + sight + SPARE);
    const rows = this.rows.slice(first, last).map((row, at) => this.row(row, first + at));
    const rest = this.limit ? 0 : (this.rows.length - last) * height;
    this.body.replaceChildren(this.room(first * height), ...rows, this.room(rest));
    this.table.setAttribute("aria-rowcount", String(this.rows.length + 1));
    // Columns grow with what comes into sight, and never shrink: so they do not jump.
    const heads = [...this.table.tHead.rows[0].cells];
    const widths = heads.map((head) => head.getBoundingClientRect().width);
    heads.forEach((head, at) => {
      if (!this.limit) head.style.minWidth = `${Math.ceil(widths[at])}px`;
    });
  }

  room(height) {
    const row = element("tr");
    row.setAttribute("aria-hidden", "true");
    row.className = "room";
    // An attribute, as the content security policy allows no inline style.
    element("td", undefined, row).setAttribute("height", String(Math.round(height)));
    return height > 0 ? row : "";
  }

  row(row, at) {
    const made = element("tr");
    made.setAttribute("aria-rowindex", String(at + 2));
    for (const column of this.columns) {
      const cell = element("td", column.cells[row], made);
      if (column.cells[row].length > 30) cell.title = column.cells[row];
    }
    const links = element("td", undefined, made);
    for (const line of this.records[row]) {
      link(line, links);
      links.append(" ");
    }
    return made;
  }

  /** What whoever has only the file has to know: what is invented, what was not read whole, what is not shown here. */
  notes() {
    const own = this.root.closest("section").querySelectorAll(":scope > .read.some");
    const cut = [...own, ...this.root.querySelectorAll(":scope > .cut")];
    const notes = [...document.querySelectorAll("header .caveat"), ...cut].map((one) => one.textContent);
    const all = this.columns[0].cells.length;
    if (this.rows.length < all) notes.push(`${this.rows.length} of ${all} rows, as they were filtered`);
    return [notes.join("; "), cut.length > 0];
  }

  /** Saves what is shown, in its order. */
  save() {
    const [notes, isIncomplete] = this.notes();
    const quoted = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
    const lines = [[...this.columns.map((column) => column.name), "Lines of evidence.jsonl", "Notes"]];
    for (const row of this.rows) {
      lines.push([...this.columns.map((column) => column.cells[row]), this.records[row].join(" "), notes]);
    }
    const text = lines.map((cells) => cells.map(quoted).join(",") + "\r\n").join("");
    const anchor = element("a");
    anchor.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
    anchor.download = `${this.root.dataset.table}${isIncomplete ? ".incomplete" : ""}.csv`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
  }

  /** Shows the first so many rows without a window, for print; with 0 the window again. */
  print(limit) {
    this.limit = limit;
    this.mark();
    if (limit && this.rows.length > limit) {
      this.status.textContent += `; the first ${limit} are printed: for all, use the button Print all rows`;
    }
    this.draw();
  }
}
