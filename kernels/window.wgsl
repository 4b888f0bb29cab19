// The positions of x `[N, T, H, W]` that a window over it reads, included by other kernels; for its constants see conv
//
// TIME: a frame of the result depends on other frames than its own. Otherwise T is OT, and each frame is an image.

// Where the window of position m begins: its plane of x (of frames, the first of its image), row, column and frame.
fn window_of(m: u32) -> vec4u {
  let line = m / OW;
  let row = line % OH * SH - PH;
  let column = m % OW * SW - PW;
#if TIME
  return vec4u(line / OH / OT * T, row, column, line / OH % OT * ST - PT);
#else
  return vec4u(line / OH, row, column, 0);
#end
}

// Where tap (kt, kh, kw) of a window reads: the position in x, or OUTSIDE, the number of all positions.
fn source(window: vec4u, tap: u32) -> u32 {
#if TIME
  let frame = window.w + tap / (KW * KH);
  if (frame >= T) { return OUTSIDE; }
  let plane = window.x + frame;
  let row = window.y + tap / KW % KH;
#else
  let plane = window.x;
  let row = window.y + tap / KW;
#end
  let column = window.z + tap % KW;
  // One comparison for both borders: below the first, the difference wraps around.
  if (row < H && column < W) { return (plane * H + row) * W + column; }
  return OUTSIDE;
}
