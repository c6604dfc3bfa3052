"""Scoreboards as text, Markdown and JSON."""

import json

MARK = "!"


class Board:
    """Measurements by row and wrapper, with the verdict on each."""

    def __init__(self, wrappers):
        self.wrappers = wrappers
        self.rows = []
        self.cells = {}

    def add(self, row, measured, direct):
        self.rows.append(row)
        for name, measurement in measured.items():
            right = row.is_right(measurement.word, direct.word)
            self.cells[row.key, name] = (measurement, right)

    def cell(self, row, name):
        return self.cells.get((row.key, name))

    def word(self, row, name, wrong):
        found = self.cell(row, name)
        if found is None:
            return ""
        measurement, right = found
        return measurement.word if right else wrong.format(measurement.word)

    def wrong(self, name):
        return [row for row in self.rows if self.cell(row, name) and not self.cell(row, name)[1]]

    def unmeasured(self, name):
        return [row for row in self.rows if self.cell(row, name) and self.cell(row, name)[0].word == "n/a"]


def numbers_of(row):
    return ",".join(map(str, row.numbers)) or "-"


def as_text(board, names):
    table = [["#", "behaviour", *names]]
    for row in board.rows:
        words = [board.word(row, name, MARK + " {}") for name in names]
        table.append([numbers_of(row), f"{row.key}: {row.title}", *words])
    return "\n".join(aligned(table) + ["", f"{MARK} marks a cell that is not as it should be", *summary(board, names)])


def aligned(table):
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in table]


def summary(board, names):
    lines = []
    for name in names:
        measured = sum(board.cell(row, name) is not None for row in board.rows)
        unmeasured = board.unmeasured(name)
        note = f", not measured: {', '.join(row.key for row in unmeasured)}" if unmeasured else ""
        lines.append(f"{name}: {len(board.wrong(name))} of {measured} wrong{note}")
    return lines


def as_markdown(board, names):
    escape = lambda text: text.replace("|", "\\|")
    lines = ["| # | behaviour | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for row in board.rows:
        words = [escape(board.word(row, name, "**{}**")) for name in names]
        lines.append(f"| {numbers_of(row)} | {escape(row.title)} | " + " | ".join(words) + " |")
    return "\n".join(lines + ["", "Bold: not as it should be.", *(f"* {line}" for line in summary(board, names))])


def as_json(board, names):
    entries = []
    for row in board.rows:
        cells = {}
        for name in names:
            found = board.cell(row, name)
            if found is not None:
                measurement, right = found
                cells[name] = {
                    "word": measurement.word,
                    "right": right,
                    "seconds": round(measurement.seconds, 3),
                    "notes": measurement.notes,
                }
        about = {"key": row.key, "numbers": row.numbers, "title": row.title, "section": row.section}
        entries.append({**about, "cells": cells})
    return json.dumps(entries, indent=1)
