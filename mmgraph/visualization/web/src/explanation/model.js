// What the page knows of its sample: the explanation's JSON, with maps unpacked and nodes gathered.

const ARRAYS = { uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array };

// Kinds from the top of the page to its bottom.
export const KINDS = ["box", "characters", "seconds"];

export const pairKey = (source, target) => `${source}>${target}`;
export const nodeKey = (node) => `${node.type}:${node.index}`;

// The text of a JSON document of mmgraph.explanation -> the model of the page.
export async function readModel(text) {
  const document = JSON.parse(text);
  const methods = await Promise.all(document.methods.map(readMethod));
  const types = readTypes(document.graph);
  return {
    document,
    title: document.title,
    about: document.about,
    text: document.graph.samples[0].text ?? null,
    id: document.graph.samples[0].id,
    prediction: document.prediction,
    image: document.image && { size: document.image.size, url: dataUrl(document.image) },
    sound: document.sound && { seconds: document.sound.seconds, rate: document.sound.rate, url: dataUrl(document.sound) },
    types, // [{ type, kind, nodes: [{ type, index, label, box?, span?, time?, score? }] }]
    byType: new Map(types.map((entry) => [entry.type, entry])),
    relations: readRelations(document.graph, types),
    methods, // [{ method, note, maps: Map(pairKey -> WeightMap), nodes: Map(type -> numbers), fidelity, chance }]
    byMethod: new Map(methods.map((entry) => [entry.method, entry])),
    truth: readTruth(document.truth, types), // Map(pairKey -> Set of s * T + t)
    paths: document.paths,
    modalityWeights: document.modality_weights,
  };
}

// Weights [L, H, S, T] on a grid; equal to mmgraph.explanation.WeightMap to the last bit.
export class WeightMap {
  constructor({ pair, shape, step }, codes) {
    [this.source, this.target] = pair;
    [this.layers, this.heads, this.rows, this.columns] = shape;
    this.step = step;
    this.codes = codes;
    this.signed = codes instanceof Int8Array || codes instanceof Int16Array;
    this.cache = new Map();
  }

  // Float64Array [S * T] of a layer and head, or the mean over all where one is null.
  weights(layer = null, head = null) {
    const name = `${layer}/${head}`;
    if (!this.cache.has(name)) this.cache.set(name, this.mean(layer, head));
    return this.cache.get(name);
  }

  mean(layer, head) {
    const size = this.rows * this.columns;
    const total = new Float64Array(size);
    const layers = layer === null ? range(this.layers) : [Math.min(layer, this.layers - 1)];
    const heads = head === null ? range(this.heads) : [Math.min(head, this.heads - 1)];
    for (const l of layers) {
      for (const h of heads) {
        const step = this.step[l][h];
        const start = (l * this.heads + h) * size;
        for (let i = 0; i < size; i += 1) total[i] += this.codes[start + i] * step;
      }
    }
    const count = Math.max(layers.length * heads.length, 1);
    for (let i = 0; i < size; i += 1) total[i] /= count;
    return total;
  }
}

function readTypes(graph) {
  return Object.entries(graph.schema.nodes).map(([type, spec]) => {
    const entry = graph.nodes[type];
    const count = entry.sizes[0];
    const kind = spec.pos ?? null;
    const text = graph.samples[0].text ?? null;
    const nodes = range(count).map((index) => {
      const node = { type, index, kind, label: entry.label?.[index] ?? "" };
      const pos = entry.pos?.values[index];
      if (kind === "box") node.box = pos;
      if (kind === "characters") node.span = pos;
      if (kind === "seconds") node.time = pos;
      if (kind === "characters" && !node.label && text !== null) node.label = slice(text, pos);
      if (entry.extra?.score) node.score = entry.extra.score.values[index];
      return node;
    });
    return { type, kind, nodes };
  });
}

// Positions count characters as Python does: by code point.
function slice(text, [start, end]) {
  return Array.from(text).slice(start, end).join("");
}

function readRelations(graph, types) {
  const sizes = new Map(types.map((entry) => [entry.type, entry.nodes.length]));
  return graph.edges.map((edge) => {
    const [source, name, target] = edge.type;
    const complete = edge.edge_index === "complete";
    const [from, to] = complete ? [[], []] : edge.edge_index.values;
    const pairs = from.map((s, i) => [s, to[i]]);
    const count = complete ? sizes.get(source) * sizes.get(target) : pairs.length;
    return { source, name, target, complete, pairs, count, score: edge.edge_score?.values ?? null };
  });
}

async function readMethod(entry) {
  const maps = await Promise.all(
    entry.maps.map(async (item) => {
      const buffer = await unpack(item.codes);
      return [pairKey(...item.pair), new WeightMap(item, new ARRAYS[item.dtype](buffer))];
    }),
  );
  return {
    method: entry.method,
    note: entry.note,
    maps: new Map(maps),
    nodes: new Map(Object.entries(entry.nodes)),
    fidelity: entry.fidelity,
    chance: entry.chance,
  };
}

function readTruth(entries, types) {
  const sizes = new Map(types.map((entry) => [entry.type, entry.nodes.length]));
  return new Map(
    entries.map(({ pair, cells }) => [
      pairKey(...pair),
      new Set(cells.map(([s, t]) => s * sizes.get(pair[1]) + t)),
    ]),
  );
}

async function unpack(base64) {
  const bytes = fromBase64(base64);
  if (!bytes.length) return new ArrayBuffer(0);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

export function fromBase64(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  // A loop: Uint8Array.from with a function takes twenty times as long.
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const dataUrl = ({ mime, data }) => `data:${mime};base64,${data}`;
const range = (count) => Array.from({ length: count }, (_, i) => i);
