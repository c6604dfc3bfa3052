/* --help and --version. */
#pragma once

int command_help(int argc, char **argv);
int command_version(void);
