/* What `gateway start` is asked, and what it has opened until tcr-gateway takes over. */
#pragma once

#include "system/net/listen.h"

#include <stdbool.h>
#include <stddef.h>

#define START_ADDRESSES 8
#define START_WORDS     64
#define START_NUMBER    16

struct start {
    bool detaches, shows_only, behind_proxy;
    bool for_launchd;               /* install: for macOS */
    const char *tls_cert, *tls_key; /* NULL: none */
    const char *profile, *keys;
    struct listen_address at[START_ADDRESSES];
    size_t address_count;
    bool asked; /* for addresses: these, or those that systemd opened */
    int port;   /* where nobody asked for one: the profile's, or the usual one */
    int fds[START_ADDRESSES];
    size_t count; /* of sockets that listen */
    int lock, tell, stand_in, seal;
    char *program;
    /* Its arguments. */
    char *words[START_WORDS + 1];
    size_t word_count;
    char numbers[START_ADDRESSES + 5][START_NUMBER];
    size_t number_count;
};

#define START_INIT                                                                                 \
    {                                                                                              \
        .lock = -1, .tell = -1, .stand_in = -1, .seal = -1, .word_count = 1                        \
    }

/* Reads the words that follow `start`. They are borrowed. False after saying what is wrong. */
bool start_parse(struct start *start, int argc, char **argv);

/* Adds an option to the program's arguments; both texts are borrowed, the value may be NULL. */
void start_add_option(struct start *start, const char *name, const char *value);

/* True for an argument of the program that a file's name follows. */
bool start_takes_file(const char *name);

/* The port for which nobody asked: the profile's, or the usual one. A sealed key file is opened
 * for a profile, and its passphrase asked for; false after saying what is wrong with the file. */
bool start_find_port(struct start *start);

/* Loopback on that port in both of its forms: some programs look for one of them alone. */
bool start_add_usual_addresses(struct start *start);

/* Of the addresses nobody asked for, a machine may have the first one only: true if the failure to
 * listen on the i-th (an errno, negative) means that. */
bool start_may_lack(const struct start *start, size_t i, int r);

/* As clients name it: "http://127.0.0.1:4080", "unix:/path". */
void start_append_address(const struct start *start, const struct listen_address *address,
                          struct buffer *text);

/* Says why an address cannot be had: an errno, negative. */
void start_say_taken(const struct listen_address *address, int r);
