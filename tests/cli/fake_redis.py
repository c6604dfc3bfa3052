#!/usr/bin/env python3
"""fake_redis.py SOCKET FILE: answers the first command of each connection with +PONG, and every other with the bytes of
FILE, read anew each time. An empty FILE closes the connection instead."""
import os
import socket
import sys
import threading


def commands(connection):
    """Takes *N and N times $LENGTH, as a client writes them."""
    stream = connection.makefile("rb")
    while head := stream.readline():
        for _ in range(int(head[1:])):
            stream.read(int(stream.readline()[1:]) + 2)
        yield


def serve(connection):
    with connection:
        try:
            for number, _ in enumerate(commands(connection)):
                with open(sys.argv[2], "rb") as file:
                    reply = file.read()
                if not reply:
                    return
                connection.sendall(b"+PONG\r\n" if number == 0 else reply)
        except (OSError, ValueError):
            pass


def main():
    listener = socket.socket(socket.AF_UNIX)
    # Nobody connects before it listens.
    listener.bind(sys.argv[1] + ".new")
    listener.listen(64)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


main()
