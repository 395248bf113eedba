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
  if (box.shown === data.figure) return; // a refresh of the page around it, nothing new to draw
  box.shown = data.figure;
  const { data: traces, layout } = JSON.parse(data.figure);
  const fingers = window.matchMedia("(pointer: coarse)").matches; // a drag must scroll the page there
  const shown = { ...layout, autosize: true, dragmode: fingers ? false : layout.dragmode ?? "zoom" };
  plotly()
    .then((library) => library.react(box, traces, shown, { displayModeBar: false, responsive: true }))
    .catch((problem) => { box.shown = undefined; box.textContent = `The chart cannot be drawn: ${problem.message}; reload the page.`; });
}
