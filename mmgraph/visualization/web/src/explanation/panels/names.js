// What nodes, methods, layers and heads are called in the panels.

import { methodFacts } from "../methods.js";
import { cleanText, fullName } from "../names.js";

export { cleanText, fullName };

export const methodName = (method) => cleanText(methodFacts(method).title, 40);

// "red circle", or "region 3" where there is no label.
export function shortName(node, most = 28) {
  return cleanText(node.label, most) || `${node.type} ${node.index}`;
}

// "layer 3, head 7", "layer 3, mean of heads", "mean of all heads"; "" of a map that has but one.
export function placeName({ layers, heads }, layer, head) {
  const names = [];
  if (layers > 1) names.push(layer === null ? "mean of layers" : `layer ${layer}`);
  if (heads > 1) names.push(head === null ? "mean of heads" : `head ${head}`);
  return names.join(", ");
}

export const pairName = ([source, target]) => `${source} → ${target}`;
