// The frame: views, the connection, what is said aloud.

import { byId, commandBox, element, setAttribute, setText } from "./dom.js";
import { clock, fullMoment, plural, setClock, shellWord, span } from "./format.js";
import { listen, post } from "./net.js";
import { stateNames } from "./keystate.js";
import { mountNow } from "./now.js";
import { mountKeys } from "./keys.js";
import { mountUsage } from "./usage.js";
import { mountLog } from "./log.js";
import { mountModels } from "./models.js";
import { mountSetup } from "./setup.js";

// What the views have in common.
const app = { state: null, say, toast, act, open: openCommand };

const views = {
    now: mountNow(app),
    keys: mountKeys(app),
    usage: mountUsage(app),
    log: mountLog(app),
    models: mountModels(app),
    setup: mountSetup(app),
};
let shown = null;

function openCommand() {
    const profile = app.state?.gateway?.profile;
    return "tcr-run gateway open" + (profile && profile !== "default" ? " --profile " + shellWord(profile) : "");
}

/* ---- Views ---- */

function route() {
    if (location.hash && !location.hash.startsWith("#/"))
        return;
    const name = location.hash.slice(2) in views ? location.hash.slice(2) : "now";
    if (name === shown)
        return;
    const first = shown === null;
    if (shown)
        views[shown].hide?.();
    shown = name;
    for (const section of document.querySelectorAll("main > section"))
        section.hidden = section.id !== name;
    for (const link of document.querySelectorAll("nav a"))
        setAttribute(link, "aria-current", link.hash === "#/" + name ? "page" : null);
    const title = byId(name + "-title");
    document.title = title.textContent + " · tcr-run";
    views[name].show?.();
    if (app.state)
        views[name].update?.(app.state);
    if (!first) {
        scrollTo(0, 0);
        title.focus({ preventScroll: true });
    }
}

/* ---- The connection ---- */

const linkNames = { connecting: "Connecting", live: "Live", away: "Not connected", out: "Signed out" };

function showLink(name) {
    if (byId("link").dataset.link === name)
        return;
    const before = byId("link").dataset.link;
    byId("link").dataset.link = name;
    setText(byId("link-text"), linkNames[name]);
    const banner = byId("banner");
    banner.hidden = name === "live" || name === "connecting";
    if (name === "away")
        banner.replaceChildren(element("span", {}, "The gateway does not answer. What you see may be old; this page tries again by itself. To start it:"), commandBox("tcr-run gateway start -d"));
    else if (name === "out")
        banner.replaceChildren(element("span", {}, "This page is no longer signed in: the gateway was started anew, or 12 hours have passed. Open it anew:"), commandBox(openCommand()));
    else if (before === "away")
        say("Connected again");
    document.body.dataset.link = name;
}

function receive(state) {
    const before = app.state;
    app.state = state;
    setClock(state.now);
    tellChanges(before, state);
    const gateway = state.gateway ?? {};
    const address = [gateway.address].flat().filter(Boolean)[0] ?? location.host;
    setText(byId("where"), (gateway.profile && gateway.profile !== "default" ? gateway.profile + " · " : "") + address.replace(/^https?:\/\//, ""));
    views[shown].update?.(state);
}

// Changes of keys are read aloud; requests are too many.
function tellChanges(before, state) {
    if (!before)
        return;
    const known = new Map(before.keys.map((key) => [key.name, key.account_state]));
    const changes = state.keys.filter((key) => known.has(key.name) && known.get(key.name) !== key.account_state);
    if (changes.length > 0 && changes.length <= 5)
        say(changes.map((key) => `${key.name}: ${stateNames[key.account_state]}`).join("; "));
    else if (changes.length > 5)
        say(plural(changes.length, "key") + " changed");
}

/* ---- Words ---- */

function say(text) {
    byId("said").textContent = "";
    requestAnimationFrame(() => (byId("said").textContent = text));
}

// What was done is gone after a while; an error stays until it is closed.
function toast(text, isError = false) {
    const close = element("button", { type: "button", class: "small", "aria-label": "Close this message" }, "Close");
    const node = element("div", { class: isError ? "toast bad" : "toast", role: isError ? "alert" : "status" }, element("p", {}, text), close);
    const end = () => node.remove();
    close.addEventListener("click", end);
    const toasts = byId("toasts");
    while (toasts.children.length >= 3)
        toasts.firstElementChild.remove();
    toasts.append(node);
    if (!isError)
        setTimeout(end, 6000);
}

// Posts, with the button at rest meanwhile; returns the answer, or null after having told why not.
async function act(button, path, body) {
    setAttribute(button, "aria-busy", "true");
    button.disabled = true;
    try {
        return await post(path, body);
    } catch (problem) {
        toast(problem.message, true);
        return null;
    } finally {
        button.removeAttribute("aria-busy");
        button.disabled = false;
    }
}

/* ---- Countdowns ---- */

function tick() {
    const now = clock();
    for (const node of document.querySelectorAll("[data-until]")) {
        const until = Number(node.dataset.until);
        setText(node, until > now ? `in ${span(until - now)}` : "any moment");
        setAttribute(node, "title", fullMoment(until));
    }
    views[shown].tick?.();
}

addEventListener("hashchange", route);
document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
});
route();
setInterval(tick, 1000);
listen({
    state(state) {
        receive(state);
        tick();
    },
    request(request) {
        views.now.request(request);
    },
    link: showLink,
});
