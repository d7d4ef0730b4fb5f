#!/usr/bin/python3
"""Are the tests good enough to notice a wrong program? Changes daemon/core, or with --shell what lies around it, one small
thing at a time (a comparison, a constant, a sign, && or ||, an assignment or call or early return left out) and runs the
tests of that room until one fails. What no test notices is printed with file, line and change, to be argued or tested
(survivors.md).

usage: mutate.py [--shell] [--build DIR] [--sample N] [--seed S] [--only FILE[:LINE]] [--tests WORD,...] [--list]
The tests are linked once, with the part as a shared library, so a mutant costs one compilation and usually one test; a
test that takes several times as long as it should counts as a failure. The hall (loop.c, perform.c, notify.c) has no unit
tests: a few integration tests with a whole daemon are run instead. Ctrl-C ends it with the counts so far."""
import argparse
import collections
import contextlib
import glob
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# An index out of bounds is a trap here as it is an error in the sanitizer runs of `make test`.
FLAGS = ["-fsanitize=bounds-strict", "-fsanitize-undefined-trap-on-error", "-std=c17", "-O1", "-w", "-fPIC",
         "-ftrivial-auto-var-init=zero", "-D_GNU_SOURCE", "-Iinclude", "-I."]
LIBRARIES = ["libmodbus", "libserialport", "libzmq", "libprotobuf-c", "libconfuse", "sqlite3", "libsodium"]
SWAPS = {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"],
         "+": ["-"], "-": ["+"], "+=": ["-="], "-=": ["+="], "true": ["false"], "false": ["true"]}
TOKEN = re.compile(r"->|\+\+|--|<<=?|>>=?|[<>=!+\-*/|&]=|&&|\|\||[A-Za-z_]\w*|0[xX][0-9a-fA-F]+U?|\d+U?|\S")
OPERAND = re.compile(r"[\w)\]]$")
LEFT_OUT = re.compile(r"^\t+(?:\(void\))?(?:[a-z_][\w\->.\[\]() ]*? (?:=|\+=|-=|\|=|&=) [^=].*;|[a-z_][\w\->.\[\]]*(?:\+\+|--);|"
                      r"[a-z_]\w*\(.*\);)$")
DECLARATION = re.compile(r"^\t+(?:const|static|struct|enum|u?int\w*_t|bool|int|char|parameter_set|rule_set|size_t) ")

# Which unit tests look at a room of the shell. The hall has none of its own.
ROOMS = {"daemon/record/": ("record", "line", "audit"), "daemon/publish/": ("publisher", "receipts"),
         "daemon/link/": ("link_", "traffic"), "daemon/desk/": ("desk", "local_socket", "account", "refusal", "explain"),
         "daemon/wire/": ("encode", "request", "vectors"), "daemon/config/": ("config", "reload", "plan_", "traffic"),
         "daemon/driver/": ("driver", "link_stream", "link_cuff"), "daemon/mailbox.c": ("mailbox", "local_socket", "record_failure")}
HALL = ("alarm_is_raised", "watchdog_is_fed", "heartbeat_tells", "publisher_is_killed", "changed_configuration", "late_engine",
        "what_cannot_be_recorded", "killed_monitor", "simulated_cuff", "receipts_of", "alarm_load", "recording_that_fails", "spray_devices")

Mutant = collections.namedtuple("Mutant", "file line start end text")


def blank(text):
    """Comments, strings, character constants and constant tables as spaces; positions and lines stay."""
    def spaces(match):
        return re.sub(r"[^\n]", " ", match.group())
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', spaces, text, flags=re.S)
    text = re.sub(r"^[ \t]*#[ \t]*(?:include|if|endif|ifndef)[^\n]*", spaces, text, flags=re.M)
    return re.sub(r"^\t?(?:static )?const [^;{}()]*\] = \{.*?^\t?\};", spaces, text, flags=re.S | re.M)


def other_numbers(token):
    value, suffix = int(token.rstrip("U"), 0), "U" if token.endswith("U") else ""
    return [f"{v}{suffix}" for v in ([1 - value] if value < 2 else [value + 1, value - 1])]


