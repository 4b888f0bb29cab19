/** The report's looks: light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2433, #e6e9f0); --soft: light-dark(#5c667a, #9aa4b8);
  --page: light-dark(#f6f7f9, #12151c); --card: light-dark(#fff, #1b2029); --line: light-dark(#e0e4ea, #2c3340);
  --accent: light-dark(#2457d6, #7aa2ff); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 12px; }
.lead { color: var(--soft); margin: 0 0 20px; }
.bar { height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--accent); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(360px, 100%), 1fr)); gap: 16px; }
figure, .card { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px; }
figcaption { display: flex; justify-content: space-between; gap: 8px; font-weight: 600; margin-bottom: 6px; }
figcaption output { font-weight: 400; color: var(--soft); font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .tick { fill: var(--soft); font-size: 11px; }
svg .main { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
svg .raw { fill: none; stroke: var(--accent); stroke-width: 1; opacity: .3; }
svg .dots { fill: var(--accent); } svg .cursor path { stroke: var(--soft); stroke-dasharray: 3 3; }
svg [hidden] { display: none; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 500; }
.wide { overflow-x: auto; }
.sheet img { width: 100%; max-width: max-content; image-rendering: pixelated; border-radius: 6px; display: block; }
pre { margin: 0; overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; } summary { cursor: pointer; }
details > :not(summary) { margin-top: 12px; } .sheet + details { margin-top: 12px; }
`;

/** Shows the value of the nearest point where the pointer is over a curve; without it, the page says the same. */
export const script = `
for (const figure of document.querySelectorAll("figure[data-points]")) {
  const points = JSON.parse(figure.dataset.points), svg = figure.querySelector("svg");
  const output = figure.querySelector("output"), latest = output.textContent;
  const cursor = svg.querySelector(".cursor"), { left, right, steps } = svg.dataset;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const step = (x - left) / (right - left) * steps;
    const near = points.reduce((a, b) => Math.abs(b[0] - step) < Math.abs(a[0] - step) ? b : a);
    cursor.setAttribute("transform", "translate(" + (+left + near[0] / steps * (right - left)) + " 0)");
    cursor.removeAttribute("hidden");
    output.textContent = near[1] + " at step " + near[0];
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("hidden", "");
    output.textContent = latest;
  });
}
`;
