// dropout: out[i] = x[i]·m, m = SCALE where an element is kept, else 0
//
// It is kept where word i mod 4 of Philox under key (r0, r1) and counter (⌊i/4⌋, SITE, r2, r3) is at least THRESHOLD.
// x, out f32, ELEMENTS of them; random u32 [4] = r. A thread does four elements, SIZE fours in all. NaN stays NaN.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> random: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include philox_rounds
#include each_element

fn element(i: u32) {
  let words = philox(vec2u(random[0], random[1]), vec4u(i, SITE, random[2], random[3]));
#for r < 4
  if (4 * i + {r} < ELEMENTS) { out[4 * i + {r}] = x[4 * i + {r}] * select(0.0, SCALE, words[{r}] >= THRESHOLD); }
#end
}
