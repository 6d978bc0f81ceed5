# Programs started from a program, with pipes between them.
import os, signal, subprocess, sys

run = lambda *words, **more: subprocess.run(words, capture_output=True, text=True, **more)
print(repr(run("sh", "-c", "echo out; echo err >&2; exit 5")))
big = "line of text\n" * 100_000
done = run("sort", "-u", input=big)
print(done.stdout == "line of text\n", done.returncode)
done = run("sh", "-c", "seq 20000 | grep 7 | sort -r | tail -n 2 | tr '\\n' ' '")
print(done.stdout)
sleeper = subprocess.Popen(["sleep", "1000"])
sleeper.terminate()
print("terminated", sleeper.wait())
print("absent", end=" ")
try:
    run("/nonexistent")
except FileNotFoundError as error:
    print(error.errno)
print(run(sys.executable, "-c", "import os; print(os.getppid() == %d, len(os.environ))" % os.getpid(),
          env={"A": "b"}).stdout.strip())
print(run("sh", "-c", "kill -SEGV $$").returncode)
print(run("cat", "/proc/self/cmdline").stdout.replace("\0", " "))
print(os.popen("pwd").read().strip(), run("pwd", cwd="/tmp").stdout.strip())
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cat:
    for word in "one", "two", "three":
        cat.stdin.write(word + "\n")
        cat.stdin.flush()
        print(cat.stdout.readline().strip(), end=" ")
    cat.stdin.close()
print(cat.wait())
children = [subprocess.Popen(["sh", "-c", f"exit {n}"]) for n in range(20)]
print(sum(child.wait() for child in children))
try:
    run("sleep", "100", timeout=0.1)
except subprocess.TimeoutExpired:
    print("too long")
