// Opens pages in Chromium for the tests: takes one call a line as JSON, answers with one line each.
//
//   node drive.mjs PACKAGES CHROMIUM
//   {"page": 0, "call": "click", "with": {"selector": "#tab-heads"}} -> {"value": ...} or {"error": "..."}

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [packages, executablePath] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE = 30_000;
const QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking"];
const PLAIN = ["--no-sandbox", "--disable-gpu", "--disable-component-update", "--disable-sync"];
const SOUND = ["--autoplay-policy=no-user-gesture-required"];
const browser = await chromium.launch({ executablePath, args: [...QUIET, ...PLAIN, ...SOUND] });
const pages = [];

// Runs in the page before its own script. It keeps what the policy stops, when the page was ready, and how long
// after the pointer came over something the next frame was shown, in ms.
function watch() {
  window.__violations = [];
  window.__hovers = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.__violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
  new MutationObserver((_, observer) => {
    if (!document.body?.dataset.ready) return;
    window.__ready = performance.now();
    observer.disconnect();
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] });
  const shown = (start) => setTimeout(() => window.__hovers.push(performance.now() - start));
  document.addEventListener(
    "pointerover",
    (event) => requestAnimationFrame(() => shown(event.timeStamp)),
    true,
  );
}

// A page that is just being left for another has nothing to say.
function ifLeft(error) {
  if (!/context was destroyed|navigat/.test(error.message)) throw error;
  return false;
}

const calls = {
  async open(_, { url, width = 1200, height = 900, scale = 1, scheme = "light", motion = "no-preference" }) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      colorScheme: scheme,
      reducedMotion: motion,
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(watch);
    const page = await context.newPage();
    const log = { requests: [], console: [], errors: [], dialogs: [], popups: [] };
    const own = url.split("#")[0];
    page.on("request", (request) => {
      const asked = request.url();
      const inside = asked.split("#")[0] === own || /^(data|blob):/.test(asked);
      if (!inside) log.requests.push(asked);
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) log.console.push(message.text());
    });
    page.on("pageerror", (error) => log.errors.push(String(error.stack ?? error)));
    page.on("popup", (popup) => log.popups.push(popup.url()));
    page.on("dialog", async (dialog) => {
      log.dialogs.push(dialog.message());
      await dialog.dismiss();
    });
    await page.goto(url);
    pages.push({ page, log });
    return pages.length - 1;
  },
  async close({ page }) {
    await page.context().close();
  },
  async log({ page, log }) {
    return { ...log, violations: await page.evaluate(() => window.__violations) };
  },
  evaluate: ({ page }, { expression }) => page.evaluate(expression),
  // Asked from outside: a page's policy forbids it to evaluate a text itself.
  async until({ page }, { expression }) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await page.waitForTimeout(15)) {
      if (await page.evaluate(expression).catch(ifLeft)) return;
    }
    throw new Error("it did not come true");
  },
  click: ({ page }, { selector }) => page.click(selector),
  hover: ({ page }, { selector }) => page.hover(selector),
  // Times from pointer to frame over the elements, each pointed at in turn.
  async sweep({ page }, { selectors }) {
    await page.evaluate(() => window.__hovers.splice(0));
    for (const selector of selectors) await page.hover(selector, { force: true });
    await page.waitForTimeout(100);
    return page.evaluate(() => window.__hovers);
  },
  // Pages show a node a little longer than the pointer is on it.
  async leave({ page }) {
    await page.mouse.move(1, 1);
    await page.waitForTimeout(150);
  },
  press: ({ page }, { key }) => page.keyboard.press(key),
  fill: ({ page }, { selector, value }) => page.fill(selector, value),
  // By its value: a plain text would also find an option that shows it.
  select: ({ page }, { selector, value }) => page.selectOption(selector, { value }),
  check: ({ page }, { selector, checked }) => page.setChecked(selector, checked),
  resize: ({ page }, { width, height }) => page.setViewportSize({ width, height }),
  reload: ({ page }) => page.reload().then(() => null),
  async screenshot({ page }, { path, full = false }) {
    await page.screenshot({ path, fullPage: full });
  },
  async download({ page }, { selector }) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    const content = await readFile(await download.path());
    return { name: download.suggestedFilename(), content: content.toString("base64") };
  },
  // What axe finds, as short lines: rule, impact, element, why.
  async axe({ page }) {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    return page.evaluate(async () => {
      const found = await window.axe.run(document, { resultTypes: ["violations"] });
      return found.violations.flatMap(({ id, impact, nodes }) =>
        nodes.map((node) => `${id} (${impact}) ${node.target.join(" ")}: ${node.failureSummary}`),
      );
    });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { page, call, with: options } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await calls[call](pages[page], options)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
