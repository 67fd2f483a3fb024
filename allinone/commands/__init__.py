"""The commands of `allinone <command>`: parse, call the library, print."""
