// Bundles the pages: `npm ci && npm run build`; `npm run check` says whether bundle/ is what the sources give.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PAGES = ["explanation", "gallery"];

async function bundle(page) {
  const options = { bundle: true, minify: true, write: false, target: "es2022", charset: "ascii", legalComments: "none" };
  const script = await esbuild.build({ ...options, entryPoints: [here(`src/${page}/main.js`)], format: "iife" });
  const style = await esbuild.build({ ...options, entryPoints: [here(`src/${page}/style.css`)] });
  return { [`bundle/${page}.js`]: script.outputFiles[0].text, [`bundle/${page}.css`]: style.outputFiles[0].text };
}

const made = Object.assign({}, ...(await Promise.all(PAGES.map(bundle))));
let stale = 0;
for (const [path, content] of Object.entries(made)) {
  if (process.argv.includes("--check")) {
    const committed = await readFile(here(path), "utf8").catch(() => "");
    if (committed !== content) {
      console.error(`${path} is not what the sources give: npm run build`);
      stale = 1;
    }
  } else {
    await writeFile(here(path), content);
    console.log(`${path} ${content.length} bytes`);
  }
}
process.exitCode = stale;
