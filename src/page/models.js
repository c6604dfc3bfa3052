// Which model is asked for when every key rests for another, and the profiles.

import { byId, commandBox, element, keyedList, setAttribute, setText } from "./dom.js";
import { post } from "./net.js";
import { shellWord } from "./format.js";

let numbers = 0;

function chainRow(changed, remove, [pattern, names]) {
    const number = ++numbers;
    const first = element("input", { id: `chain-${number}`, value: pattern, placeholder: "claude-opus-*", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
    const then = element("input", { id: `chain-${number}-to`, value: names.join(", "), placeholder: "claude-sonnet-*, claude-haiku-4-5", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
    const node = element("li", { class: "chain" },
        element("span", { class: "field" }, element("label", { for: first.id }, "Instead of"), first), element("span", { class: "arrow", "aria-hidden": "true" }, "→"),
        element("span", { class: "field wide" }, element("label", { for: then.id }, "ask for, in this order"), then),
        element("button", { type: "button", class: "small danger", onclick: () => remove(node), "aria-label": `Remove the chain of ${pattern || "no model"}` }, "Remove"));
    for (const input of [first, then])
        input.addEventListener("input", changed);
    node.read = () => [first.value.trim(), then.value.split(",").map((name) => name.trim()).filter(Boolean)];
    return node;
}

function mountChains(app) {
    const list = byId("chains-list"), error = byId("chains-error");
    let shown = null, edited = false;

    function say(words) {
        error.hidden = !words;
        setText(error, words ?? "");
    }

    function buttons() {
        const editable = app.state?.editable !== false;
        byId("chains-save").hidden = byId("chains-undo").hidden = !edited;
        byId("chains-add").disabled = !editable;
        byId("chains-empty").hidden = list.children.length > 0;
        for (const input of list.querySelectorAll("input, button"))
            input.disabled = !editable;
    }

    function changed() {
        edited = true;
        say(null);
        buttons();
    }

    function remove(node) {
        const next = node.nextElementSibling ?? node.previousElementSibling;
        node.remove();
        changed();
        (next?.querySelector("input") ?? byId("chains-add")).focus();
    }

    function draw(chains) {
        list.replaceChildren(...Object.entries(chains).map((chain) => chainRow(changed, remove, chain)));
        edited = false;
        say(null);
        buttons();
    }

    byId("chains-add").addEventListener("click", () => {
        const node = chainRow(changed, remove, ["", []]);
        list.append(node);
        changed();
        node.querySelector("input").focus();
    });
    byId("chains-undo").addEventListener("click", () => draw(app.state.model_fallback ?? {}));
    byId("chains").addEventListener("submit", async (event) => {
        event.preventDefault();
        const chains = {};
        for (const node of list.children) {
            const [pattern, names] = node.read();
            if (!pattern || names.length === 0 || pattern in chains) {
                say(!pattern ? "A chain has no model to begin with." : names.length === 0 ? `“${pattern}” leads to no model.` : `“${pattern}” stands there twice.`);
                node.querySelectorAll("input")[pattern && names.length === 0 ? 1 : 0].focus();
                return;
            }
            chains[pattern] = names;
        }
        const save = byId("chains-save");
        save.disabled = true;
        try {
            await post("/page/model_fallback", chains);
            shown = JSON.stringify(chains);
            app.state.model_fallback = chains;
            draw(chains);
            app.toast("The chains are saved.");
        } catch (problem) {
            say(problem.message);
        }
        save.disabled = false;
    });

    return (state) => {
        const chains = state.model_fallback ?? {}, text = JSON.stringify(chains);
        // What somebody is typing is kept.
        if (edited || text === shown)
            return buttons();
        shown = text;
        draw(chains);
    };
}

function profileRow(app, profile) {
    const words = element("p", { class: "sub" }), mark = element("span", { class: "current" }, "this page");
    const start = profile.name === "default" ? "tcr-run gateway start -d" : `tcr-run gateway start -d --profile ${shellWord(profile.name)}`;
    const open = profile.name === "default" ? "tcr-run gateway open" : `tcr-run gateway open --profile ${shellWord(profile.name)}`;
    return {
        node: element("li", {}, element("div", { class: "head" }, element("h3", {}, profile.name), mark), words, element("div", { class: "commands" }, commandBox(start), commandBox(open))),
        update(profile) {
            mark.hidden = profile.name !== (app.state.gateway?.profile || "default");
            const keys = profile.keys ? profile.keys.join(", ") : profile.name === "default" ? "all keys" : "";
            setText(words, [keys, profile.master === false && "never the billed key", profile.port && `port ${profile.port}`].filter(Boolean).join(" · "));
            words.hidden = !words.textContent;
        },
    };
}

export function mountModels(app) {
    const chains = mountChains(app);
    return {
        update(state) {
            chains(state);
            const profiles = (state.profiles ?? ["default"]).map((profile) => (typeof profile === "string" ? { name: profile } : profile));
            keyedList(byId("profiles-list"), profiles, (profile) => profile.name, (profile) => profileRow(app, profile));
        },
    };
}
