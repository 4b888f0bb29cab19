// Philox4x32-10 (Salmon et al. 2011): four random words for a key and a counter, included by other kernels
#include wide

fn philox(key: vec2u, counter: vec4u) -> vec4u {
  var k = key;
  var c = counter;
  for (var round = 0u; round < 10; round++) {
    let a = product(c.x, 0xd2511f53u);
    let b = product(c.z, 0xcd9e8d57u);
    c = vec4u(b.y ^ c.y ^ k.x, b.x, a.y ^ c.w ^ k.y, a.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
