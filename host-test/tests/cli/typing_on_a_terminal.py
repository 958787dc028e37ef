"""Runs a program on a terminal of its own, and answers its questions.

    typing_on_a_terminal.py STEPS PROGRAM ARGUMENT...

STEPS is a JSON list of [text, mode, answer]: once the text has been shown, and the terminal hides input line by line
("hidden") or gives single keys ("keys"), the answer is typed. Prints all that was shown, then a line with the exit code
and whether the terminal echoes again.
"""

import fcntl, json, os, pty, select, subprocess, sys, termios, time

LONGEST = 120

steps = json.loads(sys.argv[1])
leader, follower = pty.openpty()


def own_terminal():
    os.setsid()
    fcntl.ioctl(follower, termios.TIOCSCTTY, 0)


def flag(bit):
    return bool(termios.tcgetattr(leader)[3] & bit)


child = subprocess.Popen(sys.argv[2:], stdin=follower, stdout=follower, stderr=follower, preexec_fn=own_terminal)
shown, seen, end = b"", 0, time.monotonic() + LONGEST


def read():
    global shown
    while select.select([leader], [], [], 0.02)[0]:
        shown += os.read(leader, 65536)


for text, mode, answer in steps:
    ready = {"hidden": lambda: flag(termios.ICANON) and not flag(termios.ECHO), "keys": lambda: not flag(termios.ICANON)}
    while child.poll() is None and time.monotonic() < end:
        read()
        at = shown.find(text.encode(), seen)
        if at >= 0 and ready[mode]():
            seen = at + len(text.encode())
            os.write(leader, answer.encode())
            break
while child.poll() is None and time.monotonic() < end:
    read()
read()
if child.poll() is None:
    child.kill()
    print("it did not end", file=sys.stderr)
sys.stdout.buffer.write(shown)
print(f"\nexit {child.wait()} echo {flag(termios.ECHO)}")
