// The f16 nearest to two floats, ties to even, in one word; included by other kernels
//
// By whole numbers: how pack2x16float rounds is the driver's choice.
fn f16_of(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let sign = (bits >> 16) & 0x8000;
  let magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) { return sign | 0x7e00; }
  if (magnitude >= 0x477ff000) { return sign | 0x7c00; }
  if (magnitude < 0x38800000) {
    // Below the smallest normal f16: in units of 2⁻²⁴.
    let shift = min(126 - (magnitude >> 23), 31u);
    let significand = (magnitude & 0x7fffff) | 0x800000;
    let units = significand >> shift;
    let rest = significand & ((1u << shift) - 1);
    let middle = 1u << (shift - 1);
    return sign | (units + select(0u, 1u, rest > middle || (rest == middle && (units & 1) == 1)));
  }
  return sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13);
}

fn f16_pair_of(low: f32, high: f32) -> u32 { return f16_of(low) | (f16_of(high) << 16); }
