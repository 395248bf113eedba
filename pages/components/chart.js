// Draws a Plotly figure and redraws it in place: zoom, hidden lines and hover survive new points.
let loading;

function plotly() {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("app/static/vendor/plotly-PLOTLY_VERSION.min.js", document.baseURI).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = undefined;
      script.remove();
      reject(new Error(`${script.src} could not be loaded`));
    };
    document.head.append(script);
  });
  return loading;
}

// The colours of both themes, place by place.
const PALETTES = { light: PALETTE_LIGHT, dark: PALETTE_DARK };

function theme(box) {
  return getComputedStyle(box).getPropertyValue("--st-background-color").trim() === PALETTES.dark[0] ? "dark" : "light";
}

// A figure in the other theme's colours, until the page sends one of its own.
function recoloured(figure, from, to) {
  const others = new Map(PALETTES[from].map((colour, place) => [colour, PALETTES[to][place]]));
  return figure.replace(/#[0-9a-f]{6}|rgba\([^)]*\)/g, (colour) => others.get(colour) ?? colour);
}

function draw(box) {
  const now = theme(box);
  const figure = box.given.theme === now ? box.given.figure : recoloured(box.given.figure, box.given.theme, now);
  if (box.shown === figure) return; // a refresh of the page around it, nothing new to draw
  box.shown = figure;
  const { data: traces, layout } = JSON.parse(figure);
  const fingers = window.matchMedia("(pointer: coarse)").matches; // a drag must scroll the page there
  const shown = { ...layout, autosize: true, dragmode: fingers ? false : layout.dragmode ?? "zoom" };
  plotly()
    .then((library) => library.react(box, traces, shown, { displayModeBar: false, responsive: true }))
    .catch((problem) => { box.shown = undefined; box.textContent = `The chart cannot be drawn: ${problem.message}; reload the page.`; });
}

let watch;

function watchTheme() {
  const app = document.querySelector(".stApp");
  if (watch || !app) return;
  watch = new MutationObserver(() => document.querySelectorAll("div.plot").forEach(draw));
  watch.observe(app, { attributeFilter: ["class"] });
}

export default function ({ data, parentElement }) {
  let box = parentElement.querySelector(":scope > .plot");
  if (!box) {
    box = document.createElement("div");
    box.className = "plot";
    parentElement.append(box);
  }
  box.style.height = `${data.height}px`;
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", data.alt);
  box.given = data;
  watchTheme();
  draw(box);
}