def mutants_of(file):
    with open(os.path.join(ROOT, file), encoding="utf-8") as f:
        code = blank(f.read())
    offset = 0
    for number, line in enumerate(code.split("\n"), 1):
        code_before = line[:1] == "\t" or line.startswith("#define") or file.endswith(".h")
        if LEFT_OUT.match(line) and not DECLARATION.match(line) or re.match(r"^\t\t+return\b.*;$", line):
            start = offset + len(line) - len(line.lstrip())
            yield Mutant(file, number, start, offset + len(line), ";")
        previous = ""
        for match in TOKEN.finditer(line if code_before and "case " not in line else ""):
            token, before = match.group(), previous
            previous = token
            if token in ("+", "-") and not OPERAND.search(before):
                continue  # a sign
            changes = SWAPS.get(token, [])
            if re.match(r"[1-9]|0$|0[xX]|0U", token) and not (before == "[" and DECLARATION.match(line)):
                changes = other_numbers(token)
            for text in changes:
                yield Mutant(file, number, offset + match.start(), offset + match.end(), text)
        offset += len(line) + 1


def sources_of(shell):
    every = sorted(glob.glob("daemon/**/*.c", root_dir=ROOT, recursive=True))
    return [f for f in every if f != "daemon/main.c" and f.startswith("daemon/core/") != shell]


class Bench:
    """The part copied beside its test objects; compiles, links and runs."""

    def __init__(self, build, words, directory, shell, files):
        self.build, self.directory, self.shell = build, directory, shell
        self.sources = sources_of(shell)
        self.tests = {os.path.basename(t)[:-2] for t in glob.glob("tests/unit/test_*.c", root_dir=ROOT)}
        self.words = words
        self.kills, self.seconds = collections.Counter(), {}
        pkg_config = subprocess.run(["pkg-config", "--libs", "--cflags", *LIBRARIES], capture_output=True, text=True, check=True)
        self.libraries = shlex.split(pkg_config.stdout)
        includes = [f"-I{build}/proto", '-DVITALS_VERSION="0"', *(f for f in self.libraries if f.startswith("-I"))]
        self.flags = FLAGS + (includes if shell else [])
        used = sorted({t for file in files for t in self.tests_of(file)})
        objects = [f"{build}/tests/unit/{t}.o" for t in used] + [f"{build}/tests/unit/guard.o"]
        subprocess.run(["make", "-s", f"B={build}", *objects, f"{build}/libdaemon.a", f"{build}/libcore.a",
                        *(["all", f"{build}/proto/vitals_pb2.py"] if shell else [])], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        self.own = self.sources + ([] if shell else ["daemon/core/core.h"])
        for file in self.own:
            self.write(file, None)
        self.more = []
        if shell:
            self.more = [os.path.join(directory, "pb.o")]
            subprocess.run(["gcc", *self.flags, "-c", "-o", self.more[0], f"{build}/proto/vitals.pb-c.c"], cwd=ROOT, check=True)
        if not self.compile(self.sources):
            sys.exit("it does not compile as it is")
        if any(self.in_the_hall(file) for file in files):
            self.build_daemon()
            used.append("integration")
        for test in used:
            if test != "integration":
                self.link(test)
            begun = time.monotonic()
            if not self.passes(test):
                sys.exit(f"{test} fails as it is")
            self.seconds[test] = time.monotonic() - begun

    def in_the_hall(self, file):
        return self.shell and not any(file.startswith(room) for room in ROOMS)

    def tests_of(self, file):
        words = self.words
        if self.shell and not words:
            words = next((list(tests) for room, tests in ROOMS.items() if file.startswith(room)), [])
        return {t for t in self.tests if any(word in t for word in words)}

    def write(self, file, mutant):
        with open(os.path.join(ROOT, file), encoding="utf-8") as f:
            text = f.read()
        if mutant is not None:
            text = text[:mutant.start] + mutant.text + text[mutant.end:]
        os.makedirs(os.path.dirname(os.path.join(self.directory, file)), exist_ok=True)
        with open(os.path.join(self.directory, file), "w", encoding="utf-8") as f:
            f.write(text)

    def object(self, file):
        return os.path.join(self.directory, file.replace("/", "-")[:-2] + ".o")

    def compile(self, files):
        """Compiles these and makes the library."""
        for file in files:
            command = ["gcc", *self.flags, "-c", "-o", self.object(file), os.path.join(self.directory, file)]
            if subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode != 0:
                return False
        subprocess.run(["gcc", "-shared", "-o", f"{self.directory}/libpart.so", *map(self.object, self.sources), *self.more],
                       cwd=ROOT, check=True)
        return True

    def program(self, name, *objects):
        other = f"{self.build}/libcore.a" if self.shell else f"{self.build}/libdaemon.a"
        whole = ["-Wl,-E", "-Wl,--whole-archive", other, "-Wl,--no-whole-archive"] if self.shell else [other]
        subprocess.run(["gcc", "-pie", "-pthread", "-o", os.path.join(self.directory, name), *objects, *whole,
                        f"-L{self.directory}", f"-Wl,-rpath,{self.directory}", "-lpart", "-Wl,--as-needed", *self.libraries,
                        "-lcmocka"], cwd=ROOT, check=True)

    def link(self, test):
        self.program(test, f"{self.build}/tests/unit/{test}.o", f"{self.build}/tests/unit/guard.o")

    def build_daemon(self):
        """A build directory whose daemon is the changed one."""
        os.makedirs(os.path.join(self.directory, "build"))
        self.program("build/vitalsd", f"{self.build}/daemon/main.o")
        for name in ("vitalsctl", "vitals-sim", "proto"):
            os.symlink(os.path.join(self.build, name), os.path.join(self.directory, "build", name))

    def passes(self, test):
        command, environment = [os.path.join(self.directory, test)], None
        if test == "integration":
            command = [sys.executable, "tests/integration/run.py", *HALL]
            environment = {**os.environ, "B": os.path.join(self.directory, "build"), "VITALS_TEST_AT_ONCE": str(len(HALL)),
                           "VITALS_TEST_PATIENCE": "45"}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as running:
            try:
                return running.wait(2 + 6 * self.seconds.get(test, 30)) == 0
            except subprocess.TimeoutExpired:
                return False
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)  # what it left, a publisher child for one

    def judge(self, mutant):
        """The test that noticed it, "" if none did, None if it does not compile."""
        self.write(mutant.file, mutant)
        touched = self.sources if mutant.file.endswith(".h") else [mutant.file]
        try:
            if not self.compile(touched):
                return None
            here = mutant.file
            tests = ["integration"] if self.in_the_hall(here) else self.tests_of(here)
            for test in sorted(tests, key=lambda t: self.seconds[t] / (1 + self.kills[here, t])):
                if not self.passes(test):
                    self.kills[here, test] += 1
                    return test
            return ""
        finally:
            self.write(mutant.file, None)
            self.compile(touched)


