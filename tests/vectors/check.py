#!/usr/bin/python3
"""Checks proto/vectors with Python's protobuf: every NAME.hex must decode to exactly NAME.txt, must not hold a field that
vitals.proto does not know, and must come out as the same bytes when Python encodes it again.

    check.py DIRECTORY_OF_vitals_pb2            checks
    check.py DIRECTORY_OF_vitals_pb2 --write    writes the .txt files anew, for a person to read

NAME begins with the message type: message-, request- or response-."""
import pathlib
import sys

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "proto" / "vectors"


def decode(vitals, path):
    types = {"message": vitals.Message, "request": vitals.Request, "response": vitals.Response}
    message = types[path.stem.split("-")[0]]()
    data = bytes.fromhex(path.read_text())
    message.ParseFromString(data)
    message_again = type(message)()
    message_again.CopyFrom(message)
    message_again.DiscardUnknownFields()
    if message_again.SerializeToString(deterministic=True) != data:
        raise ValueError("other bytes when encoded again, or fields that vitals.proto does not know")
    return message


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.path.insert(0, sys.argv[1])
    import vitals_pb2
    from google.protobuf import text_format

    write = sys.argv[2:] == ["--write"]
    failed = 0
    paths = sorted(VECTORS.glob("*.hex"))
    for path in paths:
        text_path = path.with_suffix(".txt")
        try:
            text = text_format.MessageToString(decode(vitals_pb2, path), as_utf8=True)
            if write:
                text_path.write_text(text)
            elif text_path.read_text() != text:
                raise ValueError("decodes to something else than " + text_path.name)
        except Exception as error:  # whatever a decoder throws is a failed vector
            failed += 1
            print("%s: %s" % (path.name, error))
    for path in sorted(VECTORS.glob("*.txt")):
        if not path.with_suffix(".hex").exists():
            failed += 1
            print("%s: has no .hex" % path.name)
    print("vectors: %d checked, %d failed" % (len(paths), failed))
    sys.exit(1 if failed or not paths else 0)


if __name__ == "__main__":
    main()
