// What a person does with the recommendations they get: looks from the top down, opens what they
// like, puts some of it into the cart, buys some of that. Used by the live population and by the
// truth alike, so that both speak of the same world.
import { seeded } from "./random.js";
import { affinity } from "./world.js";

export const kListLength = 10;

// The outcomes of one visit: {name, value, item}. `views` carry the seconds of reading.
export function visit(world, user, number, recommendations) {
  const random = seeded(`${world.seed} visit ${user.id} ${number}`);
  const outcomes = [];
  recommendations.forEach(({ item: id }, rank) => {
    const item = world.items[id];
    const liking = affinity(user, item);
    const looks = random.chance(1 / (1 + 0.35 * rank));
    const opens = random.chance(sigmoid(liking - 2.4));
    const reading = random.exponential(12 * Math.exp(0.4 * liking));
    const carts = random.chance(Math.min(0.9, 0.2 * user.keenness * sigmoid(liking - 0.5)));
    const buys = random.chance(0.4);
    if (!looks || !opens) return;
    outcomes.push({ name: "item_viewed", value: reading, item: id });
    if (carts) outcomes.push({ name: "add_to_cart", item: id });
    if (carts && buys) outcomes.push({ name: "purchase", value: item.price, item: id });
  });
  return outcomes;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
