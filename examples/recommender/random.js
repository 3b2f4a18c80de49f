// Seeded randomness: the same key gives the same stream in every process, so that the model
// servers, the population and the truth see one and the same world.
//
//   const random = seeded("user u42");
//   random.uniform();

// FNV-1a over the text, then a final mix (MurmurHash3's).
function hash32(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function seeded(key) {
  let state = hash32(key);
  // Mulberry32: one 32-bit state, a full period, good enough for a shop.
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    chance: (probability) => uniform() < probability,
    below: (bound) => Math.floor(uniform() * bound),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    // Draws from the choices, with chances in proportion to the weights: picker(…)().
    picker: (choices, weights) => {
      let sum = 0;
      const edges = weights.map((weight) => (sum += weight));
      return () => {
        const point = uniform() * sum;
        const found = edges.findIndex((edge) => point < edge);
        return choices[found < 0 ? choices.length - 1 : found];
      };
    },
  };
}
