#!/usr/bin/env node
// pictures.mjs FOLDER: pictures of the page with keys that do not exist, for README and docs; tools/page-pictures calls it.
// Everything that the page asks for is answered here, so that the same files give the same pictures.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { CHROMIUM } from "./house.mjs";

const FILES = fileURLToPath(new URL("../../src/page", import.meta.url));
const NOW = Date.UTC(2026, 2, 2, 12, 35) / 1000, HOUR = 3600, DAY = 86400;
const TYPES = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };

const windows = (short, long, resets = 2.2 * HOUR) => [{ name: "5h", used: short, resets: NOW + resets }, { name: "7d", used: long, resets: NOW + 3.4 * DAY }];
const key = (name, more) => ({ name, kind: "oauth", account_state: "available", priority: 0, rests: [], sessions: 0, ...more });
const state = {
    version: 1, now: NOW, editable: true, profiles: [{ name: "default" }, { name: "cheap", keys: ["home", "work"], master: false, port: 4081 }],
    gateway: { version: "", address: ["http://127.0.0.1:4080"], profile: "default", started: NOW - 5.3 * HOUR, requests_open: 3 },
    keys: [
        key("home", { account_state: "rate_limited", windows: windows(1, 0.64, 1.98 * HOUR), rests: [{ model: null, until: NOW + 1.98 * HOUR, reason: "session limit" }] }),
        key("work", { windows: windows(0.42, 0.31), sessions: 3 }),
        key("team", { kind: "login", windows: windows(0.87, 0.55), sessions: 1, rests: [{ model: "claude-opus-4-6", until: NOW + 4 * HOUR, reason: "model limit" }] }),
        key("corp", { kind: "bearer", account_state: "auth_error" }),
        key("spare", { kind: "openai", account_state: "disabled", priority: 9 }),
        key("billing", { kind: "api", billed: true, master: true }),
    ],
    sessions: [{ id: "3f9a21c0", key: "work", last: NOW - 2, requests: 412 }, { id: "b01c77de", key: "work", last: NOW - 31, requests: 96 }, { id: "5d20e8f4", key: "team", last: NOW - 65, requests: 38 }, { id: "77aa0912", key: "work", last: NOW - 190, requests: 7 }],
    model_fallback: { "claude-opus-*": ["claude-sonnet-*", "claude-haiku-4-5"] }, setup: [],
};
const MODELS = ["claude-sonnet-4-6", "claude-opus-4-6", "claude-haiku-4-5"];
const requests = Array.from({ length: 8 }, (_, i) => ({
    time: NOW - 2 - i * 7, session: "3f9a21c0", key: i % 3 === 2 ? "team" : "work", model: MODELS[(i * 2) % 3], served: MODELS[(i * 2) % 3], status: 200, attempts: i === 4 ? 2 : 1, ms: 1900 + ((i * 3371) % 9000),
    input_tokens: 14, output_tokens: 300 + i * 90, cache_read_tokens: 61000 + i * 4100, cache_write_tokens: 900, cost_usd: 0.021 + ((i * 7) % 5) * 0.013,
})).reverse();

const sum = (by, name, weight) => ({
    [by]: name, requests: Math.round(412 * weight), failed: Math.round(2 * weight), input_tokens: Math.round(51204 * weight), output_tokens: Math.round(98310 * weight),
    cache_read_tokens: Math.round(31904220 * weight), cache_write_tokens: Math.round(1204551 * weight), cost_usd: Math.round(918 * weight) / 100,
});
const days = Array.from({ length: 30 }, (_, i) => [new Date((NOW - i * DAY) * 1000).toISOString().slice(0, 10), [0.8, 0.1, 0.15, 1.1, 0.9, 1.3, 0.7][i % 7] * (1 - i / 60)]);
const SUMS = {
    day: days.map(([name, weight]) => sum("day", name, weight)),
    key: [["work", 8.2], ["home", 6.1], ["team", 3.4], ["billing", 0.3]].map(([name, weight]) => sum("key", name, weight)),
    model: [["claude-sonnet-4-6", 11.4], ["claude-opus-4-6", 5.2], ["claude-haiku-4-5", 1.4]].map(([name, weight]) => sum("model", name, weight)),
    session: [["3f9a21c0", 2.2], ["b01c77de", 0.9]].map(([name, weight]) => sum("session", name, weight)),
};

function answer(url) {
    if (url.pathname === "/page/events")
        return { contentType: "text/event-stream", body: requests.map((request) => `event: request\ndata: ${JSON.stringify(request)}\n\n`).join("") + `event: state\ndata: ${JSON.stringify(state)}\n\n` };
    if (url.pathname === "/page/state")
        return { json: state };
    if (url.pathname === "/page/usage") {
        const by = url.searchParams.get("by");
        return { json: { version: 1, by, since: 0, prices_as_of: "2026-10-24", usage: SUMS[by], total: sum("total", "", days.reduce((all, each) => all + each[1], 0)), models_without_price: [] } };
    }
    const name = url.pathname === "/" ? "index.html" : path.basename(url.pathname), file = path.join(FILES, name);
    if (!existsSync(file))
        return { status: 404, json: {} };
    // The font of the system is another on each machine.
    const text = readFileSync(file, "utf8") + (name === "style.css" ? ":root { font-family: Inter; --mono: 'DejaVu Sans Mono'; }" : "");
    return { contentType: TYPES[name.split(".").at(-1)], body: text };
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
for (const [name, hash, scheme, height] of [["page", "now", "light", 840], ["page-usage", "usage", "dark", 840]]) {
    const context = await browser.newContext({ viewport: { width: 1280, height }, deviceScaleFactor: 1.5, colorScheme: scheme, locale: "en-US", timezoneId: "UTC", reducedMotion: "reduce" });
    await context.route("**/*", (route) => route.fulfill(answer(new URL(route.request().url()))));
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW * 1000);
    await page.goto("http://127.0.0.1:4080/#/" + hash);
    await page.locator('#link[data-link="live"]').waitFor();
    await page.locator(hash === "now" ? "#now-requests tr" : "#usage-tables tbody tr").nth(2).waitFor();
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(500);
    await page.screenshot({ path: path.join(process.argv[2], name + ".png") });
    await context.close();
}
await browser.close();
