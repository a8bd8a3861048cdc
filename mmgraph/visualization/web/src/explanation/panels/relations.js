// The relations of a graph as the picture shows them.

const MOST_COMPLETE = 60;

// [{ key, name, source, target, count, complete, drawable, directed, colour, pairs, score, twin }] without the
// reversed twins of others, which join the same pairs the other way round.
export function relationsOf(model) {
  const specs = model.document.graph.schema.edges;
  const names = new Set(specs.map(({ type }) => type.join(" ")));
  const reverse = ({ source, name, target }) => [target, name.replace(/^rev_/, ""), source].join(" ");
  const own = model.relations.filter((one) => !(one.name.startsWith("rev_") && names.has(reverse(one))));
  return own.map((one, i) => {
    const { source, name, target, count, complete, score } = one;
    const key = [source, name, target].join(" ");
    return {
      key,
      name,
      source,
      target,
      count,
      complete,
      drawable: count > 0 && (!complete || count <= MOST_COMPLETE),
      directed: !specs.find(({ type }) => type.join(" ") === key)?.symmetric,
      colour: i % 6,
      pairs: complete ? (count <= MOST_COMPLETE ? everyPair(model, source, target) : []) : one.pairs,
      score,
      twin: names.has([target, `rev_${name}`, source].join(" ")),
    };
  });
}

// Keys of those that are drawn: what the reader chose, else all that are listed.
export function shownRelations(relations, chosen) {
  const drawable = relations.filter((one) => one.drawable);
  return new Set(drawable.filter((one) => (chosen ? chosen.includes(one.key) : !one.complete)).map((one) => one.key));
}

function everyPair(model, source, target) {
  const count = (type) => model.byType.get(type).nodes.length;
  const pairs = [];
  for (let s = 0; s < count(source); s += 1) for (let t = 0; t < count(target); t += 1) pairs.push([s, t]);
  return pairs;
}
