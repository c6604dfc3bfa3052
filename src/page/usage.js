// What requests took: by day as a chart, by day, key, model and session as tables.

import { byId, commandBox, element, setText } from "./dom.js";
import { makeChart } from "./chart.js";
import { clock, compact, count, day, money } from "./format.js";
import { get } from "./net.js";

const SINCE = [["today", "Today", 1], ["7d", "7 days", 7], ["30d", "30 days", 30], ["90d", "90 days", 90]];
const TABLES = [["key", "By key"], ["model", "By model"], ["day", "By day"], ["session", "By session"]];
const FRESH = 15000; // ms

const tokensOf = (sum) => sum.input_tokens + sum.output_tokens + sum.cache_read_tokens + sum.cache_write_tokens;
const MEASURES = {
    cost: { name: "Cost", of: (sum) => sum.cost_usd ?? 0, text: money, axis: (value) => "$" + (value < 10 && value % 1 ? value.toFixed(2) : compact(value)) },
    tokens: { name: "Tokens", of: tokensOf, text: count, axis: compact },
    requests: { name: "Requests", of: (sum) => sum.requests, text: count, axis: compact },
};

// Each day until today, also those without a request.
function everyDay(sums, days) {
    const found = new Map(sums.map((sum) => [sum.day ?? sum.name, sum]));
    const list = [];
    for (let i = days - 1; i >= 0; i--) {
        const date = new Date(clock() * 1000);
        date.setHours(0, 0, 0, 0);
        date.setDate(date.getDate() - i);
        const name = `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
        list.push({ name, at: date.getTime() / 1000, sum: found.get(name) ?? null });
    }
    return list;
}

function choice(box, name, options, chosen, changed) {
    for (const [value, words] of options) {
        const input = element("input", { type: "radio", name, value, checked: value === chosen });
        input.addEventListener("change", () => changed(value));
        box.append(element("label", {}, input, element("span", {}, words)));
    }
}

function table(by, title, sums, measure) {
    const nameOf = (sum) => sum[by] ?? sum.name ?? "";
    const shown = [...sums].sort((a, b) => (by === "day" ? (nameOf(a) < nameOf(b) ? 1 : -1) : measure.of(b) - measure.of(a))).slice(0, 100);
    const most = Math.max(...shown.map(measure.of), 0);
    const rows = shown.map((sum) => {
        const fill = element("span");
        fill.style.setProperty("inline-size", (most > 0 ? (measure.of(sum) / most) * 100 : 0) + "%");
        const name = nameOf(sum) ? (by === "day" ? day(nameOf(sum)) : nameOf(sum)) : "not named";
        return element("tr", {}, element("th", { scope: "row" }, name, element("span", { class: "share", "aria-hidden": "true" }, fill)),
            element("td", { class: "n" }, count(sum.requests)), element("td", { class: sum.failed ? "n bad" : "n" }, count(sum.failed)),
            element("td", { class: "n", title: `${count(sum.input_tokens)} in, ${count(sum.output_tokens)} out, ${count(sum.cache_read_tokens)} read from the cache, ${count(sum.cache_write_tokens)} written to it` }, compact(tokensOf(sum))),
            element("td", { class: "n" }, money(sum.cost_usd)));
    });
    const id = "usage-by-" + by;
    return element("section", { "aria-labelledby": id }, element("h2", { id }, title),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id },
            element("table", {}, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, by[0].toUpperCase() + by.slice(1)), element("th", { scope: "col", class: "n" }, "Requests"),
                element("th", { scope: "col", class: "n" }, "Failed"), element("th", { scope: "col", class: "n" }, "Tokens"), element("th", { scope: "col", class: "n" }, "Cost"))),
            element("tbody", {}, ...rows))));
}

function facts(total) {
    const list = [["Cost", money(total.cost_usd)], ["Requests", count(total.requests)], ["Failed", count(total.failed)], ["Tokens in", compact(total.input_tokens)],
        ["Tokens out", compact(total.output_tokens)], ["Cache read", compact(total.cache_read_tokens)], ["Cache written", compact(total.cache_write_tokens)]];
    return list.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

export function mountUsage(app) {
    const chart = makeChart(byId("usage-chart"));
    let since = "30d", measure = "cost", reports = null, at = 0, visible = false, asked = 0, drawn = "";

    choice(byId("usage-since"), "since", SINCE, since, (value) => {
        since = value;
        load();
    });
    choice(byId("usage-measure"), "measure", Object.entries(MEASURES).map(([value, each]) => [value, each.name]), measure, (value) => {
        measure = value;
        draw();
    });

    async function load() {
        const number = ++asked;
        at = Date.now();
        try {
            const all = await Promise.all(TABLES.map(([by]) => get(`/page/usage?by=${by}&since=${since}`)));
            if (number !== asked)
                return;
            reports = Object.fromEntries(TABLES.map(([by], place) => [by, all[place]]));
            // Who reads a table is not disturbed for nothing.
            const text = since + JSON.stringify(all.map((report) => report.usage));
            if (text !== drawn) {
                draw();
                drawn = text;
            }
        } catch (problem) {
            if (problem.status !== 401 && number === asked) {
                drawn = "";
                empty(problem.message, "tcr-run usage");
            }
        }
    }

    function empty(words, command) {
        const box = byId("usage-empty");
        box.replaceChildren(element("p", {}, words), commandBox(command));
        box.hidden = false;
        for (const node of document.querySelectorAll("#usage > figure, #usage-facts, #usage-tables, #usage-prices"))
            node.hidden = true;
    }

    function draw() {
        if (!reports || !visible)
            return;
        const total = reports.day.total;
        if (!total || total.requests === 0) {
            empty("No request was recorded in this time. To send one through the gateway:", "tcr-run --gateway -- claude -p hello");
            return;
        }
        byId("usage-empty").hidden = true;
        for (const node of document.querySelectorAll("#usage > figure, #usage-facts, #usage-tables, #usage-prices"))
            node.hidden = false;
        const how = MEASURES[measure], days = everyDay(reports.day.usage, SINCE.find((each) => each[0] === since)[2]);
        const valueOf = (each) => (each.sum ? how.of(each.sum) : 0);
        const readout = (place) => {
            const each = days[place ?? days.length - 1];
            setText(byId("usage-readout"), each ? `${day(each.name)}: ${how.text(valueOf(each))}` : "");
        };
        byId("usage-facts").replaceChildren(...facts(total));
        setText(byId("usage-chart-title"), how.name + " by day");
        const most = days.reduce((a, b) => (valueOf(b) > valueOf(a) ? b : a));
        byId("usage-chart").setAttribute("aria-label", `${how.name} by day, ${days.length} days. The most: ${how.text(valueOf(most))} on ${day(most.name)}. The tables below have the numbers.`);
        readout(null);
        document.querySelector("#usage figure").hidden = days.length < 2;
        chart.draw(days.map((each) => each.at), days.map(valueOf), how.axis, readout).catch(() => setText(byId("usage-readout"), "The chart cannot be loaded; the tables have the numbers."));
        byId("usage-tables").replaceChildren(...TABLES.map(([by, title]) => table(by, title, reports[by].usage, how)));
        const without = reports.day.models_without_price ?? [];
        setText(byId("usage-prices"), `The cost is by list prices as of ${reports.day.prices_as_of}; a subscription is not billed by it.` +
            (without.length ? ` Without a price, and so without a cost: ${without.join(", ")}.` : ""));
    }

    return {
        show() {
            visible = true;
            drawn = "";
            load();
        },
        hide() {
            visible = false;
        },
        update() {
            if (visible && Date.now() - at > FRESH)
                load();
        },
    };
}
