// Draws a map of hosts and lets mail move over it.  No library, no request: an SVG, a slider and a button.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 900, HEIGHT = 460, MARGIN = 60;
// Okabe and Ito's colours: blue for wanted mail, orange for unwanted, grey for notices; what is refused is a cross.
const COLOURS = { true: "#0072B2", false: "#D55E00", null: "#555555" };

function element(name, attributes, parent) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.appendChild(made);
  return made;
}

function clockText(seconds) {
  const day = Math.floor(seconds / 86400), rest = seconds % 86400;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  return (day ? `day ${day + 1}, ` : "") + `${two(rest / 3600)}:${two((rest % 3600) / 60)}:${two(rest % 60)}`;
}

function render({ model, el }) {
  const data = model.get("data");
  const box = document.createElement("div");
  box.style.maxWidth = `${WIDTH}px`;
  el.appendChild(box);

  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": data.alt }, null);
  svg.style.width = "100%";
  svg.style.background = "#ffffff";
  box.appendChild(svg);

  const at = {};
  for (const [name, x, y] of data.places) {
    at[name] = [MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN / 2 + y * (HEIGHT - MARGIN * 1.4)];
  }
  for (const [a, b] of data.links) {
    element("line", { x1: at[a][0], y1: at[a][1], x2: at[b][0], y2: at[b][1], stroke: "#b9c3cc", "stroke-width": 1.5 }, svg);
  }
  const moving = element("g", {}, svg);
  for (const [name, x, y, kind] of data.places) {
    const [px, py] = at[name];
    if (kind === "server") element("rect", { x: px - 7, y: py - 7, width: 14, height: 14, fill: "#222222" }, svg);
    else element("circle", { cx: px, cy: py, r: kind === "site" ? 3 : 5, fill: kind === "site" ? "#b9c3cc" : "#5b6670" }, svg);
    const label = element("text", { x: px, y: py + 20, "text-anchor": "middle", "font-size": 11, fill: "#222222",
      stroke: "#ffffff", "stroke-width": 3, "paint-order": "stroke" }, svg);
    label.textContent = kind === "site" ? "" : name;
  }

  const bar = document.createElement("div");
  bar.style.cssText = "display:flex;gap:.6em;align-items:center;font-family:sans-serif;font-size:13px";
  const button = document.createElement("button");
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: 1000, value: 0 });
  slider.style.flex = "1";
  slider.setAttribute("aria-label", "moment of the run");
  const shown = document.createElement("span");
  shown.className = "simmail-clock";
  bar.append(button, slider, shown);
  box.appendChild(bar);
  const legend = document.createElement("div");
  legend.style.cssText = "font-family:sans-serif;font-size:12px;color:#333";
  legend.textContent = "squares: mail servers; blue: wanted mail, orange: unwanted, grey: notices; a cross: refused; hollow: later"
    + (data.every > 1 ? `; one of ${data.every} messages is shown` : "");
  box.appendChild(legend);

  // Each message is on the screen for a fiftieth of the run, at least, whatever it took in truth.
  const until = Math.max(data.until, 1), flight = until / 50;
  function draw(now) {
    while (moving.firstChild) moving.removeChild(moving.firstChild);
    for (const [time, from, to, outcome, wanted] of data.moves) {
      if (time > now || time < now - flight || !at[from] || !at[to]) continue;
      const part = (now - time) / flight, [ax, ay] = at[from], [bx, by] = at[to];
      const x = ax + (bx - ax) * part, y = ay + (by - ay) * part, colour = COLOURS[String(wanted)];
      if (outcome === "refused") {
        element("path", { d: `M${x - 4},${y - 4} l8,8 M${x + 4},${y - 4} l-8,8`, stroke: colour, "stroke-width": 2.2 }, moving);
      } else {
        element("circle", { cx: x, cy: y, r: 4.5, fill: outcome === "later" ? "none" : colour, stroke: colour, "stroke-width": 2 }, moving);
      }
    }
    shown.textContent = clockText(now + data.clock);
  }

  let playing = false, last = null, now = 0;
  function show() { slider.value = Math.round((now / until) * 1000); draw(now); }
  function tick(moment) {
    if (!playing) return;
    if (last !== null) now = Math.min(until, now + ((moment - last) / 1000) * (until / data.seconds));
    last = moment;
    show();
    if (now >= until) stop();
    else requestAnimationFrame(tick);
  }
  function stop() { playing = false; last = null; button.textContent = "Play"; }
  button.textContent = "Play";
  button.addEventListener("click", () => {
    if (playing) { stop(); return; }
    if (now >= until) now = 0;
    playing = true;
    button.textContent = "Pause";
    requestAnimationFrame(tick);
  });
  slider.addEventListener("input", () => { now = (slider.value / 1000) * until; draw(now); });
  show();
  return stop;
}

export default { render };
