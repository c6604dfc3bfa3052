// Commands to copy.

import { byId, commandBox, element, keyedList } from "./dom.js";

function row({ title, words, commands }) {
    return { node: element("li", {}, element("h3", {}, title), words ? element("p", { class: "sub" }, words) : null, element("div", { class: "commands" }, ...commands.map((command) => commandBox(command)))) };
}

const fill = (list, items) => keyedList(list, items, (item) => item.title + item.commands.join(), row);

export function mountSetup() {
    return {
        update(state) {
            fill(byId("setup-list"), (state.setup ?? []).map((item) => ({ title: item.client, commands: [item.command, item.command + " --undo"] })));
            fill(byId("setup-other"), [
                { title: "Anthropic's format", commands: [`export ANTHROPIC_BASE_URL=${location.origin} ANTHROPIC_API_KEY=$(tcr-run gateway token)`] },
                { title: "OpenAI's format", commands: [`export OPENAI_BASE_URL=${location.origin}/v1 OPENAI_API_KEY=$(tcr-run gateway token)`] },
            ]);
            fill(byId("setup-more"), [
                { title: "Which keys are ready", commands: ["tcr-run status --watch"] },
                { title: "What happens now", commands: ["tcr-run log -f"] },
                { title: "What is broken, and how to fix it", commands: ["tcr-run doctor"] },
                { title: "A gateway that systemd starts with the first request", commands: ["tcr-run gateway install"] },
            ]);
        },
    };
}
