// The two models between which the experiment decides. Both answer: given what a user looked at
// before, which k items would they like best?
//
//   const model = makeModel("collaborative", makeWorld(1));
//   model.recommend("u42", 10);  // [{item: 17, score: 0.83}, …], best first

const kTrainingUsers = 1500;

export const kModels = ["content_based", "collaborative"];

// The share of requests that either server fails on purpose: every real service has some.
export const kFailureShare = 0.002;

export function makeModel(name, world) {
  const score = name === "collaborative" ? collaborative(world) : contentBased(world);
  const recommend = (userId, k) => {
    const { history } = world.user(userId);
    return best(score(history), history, k);
  };
  return { name, recommend };
}

// Likes items whose label (category, price) resembles the labels of what the user looked at.
function contentBased({ items }) {
  const label = (item) => ({ category: item.category, price: Math.log(item.price) });
  const labels = items.map(label);
  const resemblance = (a, b) =>
    (a.category === b.category ? 1 : 0) + 0.3 / (1 + Math.abs(a.price - b.price));
  return (history) =>
    items.map((item) =>
      history.reduce((sum, seen) => sum + resemblance(labels[item.id], labels[seen]), 0),
    );
}

// Likes items that people who looked at the same things looked at too: item-to-item cosine
// similarity over the training users' histories (Sarwar et al., WWW 2001).
function collaborative(world) {
  const size = world.items.length;
  const together = new Float64Array(size * size);
  for (let i = 0; i < kTrainingUsers; ++i) {
    const { history } = world.user(`training-${i}`);
    for (const a of history) for (const b of history) together[a * size + b] += 1;
  }
  const similarity = new Float64Array(size * size);
  for (let a = 0; a < size; ++a) {
    for (let b = 0; b < size; ++b) {
      const both = Math.sqrt(together[a * size + a] * together[b * size + b]);
      similarity[a * size + b] = together[a * size + b] / (both + 5); // +5: rare pairs prove little.
    }
  }
  return (history) =>
    world.items.map((item) =>
      history.reduce((sum, seen) => sum + similarity[seen * size + item.id], 0),
    );
}

// The k best that the user has not seen; ties go to the smaller number.
function best(scores, history, k) {
  const seen = new Set(history);
  return scores
    .map((score, item) => ({ item, score }))
    .filter(({ item }) => !seen.has(item))
    .sort((a, b) => b.score - a.score || a.item - b.item)
    .slice(0, k);
}
