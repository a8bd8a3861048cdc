// Names and contents of saved files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { safeName, xmlText } from "../src/explanation/panels/files.js";

test("a plain name stays", () => {
  assert.equal(safeName("img_17.jpg"), "img_17.jpg");
});

test("a name leaves no folder and is no hidden file", () => {
  assert.equal(safeName("../../etc/passwd"), "etc-passwd");
  assert.equal(safeName(".profile"), "profile");
  assert.equal(safeName("a..b"), "a.b");
  assert.equal(safeName("C:\\data\\a b.png"), "C-data-a-b.png");
});

test("accents go, other scripts become dashes", () => {
  assert.equal(safeName("Zoë 猫 42"), "Zoe-42");
});

test("a name of nothing is sample, and a reserved one gets a prefix", () => {
  assert.equal(safeName(""), "sample");
  assert.equal(safeName("///"), "sample");
  assert.equal(safeName("CON"), "sample-CON");
  assert.equal(safeName("nul.txt"), "sample-nul.txt");
});

test("a name is cut", () => {
  assert.equal(safeName("x".repeat(500)).length, 60);
  assert.equal(safeName(`${"x".repeat(59)}.y`), "x".repeat(59));
});

test("what no XML document may hold is left out", () => {
  assert.equal(xmlText("a\u0000b\u001fc\ud800d\uffffe"), "abcde");
  assert.equal(xmlText("tab\tline\n😀 é"), "tab\tline\n😀 é");
});
