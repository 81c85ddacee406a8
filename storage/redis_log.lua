-- The rules of the log that many servers share: which entries get in. One call is one step: nothing comes between what
-- it reads and what it writes, and after a crash all that it wrote is there, or nothing.
--
-- Redis keeps the latter but for one case: a Redis that finds its file cut within a call drops what is left of that call,
-- but leaves it in the file, and carries it out at the start after that one, before everything that was written since. So
-- any first part of what a call writes may come back, and these rules make that harmless:
--
--   - An entry is added first, and counts when the head names its mark; nothing else of its call is written before that.
--   - The first call after a start writes the whole head anew, as it knows it, so that nothing which has come back in it
--     stays. Nothing else is written before that.
--   - Entries that have come back are dropped before anybody reads them: those behind the one that the head names, and
--     those before a run that did not know of them.
--
-- The same rules stand in chat/shared/memory_log.py, and what each call is for in chat/shared/log_store.py. A change
-- here is a change there; a property test compares the two.
--
--   KEYS  log      the stream; an entry's fields, always in this order: kind, incarnation, count, prev, payload
--         head     a hash: `mark` of the newest entry; `origin` under which the present run began, and `run`, the id of
--                  its first entry; and of each open incarnation count:ID, beats:ID, and origin:ID, which it has confirmed
--         anew     the head, while it is written anew
--         newest   a hash, the newest snapshot: its blob, and id and mark of the last entry in it
--   ARGV  the call, the incarnation ('' for none), the arguments. The answer begins with a verdict.

local log, head, anew, newest = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call, incarnation, first, second, third = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- Redis takes another random name at each start and when a replica takes over: whenever it may have lost something.
local origin = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')

local function mark_of(prev, who, count)
  return redis.sha1hex(prev .. ':' .. who .. ':' .. count)
end

local function mark_after(entry)
  return mark_of(entry[2][8], entry[2][4], entry[2][6])
end

local function is_before(id, other)
  local time, number = string.match(id, '(%d+)-(%d+)')
  local other_time, other_number = string.match(other, '(%d+)-(%d+)')
  if time == other_time then
    return tonumber(number) < tonumber(other_number)
  end
  return tonumber(time) < tonumber(other_time)
end

local function look_for(id, mark)
  local start = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if id == '0-0' then
    return (not start or start[2][8] == '') and 'DONE' or 'TRIMMED'
  end
  local found = redis.call('XRANGE', log, id, id)[1]
  if found then
    return mark_after(found) == mark and 'DONE' or 'MISSING'
  end
  return start and is_before(id, start[1]) and 'TRIMMED' or 'MISSING'
end

-- Adds an entry, and notes with it what else it changes in the head.
local function add(kind, count, payload, ...)
  local prev = redis.call('HGET', head, 'mark') or ''
  local fields = {'kind', kind, 'incarnation', incarnation, 'count', count, 'prev', prev, 'payload', payload}
  local id = redis.call('XADD', log, '*', unpack(fields))
  redis.call('HSET', head, 'mark', mark_of(prev, incarnation, count), ...)
  return id
end

-- Drops the entries from `last` back to the one with this mark: a few, since a call adds two at most.
local function drop_behind(mark, last)
  for _, entry in ipairs(redis.call('XREVRANGE', log, last, '-', 'COUNT', 16)) do
    if mark_after(entry) == mark then
      return
    end
    redis.call('XDEL', log, entry[1])
  end
end

local function is_started_again()
  return redis.call('HGET', head, 'origin') ~= origin
end

local function drop_what_came_back()
  local mark, id = unpack(redis.call('HMGET', head, 'mark', 'run'))
  drop_behind(mark or '', '+')
  local run = id and redis.call('XRANGE', log, id, id)[1]
  if run then
    drop_behind(run[2][8], '(' .. id)
  end
end

-- Writes also an empty head anew: what has come back may be the half of a room's first call.
local function begin_run()
  if is_started_again() then
    local fields = redis.call('HGETALL', head)
    redis.call('DEL', anew)
    redis.call('HSET', anew, 'mark', '')
    for place = 1, #fields, 2 do
      redis.call('HSET', anew, fields[place], fields[place + 1])
    end
    redis.call('RENAME', anew, head)
    redis.call('HSET', head, 'origin', origin, 'run', add('run', 0, ''))
  end
end

local function finish(kind)
  local count = redis.call('HGET', head, 'count:' .. incarnation)
  if not count then
    return {'GONE'}
  end
  begin_run()
  add(kind, count + 1, '')
  redis.call('HDEL', head, 'count:' .. incarnation, 'beats:' .. incarnation, 'origin:' .. incarnation)
  return {'DONE'}
end

-- Returns why an incarnation may not go on, nil if it may, and its count.
local function why_not()
  local known = redis.call('HMGET', head, 'count:' .. incarnation, 'origin:' .. incarnation)
  return not known[1] and {'GONE'} or known[2] ~= origin and {'RESTARTED'} or nil, tonumber(known[1] or 0)
end

local calls = {}

function calls.open()
  if redis.call('HEXISTS', head, 'count:' .. incarnation) == 1 then
    return {'ALREADY'}
  end
  local verdict = look_for(first, second)
  if verdict == 'DONE' then
    begin_run()
    add('open', 0, third, 'count:' .. incarnation, 0, 'beats:' .. incarnation, 0, 'origin:' .. incarnation, origin)
  end
  return {verdict}
end

function calls.confirm()
  if redis.call('HEXISTS', head, 'count:' .. incarnation) == 0 then
    return {'GONE'}
  end
  local verdict = look_for(first, second)
  if verdict == 'DONE' then
    begin_run()
    redis.call('HSET', head, 'origin:' .. incarnation, origin)
  end
  return {verdict}
end

function calls.append()
  local refused, count = why_not()
  local next_count = tonumber(first)
  if refused then
    return refused
  elseif next_count ~= count + 1 then
    return {next_count <= count and 'ALREADY' or 'SKIPPED'}
  end
  add('turn', first, second, 'count:' .. incarnation, first)
  return {'DONE'}
end

function calls.beat()
  local refused = why_not()
  if refused then
    return refused
  end
  redis.call('HINCRBY', head, 'beats:' .. incarnation, 1)
  local answer, fields = {'DONE'}, redis.call('HGETALL', head)
  for place = 1, #fields, 2 do
    local who = string.match(fields[place], '^beats:(.*)')
    if who then
      table.insert(answer, who)
      table.insert(answer, fields[place + 1])
    end
  end
  return answer
end

function calls.declare_gone()
  local beats = redis.call('HGET', head, 'beats:' .. incarnation)
  if beats and beats ~= first then
    return {'STILL_HERE'}
  end
  return finish('gone')
end

function calls.close()
  return finish('close')
end

function calls.keep()
  local verdict = is_started_again() and 'RESTARTED' or look_for(first, second)
  if verdict ~= 'DONE' then
    return {verdict}
  end
  local kept = redis.call('HGET', newest, 'id')
  if kept and not is_before(kept, first) then
    return {'ALREADY'}
  end
  redis.call('HSET', newest, 'id', first, 'mark', second, 'blob', third)
  if kept then
    redis.call('XTRIM', log, 'MINID', kept)
  end
  return {'DONE'}
end

function calls.check()
  return {look_for(first, second), origin}
end

function calls.rewind()
  return {look_for(first, second), origin, unpack(redis.call('HMGET', newest, 'id', 'mark', 'blob'))}
end

-- What may append or beat has seen the run begin.
if call ~= 'append' and call ~= 'beat' and is_started_again() then
  drop_what_came_back()
end
return calls[call]()
