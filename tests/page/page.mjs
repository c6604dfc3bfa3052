#!/usr/bin/env node
// page.mjs TCR-RUN [WORD]: the page of a real gateway in Chromium; what is done there is looked for in the key file and the
// state. Prints TAP; with WORD only the tests whose names hold it. Says so where no Chromium or playwright-core is installed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { overflow, pale, unnamed } from "./checks.mjs";
import { CHROMIUM, Home, Provider, until } from "./house.mjs";

const playwright = await import("playwright-core").catch(() => null);
if (!CHROMIUM || !playwright) {
    console.log(`1..0 # SKIP ${CHROMIUM ? "playwright-core is not there: tests/page/setup" : "no Chromium is installed"}`);
    process.exit(0);
}

const VIEWS = ["now", "keys", "usage", "log", "models", "setup"];
const POOL = {
    keys: [
        { name: "home", token: "sk-ant-oat01-FAKE-home-0001" },
        { name: "a b", token: "sk-ant-oat01-FAKE-other-0001", priority: 1 },
        { name: "work", token: "sk-ant-oat01-FAKE-work-0001", priority: 2 },
        { name: "login", token: "sk-ant-oat01-FAKE-login-0001", refresh_token: "sk-ant-ort01-FAKE-login-0001", expires: "2099-01-01", priority: 3 },
    ],
    master: { name: "billing", token: "sk-ant-api03-FAKE-billing-0001" },
    profiles: { cheap: { keys: ["home", "work"], master: false } },
    policy: { oauth: { client_id: "FAKE-client" } },
};

const provider = new Provider();
await provider.start();
const home = new Home(path.resolve(process.argv[2] ?? "build/tcr-run"), provider);
const browser = await playwright.chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"] });
// What no page may do, in any test.
let complaints = [];
let expected = /^$/;
let page, context;

async function visit(link) {
    const made = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    made.setDefaultTimeout(20000);
    const opened = await made.newPage();
    opened.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(String(error)));
    opened.on("request", (request) => /^(data|blob):/.test(request.url()) || new URL(request.url()).host === new URL(home.address).host || complaints.push("asks elsewhere: " + request.url()));
    await opened.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)));
    await opened.goto(link);
    return opened;
}

const view = async (name, at = page) => {
    await at.evaluate((hash) => (location.hash = hash), "#/" + name);
    await at.locator(`#${name}:not([hidden])`).waitFor();
};
const live = (at = page) => at.locator('#link[data-link="live"]').waitFor();
const row = (name, at = page) => at.locator(`.key[data-name="${name}"]`);
const order = (at = page) => at.locator(".key:not([data-billed])").evaluateAll((rows) => rows.map((each) => each.dataset.name));
const press = (action, name) => row(name).getByRole("button", { name: `${action} ${name}`, exact: true }).click();
const state = async () => (await page.request.get(home.address + "/page/state")).json();
const inState = async (name) => (await state()).keys.find((key) => key.name === name);

