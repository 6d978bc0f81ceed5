-- Tables, strings, closures, coroutines and the collector.
local composite, primes = {}, 0
for n = 2, 200000 do
  if not composite[n] then
    primes = primes + 1
    for m = n * n, 200000, n do composite[m] = true end
  end
end
print("primes", primes)

local state = 12345
local function random()
  state = (state * 1103515245 + 12345) % 2147483648
  return state
end
local numbers = {}
for i = 1, 50000 do numbers[i] = random() end
table.sort(numbers)
for i = 2, #numbers do assert(numbers[i - 1] <= numbers[i]) end
print("sorted", numbers[1], numbers[25000], numbers[50000])

local pieces = {}
for i = 1, 50000 do pieces[#pieces + 1] = ("%05x"):format(random() % 0xfffff) end
local text = table.concat(pieces, ",")
local count = select(2, text:gsub("a%d", ""))
print("text", #text, count)

local function walk(depth)
  if depth > 0 then
    walk(depth - 1)
    coroutine.yield(depth)
    walk(depth - 1)
  end
end
local sum = 0
for depth in coroutine.wrap(function() walk(14) end) do sum = sum + depth end
print("coroutines", sum)

pieces, numbers, composite, text = nil, nil, nil, nil
collectgarbage()
print("collected", collectgarbage("count") < 2000)
local file = assert(io.open("/tmp/lua.txt", "w"))
for i = 1, 1000 do file:write(i, "\n") end
file:close()
local total = 0
for line in io.lines("/tmp/lua.txt") do total = total + tonumber(line) end
print("file", total, os.remove("/tmp/lua.txt"))
