"""The manual page, the help and the parser of each program know the same commands and options, in either direction."""
import glob
import os
import re
import subprocess

from harness import BUILD, ROOT

# What a program's options are parsed by: of vitalsctl and vitals-sim the help is made of the parser's table, so it can
# stand for it; of vitalsd the rows given to getopt_long are read in the source.
PAGES = {"vitalsd": "vitalsd.8", "vitalsctl": "vitalsctl.1", "vitals-sim": "vitals-sim.1"}


def help_of(program):
    done = subprocess.run([os.path.join(BUILD, program), "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout


def page_of(program):
    """The source of the manual page, without comments, hyphens as they are read, one macro line a line."""
    with open(os.path.join(ROOT, "docs", PAGES[program]), encoding="utf-8") as page:
        text = page.read().replace("\\-", "-").replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith('.\\"')]


def differ(what, shown, other, where="manual"):
    """Nothing, or a word about each thing that one side has and the other has not."""
    return [f"{what}: only in the help: {x}" for x in sorted(shown - other)] + \
           [f"{what}: only in the {where}: {x}" for x in sorted(other - shown)]


def options_in_help(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))


def options_in_page(lines):
    """mdoc writes `Fl -name`, man `--name`; what stands in examples may belong to other programs."""
    if any(line.startswith(".Dd") for line in lines):
        return {"--" + name for line in lines for name in re.findall(r"\bFl -([a-z][a-z0-9-]*)", line)}
    found, example = set(), False
    for line in lines:
        example = line == ".nf" or (example and line != ".fi")
        found |= set() if example else options_in_help(line)
    return found


# ---- every program ---------------------------------------------------------------------------------------------------


def test_options_are_those_of_the_manual():
    wrong = []
    for program in PAGES:
        page, shown = options_in_page(page_of(program)), options_in_help(help_of(program))
        assert len(shown) >= 5, (program, shown)
        wrong += differ(program, shown, page)
    assert not wrong, "\n".join(wrong)


def test_options_of_the_daemon_are_parsed():
    rows = set()
    for file in glob.glob(os.path.join(ROOT, "daemon", "*.c")):
        with open(file, encoding="utf-8") as source:
            rows |= set(re.findall(r'\{\s*"([a-z][a-z0-9-]*)"\s*,\s*(?:no|required|optional)_argument', source.read()))
    assert "config" in rows, "the rows of getopt_long were not found: where are they now?"
    wrong = differ("vitalsd", options_in_help(help_of("vitalsd")), {"--" + row for row in rows}, "parser")
    assert not wrong, "\n".join(wrong)


def test_an_unknown_option_is_refused():
    for program in PAGES:
        done = subprocess.run([os.path.join(BUILD, program), "--no-such-option"], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and "no-such-option" in done.stderr, (program, done)


# ---- vitalsctl: every command with its options -----------------------------------------------------------------------


def commands_in_help():
    """{command: (how many words follow, {(option, takes a value)})} of what stands at columns 2 and 6."""
    rows = []
    for line in help_of("vitalsctl").split("\n\n")[1].splitlines():
        if re.match(r"  \S", line):
            rows.append(line.strip())
        elif re.match(r"      \S", line):
            rows[-1] += " " + line.strip()
    found = {}
    for row in rows:
        options = {(name, bool(value)) for name, value in re.findall(r"(--[a-z0-9-]+)( [A-Za-z|]+(?=[ \])]|$))?",
                                                                       row.replace(" | ", "]"))}
        words = re.split(r" [\[(]?--", row)[0].split()
        name = " ".join(w for w in words if re.fullmatch(r"[a-z-]+", w))
        found[name] = (sum(1 for w in words if not re.fullmatch(r"[a-z-]+", w)), options)
    return found


def command_of_page(line):
    """One `.It Cm` line of mdoc: the names that share it, and as above."""
    names, options, words, mode = [], set(), 0, None
    tokens = [t for t in line.split()[1:] if t not in ("Oo", "Oc", "Op")]
    for before, token, after in zip([None] + tokens, tokens, tokens[1:] + [None]):
        if token in ("Cm", "Fl", "Ar"):
            if token == "Cm" and (mode is None or (mode == "Cm" and before == "|")):
                names.append([])
            elif token == "Cm":
                token = "value"
            mode = "value" if mode == "Fl" and token in ("Ar", "value") else token
        elif token == "|":
            continue
        elif mode == "Cm":
            names[-1].append(token)
        elif mode == "Fl":
            options.add(("-" + token, after in ("Ar", "Cm")))
        elif mode == "Ar" and before != "|":
            words += 1
    return [" ".join(n) for n in names], words, options


def commands_in_page():
    lines = page_of("vitalsctl")
    begin = lines.index(".Sh COMMANDS")
    end = next(i for i in range(begin + 1, len(lines)) if lines[i].startswith(".Sh"))
    found = {}
    for line in lines[begin:end]:
        if line.startswith(".It Cm"):
            names, words, options = command_of_page(line)
            for name in names:
                known = found.get(name, (words, set()))
                assert known[0] == words, line
                found[name] = (words, known[1] | options)
    return found


def test_commands_are_those_of_the_manual():
    ours, theirs = commands_in_help(), commands_in_page()
    assert len(ours) >= 20, ours
    wrong = differ("commands", set(ours), set(theirs))
    for name in set(ours) & set(theirs):
        wrong += differ(f"{name}: options, and whether they take a value", ours[name][1], theirs[name][1])
        if ours[name][0] != theirs[name][0]:
            wrong.append(f"{name}: {ours[name][0]} words in the help, {theirs[name][0]} in the manual")
    assert not wrong, "\n".join(wrong)


def test_options_that_a_command_needs_or_does_not_take():
    for words, told in (("session open", "this command needs --patient REF"),
                        ("limit H1 100", "this command needs --reason TEXT"),
                        ("take-out device cuff --reason x", "this command needs --minutes N"),
                        ("session start --override dr.a", "--override NAME and --reason TEXT belong together"),
                        ("session close --reason x", "--override NAME and --reason TEXT belong together"),
                        ("watch --curve-server-key x", "--curve-server-key KEY and --curve-key-file FILE belong together"),
                        ("decode file", "this command needs one of --driver NAME, --map MAP"),
                        ("decode file --driver a --map b", "this command needs one of --driver NAME, --map MAP"),
                        ("status --off --minutes 5", "this command does not take --off, --minutes N"),
                        ("observe --moaas 5 --rass 0", "one score at a time"),
                        ("status --json --json", "the same option was given twice"),
                        ("--bedside .x status", "--bedside .x: must be no hidden directory"),
                        ("session", "no such command: session"), ("alarm ack", "this command needs NAME|all"),
                        ("item a b", "too many words: b"), ("", "a command is missing")):
        done = subprocess.run([os.path.join(BUILD, "vitalsctl"), *words.split()], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and f"vitalsctl: {told}" in done.stderr and done.stdout == "", (words, done)
