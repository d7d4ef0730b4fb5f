#!/usr/bin/python3
"""Are the core's tests good enough to notice a wrong core? Changes daemon/core one small thing at a time (a comparison,
a constant, a sign, && or ||, an assignment or call or early return left out) and runs the core tests until one fails.
What no test notices is printed with file, line and change, to be argued or tested (survivors.md).

usage: mutate.py [--build DIR] [--sample N] [--seed S] [--only FILE[:LINE]] [--tests WORD,...] [--list]
The tests are linked once, with the core as a shared library, so a mutant costs one compilation and usually one test; a
test that takes several times as long as it should counts as a failure. Ctrl-C ends it with the counts so far."""
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
LEFT_OUT = re.compile(r"^\t+(?:[a-z_][\w\->.\[\]() ]*? (?:=|\+=|-=|\|=|&=) [^=].*;|[a-z_][\w\->.\[\]]*(?:\+\+|--);|"
                      r"[a-z_]\w*\(.*\);)$")
DECLARATION = re.compile(r"^\t+(?:const|static|struct|enum|u?int\w*_t|bool|int|char|parameter_set|rule_set|size_t) ")

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
            if re.match(r"\d", token) and not (before == "[" and DECLARATION.match(line)):
                changes = other_numbers(token)
            for text in changes:
                yield Mutant(file, number, offset + match.start(), offset + match.end(), text)
        offset += len(line) + 1


class Bench:
    """The core copied beside its test objects; compiles, links and runs."""

    def __init__(self, build, words, directory):
        self.build, self.directory = build, directory
        self.sources = sorted(glob.glob("daemon/core/*.c", root_dir=ROOT))
        self.tests = [os.path.basename(t)[:-2] for t in sorted(glob.glob("tests/unit/test_*.c", root_dir=ROOT))
                      if any(word in t for word in words)]
        self.kills, self.seconds = collections.Counter(), {}
        objects = [f"{build}/tests/unit/{t}.o" for t in self.tests]
        subprocess.run(["make", "-s", f"B={build}", *objects, f"{build}/libdaemon.a"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        pkg_config = subprocess.run(["pkg-config", "--libs", *LIBRARIES], capture_output=True, text=True, check=True)
        self.libraries = shlex.split(pkg_config.stdout)
        os.makedirs(os.path.join(directory, "daemon/core"))
        for file in self.sources + ["daemon/core/core.h"]:
            self.write(file, None)
        if not self.compile(self.sources):
            sys.exit("the core does not compile as it is")
        for test in self.tests:
            self.link(test)
            begun = time.monotonic()
            if not self.passes(test):
                sys.exit(f"{test} fails as it is")
            self.seconds[test] = time.monotonic() - begun

    def write(self, file, mutant):
        with open(os.path.join(ROOT, file), encoding="utf-8") as f:
            text = f.read()
        if mutant is not None:
            text = text[:mutant.start] + mutant.text + text[mutant.end:]
        with open(os.path.join(self.directory, file), "w", encoding="utf-8") as f:
            f.write(text)

    def object(self, file):
        return os.path.join(self.directory, os.path.basename(file)[:-2] + ".o")

    def compile(self, files):
        """Compiles these and makes the library."""
        for file in files:
            command = ["gcc", *FLAGS, "-c", "-o", self.object(file), os.path.join(self.directory, file)]
            if subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode != 0:
                return False
        subprocess.run(["gcc", "-shared", "-o", f"{self.directory}/libcore.so", *map(self.object, self.sources)],
                       cwd=ROOT, check=True)
        return True

    def link(self, test):
        subprocess.run(["gcc", "-pie", "-pthread", "-o", os.path.join(self.directory, test),
                        f"{self.build}/tests/unit/{test}.o", f"{self.build}/libdaemon.a", f"-L{self.directory}",
                        f"-Wl,-rpath,{self.directory}", "-lcore", "-Wl,--as-needed", *self.libraries, "-lcmocka"],
                       cwd=ROOT, check=True)

    def passes(self, test):
        program = os.path.join(self.directory, test)
        try:
            return subprocess.run([program], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  timeout=2 + 6 * self.seconds.get(test, 3), check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def judge(self, mutant):
        """The test that noticed it, "" if none did, None if it does not compile."""
        self.write(mutant.file, mutant)
        touched = self.sources if mutant.file.endswith(".h") else [mutant.file]
        try:
            if not self.compile(touched):
                return None
            here = os.path.basename(mutant.file)
            order = sorted(self.tests, key=lambda t: self.seconds[t] / (1 + self.kills[here, t]))
            for test in order:
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
    parser.add_argument("--tests", default="core_,test_plan,safety", help="words of the test names, with commas")
    parser.add_argument("--list", action="store_true", help="print the mutants and do nothing")
    options = parser.parse_args()
    files = sorted(glob.glob("daemon/core/*.c", root_dir=ROOT)) + ["daemon/core/core.h"]
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
        bench = Bench(os.path.abspath(os.path.join(ROOT, options.build)), options.tests.split(","), directory)
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
