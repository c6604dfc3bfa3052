// What is going on: keys, sessions, requests as they end.

import { byId, commandBox, element, keyedList, setAttribute, setText } from "./dom.js";
import { ago, clock, compact, count, money, plural, second, shellWord, span, took } from "./format.js";
import { billedMark, isBilled, loginAdvice, restList, sessionWords, stateMark, stateNames, whenChanged, windowBars } from "./keystate.js";

const CARDS = 24, REQUESTS = 100;

function card(key) {
    const mark = stateMark(), rests = restList(), windows = windowBars(), billed = billedMark();
    const sessions = element("span", { class: "fine" }), kind = element("span", { class: "fine" });
    const advice = element("p", { class: "advice", hidden: true });
    const node = element("li", { class: "card" },
        element("div", { class: "head" }, element("h3", {}, key.name), billed, mark.node),
        element("p", { class: "sub" }, kind, sessions), windows.node, rests.node, advice);
    return {
        node,
        update(key) {
            mark.update(key);
            rests.update(key);
            windows.update(key);
            billed.hidden = !isBilled(key);
            setAttribute(node, "data-state", key.account_state);
            setText(kind, key.kind ?? "unknown kind");
            setText(sessions, sessionWords(key) && " · " + sessionWords(key));
            const needs = key.account_state === "auth_error";
            if (needs && advice.hidden) {
                const [words, command] = loginAdvice(key);
                advice.replaceChildren(words + " ", commandBox(command + shellWord(key.name)));
            }
            advice.hidden = !needs;
        },
    };
}

function fact(name) {
    const value = element("dd");
    return { node: element("div", {}, element("dt", {}, name), value), update: (item) => setText(value, item[1]) };
}

function leadWords(state) {
    const pool = state.keys.filter((key) => !isBilled(key));
    const ready = pool.filter((key) => key.account_state === "available").length;
    if (state.keys.length === 0)
        return "The pool has no keys yet.";
    if (ready > 0)
        return ready === pool.length ? (ready === 1 ? "The key is available." : `All ${count(ready)} keys are available.`) : `${count(ready)} of ${plural(pool.length, "key")} ${ready === 1 ? "is" : "are"} available.`;
    const billed = state.keys.some((key) => isBilled(key) && key.account_state === "available");
    return billed ? "No key of the pool is available; requests go to the billed key." : "No key is available; requests are refused until one is.";
}

function facts(state) {
    const by = (name) => state.keys.filter((key) => key.account_state === name).length;
    const list = Object.entries(stateNames).map(([name, words]) => [words, count(by(name))]).filter((item, place) => place === 0 || item[1] !== "0");
    list.push(["Sessions", count(state.sessions?.length ?? 0)], ["Open requests", count(state.gateway?.requests_open ?? 0)]);
    if (state.gateway?.started)
        list.push(["Up for", span(Math.max(60, clock() - state.gateway.started)).replace(/ \d+s$/, "")]);
    return list;
}

function sessionRow() {
    const id = element("code"), key = element("td"), requests = element("td", { class: "n" }), last = element("td", { class: "n" });
    return {
        node: element("tr", {}, element("th", { scope: "row" }, id), key, requests, last),
        update(session) {
            setText(id, session.id);
            setText(key, session.key ?? "–");
            setText(requests, count(session.requests));
            setAttribute(last, "data-ago", session.last);
            setText(last, ago(session.last));
        },
    };
}

function resultWords(request) {
    const tries = request.attempts > 1 ? `, ${request.attempts} tries` : "";
    if (!request.status)
        return "broken off" + tries;
    return (request.status < 400 ? "ok" : String(request.status)) + tries;
}

function requestRow(request) {
    const served = request.served && request.model && request.served !== request.model && !request.served.startsWith(request.model);
    const model = element("td", {}, request.model || request.served || "–");
    if (served)
        model.append(element("span", { class: "fine" }, " answered by " + request.served));
    const tokens = (request.input_tokens ?? 0) + (request.output_tokens ?? 0) + (request.cache_read_tokens ?? 0) + (request.cache_write_tokens ?? 0);
    const bad = !request.status || request.status >= 400;
    const row = element("tr", {}, element("td", { class: "n left" }, second(request.time)), element("td", {}, request.key || "–"), model,
        element("td", {}, element("span", { class: bad ? "result bad" : "result" }, resultWords(request))),
        element("td", { class: "n" }, took(request.ms ?? 0)), element("td", { class: "n", title: `${count(request.input_tokens)} in, ${count(request.output_tokens)} out` }, tokens ? compact(tokens) : "–"),
        element("td", { class: "n" }, money(request.cost_usd)));
    return row;
}

export function mountNow(app) {
    let all = false, waiting = [];
    const more = byId("now-more").firstElementChild;
    more.addEventListener("click", () => {
        all = !all;
        update(app.state);
    });

    function flush() {
        const body = byId("now-requests");
        body.prepend(...waiting.splice(0).reverse().slice(0, REQUESTS).map(requestRow));
        while (body.children.length > REQUESTS)
            body.lastElementChild.remove();
        byId("now-requests-empty").hidden = true;
    }

    function update(state) {
        setText(byId("now-lead"), leadWords(state));
        keyedList(byId("now-facts"), facts(state), (item) => item[0], (item) => fact(item[0]));
        keyedList(byId("now-keys"), all ? state.keys : state.keys.slice(0, CARDS), (key) => key.name, (key) => whenChanged(card(key)));
        byId("now-keys").classList.toggle("many", all);
        byId("now-more").hidden = state.keys.length <= CARDS;
        setText(more, all ? "Show fewer" : `Show all ${count(state.keys.length)} keys`);
        const sessions = [...(state.sessions ?? [])].sort((a, b) => b.last - a.last).slice(0, 100);
        keyedList(byId("now-sessions"), sessions, (session) => session.id, sessionRow);
        byId("now-sessions-empty").hidden = sessions.length > 0;
        document.querySelector("#now .scroll").hidden = sessions.length === 0;
        document.querySelectorAll("#now .scroll")[1].hidden = byId("now-requests").children.length === 0;
    }

    return {
        update,
        tick() {
            for (const node of document.querySelectorAll("[data-ago]"))
                setText(node, ago(Number(node.dataset.ago)));
        },
        request(request) {
            if (waiting.push(request) === 1)
                requestAnimationFrame(() => {
                    flush();
                    document.querySelectorAll("#now .scroll")[1].hidden = false;
                });
            if (waiting.length > REQUESTS)
                waiting = waiting.slice(-REQUESTS);
        },
    };
}
