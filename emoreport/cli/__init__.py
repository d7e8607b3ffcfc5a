"""The command line: one module for each command, of the command's name: parse, call, print."""
