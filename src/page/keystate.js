// What a key is like, in words and marks.

import { element, icon, keyedList, setAttribute, setText } from "./dom.js";
import { moment, percent, plural, clock } from "./format.js";

export const stateNames = {
    available: "Available",
    rate_limited: "Rate limited",
    auth_error: "Login needed",
    disabled: "Disabled",
};

export const isBilled = (key) => Boolean(key.billed || key.master);

export function stateMark() {
    const use = icon("available"), words = element("span");
    const node = element("span", { class: "state" }, use, words);
    return {
        node,
        update(key) {
            const state = key.account_state in stateNames ? key.account_state : "available";
            setAttribute(node, "data-state", state);
            setAttribute(use.firstChild, "href", "#i-" + state);
            setText(words, stateNames[state]);
        },
    };
}

export const billedMark = () => element("span", { class: "billed", title: "Each request is billed" }, icon("billed"), "billed");

// The rests of a key, also of one that tells only its own.
export function restsOf(key) {
    if (key.rests)
        return key.rests.filter((rest) => rest.until > clock() - 1);
    return key.until > clock() ? [{ model: key.model ?? null, until: key.until, reason: key.what ?? key.class }] : [];
}

export function restList() {
    const node = element("ul", { class: "rests" });
    return {
        node,
        update(key) {
            const rests = restsOf(key);
            node.hidden = rests.length === 0;
            keyedList(node, rests, (rest) => rest.model ?? "", () => {
                const what = element("span"), until = element("span", { class: "countdown" }), at = element("span", { class: "fine" });
                return {
                    node: element("li", {}, what, " ", until, " ", at),
                    update(rest) {
                        setText(what, (rest.model ? rest.model + ": " : "") + (rest.reason || "rests") + ", ends");
                        setAttribute(until, "data-until", rest.until);
                        setText(at, `(${moment(rest.until)})`);
                    },
                };
            });
        },
    };
}

const level = (used) => (used >= 0.98 ? "full" : used >= 0.8 ? "high" : "low");

// A bar for each window of the plan.
export function windowBars() {
    const node = element("ul", { class: "windows" });
    return {
        node,
        update(key) {
            const windows = (key.windows ?? []).filter((window) => window.used !== undefined);
            node.hidden = windows.length === 0;
            keyedList(node, windows, (window) => window.name, (window) => {
                const fill = element("span"), value = element("span", { class: "n" }), ends = element("span", { class: "countdown fine" });
                const bar = element("span", { class: "bar", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
                const words = element("span", { class: "fine" }, "resets ");
                words.append(ends);
                return {
                    node: element("li", {}, element("span", { class: "window" }, window.name), bar, value, words),
                    update(window) {
                        const end = window.resets ?? window.reset;
                        setAttribute(bar, "aria-valuenow", Math.round(window.used * 100));
                        setAttribute(bar, "aria-label", `${window.name} window of ${key.name}`);
                        setAttribute(bar, "data-level", level(window.used));
                        fill.style.setProperty("inline-size", Math.min(100, window.used * 100) + "%");
                        setText(value, percent(window.used));
                        words.hidden = !(end > 0);
                        setAttribute(ends, "data-until", end ?? 0);
                    },
                };
            });
        },
    };
}

export function loginAdvice(key) {
    return key.kind === "login" ? ["Log in anew:", "tcr-run keys login "] : ["Give it a new token:", "tcr-run keys renew "];
}

export const sessionsOf = (key) => (key.sessions ?? key.runs_now ?? 0);
export const sessionWords = (key) => (sessionsOf(key) > 0 ? plural(sessionsOf(key), "session") : "");

// Of hundreds of keys few change at a time: the others are left as they are. `more` is what else they depend on.
export function whenChanged(entry, more = () => "") {
    let before = null;
    return {
        node: entry.node,
        update(key) {
            const now = JSON.stringify(key) + restsOf(key).length + more();
            if (now !== before)
                entry.update(key);
            before = now;
        },
    };
}
