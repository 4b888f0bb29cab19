/** Does `work` for 0 … `count` − 1, `lanes` at a time, and gives the results in order. */
export async function inLanes<Result>(
  count: number,
  { lanes, work }: { lanes: number; work: (i: number) => Promise<Result> },
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, async () => {
    while (next < count) {
      const i = next++;
      results[i] = await work(i);
    }
  }));
  return results;
}