// The order in which the key file has them: by priority, then as they stand there.
const inFile = () => home.readKeys().keys.map((key, place) => [key.priority ?? 0, place, key.name]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((each) => each[2]);

const tests = {
    async "a link opens the page, once, and what comes is what its headers allow"() {
        const link = await home.link();
        page = await visit(link);
        context = page.context();
        await live();
        await page.getByRole("heading", { name: "Now", level: 1 }).waitFor();
        assert.equal(await page.title(), "Now · tcr-run");
        const [cookie] = await context.cookies();
        assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
        const answer = await page.request.get(home.address + "/");
        assert.match(answer.headers()["content-security-policy"], /default-src 'none'; script-src 'self'; style-src 'self'/);
        assert.match(answer.headers()["content-type"], /text\/html/);
        const again = await page.request.get(home.address + "/page/main.js", { headers: { "if-none-match": (await page.request.get(home.address + "/page/main.js")).headers().etag } });
        assert.equal(again.status(), 304);
        expected = /401/;
        const stranger = await visit(link);
        assert.match(await stranger.textContent("body"), /tcr-run gateway open/);
        await stranger.context().close();
    },

    async "keys, sessions and requests as they come; a limit is told with its countdown"() {
        await view("now");
        assert.equal(await page.locator("#now-keys .card").count(), 5);
        assert.equal(await page.locator("#now-keys .card", { hasText: "billing" }).locator(".billed").isVisible(), true);
        assert.equal(await home.ask("s-one"), 200);
        const first = page.locator("#now-requests tr").first();
        await first.waitFor();
        assert.match(await first.innerText(), /home\s.*claude-sonnet-4-6\s.*ok/s);
        await page.locator("#now-sessions tr", { hasText: "home" }).waitFor();
        const meter = page.getByRole("meter", { name: "5h window of home" });
        await meter.waitFor();
        assert.equal(await meter.getAttribute("aria-valuenow"), "42");
        provider.limited.add("home");
        assert.equal(await home.ask("s-one"), 200);
        const card = page.locator("#now-keys .card").filter({ has: page.getByRole("heading", { name: "home", exact: true }) });
        await card.getByText("Rate limited").waitFor();
        await until(async () => /in (59m|1h)/.test(await card.locator(".rests").innerText()), "a countdown");
        await until(async () => /home: Rate limited/.test(await page.textContent("#said")) || (await page.textContent("#now-facts")).includes("Rate limited1"), "the change is told");
        assert.match(await page.textContent("#now-lead"), /3 of 4 keys are available/);
    },

    async "reset, disable, enable, test: each is in the state or the key file"() {
        await view("keys");
        provider.limited.clear();
        await press("Reset", "home");
        await row("home").locator('[data-state="available"].state').waitFor();
        assert.equal((await inState("home")).account_state, "available");
        await press("Disable", "a b");
        await row("a b").getByText("Disabled", { exact: true }).waitFor();
        assert.equal(home.key("a b").disabled, true);
        await press("Enable", "a b");
        await row("a b").getByText("Available", { exact: true }).waitFor();
        assert.ok(!home.key("a b").disabled);
        const before = provider.asked.length;
        await press("Test", "work");
        const result = row("work").locator(".result-line");
        await until(async () => /valid/.test(await result.innerText()), "what the test found");
        assert.ok(provider.asked.slice(before).some(([, name]) => name === "work"));
    },

    async "a login is refreshed; one that is refused says how to give it a new token"() {
        await view("keys");
        await press("Refresh", "login");
        await until(() => home.key("login").token === "sk-ant-oat01-FAKE-renewed-0002", "the new token in the file");
        provider.refused.add("home");
        await home.ask("s-two");
        await row("home").getByText("Login needed").waitFor();
        assert.match(await row("home").locator(".advice").innerText(), /tcr-run keys renew home/);
        provider.refused.clear();
        await press("Reset", "home");
        await row("home").locator('[data-state="available"].state').waitFor();
    },

    async "a key is added, a mistake is told, and no secret stays in the page"() {
        await view("keys");
        await page.getByRole("button", { name: "Add a key" }).click();
        await page.getByLabel("Name").fill("home");
        await page.keyboard.press("Enter");
        assert.equal(await page.textContent("#add-error"), "The secret is missing.");
        await page.getByLabel("Secret").fill("sk-ant-oat01-FAKE-added-0001");
        expected = /40[09]/;
        await page.keyboard.press("Enter");
        await until(async () => /home/.test(await page.textContent("#add-error")), "the name is taken");
        await page.getByLabel("Name").fill("added");
        await page.getByText("Kind, address, priority").click();
        await page.getByLabel("Priority").fill("7");
        await page.keyboard.press("Enter");
        await row("added").waitFor();
        assert.deepEqual([home.key("added").token, home.key("added").priority], ["sk-ant-oat01-FAKE-added-0001", 7]);
        const everything = await page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((input) => input.value) + JSON.stringify({ ...localStorage, ...sessionStorage }));
        assert.doesNotMatch(everything, /FAKE-added/);
        assert.doesNotMatch(JSON.stringify(await state()), /FAKE/);
    },

    async "a key is removed, but only after a question"() {
        await view("keys");
        await press("Remove", "added");
        await page.locator("dialog#confirm[open]").waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), "confirm-no");
        await page.keyboard.press("Escape");
        assert.ok(home.key("added"));
        await press("Remove", "added");
        await page.locator("#confirm-yes").click();
        await row("added").waitFor({ state: "detached" });
        assert.equal(home.key("added"), undefined);
    },

    async "the order, by keys alone"() {
        await view("keys");
        assert.deepEqual(await order(), ["home", "a b", "work", "login"]);
        const grip = page.getByRole("button", { name: "Move home", exact: true });
        await grip.focus();
        await page.keyboard.press("Space");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        await until(async () => /home: number 3 of 4/.test(await page.textContent("#said")), "the place is told");
        await page.keyboard.press("Escape");
        assert.deepEqual(await order(), ["home", "a b", "work", "login"]);
        await page.keyboard.press("Space");
        await page.keyboard.press("End");
        await page.keyboard.press("ArrowUp");
        assert.equal(await grip.evaluate((node) => node === document.activeElement), true);
        await page.keyboard.press("Space");
        await until(() => inFile().join() === "a b,work,home,login", "the order in the file");
        await until(async () => (await order()).join() === "a b,work,home,login", "the order in the page");
        assert.ok(home.readKeys().master, "the master stays");
        // A click elsewhere puts the key back, and is not lost.
        await grip.focus();
        await page.keyboard.press("Space");
        await page.keyboard.press("Home");
        const asked = provider.asked.length;
        await press("Test", "a b");
        await until(() => provider.asked.slice(asked).some(([, name]) => name === "other"), "the test that was clicked");
        await until(async () => (await order()).join() === "a b,work,home,login", "the order before");
        assert.equal(await page.locator(".moving").count(), 0);
        // Keys that share a priority: what moving one does to it is told before, and after.
        assert.equal(await page.locator("#keys-shared").isVisible(), false);
        home.run("keys", "set", "work", "home", "--priority", "2");
        await page.getByText("Some keys have the same priority").waitFor();
        await grip.focus();
        await page.keyboard.press("Space");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Space");
        await page.getByText("Each key has a priority of its own now, from 1 to 4.").waitFor();
        await page.getByText("Some keys have the same priority").waitFor({ state: "hidden" });
        await until(() => inFile().join() === "a b,work,home,login", "the order in the file");
    },

    async "the order, by dragging"() {
        await view("keys");
        const grip = await row("login").locator(".grip").boundingBox(), to = await row("a b").boundingBox();
        await page.mouse.move(grip.x + 10, grip.y + 10);
        await page.mouse.down();
        await page.mouse.move(grip.x + 10, grip.y - 20, { steps: 3 });
        await page.mouse.move(grip.x + 10, to.y + 5, { steps: 6 });
        await page.mouse.up();
        await until(() => inFile().join() === "login,a b,work,home", "the order in the file");
        await until(async () => (await order()).join() === "login,a b,work,home", "the order in the page");
    },

    async "two tabs, and the command line: what one changes the others show"() {
        await view("keys");
        const other = await context.newPage();
        await other.goto(home.address + "/#/keys");
        await row("work", other).waitFor();
        await press("Disable", "work");
        await row("work", other).getByText("Disabled", { exact: true }).waitFor();
        await row("work", other).getByRole("button", { name: "Enable work" }).click();
        await row("work").getByText("Available", { exact: true }).waitFor();
        home.run("keys", "disable", "work");
        await Promise.all([page, other].map((each) => row("work", each).getByText("Disabled", { exact: true }).waitFor()));
        home.run("keys", "enable", "work");
        await row("work").getByText("Available", { exact: true }).waitFor();
        await other.close();
    },

    async "fallback chains are checked and written; profiles and commands to copy are there"() {
        await view("models");
        await page.getByRole("button", { name: "Add a chain" }).click();
        await page.getByLabel("Instead of").fill("claude-opus-*");
        await page.getByLabel("ask for, in this order").fill("claude-sonnet-*, claude-haiku-4-5");
        await page.keyboard.press("Enter");
        await until(() => JSON.stringify(home.readKeys().model_fallback) === '{"claude-opus-*":["claude-sonnet-*","claude-haiku-4-5"]}', "the chain in the file");
        await page.getByRole("button", { name: "Save" }).waitFor({ state: "hidden" });
        await page.getByRole("button", { name: "Add a chain" }).click();
        await page.getByLabel("Instead of").last().fill("claude-sonnet-*");
        await page.getByLabel("ask for, in this order").last().fill("claude-opus-*");
        expected = /40\d/;
        await page.keyboard.press("Enter");
        await until(async () => (await page.textContent("#chains-error")).length > 10, "why that is refused");
        assert.equal(Object.keys(home.readKeys().model_fallback).length, 1);
        await page.getByRole("button", { name: "Undo changes" }).click();
        assert.equal(await page.locator(".chain").count(), 1);
        assert.match(await page.locator("#profiles-list").innerText(), /default\s.*this page.*cheap.*--profile cheap/s);
        await view("setup");
        assert.match(await page.locator("#setup-list").innerText(), /tcr-run setup claude/);
        await context.grantPermissions(["clipboard-read", "clipboard-write"]);
        await page.locator("#setup-list button").first().click();
        await until(async () => /^tcr-run setup /.test(await page.evaluate(() => navigator.clipboard.readText())), "a command in the clipboard");
    },

    async "usage: a chart by day, and the same as tables"() {
        await home.ask("s-three");
        await home.ask("s-three");
        await until(async () => (await (await page.request.get(home.address + "/page/usage?by=model&since=7d")).json()).total.requests >= 2, "records of requests");
        await view("usage");
        const table = page.locator("section[aria-labelledby=usage-by-model]");
        await table.getByRole("row", { name: /claude-sonnet-4-6/ }).waitFor();
        assert.ok(Number(await page.locator("#usage-facts dd").nth(1).innerText()) >= 2);
        await page.getByRole("radio", { name: "Requests" }).check();
        await page.getByText("Requests by day").waitFor();
        const drawn = () => page.locator("#usage-chart canvas").evaluate((canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 === 3 && value > 200));
        await until(drawn, "something on the canvas");
        assert.match(await page.locator("#usage-chart").getAttribute("aria-label"), /Requests by day, 30 days\. The most: \d+ on/);
        assert.ok(await page.locator("section[aria-labelledby=usage-by-key]").getByRole("row").count() >= 2);
    },

    async "every control has a name, every text a contrast, light and dark"() {
        for (const scheme of ["light", "dark"]) {
            await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
            for (const name of VIEWS) {
                await view(name);
                assert.deepEqual(await page.evaluate(unnamed), [], name);
                assert.deepEqual(await page.evaluate(pale), [], `${name}, ${scheme}`);
            }
            const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
            assert.equal(ground[0] < 60, scheme === "dark");
        }
        await view("keys");
        await page.getByRole("button", { name: "Add a key" }).click();
        assert.deepEqual([await page.evaluate(unnamed), await page.evaluate(pale)], [[], []]);
        await page.getByRole("button", { name: "Cancel" }).click();
        assert.equal(await page.locator("#keys-add").evaluate((node) => getComputedStyle(node).transitionDuration), "0s");
        await page.emulateMedia({ colorScheme: null, reducedMotion: null });
    },

    async "from 320 pixels to 4K nothing is wider than the window; by keys one comes everywhere"() {
        for (const width of [320, 768, 3840]) {
            await page.setViewportSize({ width, height: width === 3840 ? 2160 : 700 });
            for (const name of VIEWS) {
                await view(name);
                assert.equal(await page.evaluate(overflow), 0, `${name} at ${width}`);
            }
        }
        await page.setViewportSize({ width: 1280, height: 900 });
        await view("now");
        await page.reload();
        await live();
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.locator("#keys:not([hidden])").waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), "keys-title");
        await page.keyboard.press("Tab");
        const outline = await page.evaluate(() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]);
        assert.deepEqual(outline, ["keys-add", "solid"]);
    },

    async "a lost connection is told, and what changed meanwhile is there after it"() {
        await view("keys");
        expected = /ERR_INTERNET_DISCONNECTED/;
        await context.setOffline(true);
        await page.locator('#link[data-link="away"]').waitFor();
        assert.match(await page.textContent("#banner"), /tcr-run gateway start/);
        home.run("keys", "disable", "work");
        await context.setOffline(false);
        await live();
        await row("work").getByText("Disabled", { exact: true }).waitFor();
        assert.equal(await page.locator("#banner").isVisible(), false);
        home.run("keys", "enable", "work");
    },

    async "500 keys, 10,000 lines of log, and a gateway that was started anew"() {
        home.stop();
        expected = /401|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK/;
        await page.locator('#link[data-link="away"]').waitFor();
        const now = Math.floor(Date.now() / 1000);
        home.writeLog(Array.from({ length: 10000 }, (_, i) => ({ time: now - 20000 + i, event: i % 3 ? "attempt" : "success", key: i % 2 ? "home" : "work", pid: 1, command: "line-" + i })));
        home.writeKeys({ keys: Array.from({ length: 500 }, (_, i) => ({ name: `key${i}`, token: `sk-ant-oat01-FAKE-key${i}-0001` })) });
        home.start();
        await page.locator('#link[data-link="out"]').waitFor();
        assert.match(await page.textContent("#banner"), /tcr-run gateway open/);
        await page.goto(await home.link());
        await live();
        await page.getByText("All 500 keys are available.").waitFor();
        assert.equal(await page.locator("#now-keys .card").count(), 24);
        await view("keys");
        const began = Date.now();
        await row("key499").waitFor({ state: "attached" });
        assert.equal(await page.locator(".key").count(), 500);
        await page.getByLabel("Find a key").fill("key49");
        await until(async () => (await page.locator(".key").count()) === 11, "the keys that match");
        assert.ok(Date.now() - began < 10000, `500 keys took ${Date.now() - began} ms`);
        await page.getByLabel("Find a key").fill("");
        await view("log");
        const lines = page.locator("#log-lines");
        await until(async () => Number(await lines.getAttribute("aria-rowcount")) >= 10000, "all lines");
        assert.ok((await lines.locator(".line").count()) < 400, "only what is near is drawn");
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        await until(async () => {
            await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
            return (await lines.locator(".line").last().getAttribute("aria-rowindex")) === (await lines.getAttribute("aria-rowcount"));
        }, "the oldest line");
        assert.ok((await lines.locator(".line").count()) < 400, "only what is near is drawn");
        await page.getByLabel("Event").selectOption("success");
        await until(async () => (await page.textContent("#log-count")).startsWith("3,334 of"), "lines of one event");
        assert.equal(await page.evaluate(overflow), 0);
    },

    async "a log that is on a Redis server is said to be there"() {
        const socket = path.join(home.folder, "redis");
        const redis = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--dir", home.folder, "--save", ""], { stdio: "ignore" });
        const isThere = await new Promise((done) => redis.once("error", () => done(false)).once("spawn", () => done(true)));
        if (!isThere)
            return;
        try {
            await until(() => existsSync(socket), "the server");
            home.stop();
            expected = /401|404|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK/;
            home.env.TCR_STATE = "redis+unix://" + socket;
            home.start();
            // fetch may still have a connection to the one before.
            await page.goto(await until(() => home.link(), "a link"));
            await view("log");
            await page.getByText("the log is on the server of TCR_STATE").waitFor();
            assert.match(await page.textContent("#log-empty"), /tcr-run log shows it/);
            assert.equal(await page.locator(".toast").count(), 0);
        } finally {
            home.stop();
            redis.kill();
        }
    },
};

const chosen = Object.entries(tests).filter(([name], place) => place === 0 || name.includes(process.argv[3] ?? ""));
console.log(`1..${chosen.length}`);
let failed = 0, number = 0;
try {
    home.writeKeys(POOL);
    home.start();
    for (const [name, test] of chosen) {
        const began = Date.now();
        complaints = [];
        expected = /^$/;
        let wrong = null;
        try {
            await test();
            const left = complaints.filter((words) => !expected.test(words));
            assert.deepEqual(left, [], "the console is silent");
        } catch (error) {
            wrong = error;
        }
        console.log(`${wrong ? "not ok" : "ok"} ${++number} ${name}`);
        console.log(`# ${Date.now() - began} ms`);
        if (wrong) {
            failed++;
            console.log(String(wrong.stack ?? wrong).replace(/^/gm, "# "));
            if (complaints.length)
                console.log("# console: " + complaints.join(" | "));
            if (process.env.PICTURE)
                await page?.screenshot({ path: `${process.env.PICTURE}-${number}.png` });
            // The next one begins without an open question.
            await page?.goto(home.address + "/").catch(() => null);
        }
    }
} finally {
    await browser.close();
    home.end();
    provider.stop();
}
process.exit(failed ? 1 : 0);
