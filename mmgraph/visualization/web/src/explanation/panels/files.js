// Files that the reader saves.

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

// A name that every file system takes, of whatever a sample is called: letters, digits, ".", "_" and "-".
export function safeName(name, most = 60) {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/\.{2,}/g, ".")
    .slice(0, most)
    .replace(/^[.-]+|[.-]+$/g, "");
  if (!plain) return "sample";
  return RESERVED.test(plain.split(".")[0]) ? `sample-${plain}` : plain;
}

// Characters that no XML document may hold are left out.
export function xmlText(text) {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu, "");
}

export function saveFile(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