def describe(mutant):
    with open(os.path.join(ROOT, mutant.file), encoding="utf-8") as f:
        text = f.read()
    begin = text.rfind("\n", 0, mutant.start) + 1
    old = text[mutant.start:mutant.end]
    line = text[begin:text.index("\n", mutant.start)].strip()
    column = mutant.start - begin + 1
    return f"{mutant.file}:{mutant.line}:{column}: `{old}` -> `{mutant.text}` in `{line}`"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="build directory with the test objects")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="FILE or FILE:LINE")
    parser.add_argument("--shell", action="store_true", help="not the core, but what lies around it")
    parser.add_argument("--tests", help="words of the test names, with commas (default: those of the room)")
    parser.add_argument("--list", action="store_true", help="print the mutants and do nothing")
    options = parser.parse_args()
    files = sources_of(options.shell) + ([] if options.shell else ["daemon/core/core.h"])
    mutants = [m for file in files for m in mutants_of(file)]
    only, _, line = options.only.partition(":")
    mutants = [m for m in mutants if only in m.file and (not line or m.line == int(line))]
    total = len(mutants)
    if options.sample and options.sample < total:
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    if options.list:
        print("\n".join(map(describe, mutants)))
        return 0
    counts = collections.Counter()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as directory:
        words = (options.tests or ("" if options.shell else "core_,test_plan,safety")).split(",")
        bench = Bench(os.path.abspath(os.path.join(ROOT, options.build)), [w for w in words if w], directory, options.shell,
                      sorted({m.file for m in mutants}))
        with contextlib.suppress(KeyboardInterrupt):
            for mutant in mutants:
                killer = bench.judge(mutant)
                outcome = "not compiled" if killer is None else "killed" if killer else "survived"
                counts[outcome] += 1
                if outcome == "survived":
                    print(describe(mutant), flush=True)
    print(f"mutation: {sum(counts.values())} of {total} mutants: {counts['killed']} killed, "
          f"{counts['survived']} survived, {counts['not compiled']} not compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
