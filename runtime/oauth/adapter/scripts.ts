/**
 * Lua that Redis runs without anything in between. oidc-provider itself finds, then writes; with 16 requests at once
 * that accepts one code up to 16 times.
 */

/** KEYS: artefact. ARGV: Unix time. Marks it used: `won` for exactly one caller, then `lost`; `gone` when it is not there. */
export const CONSUME = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HSETNX', KEYS[1], 'consumed', ARGV[1]) == 1 then return 'won' end
return 'lost'`;

/**
 * KEYS: one-time value. ARGV: seconds to remember it, Unix time before which it was surely not issued.
 *
 * `first` for exactly one caller, then `again`. `early` when it may have been used at a Redis that has since lost its
 * memory: uptime and clock are whole seconds, hence the one added.
 */
export const USE_ONCE = `
local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
local started = tonumber(redis.call('TIME')[1]) - uptime
if tonumber(ARGV[2]) <= started + 1 then return 'early' end
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 'first' end
return 'again'`;
