// The keys: added, tested, put into an order, enabled, disabled, reset, refreshed, removed.

import { byId, commandBox, element, icon, keyedList, setAttribute, setText } from "./dom.js";
import { confirm } from "./dialog.js";
import { count, moment, plural, shellWord } from "./format.js";
import { billedMark, isBilled, loginAdvice, restList, restsOf, sessionWords, stateMark, whenChanged, windowBars } from "./keystate.js";
import { post } from "./net.js";
import { makeOrderable } from "./order.js";

const path = (key, action) => `/page/keys/${encodeURIComponent(key)}/${action}`;
const FILTER_FROM = 12;

function row(app, key) {
    const name = key.name;
    const mark = stateMark(), rests = restList(), windows = windowBars(), billed = billedMark();
    const details = element("p", { class: "sub" }), result = element("p", { class: "result-line", role: "status" });
    const advice = element("p", { class: "advice", hidden: true });
    const grip = element("button", { type: "button", class: "grip", "aria-label": `Move ${name}`, "aria-describedby": "keys-how keys-shared" }, icon("grip"));
    let current = key;

    const button = (words, action, more = "") =>
        element("button", { type: "button", class: "small " + more, "aria-label": `${words} ${name}`, onclick: (event) => action(event.currentTarget) }, words);

    async function run(pressed, action) {
        if (action === "test")
            setText(result, "Asking the provider…");
        const answer = await app.act(pressed, path(name, action));
        setText(result, answer?.text ?? "");
        if (answer && action !== "test")
            app.say(answer.text ?? `${name}: done`);
    }

    const buttons = {
        test: button("Test", (pressed) => run(pressed, "test")),
        enable: button("Enable", (pressed) => run(pressed, "enable")),
        disable: button("Disable", (pressed) => run(pressed, "disable")),
        reset: button("Reset", (pressed) => run(pressed, "reset")),
        refresh: button("Refresh", (pressed) => run(pressed, "refresh")),
        remove: button("Remove", async (pressed) => {
            const words = "Its token is deleted from the key file. This cannot be undone." + (isBilled(current) ? " It is the billed key: without it, requests fail when the pool is used up." : "");
            if (await confirm(`Remove “${name}”?`, words, "Remove")) {
                if (await app.act(pressed, path(name, "remove"))) {
                    app.toast(`“${name}” is removed.`);
                    byId("keys-title").focus();
                }
            }
        }, "danger"),
    };

    const node = element("li", { class: "key", "data-name": name }, grip,
        element("div", { class: "who" }, element("div", { class: "head" }, element("h2", {}, name), billed, mark.node), details, windows.node, rests.node, advice, result),
        element("div", { class: "actions" }, ...Object.values(buttons)));

    return {
        node,
        update(key) {
            current = key;
            const editable = app.state.editable !== false;
            mark.update(key);
            rests.update(key);
            windows.update(key);
            billed.hidden = !isBilled(key);
            const words = [key.kind ?? "unknown kind", isBilled(key) ? "used when the pool is used up" : `priority ${key.priority ?? 0}`, key.base_url, key.organization && `organization ${key.organization}`,
                sessionWords(key), key.ends > 0 && `ends ${moment(key.ends)}`];
            setText(details, words.filter(Boolean).join(" · "));
            setAttribute(node, "data-state", key.account_state);
            setAttribute(node, "data-billed", isBilled(key) ? "true" : null);
            const needs = key.account_state === "auth_error", disabled = key.account_state === "disabled";
            if (needs && advice.hidden) {
                const [what, command] = loginAdvice(key);
                advice.replaceChildren(what + " ", commandBox(command + shellWord(name)));
            }
            advice.hidden = !needs;
            grip.hidden = isBilled(key) || !editable;
            buttons.enable.hidden = !disabled || !editable;
            buttons.disable.hidden = disabled || !editable;
            buttons.reset.hidden = restsOf(key).length === 0 && !needs;
            buttons.refresh.hidden = !key.refreshable;
            buttons.remove.hidden = !editable;
        },
    };
}

