// Rows of numbers, written four at a time, as `vector.wgsl` reads them; included under the name of the array

#if VECTOR
@group(0) @binding(AT) var<storage, read_write> stored: array<vec4f>;
#else
@group(0) @binding(AT) var<storage, read_write> stored: array<f32>;
#end

// Writes elements 4·c to 4·c + 3 of a row of `width` elements that begins at element `first`, as far as it has them.
fn store_stored(first: u32, c: u32, width: u32, v: vec4f) {
#if VECTOR
  stored[first / 4 + c] = v;
#else
#for i < 4
  if (4 * c + {i} < width) { stored[first + 4 * c + {i}] = v[{i}]; }
#end
#end
}
