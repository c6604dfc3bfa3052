// One series of bars by day, drawn by uPlot, which is loaded when it is first needed.

let loading = null;

function load() {
    loading ??= new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = "/page/uplot.js";
        script.onload = () => done(globalThis.uPlot);
        script.onerror = () => {
            loading = null;
            failed(new Error("the chart cannot be loaded"));
        };
        document.head.append(script);
    });
    return loading;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// draw(days, values): `days` as seconds, `values` as numbers. `format(value)` for the axis; chosen(place) tells of the bar under the pointer, null for none.
export function makeChart(box) {
    let plot = null, last = null;
    const HEIGHT = () => Math.round(Math.min(360, Math.max(180, box.clientWidth * 0.28)));

    async function draw(days, values, format, chosen) {
        last = [days, values, format, chosen];
        const UPlot = await load();
        if (last[0] !== days || box.clientWidth === 0)
            return;
        plot?.destroy();
        const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.78;
        const font = `${Math.round(size)}px ${getComputedStyle(document.body).fontFamily}`;
        const axis = { stroke: colour("--muted"), font, ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
        plot = new UPlot({
            width: box.clientWidth,
            height: HEIGHT(),
            legend: { show: false },
            cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
            padding: [12, 4, 0, 0],
            scales: { x: { time: true, range: (u, low, high) => [low - 43200, high + 43200] }, y: { range: (u, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
            series: [{}, { fill: colour("--accent"), stroke: colour("--accent"), width: 0, paths: UPlot.paths.bars({ size: [0.66, size * 3], radius: 0.12 }), points: { show: false } }],
            axes: [
                { ...axis, grid: { show: false }, space: size * 6, size: size * 2.6, incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400],
                    values: (u, splits) => splits.map((at) => new Date(at * 1000).toLocaleDateString(undefined, { month: "short", day: "numeric" })) },
                { ...axis, size: size * 4.6, values: (u, splits) => splits.map(format) },
            ],
            hooks: { setCursor: [(u) => chosen(u.cursor.idx ?? null)] },
        }, [days, values], box);
    }

    const again = () => last && draw(...last);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new ResizeObserver(() => {
        if (plot && box.clientWidth > 0 && Math.abs(plot.width - box.clientWidth) > 1)
            plot.setSize({ width: box.clientWidth, height: HEIGHT() });
    }).observe(box);
    return { draw };
}
