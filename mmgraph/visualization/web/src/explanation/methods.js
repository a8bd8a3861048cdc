// What each method is, for the page's readers.

// How far it can be believed, by what it reads.
const CAUTIONS = {
  attention: "Attention shows where a model looked, not why it answered: it is not by itself an explanation.",
  match:
    "A match says what belongs together for the model, not why it answered: like attention, it is not by itself " +
    "an explanation.",
  answer:
    "What a node adds hangs on what else is there: no number of one node is the whole reason, and attention is not " +
    "by itself an explanation either.",
  links: "Links say what is tied to what, not why a model answers as it does: they are not by themselves an explanation.",
};

// What the numbers of nodes are that do not know the answer.
const SCORES = {
  attention: "how much a node is looked at",
  rollout: "how much of a node is in what the answer is read from",
  plan: "how much a node gives and receives",
};

// Name, what it is, kind of caution.
const METHODS = {
  attention: [
    "Attention",
    "The weights with which nodes read from one another inside the model, for each layer and head. " +
      "They say where information could flow, not how much of it reached the answer.",
    "attention",
  ],
  rollout: [
    "Attention rollout",
    "Attention of all layers multiplied together, with each layer's shortcut counted in, so that indirect looks " +
      "are followed back to the input.",
    "attention",
  ],
  relevance: [
    "Relevance",
    "Attention weighted by the gradient of the answer and gathered over the layers (Chefer and others, 2021): " +
      "only looks that speak for this answer count.",
    "attention",
  ],
  plan: [
    "Alignment plan",
    "The alignment that the model itself computes and sends its messages along: each row says how one node's share " +
      "is spread over its partners.",
    "match",
  ],
  transport: [
    "Optimal transport",
    "The cheapest way to move the mass of one side onto the other, where similar nodes are close. " +
      "Every node gives and takes its share, so partners are chosen jointly.",
    "match",
  ],
  similarity: [
    "Similarity",
    "How alike the model's vectors of two nodes are. It is symmetric and knows nothing of the answer.",
    "match",
  ],
  integrated_gradients: [
    "Integrated gradients",
    "The gradient of the answer's score, added up on the way from an empty input to this one " +
      "(Sundararajan and others, 2017). The nodes' values sum to the score that they explain; negative ones speak against it.",
    "answer",
  ],
  edge_mask: [
    "Edge mask",
    "A mask over the graph's edges, learned for this sample: what can be erased without changing the answer gets " +
      "a small weight, what cannot a large one.",
    "answer",
  ],
  leave_one_out: [
    "Leave one out",
    "The score of the whole sample minus the score without the node, measured by running the model once more for " +
      "each: exact for single nodes, blind to nodes that can stand in for each other.",
    "answer",
  ],
};

// { title, text, caution, score } of a method; of an unknown one its name, no text, and what holds for all.
export function methodFacts(method) {
  const known = Object.hasOwn(METHODS, method);
  const [title, text, kind] = known ? METHODS[method] : [plain(method), "", "links"];
  const score = Object.hasOwn(SCORES, method) ? SCORES[method] : "speaks for the answer";
  return { title, text, caution: CAUTIONS[kind], score };
}

function plain(method) {
  const words = method.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const LOOKING = { looksAt: "looks at", lookedAt: "is looked at by", looksMost: "looks most at", lookedAtMost: "is looked at most by" };
const LINKING = { looksAt: "is linked with", lookedAt: "is linked from", looksMost: "is linked most with", lookedAtMost: "is linked most with" };

// How a sentence says that one node weighs another.
export function wordsOf(method) {
  return ["attention", "rollout", "relevance"].includes(method) ? LOOKING : LINKING;
}
