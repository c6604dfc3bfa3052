// What the tests of the page stand in: a home of its own, a provider, the real gateway, the browser.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) => process.env.PATH.split(":").map((folder) => path.join(folder, name))).find(existsSync);

/* ---- The provider ---- */

// Answers by the name in the token: sk-ant-oat01-FAKE-home-0001. `limited` and `refused` hold names.
export class Provider {
    limited = new Set();
    refused = new Set();
    asked = [];

    async start() {
        this.server = http.createServer((request, answer) => this.serve(request, answer));
        await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
        this.address = `http://127.0.0.1:${this.server.address().port}`;
    }

    async serve(request, answer) {
        let body = "";
        for await (const piece of request)
            body += piece;
        const send = (status, value, headers = {}) => {
            answer.writeHead(status, { "content-type": "application/json", ...headers });
            answer.end(JSON.stringify(value));
        };
        const name = /FAKE-([a-z0-9]+)-/.exec(request.headers.authorization ?? request.headers["x-api-key"] ?? "")?.[1];
        this.asked.push([request.url, name]);
        if (request.url.startsWith("/token"))
            return send(200, { token_type: "Bearer", access_token: "sk-ant-oat01-FAKE-renewed-0002", refresh_token: "sk-ant-ort01-FAKE-renewed-0002", expires_in: 28800 });
        if (this.limited.has(name))
            return send(429, { type: "error", error: { type: "rate_limit_error", message: "no" } }, {
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": String(Math.floor(Date.now() / 1000) + 3600),
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            });
        if (this.refused.has(name))
            return send(401, { type: "error", error: { type: "authentication_error", message: "no" } });
        const reset = String(Math.floor(Date.now() / 1000) + 7200);
        send(200, { type: "message", id: "msg_1", role: "assistant", model: "claude-sonnet-4-6", content: [{ type: "text", text: "Done." }], stop_reason: "end_turn", usage: { input_tokens: 1000, output_tokens: 500 } }, {
            "anthropic-ratelimit-unified-5h-utilization": "0.42", "anthropic-ratelimit-unified-5h-reset": reset, "anthropic-ratelimit-unified-5h-status": "allowed",
            "anthropic-ratelimit-unified-7d-utilization": "0.9", "anthropic-ratelimit-unified-7d-reset": reset, "anthropic-ratelimit-unified-7d-status": "allowed",
            "anthropic-ratelimit-unified-status": "allowed", "anthropic-ratelimit-unified-reset": reset, "anthropic-ratelimit-unified-representative-claim": "five_hour",
        });
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

/* ---- The gateway ---- */

export class Home {
    constructor(program, provider) {
        this.program = program;
        this.folder = mkdtempSync(path.join(tmpdir(), "tcr-page-"));
        this.keysFile = path.join(this.folder, "keys.json");
        this.port = 0;
        this.env = { PATH: process.env.PATH, HOME: this.folder, TZ: "UTC", LANG: "C.UTF-8", TCR_KEYS_FILE: this.keysFile, ANTHROPIC_BASE_URL: provider.address, TCR_OAUTH_TOKEN_URL: provider.address + "/token" };
        for (const name of ["ASAN_OPTIONS", "UBSAN_OPTIONS"])
            if (process.env[name])
                this.env[name] = process.env[name];
    }

    writeKeys(value) {
        writeFileSync(this.keysFile, JSON.stringify(value, null, 1), { mode: 0o600 });
    }

    readKeys() {
        return JSON.parse(readFileSync(this.keysFile, "utf8"));
    }

    key(name) {
        return this.readKeys().keys.find((key) => key.name === name);
    }

    // What the log holds before the gateway starts.
    writeLog(lines) {
        const folder = path.join(this.folder, ".local/state/tcr");
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(path.join(folder, "events.jsonl"), lines.map((line) => JSON.stringify(line) + "\n").join(""), { mode: 0o600 });
    }

    run(...words) {
        return execFileSync(this.program, words, { env: this.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 30000 });
    }

    start() {
        const said = execFileSync("sh", ["-c", '"$0" gateway start -d --listen "127.0.0.1:$1" 2>&1', this.program, String(this.port)], { env: this.env, encoding: "utf8", timeout: 30000 });
        this.address = /http:\/\/127[^ \n,]*/.exec(said)?.[0];
        if (!this.address)
            throw new Error("the gateway does not start: " + said);
        this.port = Number(new URL(this.address).port);
        this.standIn = this.run("gateway", "token").trim();
    }

    stop() {
        try {
            this.run("gateway", "stop");
        } catch {
            // It has ended.
        }
    }

    // What `gateway open` asks for.
    async link() {
        const answer = await fetch(this.address + "/page/link", { method: "POST", headers: { "x-api-key": this.standIn } });
        return (await answer.json()).url;
    }

    // A request of a client; resolves with its status.
    async ask(session = "s-1", model = "claude-sonnet-4-6") {
        const answer = await fetch(this.address + "/v1/messages", {
            method: "POST",
            headers: { "x-api-key": this.standIn, "content-type": "application/json", "x-claude-code-session-id": session },
            body: JSON.stringify({ model, max_tokens: 10, messages: [{ role: "user", content: "hello" }] }),
        });
        await answer.text();
        return answer.status;
    }

    end() {
        this.stop();
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
}

/* ---- Waiting ---- */

// Until `what()` gives something; fails after a while, with the last that it gave.
export async function until(what, words, ms = 15000) {
    const end = Date.now() + ms;
    let last;
    for (;;) {
        try {
            last = await what();
            if (last)
                return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end)
            throw new Error(`waited in vain: ${words} (${last})`);
        await new Promise((done) => setTimeout(done, 40));
    }
}
