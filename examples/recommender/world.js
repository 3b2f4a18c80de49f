// The shop: a small catalogue, and people with tastes. Everything follows from the seed.
//
// A taste has two parts. One is for categories, which anyone can read off an item's label. The
// other is for styles, which cut across categories and stand on no label: only what people with the
// same taste buy together gives them away. That is what a collaborative model can learn and a
// content-based one cannot.
import { seeded } from "./random.js";

const kItems = 300;
const kCategories = 10;
const kStyles = 6;

export function makeWorld(seed = 1) {
  const items = Array.from({ length: kItems }, (_, id) => makeItem(seed, id));
  return { seed, items, user: remember((id) => makeUser(seed, items, id)) };
}

// Keeps the last few thousand answers: a user is asked for several times in a row.
function remember(make, limit = 4096) {
  const known = new Map();
  return (id) => {
    if (!known.has(id)) {
      if (known.size >= limit) known.clear();
      known.set(id, make(id));
    }
    return known.get(id);
  };
}

function makeItem(seed, id) {
  const random = seeded(`${seed} item ${id}`);
  return {
    id,
    category: random.below(kCategories),
    style: random.below(kStyles),
    price: Math.round(100 * Math.exp(3 + 0.6 * random.normal())) / 100,
    popularity: Math.exp(0.7 * random.normal()),
  };
}

// How much a user likes an item: the logarithm of a weight, around 0.
export function affinity(user, item) {
  return user.categoryTaste[item.category] + user.styleTaste[item.style];
}

function makeUser(seed, items, id) {
  const random = seeded(`${seed} user ${id}`);
  const taste = (size, strength) =>
    Array.from({ length: size }, () => strength * random.normal());
  const user = {
    id,
    categoryTaste: taste(kCategories, 0.9),
    styleTaste: taste(kStyles, 1.5),
    keenness: Math.exp(0.8 * random.normal()), // How readily they put things into the cart.
    country: random.picker(["IN", "US", "UK", "BR"], [0.45, 0.3, 0.15, 0.1])(),
    platform: random.picker(["web", "android", "ios"], [0.3, 0.5, 0.2])(),
    visits: 1 + random.below(2),
  };
  user.history = pastItems(user, items, random);
  user.pastCarts = pastCarts(user, random);
  return user;
}

// What they looked at before: the more they like an item, the likelier.
function pastItems(user, items, random) {
  const weights = items.map((item) => item.popularity * Math.exp(affinity(user, item)));
  const pick = random.picker(items, weights);
  const count = 6 + random.below(7);
  return [...new Set(Array.from({ length: count }, () => pick().id))];
}

// How often they filled a cart in the two weeks before: a noisy sign of their keenness.
function pastCarts(user, random) {
  let carts = 0;
  for (let day = 0; day < 14; ++day) if (random.chance(Math.min(0.5, 0.1 * user.keenness))) ++carts;
  return carts;
}
