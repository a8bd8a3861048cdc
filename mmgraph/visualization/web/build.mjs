// Bundles the pages: `npm ci && npm run build`; `npm run check` says whether bundle/ is what the sources give.

import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PAGES = ["explanation", "gallery"];
const OPTIONS = {
  absWorkingDir: here("."),
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
};

async function bundle(page) {
  const script = await esbuild.build({ ...OPTIONS, entryPoints: [`src/${page}/main.js`], format: "iife" });
  const style = await esbuild.build({ ...OPTIONS, entryPoints: [`src/${page}/style.css`] });
  return {
    files: { [`bundle/${page}.js`]: script.outputFiles[0].text, [`bundle/${page}.css`]: style.outputFiles[0].text },
    packages: [...packagesIn(script.metafile), ...packagesIn(style.metafile)],
  };
}

// The packages of which something is in a bundle.
function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return used.flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
}

async function licences(packages) {
  const parts = ["The bundles in this folder hold mmgraph's own code, under its licence, and these packages:"];
  for (const name of [...new Set(packages)].sort()) {
    const folder = `node_modules/${name}`;
    const { version, license } = JSON.parse(await readFile(here(`${folder}/package.json`), "utf8"));
    const file = (await readdir(here(folder))).find((entry) => /^licen[sc]e/i.test(entry));
    if (!file) throw new Error(`${name} ${version} has no licence file`);
    const text = (await readFile(here(`${folder}/${file}`), "utf8")).replaceAll("\r\n", "\n").trim();
    parts.push(`${"-".repeat(80)}\n${name} ${version} (${license})\n\n${text}`);
  }
  return `${parts.join("\n\n")}\n`;
}

const made = await Promise.all(PAGES.map(bundle));
const files = Object.assign({}, ...made.map((page) => page.files));
files["bundle/LICENSES.txt"] = await licences(made.flatMap((page) => page.packages));
for (const [path, content] of Object.entries(files)) {
  if (process.argv.includes("--check")) {
    const committed = await readFile(here(path), "utf8").catch(() => "");
    if (committed !== content) {
      console.error(`${path} is not what the sources give: npm run build`);
      process.exitCode = 1;
    }
  } else {
    // Whole or not at all, as pages may be written meanwhile.
    await writeFile(here(`${path}.new`), content);
    await rename(here(`${path}.new`), here(path));
    console.log(`${path} ${content.length} bytes`);
  }
}
