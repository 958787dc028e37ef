// Opens a report in a browser, from the file and offline, and uses it as a reader would.
// usage: check.mjs CHROMIUM PAGE.html MANIFEST.json FOLDER [ROWS]
// FOLDER takes what is downloaded; with ROWS, the access review has to have so many rows at least.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import puppeteer from "puppeteer-core";

const [, , executablePath, file, manifestFile, folder, rows] = process.argv;
const manifest = JSON.parse(readFileSync(manifestFile, "utf8"));
const url = pathToFileURL(file).href;
// A sandbox needs rights that a container does not give.
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const trouble = [];

/** A tab that notes every request, error and violation. */
async function open(width, scheme, hash = "") {
  const tab = await browser.newPage();
  await tab.setViewport({ width, height: 900 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.setOfflineMode(true);
  tab.on("console", (message) => trouble.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  tab.on("dialog", (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  tab.on("request", (request) => {
    if (!/^(file|blob):/.test(request.url())) trouble.push(`request: ${request.url()}`);
  });
  await tab.evaluateOnNewDocument(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(event.violatedDirective));
  });
  const begun = performance.now();
  await tab.goto(url + hash);
  await tab.waitForSelector("html[data-ready]", { timeout: 60_000 });
  console.log(`ready after ${Math.round(performance.now() - begun)} ms at ${width} px, ${scheme}`);
  return tab;
}

const text = (tab, selector) => tab.$eval(selector, (found) => found.textContent);
const click = (tab, selector) => tab.$eval(selector, (found) => found.click());
const has = async (tab, id) => (await tab.$(`#${id}-grid`)) !== null;
const count = async (tab, id) => Number(/^\d+/.exec(await text(tab, `#${id}-grid .count`))[0]);
/** The cells in sight of a column, by its name. */
const cells = (tab, id, name) => tab.$eval(`#${id}-grid table`, (table, name) => {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const shown = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("room"));
  return shown.map((row) => row.cells[heads.indexOf(name)].textContent);
}, name);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const total = (tab, id) => tab.$eval(`#${id}-grid caption`, (found) => Number(/(\d+) rows?$/.exec(found.textContent)[1]));

/** Numbers are those of the manifest. */
async function numbers(tab) {
  const kinds = manifest.records_per_kind;
  const sum = (...names) => names.reduce((all, name) => all + (kinds[name] ?? 0), 0);
  const expected = {
    users: sum("user"), connections: sum("connection"), destinations: sum("destination"), syncs: sum("sync_run"),
    keys: sum("system_key", "api_key"), events: sum("audit_event", "audit_trail_entry", "user_action"),
    records: manifest.records,
  };
  for (const [id, want] of Object.entries(expected)) {
    if (await tab.$(`#${id}-grid`)) assert.equal(await total(tab, id), want, id);
    else assert.equal(want, 0, `no table of ${id}`);
  }
  const coverage = await tab.$$eval("#coverage tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.equal(coverage.length, manifest.coverage.length);
  manifest.coverage.forEach((one, at) => {
    assert.ok(coverage[at][0].endsWith(one.kind), one.kind);
    assert.equal(Number(coverage[at][2]), one.records, one.kind);
    assert.ok(coverage[at][1].startsWith(one.state.replaceAll("_", " ")), one.kind);
  });
  for (const chart of await tab.$$("figure")) {
    const [id, bars, more] = await chart.evaluate((figure) => [
      figure.querySelector("[data-pick]").dataset.pick,
      [...figure.querySelectorAll(".number")].map((found) => Number(found.textContent)),
      Number(/(\d+) rows?$/.exec(figure.querySelector(".cut")?.textContent)?.[1] ?? 0),
    ]);
    assert.equal(bars.reduce((all, one) => all + one, more), await total(tab, id), `bars over ${id}`);
  }
  if (rows) assert.ok((await total(tab, "access")) >= Number(rows), "too few rows");
}

async function sort(tab) {
  const order = async (want) => {
    await click(tab, "#users-grid [data-sort='0']");
    assert.equal(await tab.$eval("#users-grid th", (head) => head.getAttribute("aria-sort")), want);
    return cells(tab, "users", "User");
  };
  const [up, down] = [await order("ascending"), await order("descending")];
  const collator = new Intl.Collator("en", { numeric: true });
  assert.deepEqual(up, [...up].sort(collator.compare));
  assert.deepEqual(down, [...down].sort(collator.compare).reverse());
  assert.notDeepEqual(up, down);
}

/** Each bar picks as many rows as it says, once more all; a select does the same, and a search what is left. */
async function pick(tab) {
  const all = await count(tab, "users");
  for (const bar of await tab.$$("[data-pick=users]")) {
    const [name, value, want] = await bar.evaluate((found) => [
      found.dataset.column, found.dataset.value, Number(found.querySelector(".number").textContent),
    ]);
    await bar.evaluate((found) => found.click());
    assert.equal(await count(tab, "users"), want, `${name}: ${value}`);
    assert.equal(await bar.evaluate((found) => found.getAttribute("aria-pressed")), "true");
    assert.ok((await cells(tab, "users", name)).every((cell) => cell === value), `${name}: ${value}`);
    await bar.evaluate((found) => found.click());
    assert.equal(await count(tab, "users"), all);
  }
  const role = (await cells(tab, "users", "Account role"))[0];
  await tab.select("#users-grid select[data-column='Account role']", `=${role}`);
  const some = await count(tab, "users");
  assert.ok(some > 0 && some < all);
  await tab.type("#users-grid input", (await cells(tab, "users", "User"))[0]);
  await wait(400);
  const few = await count(tab, "users");
  assert.ok(few > 0 && few < some);
  await click(tab, "#users-grid [data-do=clear]");
  assert.equal(await count(tab, "users"), all);
}

/** The file has what is shown, says what is invented or not whole, and nothing in it is a formula. */
async function csv(tab, id) {
  const client = await tab.createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
  const done = new Promise((end) => client.on("Browser.downloadProgress", (event) => event.state === "completed" && end()));
  const isCut = (await tab.$(`#${id}-grid > .cut`)) !== null;
  const path = join(folder, `${id}${isCut ? ".incomplete" : ""}.csv`);
  await click(tab, `#${id}-grid [data-do=csv]`);
  await done;
  assert.ok(existsSync(path), path);
  const lines = readFileSync(path, "utf8").slice(1).split("\r\n");
  assert.equal(lines.length, (await count(tab, id)) + 2);
  for (const line of lines) assert.doesNotMatch(line, /(^|,)"[=+\-@\t\r]/);
  const caveats = await tab.$$eval("header .caveat", (all) => all.map((one) => one.textContent));
  for (const line of lines.slice(1, -1)) for (const caveat of caveats) assert.ok(line.includes(caveat), line);
}

/** Rows outside of the window are not in the page, and come into sight by scrolling, each in its place. */
async function scroll(tab, id) {
  const all = await count(tab, id);
  const last = () => tab.$$eval(`#${id}-grid tbody tr:not(.room)`, (found) => [found.length, Number(found.at(-1).getAttribute("aria-rowindex"))]);
  if (all > 200) assert.ok((await last())[0] < 100, "no window");
  const seen = new Set();
  for (let step = 0; step <= 20; step++) {
    await tab.$eval(`#${id}-grid .window`, (window, part) => { window.scrollTop = window.scrollHeight * part; }, step / 20);
    await wait(40);
    const [drawn, at] = await last();
    assert.ok(drawn > 0, "an empty window");
    seen.add(at);
  }
  assert.ok(seen.has(all + 1), `the last row of ${id} does not come into sight`);
}

/** Every link leads to a record; Escape closes it. */
async function record(tab) {
  await click(tab, "#records-grid tbody a");
  await tab.waitForSelector("dialog[open]");
  const [title, content, from] = [await text(tab, "#record-title"), await text(tab, "dialog pre"), await text(tab, ".from")];
  assert.ok(title.length > 0 && from.length > 0);
  JSON.parse(content);
  await tab.keyboard.press("Escape");
  await tab.waitForSelector("dialog:not([open])");
  for (const href of await tab.$$eval("a[href^='#']", (all) => [...new Set(all.map((one) => one.getAttribute("href")))])) {
    if (!href.startsWith("#record-")) assert.ok(await tab.$(href), `${href} leads nowhere`);
  }
}

/** Tab reaches the skip link first, and headings sort by the keyboard. */
async function keyboard(tab) {
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => document.activeElement.className), "skip");
  await tab.focus("#users-grid [data-sort='1']");
  await tab.keyboard.press("Enter");
  assert.equal(await tab.$eval("#users-grid th:nth-child(2)", (head) => head.getAttribute("aria-sort")), "ascending");
}

/** No text became an element, an attribute or a script, and the policy stopped nothing that the page does. */
async function harmless(tab) {
  const found = await tab.evaluate(() => ({
    violations: globalThis.violations,
    elements: document.querySelectorAll("img, iframe, object, embed, b, link, script[src], [onerror], [style]:not(th)").length,
    scripts: document.scripts.length,
  }));
  assert.deepEqual(found, { violations: [], elements: 0, scripts: 2 });
}

async function print(tab) {
  const pdf = await tab.pdf({ format: "A4", timeout: 120_000 });
  assert.ok(pdf.length > 20_000, "an empty print");
  const printed = await tab.evaluate(() => {
    let drawn = 0;
    window.print = () => {
      dispatchEvent(new Event("beforeprint"));
      drawn = document.querySelectorAll("#records-grid tbody tr:not(.room)").length;
      dispatchEvent(new Event("afterprint"));
    };
    document.getElementById("print").click();
    return drawn;
  });
  assert.equal(printed, await count(tab, "records"), "print all prints all");
}

async function accessible(tab, what) {
  await tab.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  const client = await tab.createCDPSession();
  // Not as a script of the page, which its policy forbids.
  await client.send("Runtime.evaluate", { expression: axe.source });
  const run = "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })";
  const { result } = await client.send("Runtime.evaluate", { expression: run, awaitPromise: true, returnByValue: true });
  const found = result.value.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html)}`);
  assert.deepEqual(found, [], what);
  assert.ok(result.value.passes.length > 15, "axe looked at nothing");
}

/** Dark is dark, no page is wider than its screen. */
async function looks(tab, width, scheme) {
  const light = await tab.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)[0]));
  assert.equal(light > 128, scheme === "light", scheme);
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${wide} px wide at ${width}`);
  // A word that stands for a state, a kind or a permission is never broken over lines.
  const broken = await tab.$$eval(".state, th code, #coverage td:last-child", (all) => all.filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
    return !/\s/.test(one.textContent.trim()) && lines.size > 1;
  }).map((one) => one.textContent));
  assert.deepEqual(broken, [], `broken at ${width} px`);
}

try {
  const tab = await open(1280, "light");
  await numbers(tab);
  if (await has(tab, "users")) {
    for (const one of [keyboard, sort, pick]) await one(tab);
  }
  await record(tab);
  await csv(tab, "records");
  await scroll(tab, (await has(tab, "access")) ? "access" : "records");
  await print(tab);
  await harmless(tab);
  await tab.close();
  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"]) {
      const tab = await open(width, scheme);
      await looks(tab, width, scheme);
      await accessible(tab, `${width} px, ${scheme}`);
      await tab.close();
    }
  }
  // An address of a record opens it, and is as accessible.
  const deep = await open(1280, "light", "#record-1");
  await deep.waitForSelector("dialog[open]");
  await accessible(deep, "a record");
  assert.deepEqual(trouble, []);
  console.log(`checked: ${file}, ${statSync(file).size} bytes`);
} finally {
  await browser.close();
}
