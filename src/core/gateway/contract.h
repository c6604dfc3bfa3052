/* What tcr-run and the gateway that it starts for one run agree on. The lasting gateway has other
 * arguments (tcr-run-gateway(1)) and the same program.
 *
 *     tcr-gateway --private --listen-fd N --tell-fd N --life-fd N [--folder DIR]
 *                 [--stand-in-fd N] [--hold SECONDS] [the run's own options about keys]
 *
 * --listen-fd    a socket that listens already: connections that come while a gateway that died is
 *                started anew wait in its queue
 * --folder       0700, holds the Unix socket `api.sock` and nothing else; who ends last removes it
 * --tell-fd      a pipe that nobody else writes to: its end says that the gateway is gone
 * --life-fd      a pipe that nobody writes to: its end says that tcr-run is gone, whatever killed
 * it. Then the gateway ends as soon as no request is open, within a second if it can
 * --first        the name of the key that the run holds: its sessions begin with it
 * --seal-fd      a pipe with what opens the sealed key file (system/keys/passphrase.h): nobody is
 *                asked, now or when the file has changed
 * --stand-in-fd  a pipe with the stand-in that requests must carry (way A); without it, file
 *                permissions guard the socket and any credential is replaced (way B)
 *
 * The run's own options are those of tcr-run by the same names: --keys, --profile, --key, --kind,
 * --no-master, --model-fallback, --no-model-fallback, --max-per-key, --cooldown, --retry-on,
 * --retries. The environment is tcr-run's own, so keys that stand there are found there.
 *
 * Lines on --tell-fd, each ended by a newline; none holds a secret:
 *
 *     listening                     once, when requests are answered
 *     {"event": …}                  as in the log of events (core/state/event.h): a key reached its
 *                                   limit, which one follows, the master was used
 *     served N NAME                 when it ends, for each key that answered requests
 *     refused N                     when it ends, if requests went without a key
 *
 * Nothing waits for the reader: what does not fit into the pipe is left out, the log has it. */
#pragma once

#define GATEWAY_SOCKET_NAME "api.sock"
/* Where the client believes it sends its requests: the host alone makes it take them for its
 * provider's own, and the socket is plain HTTP. */
#define GATEWAY_ADDRESS   "http://api.anthropic.com"
#define GATEWAY_LISTENING "listening"
#define GATEWAY_SERVED    "served"
#define GATEWAY_REFUSED   "refused"
