"""What `vitalsctl decode` makes of the files in tests/replay and, where they are, of captures from real devices."""
import os
import re
import subprocess
import tempfile

from harness import BUILD, ROOT, Skip

REPLAY = os.path.join(ROOT, "tests/replay")
CAPTURES = os.path.join(os.path.dirname(ROOT), "shared/captures")
ENDINGS = (".txt", ".bin", ".talk", ".traffic")


def decode(name, path, expect=0):
    register_map = os.path.join(ROOT, "etc/devices", name + ".conf")
    which = ["--map", register_map] if os.path.exists(register_map) else ["--driver", name]
    done = subprocess.run([os.path.join(BUILD, "vitalsctl"), "decode", *which, path], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == expect, f"{path}: {done.stderr}"
    return done.stdout


def test_decoded_files_are_as_they_were():
    files = sorted(f for f in os.listdir(REPLAY) if f.endswith(ENDINGS))
    assert len(files) >= 10, files
    for file in files:
        name, ending = os.path.splitext(file)
        golden = os.path.join(REPLAY, name + (ending if ending == ".traffic" else "") + ".decoded")
        with open(golden, encoding="ascii") as f:
            wanted = f.read()
        assert wanted.count("\n") >= 5, golden
        assert decode(name, os.path.join(REPLAY, file)) == wanted, f"{file}: not as in {golden}"


def test_decoded_files_agree_with_the_drivers_own():
    """The .golden files are compared with the drivers inside one process; here the same values come through the command."""
    compared = 0
    for file in sorted(f for f in os.listdir(REPLAY) if f.endswith(ENDINGS[:3])):
        name = os.path.splitext(file)[0]
        with open(os.path.join(REPLAY, name + ".golden"), encoding="ascii") as f:
            wanted = re.findall(r"([a-z0-9_]+)=(-?\d+|none)(?:\??\((\w+)\))?", re.sub(r"bad_frames=\d+", "", f.read()))
        found = [(parameter, value.replace(".", ""), reason) for parameter, value, reason in
                 re.findall(r"^\S+ ([a-z0-9_]+) (-?[\d.]+|none)(?: questionable)?(?: \((\w+)\))?$",
                            decode(name, os.path.join(REPLAY, file)), re.M)]
        wanted = [(parameter, value if value == "none" else value.zfill(4), reason) for parameter, value, reason in wanted]
        assert found == wanted and found, file
        compared += len(found)
    assert compared > 100


def test_every_driver_is_complete():
    """Golden files, a fuzz target with a corpus, and a row in both tables, for each driver that the programs offer."""
    done = subprocess.run([os.path.join(BUILD, "vitalsctl"), "decode", "--driver", "?", "/dev/null"], capture_output=True, text=True,
                          check=False, timeout=60)
    drivers = done.stderr.split("Drivers: ")[1].split()
    assert len(drivers) >= 9, done.stderr
    fuzz = {}
    for file in os.listdir(os.path.join(ROOT, "tests/fuzz")):
        if file.endswith(".c"):
            with open(os.path.join(ROOT, "tests/fuzz", file), encoding="ascii") as f:
                fuzz[file[len("fuzz_"):-len(".c")]] = f.read()
    texts = {}
    for name in ("docs/DRIVERS.md", "docs/CONFIGURATION.md"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as f:
            texts[name] = f.read()
    files = os.listdir(REPLAY)
    for driver in drivers:
        assert {driver + ".golden", driver + ".decoded"} <= set(files), driver
        assert any(driver + ending in files for ending in ENDINGS), driver
        targets = [target for target, text in fuzz.items() if f'"{driver}"' in text]
        assert targets and os.listdir(os.path.join(ROOT, "tests/fuzz/corpus", targets[0])), driver
        assert f"`{driver}`" in texts["docs/CONFIGURATION.md"], driver
        assert re.search(rf"^\| .*`({driver}|{driver[driver.rindex('-'):]})`.* \|", texts["docs/DRIVERS.md"], re.M), driver


def values(output, parameter):
    return [(float(value) if value != "none" else None)
            for value in re.findall(rf"^\S+ {parameter} (\S+)", output, re.M)]


def capture(name):
    path = os.path.join(CAPTURES, name)
    if not os.path.exists(path):
        raise Skip("the captures are not here")
    return path


def text_part(name, tmp):
    """The device's own bytes of a capture that is plain text behind a line of dashes."""
    with open(capture(name), encoding="latin-1", newline="") as f:
        text = f.read().split("----\n", 1)[1]
    path = os.path.join(tmp, name)
    with open(path, "w", encoding="latin-1", newline="") as f:
        f.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))
    return path


def test_real_captures_in_text():
    with tempfile.TemporaryDirectory(prefix="vitals-test-") as tmp:
        output = decode("masimo-ascii1", text_part("masimo_rad8_hansmuc.txt", tmp))
        assert values(output, "pulse")[-5:] == [81, 81, 81, 80, 80] and set(values(output, "spo2")) == {97}, output
        output = decode("nellcor-ascii", text_part("nellcor_n560_hansmuc.txt", tmp))
        assert values(output, "pulse")[-4:] == [104, 102, 101, 101] and set(values(output, "spo2")) == {100}, output


def test_real_captures_in_hexadecimal():
    output = decode("ivy-ansarb", capture("ivy450c_ansarb.hex"))
    assert values(output, "ecg_hr") == [80, 80] and values(output, "resp") == [35, 35] and values(output, "spo2") == [100, 100]
    assert values(output, "etco2") == [None, None]
    output = decode("nonin-df2", capture("nonin_df2_pufferfish.hex"))
    assert values(output, "spo2")[0] == 97 and values(output, "pulse")[0] == 72
    output = decode("par-combi", capture("par_spo2_combi.hex"))
    assert values(output, "spo2") == [None, 98] and values(output, "pulse") == [None, 60]
