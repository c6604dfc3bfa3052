/* What runs on the server, each in one atomic step. Keys, in this order:
 *
 *   state   hash: `text` (as in the file, without leases), `revision`, `writer` (the last try)
 *   leases  hash: owner -> lease        alive   sorted set: owner -> when it expires, in ms
 *   turn    list: one element while nobody has the turn and somebody had it lately
 *   holder  string that expires: somebody has the turn, or it is just being passed
 *   events  stream
 *   session:HASH, object:HASH   strings that expire: the key that goes with it (not in KEYS of the
 * others)
 *
 * Redis 5 or later: it replicates what a script did and not the script, so that TIME may be used.
 */
#pragma once

#define KEYS_OF_SCRIPTS "6"

#define NOW                                                                                        \
    "local time = redis.call('TIME')\n"                                                            \
    "local ms = time[1] * 1000 + math.floor(time[2] / 1000)\n"                                     \
    "local function stamp(n) return string.format('%.0f', n) end\n"

#define SHOW                                                                                       \
    "local leases = {}\n"                                                                          \
    "for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], stamp(ms), '+inf')) do\n"         \
    "  local lease = redis.call('HGET', KEYS[2], owner)\n"                                         \
    "  if lease then leases[#leases + 1] = lease end\n"                                            \
    "end\n"                                                                                        \
    "return {1, time[1], redis.call('HGET', KEYS[1], 'text'),\n"                                   \
    "        redis.call('HGET', KEYS[1], 'revision') or '', leases}\n"

static const char script_look[] = NOW SHOW;

/* ARGV: '1' if the turn was passed to us, our try, how long a turn lasts at most. */
static const char script_begin[] =
    "if ARGV[1] ~= '1' and not redis.call('LPOP', KEYS[4])\n"
    "   and redis.call('EXISTS', KEYS[5]) == 1 then\n"
    "  return {0}\n"
    "end\n"
    "redis.call('SET', KEYS[5], ARGV[2], 'PX', ARGV[3])\n" NOW
    "for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. stamp(ms))) do\n"
    "  redis.call('HDEL', KEYS[2], owner)\n"
    "  redis.call('ZREM', KEYS[3], owner)\n"
    "end\n" SHOW;

/* ARGV: our try, the revision that was seen, the new text ('': as it was), owner, its lease ('':
 * none), how long that lives, owners that are gone. The turn is passed on by its element in the
 * list: whoever waits longest gets it, and `holder` keeps it from others until then. */
static const char script_commit[] =
    NOW "local done = 1\n"
        "if redis.call('HGET', KEYS[1], 'writer') ~= ARGV[1] then\n"
        "  if (redis.call('HGET', KEYS[1], 'revision') or '') ~= ARGV[2] then\n"
        "    done = 0\n"
        "  elseif ARGV[3] ~= '' then\n"
        "    redis.call('HSET', KEYS[1], 'text', ARGV[3], 'writer', ARGV[1])\n"
        "    redis.call('HINCRBY', KEYS[1], 'revision', 1)\n"
        "  end\n"
        "end\n"
        "if done == 1 then\n"
        "  for i = 7, #ARGV do\n"
        "    redis.call('HDEL', KEYS[2], ARGV[i])\n"
        "    redis.call('ZREM', KEYS[3], ARGV[i])\n"
        "  end\n"
        "  if ARGV[5] ~= '' then\n"
        "    redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])\n"
        "    redis.call('ZADD', KEYS[3], stamp(ms + ARGV[6]), ARGV[4])\n"
        "  else\n"
        "    redis.call('HDEL', KEYS[2], ARGV[4])\n"
        "    redis.call('ZREM', KEYS[3], ARGV[4])\n"
        "  end\n"
        "end\n"
        "if redis.call('GET', KEYS[5]) == ARGV[1] then\n"
        "  redis.call('SET', KEYS[5], 'passed on', 'PX', 1000)\n"
        "  if redis.call('LLEN', KEYS[4]) == 0 then redis.call('RPUSH', KEYS[4], '1') end\n"
        "end\n"
        "return done\n";

/* ARGV: owner, its lease, how long that lives. */
static const char script_renew[] =
    NOW "redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])\n"
        "return redis.call('ZADD', KEYS[3], stamp(ms + ARGV[3]), ARGV[1])\n";

/* ARGV: owner. */
static const char script_let_go[] = "redis.call('HDEL', KEYS[2], ARGV[1])\n"
                                    "return redis.call('ZREM', KEYS[3], ARGV[1])\n";

/* KEYS: one session or object. ARGV: the key that it had as far as we know, the key that it gets if
 * that is so or if it has none, '': none, how long it is kept. Gives the key that it has then. */
static const char script_claim[] =
    "local key = redis.call('GET', KEYS[1]) or ''\n"
    "if ARGV[2] ~= '' and (key == '' or key == ARGV[1]) then key = ARGV[2] end\n"
    "if key ~= '' then redis.call('SET', KEYS[1], key, 'PX', ARGV[3]) end\n"
    "return key\n";
