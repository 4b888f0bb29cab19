// Whole numbers of 64 bits as (low, high), included by other kernels

// a · b, both of 32 bits.
fn product(a: u32, b: u32) -> vec2u {
  let a0 = a & 0xffff;
  let a1 = a >> 16;
  let b0 = b & 0xffff;
  let b1 = b >> 16;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >> 16);
  let other = a0 * b1 + (middle & 0xffff);
  return vec2u(a * b, a1 * b1 + (middle >> 16) + (other >> 16));
}

fn plus(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

// a − b, which is not below zero.
fn minus(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn exceeds(a: vec2u, b: vec2u) -> bool {
  return a.y > b.y || (a.y == b.y && a.x > b.x);
}
