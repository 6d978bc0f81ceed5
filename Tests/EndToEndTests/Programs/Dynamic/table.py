# A dict of 300,000, and what else a Python program does with memory by itself.
import collections, gc, hashlib, json, re, sys

table = {i: str(i * i) for i in range(300_000)}
print(len(table), table[299_999], sum(map(len, table.values())))
names = {f"name-{i}": [i] * 3 for i in range(50_000)}
print(sum(v[1] for v in names.values()), "name-49999" in names)
for i in range(0, 300_000, 3):
    del table[i]
print(len(table), min(table), max(table))
digest = hashlib.sha256()
for key in sorted(table):
    digest.update(table[key].encode())
print(digest.hexdigest())
text = json.dumps(names)
print(len(text), json.loads(text) == names)
print(collections.Counter(re.findall(r"\d", text)).most_common(2))
a, b = 0, 1
for _ in range(20_000):
    a, b = b, a + b
print(a.bit_length(), a % 1_000_000_007)
numbers = sorted((i * 7919) % 1_000_003 for i in range(200_000))
print(numbers[:2], numbers[-1])
class Node:
    def __init__(self, next): self.next = next
for _ in range(1000):
    ring = Node(None)
    for _ in range(20):
        ring = Node(ring)
    ring.next.next = ring
del ring
print("collected", gc.collect() > 0)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
sys.setrecursionlimit(20_000)
print("depth", deep(15_000))
