/** Counts, shares and their intervals. */

const Z = 1.959964;

/** Return share, low and high of a count out of n: the 95 % interval after Wilson. */
export function wilson(count, n) {
  if (!n) return { share: 0, low: 0, high: 1 };
  const share = count / n;
  const centre = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half =
    (Z / (1 + (Z * Z) / n)) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return { share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Return, for each label of `labels`, how many sentences carry it now. */
export function countLabels(sentences, labels) {
  const counts = Object.fromEntries(labels.list.map(({ id }) => [id, 0]));
  for (const sentence of sentences) for (const id of sentence.given) counts[id] += 1;
  return counts;
}