function mountAdd(app) {
    const dialog = byId("add"), form = byId("add-form"), error = byId("add-error");
    const show = (words) => {
        error.hidden = !words;
        setText(error, words ?? "");
    };

    byId("keys-add").addEventListener("click", () => {
        form.reset();
        show(null);
        dialog.showModal();
        byId("add-name").focus();
    });
    byId("add-cancel").addEventListener("click", () => dialog.close());
    // Nothing of a secret stays in the page.
    dialog.addEventListener("close", () => form.reset());
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const body = { name: byId("add-name").value.trim(), secret: byId("add-secret").value.trim() };
        if (!body.name || !body.secret) {
            show(body.name ? "The secret is missing." : "The name is missing.");
            byId(body.name ? "add-secret" : "add-name").focus();
            return;
        }
        if (byId("add-kind").value)
            body.kind = byId("add-kind").value;
        if (byId("add-url").value.trim())
            body.base_url = byId("add-url").value.trim();
        if (byId("add-priority").value !== "")
            body.priority = Number(byId("add-priority").value);
        const button = form.querySelector("[type=submit]");
        button.disabled = true;
        try {
            await post("/page/keys", body);
            dialog.close();
            app.toast(`“${body.name}” is added.`);
        } catch (problem) {
            show(problem.message);
        } finally {
            button.disabled = false;
        }
    });
}

// Then they share the sessions, until one is moved.
function sharePriority(state) {
    const priorities = state.keys.filter((key) => !isBilled(key)).map((key) => key.priority ?? 0);
    return new Set(priorities).size < priorities.length;
}

export function mountKeys(app) {
    const list = byId("keys-list"), search = byId("keys-search");
    let expected = null; // the order that was asked for, until the gateway tells it

    byId("keys-empty").querySelector(".command").replaceWith(commandBox("tcr-run keys login home"));
    mountAdd(app);

    const order = makeOrderable(list, {
        handle: ".grip",
        isMovable: (each) => !each.hasAttribute("data-billed") && app.state.editable !== false && !search.value,
        nameOf: (each) => each.dataset.name,
        say: app.say,
        async moved() {
            const names = [...list.children].filter((each) => !each.hasAttribute("data-billed")).map((each) => each.dataset.name);
            const shared = sharePriority(app.state);
            expected = names;
            try {
                await post("/page/order", { names });
                if (shared)
                    app.toast(`Each key has a priority of its own now, from 1 to ${names.length}.`);
                // The gateway tells it within a second; until then nothing jumps back.
                const place = new Map(names.map((name, at) => [name, at]));
                app.state.keys.sort((a, b) => (place.get(a.name) ?? names.length) - (place.get(b.name) ?? names.length));
            } catch (problem) {
                app.toast(problem.message, true);
            }
            expected = null;
            update(app.state);
        },
    });

    function matches(key) {
        const words = search.value.trim().toLowerCase();
        return !words || [key.name, key.kind, key.organization, key.account_state].some((each) => each?.toLowerCase().includes(words));
    }

    function update(state) {
        if (order.active() || expected)
            return;
        const pool = [...state.keys.filter((key) => !isBilled(key)), ...state.keys.filter(isBilled)];
        const seen = pool.filter(matches);
        keyedList(list, seen, (key) => key.name, (key) => whenChanged(row(app, key), () => app.state.editable));
        byId("keys-filter").hidden = pool.length < FILTER_FROM && !search.value;
        setText(byId("keys-count"), search.value ? `${count(seen.length)} of ${plural(pool.length, "key")}` : plural(pool.length, "key"));
        byId("keys-empty").hidden = pool.length > 0;
        const sealed = byId("keys-sealed");
        sealed.hidden = state.editable !== false;
        setText(sealed, state.editable === false ? `The keys cannot be changed here: ${state.why_not ?? "the key file cannot be written"}` : "");
        byId("keys-shared").hidden = state.editable === false || !sharePriority(state);
        byId("keys-add").disabled = state.editable === false;
        list.classList.toggle("many", seen.length > 50);
        document.body.classList.toggle("filtered", search.value !== "");
    }

    search.addEventListener("input", () => update(app.state));
    return { update };
}
