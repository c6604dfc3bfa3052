// What is asked of the gateway, and what it tells by itself.

const QUICK = 15000, SLOW = 90000; // ms: a question; a change, which may ask a provider

export class Problem extends Error {
    constructor(status, message) {
        super(message);
        this.status = status; // 0: the gateway cannot be reached
    }
}

async function ask(path, options) {
    let answer;
    try {
        const signal = AbortSignal.timeout(options.method ? SLOW : QUICK);
        answer = await fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "error", signal, ...options });
    } catch {
        throw new Problem(0, "The gateway cannot be reached.");
    }
    const body = await answer.json().catch(() => null);
    if (answer.ok)
        return body ?? {};
    if (answer.status === 401)
        document.dispatchEvent(new CustomEvent("signed-out"));
    throw new Problem(answer.status, body?.error?.message ?? `The gateway answered with ${answer.status}.`);
}

export const get = (path) => ask(path, {});
export const post = (path, body = {}) =>
    ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

const SHORTEST = 500, LONGEST = 15000; // ms between two attempts
const SILENT = 45000; // ms: a stream that is silent for so long may have died unnoticed
const HIDDEN = 20000; // ms: a browser has few connections to one host, and a tab that nobody sees needs none

// Calls hear.state and hear.request with what comes, hear.link with "live", "away" or "out". Never ends.
export function listen(hear) {
    let source = null, timer = 0, pause = SHORTEST, out = false, heard = 0;

    function open() {
        clearTimeout(timer);
        source?.close();
        source = new EventSource("/page/events");
        source.addEventListener("state", (event) => {
            pause = SHORTEST;
            heard = Date.now();
            hear.link("live");
            hear.state(JSON.parse(event.data));
        });
        source.addEventListener("request", (event) => {
            heard = Date.now();
            hear.request(JSON.parse(event.data));
        });
        source.onerror = failed;
        heard = Date.now();
    }

    // A connection can be gone without a word, for example after a night's sleep.
    async function check() {
        heard = Date.now();
        await get("/page/state").then(hear.state, failed);
    }

    function close() {
        clearTimeout(timer);
        source?.close();
        source = null;
    }

    // The stream does not tell why it ended; the state does, and is fresh besides.
    async function failed() {
        close();
        try {
            const state = await get("/page/state");
            if (pause > SHORTEST * 4)
                hear.link("live");
            hear.state(state);
        } catch (problem) {
            if (out)
                return;
            hear.link("away");
        }
        if (source === null && !out)
            later();
    }

    function later() {
        clearTimeout(timer);
        timer = setTimeout(open, pause * (0.75 + Math.random() / 2));
        pause = Math.min(pause * 2, LONGEST);
    }

    function again() {
        if (!out && source === null) {
            pause = SHORTEST;
            open();
        }
    }

    document.addEventListener("signed-out", () => {
        out = true;
        close();
        hear.link("out");
    });
    document.addEventListener("visibilitychange", () => {
        clearTimeout(timer);
        if (document.hidden)
            timer = setTimeout(close, HIDDEN);
        else
            again();
    });
    addEventListener("online", again);
    addEventListener("offline", check);
    setInterval(() => source && Date.now() - heard > SILENT && check(), 5000);
    open();
    return { again };
}
