"""Reads connection strings, a line each, and answers what libpq takes each for, as JSON; null where it refuses it."""
import ctypes
import json
import sys


class Option(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")]
    _fields_ += [("dispsize", ctypes.c_int)]


libpq = ctypes.CDLL("libpq.so.5")
libpq.PQconninfoParse.restype = ctypes.POINTER(Option)
libpq.PQconninfoParse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
libpq.PQconninfoFree.argtypes = [ctypes.POINTER(Option)]

for line in sys.stdin.buffer:
    options = libpq.PQconninfoParse(line.rstrip(b"\n"), None)
    found = None
    if options:
        found, at = {}, 0
        while options[at].keyword:
            if options[at].val is not None:
                found[options[at].keyword.decode()] = options[at].val.decode("utf-8", "backslashreplace")
            at += 1
        libpq.PQconninfoFree(options)
    sys.stdout.write(json.dumps(found) + "\n")
    if not line.strip(b"\n"):
        sys.stdout.flush()
