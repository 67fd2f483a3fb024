# Prints what `make help` says: the targets of the Makefile, what each takes, and what that means.
# A target's line ends in "## words [VARIABLES]"; training and measuring are groups of variables.

/^#:/ { meanings = meanings "  " substr($0, 4) "\n" }

/^[^\t#].*## / {
    name = match($0, /[a-z]+-%/) ? substr($0, RSTART, RLENGTH) : substr($1, 1, length($1) - 1)
    sub(/%/, /TOWERS/ ? "<tower>" : "<set>", name)
    words = takes = $0
    sub(/^.*## /, "", words)
    sub(/ *\[.*/, "", words)
    printf "  make %-17s %s\n", name, words
    if (sub(/^.*\[/, "", takes)) {
        sub(/\].*/, "", takes)
        sub(/TRAINING/, training, takes)
        sub(/MEASURING/, measuring, takes)
        printf "%25s%s\n", "", takes
    }
}

END { print "\n" meanings }
