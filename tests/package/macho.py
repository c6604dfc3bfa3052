"""macho.py has LIST ARCHITECTURE: prints the names that macOS's own library has, from the list (.tbd) that linkers read.
macho.py signed PROGRAM: fails unless each page of the program is what its signature says. An arm64 Mac kills any other."""

import hashlib
import re
import struct
import sys

LC_CODE_SIGNATURE = 0x1D
CODE_DIRECTORY = 0xFADE0C02
SHA256 = 2


def names(path, architecture):
    with open(path) as file:
        text = file.read()
    found = set()
    for part in re.finditer(r"^  - targets:\s*\[([^]]*)\](.*?)(?=^  - targets:|^\S|\Z)", text, re.S | re.M):
        if architecture + "-macos" not in re.split(r"[,\s]+", part[1]):
            continue
        for words in re.finditer(r"^    (?:[a-z]+-)*symbols:\s*\[([^]]*)\]", part[2], re.S | re.M):
            found.update(word.strip().strip("'\"") for word in words[1].split(","))
    return sorted(found)


def signature(program):
    magic, _, _, _, commands, _, _, _ = struct.unpack_from("<8I", program)
    if magic != 0xFEEDFACF:
        sys.exit("no Mach-O program of 64 bits")
    place = 32
    for _ in range(commands):
        command, size = struct.unpack_from("<2I", program, place)
        if command == LC_CODE_SIGNATURE:
            start, length = struct.unpack_from("<2I", program, place + 8)
            return program[start : start + length], start
        place += size
    sys.exit("not signed")


def signed(program):
    blob, end = signature(program)
    _, _, count = struct.unpack_from(">3I", blob)
    for number in range(count):
        _, at = struct.unpack_from(">2I", blob, 12 + 8 * number)
        if struct.unpack_from(">I", blob, at)[0] == CODE_DIRECTORY:
            pages(program, blob[at:], end)
            return
    sys.exit("its signature has no list of pages")


def pages(program, directory, end):
    hashes, _, _, pages, limit = struct.unpack_from(">5I", directory, 16)
    size, kind, _, shift = struct.unpack_from("4B", directory, 36)
    if (limit, kind, size) != (end, SHA256, 32) or pages != -(-end >> shift):
        sys.exit("its signature is of %d bytes in %d pages, and the program has %d bytes" % (limit, pages, end))
    for page in range(pages):
        is_there = program[page << shift : min(page + 1 << shift, end)]
        if directory[hashes + size * page :][:size] != hashlib.sha256(is_there).digest():
            sys.exit("page %d is not what was signed" % page)


if sys.argv[1] == "has":
    print("\n".join(names(sys.argv[2], sys.argv[3])))
else:
    with open(sys.argv[2], "rb") as file:
        signed(file.read())
