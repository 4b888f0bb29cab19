// Rows of numbers, read four at a time; included by other kernels under the name of the array
//
// VECTOR: every row has a multiple of four elements, and the array's elements are vectors.

#if VECTOR
@group(0) @binding(AT) var<storage, read_write> vector: array<vec4f>;
#else
@group(0) @binding(AT) var<storage, read_write> vector: array<f32>;
#end

// Elements 4·c to 4·c + 3 of a row of `width` elements that begins at element `first`; 0 beyond its end.
fn load_vector(first: u32, c: u32, width: u32) -> vec4f {
#if VECTOR
  return vector[first / 4 + c];
#else
  var v = vec4f();
#for i < 4
  if (4 * c + {i} < width) { v[{i}] = vector[first + 4 * c + {i}]; }
#end
  return v;
#end
}
